"""A portal's workflow templates, with what they run on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from launcher.app.context import Context
from launcher.app.documents import ParameterDocument, TemplateDocument
from launcher.app.portals import access_of, connected
from launcher.core.documents import Kind, kind_named
from launcher.core.pacing.limits import PLANS, Pacing
from launcher.core.templates import Parameter, Template, TemplateError, template_named
from launcher.engine.portal_client import PortalClient
from launcher.engine.preparing import list_templates, smart_process_names
from launcher.portal.access import Access
from launcher.portal.client import Portal


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateList:
    """The templates of one portal."""

    portal: str
    every: Sequence[Template]
    smart_processes: Mapping[str, str]
    """Names of smart processes by their kind, `dynamic:147`; those that the portal tells."""
    kind: Kind | None = None
    """Which of them are listed; None: all."""

    @property
    def listed(self) -> list[Template]:
        """Those for documents of that kind."""
        return [each for each in self.every if self.kind is None or each.is_for(self.kind)]

    def find(self, text: str) -> Template:
        """Return the template of that ID or exact name, listed or not. Raises TemplateError."""
        text = text.strip()
        if not (text.isascii() and text.isdigit()):
            return template_named(self.every, text, self.portal)
        found = next((each for each in self.every if each.id == int(text)), None)
        if found is None:
            raise TemplateError("no-such-template", template_id=text, portal=self.portal)
        return found


async def templates(launcher: Context, portal: str | None = None, kind: str | None = None) -> TemplateList:
    """Return the templates of that portal, the only one by default; for one kind of document, or all of them.

    Raises KindError, SettingsError, AddressError, TokensError, PortalError.
    """
    wanted = None if kind is None else kind_named(kind)
    config = launcher.settings.portal(portal)
    async with connected(launcher, access_of(config), config) as connection:
        return await _list(connection.client, wanted)


async def templates_at(access: Access) -> TemplateList:
    """Return the templates of a portal that is not configured yet, of known kinds only. Raises PortalError."""
    async with Portal(access) as portal:
        return await _list(PortalClient(portal, Pacing(limits=PLANS["standard"])), None, known_only=True)


async def _list(client: PortalClient, kind: Kind | None, *, known_only: bool = False) -> TemplateList:
    every = [each for each in await list_templates(client) if each.kind is not None or not known_only]
    has_smart_process = any(each.kind is not None and each.kind.name.startswith("dynamic:") for each in every)
    names = await smart_process_names(client) if has_smart_process else {}
    return TemplateList(portal=client.portal, every=every, smart_processes=names, kind=kind)


def template_documents(found: TemplateList) -> list[TemplateDocument]:
    """Return the document of `--json`, an entry for each template that is listed."""
    return [_document(template, found.smart_processes) for template in found.listed]


def _document(template: Template, smart_processes: Mapping[str, str]) -> TemplateDocument:
    kind = template.kind.name if template.kind is not None else None
    return {
        "id": template.id,
        "name": template.name,
        "module": template.module,
        "entity": template.entity,
        "document_type": template.document_type,
        "auto_execute": template.auto_execute,
        "parameters": [_parameter(parameter) for parameter in template.parameters],
        "kind": kind,
        "kind_name": kind if kind is None else smart_processes.get(kind, kind),
    }


def _parameter(parameter: Parameter) -> ParameterDocument:
    default, options = parameter.default, parameter.options
    return {
        "name": parameter.name,
        "type": parameter.type,
        "title": parameter.title,
        "required": parameter.required,
        "multiple": parameter.multiple,
        "default": default if isinstance(default, str) else list(default),
        "options": None if options is None else dict(options),
    }
