"""The portal's workflow templates and the parameters that they take.

Source: official REST documentation, "bizproc.workflow.template.list"; the many ways in which it writes the
same thing are those of real portals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from launcher.core.documents import Kind, kind_of_type
from launcher.core.model import Value
from launcher.core.words import nearest
from launcher.errors import InputError

SELECTED = ("ID", "NAME", "MODULE_ID", "ENTITY", "DOCUMENT_TYPE", "AUTO_EXECUTE", "PARAMETERS")
"""The fields that `template_of` reads."""

FILE = "file"
"""The type of a parameter that takes a file."""


class TemplateError(InputError):
    """No such template, or more than one; the text names those that there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter as its template declares it."""

    name: str
    """Its name in PARAMETERS."""
    type: str
    """In small letters: `string`, `user`, `uf:crm`."""
    title: str = ""
    """As the portal's forms show it."""
    required: bool = False
    multiple: bool = False
    default: Value = ""
    options: Mapping[str, str] | None = None
    """Of a `select`, key and title; of a CRM binding, document type and Y or N. None where there are none."""

    @property
    def must_be_given(self) -> bool:
        """Whether nothing stands in for a value that is not given."""
        return self.required and not self.default

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any]) -> Parameter:
        """Return the parameter of which `asdict` gave this, also if it was JSON meanwhile."""
        default = plan["default"]
        return cls(**{**plan, "default": default if isinstance(default, str) else tuple(default)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One workflow template."""

    id: int
    name: str
    module: str
    entity: str
    document_type: str
    auto_execute: int = 0
    """When the portal starts it by itself: 1 when a document is added, 2 when it is changed, 3 at both."""
    parameters: tuple[Parameter, ...] = ()

    @property
    def kind(self) -> Kind | None:
        """The kind of document that it runs on; None for one that nobody here knows."""
        return kind_of_type(self.module, self.entity, self.document_type)

    def is_for(self, kind: Kind) -> bool:
        """Whether it runs on documents of that kind."""
        own = self.kind
        return own is not None and own.name == kind.name


def template_of(item: object) -> Template | None:
    """The template in one entry of the portal's list, or None where that is none."""
    if not isinstance(item, dict) or not (number := _text(item.get("ID"))).isdigit():
        return None
    module, entity, document_type = _document_type(item)
    auto_execute = _text(item.get("AUTO_EXECUTE"))
    return Template(
        id=int(number),
        name=_text(item.get("NAME")),
        module=module,
        entity=entity,
        document_type=document_type,
        auto_execute=int(auto_execute) if auto_execute.isdigit() else 0,
        parameters=tuple(_parameters(item.get("PARAMETERS"))),
    )


def template_named(templates: Iterable[Template], name: str, portal: str) -> Template:
    """The template with exactly that name. Raises TemplateError where there is none, or more than one."""
    found = list(templates)
    named = [template for template in found if template.name == name]
    if not named:
        known = ", ".join(f'"{template.name}" ({template.id})' for template in found) or "none"
        near = nearest(name, [template.name for template in found])
        raise TemplateError("no-template-of-that-name", name=name, portal=portal, near=near, known=known)
    if len(named) > 1:
        ids = ", ".join(str(template.id) for template in named)
        raise TemplateError("template-name-ambiguous", portal=portal, name=name, ids=ids)
    return named[0]


def ids_by_name(templates: Iterable[Template]) -> dict[str, int]:
    """The templates' IDs by their names; 0 where more than one has the name."""
    found: dict[str, int] = {}
    for template in templates:
        found[template.name] = 0 if template.name in found else template.id
    return found


def _document_type(item: Mapping[str, Any]) -> tuple[str, str, str]:
    """Module, entity and type; the list gives the type alone, or all three in its place."""
    given = item.get("DOCUMENT_TYPE")
    if isinstance(given, list) and len(given) == 3:
        return _text(given[0]), _text(given[1]), _text(given[2])
    return _text(item.get("MODULE_ID")), _text(item.get("ENTITY")), _text(given)


def _parameters(value: object) -> Iterator[Parameter]:
    for name, given in _pairs(value):
        if isinstance(given, dict):
            options = given.get("Options")
            yield Parameter(
                name=name,
                type=_text(given.get("Type")).strip().lower() or "string",
                title=_text(given.get("Name")).strip() or name,
                required=_flag(given.get("Required")),
                multiple=_flag(given.get("Multiple")),
                default=_default(given.get("Default")),
                options=dict(_options(options)) if isinstance(options, dict | list) and options else None,
            )


def _pairs(value: object) -> Iterator[tuple[str, object]]:
    """Keys and values of a map that PHP may have written as a list."""
    match value:
        case dict():
            yield from ((str(key), inner) for key, inner in value.items())
        case list():
            yield from ((str(index), inner) for index, inner in enumerate(value))
        case _:
            return


def _options(value: object) -> Iterator[tuple[str, str]]:
    """Key and title of each; options that stand in groups are taken out of them."""
    for key, title in _pairs(value):
        if isinstance(title, dict | list):
            yield from _options(title)
        else:
            yield key, _text(title)


def _default(value: object) -> Value:
    if not isinstance(value, dict | list):
        return _text(value)
    return tuple(text for _, inner in _pairs(value) if (text := _text(inner)))


def _flag(value: object) -> bool:
    return value is True or _text(value).strip().upper() in ("1", "Y", "TRUE")


def _text(value: object) -> str:
    """The value as text; flags as the portal's forms write them, nothing of what is no scalar."""
    match value:
        case bool():
            return "Y" if value else "N"
        case str() | int() | float():
            return str(value)
        case _:
            return ""
