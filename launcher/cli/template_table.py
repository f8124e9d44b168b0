"""Workflow templates as a table."""

from __future__ import annotations

import rich.box
from rich.table import Table
from rich.text import Text

from launcher.app.job_entry import described
from launcher.app.templates import TemplateList
from launcher.core.templates import Parameter, Template


def template_table(found: TemplateList) -> Table:
    """Return one row for each listed template, one line for each parameter."""
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("ID", justify="right", no_wrap=True)
    table.add_column("name", overflow="fold", min_width=12)
    table.add_column("kind", overflow="fold", min_width=10)
    table.add_column("parameters", overflow="fold")
    for template in found.listed:
        lines = [f"{_called(each)}: {described(each)}" for each in template.parameters]
        table.add_row(
            str(template.id), Text(template.name), Text(_kind(template, found)), Text("\n".join(lines))
        )
    return table


def _called(parameter: Parameter) -> str:
    return parameter.name if parameter.title == parameter.name else f'{parameter.name} "{parameter.title}"'


def _kind(template: Template, found: TemplateList) -> str:
    if template.kind is None:
        return template.document_type
    name = found.smart_processes.get(template.kind.name, "")
    return f"{template.kind.name} {name}".rstrip()
