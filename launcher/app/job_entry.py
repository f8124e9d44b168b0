"""A template as an entry of config.yaml, ready to paste."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from launcher.core.templates import FILE, Parameter, Template, TemplateError

_PLAIN = re.compile(r"\w+(?:[ -]\w+)*")
_SHOWN_OPTIONS = 12


def job_name(template: Template) -> str:
    """Return the template's name as a job is called: `lead-follow-up`."""
    return "-".join(re.findall(r"\w+", template.name.casefold())) or f"template-{template.id}"


def job_entry(
    template: Template, name: str, *, document_column: str = "", columns: Mapping[str, str] | None = None
) -> str:
    """Return the lines of the job below `jobs:`. Raises TemplateError.

    `columns`: which parameter comes from which column. Without it, every parameter from the column that has its
    title, and what is not required stands in comments.
    """
    if template.kind is None:
        raise TemplateError(
            f'template {template.id} "{template.name}" runs on {template.document_type} of {template.entity}, '
            "a kind of document that the launcher does not know"
        )
    lines = [
        f"  {_word(name)}:",
        f"    # {_one_line(template.name)}",
        f"    template: {template.id}",
        f"    kind: {_word(template.kind.name)}",
    ]
    if document_column:
        lines += ["    columns:", f"      document: {_word(document_column)}"]
    if template.parameters:
        lines += _parameters(template, columns)
    return "\n".join(lines) + "\n"


def _parameters(template: Template, columns: Mapping[str, str] | None) -> Iterator[str]:
    active = {
        parameter.name
        for parameter in template.parameters
        if (parameter.must_be_given if columns is None else parameter.name in columns)
        and parameter.type != FILE
    }
    yield "    parameters:" if active else "    # parameters:"
    for parameter in template.parameters:
        yield f"      # {_one_line(parameter.title)}: {described(parameter)}"
        if parameter.type == FILE:
            continue
        column = (columns or {}).get(parameter.name, parameter.title)
        source = f"{_word(parameter.name)}: {{column: {_quoted(column)}}}"
        yield f"      {source}" if parameter.name in active else f"      # {source}"


def described(parameter: Parameter) -> str:
    """Return the parameter in one line after its title: type, and what else must be known to fill it."""
    parts = [parameter.type]
    if parameter.type == FILE:
        parts.append("which a spreadsheet cannot hold")
    if parameter.multiple:
        parts.append('several, parted by ";"')
    if parameter.required:
        parts.append("required")
    if parameter.default:
        default = parameter.default if isinstance(parameter.default, str) else "; ".join(parameter.default)
        parts.append(f"default {default}")
    text = ", ".join(parts)
    if parameter.type == "select" and parameter.options:
        shown = [f"{title} ({key})" if title != key else key for key, title in parameter.options.items()]
        text += f"; {' | '.join(shown[:_SHOWN_OPTIONS])}{' | …' if len(shown) > _SHOWN_OPTIONS else ''}"
    return _one_line(text)


def _word(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    # A text of JSON is one of YAML too.
    return json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return " ".join(text.split())
