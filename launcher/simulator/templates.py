"""The portal's workflow templates: one for each kind of document, and one with a parameter of every type.

Shapes differ from template to template as they do on real portals: flags as "1"/"0", "Y"/"N" or booleans,
parameters as `[]` where there are none, the document type alone or as a triple.

Source of `start`: docs, the method's page; the order as servers were seen to keep it.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

from launcher.simulator import documents, errors, php
from launcher.simulator.documents import KINDS, DocumentId, DocumentType
from launcher.simulator.methods import Call, Reply
from launcher.simulator.state import Started


@dataclass(frozen=True, kw_only=True)
class Template:
    """One workflow template as the portal keeps it."""

    id: int
    name: str
    type: DocumentType
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    as_triple: bool = False
    """Whether template.list gives DOCUMENT_TYPE as [module, entity, type]."""

    def row(self) -> dict[str, Any]:
        """Return all that template.list can select of it."""
        return {
            "ID": str(self.id),
            "MODULE_ID": self.type[0],
            "ENTITY": self.type[1],
            "DOCUMENT_TYPE": list(self.type) if self.as_triple else self.type[2],
            "AUTO_EXECUTE": "0",
            "NAME": self.name,
            "DESCRIPTION": "",
            "TEMPLATE": [],
            "PARAMETERS": self.parameters or [],
            "VARIABLES": [],
            "CONSTANTS": [],
            "MODIFIED": "2026-03-02T11:20:05+03:00",
            "IS_MODIFIED": "Y",
            "USER_ID": "1",
            "SYSTEM_CODE": "",
        }

    def received(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters as the workflow gets them: nothing is checked, but what is no time is lost."""
        times = {name for name, each in self.parameters.items() if each["Type"] in ("date", "datetime")}
        return {name: _time(value) if name in times else value for name, value in given.items()}


_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d|\d\d\.\d\d\.\d{4}(?: \d\d:\d\d(?::\d\d)?)?|\d{9,11}", re.ASCII
)
"""ISO 8601 with time and offset, a Russian portal's own format, and a Unix timestamp. A bare date is none."""


def _time(value: Any) -> Any:
    if isinstance(value, list):
        return [_time(each) for each in value]
    return value if _TIME.fullmatch(str(value)) else ""


def _parameter(name: str, sort: str, **more: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "Description": "",
        "Type": sort,
        "Required": "0",
        "Multiple": "0",
        "Options": "",
        "Default": "",
        **more,
    }


_NAMES = {
    "LEAD": "Lead follow-up",
    "DEAL": "Deal hand-over",
    "CONTACT": "Contact greeting",
    "COMPANY": "Company check",
    "QUOTE": "Estimate approval",
    "SMART_INVOICE": "Invoice reminder",
    "DYNAMIC_147": "Equipment request",
    "STORAGE_17": "File review",
    "iblock_31": "Leave request",
    "iblock_32": "Supplier card",
}
"""Of the template for each type of documents, in the order of `KINDS`."""

_FEW: dict[int, dict[str, dict[str, Any]]] = {
    1: {
        "Parameter1": _parameter("Parameter 1", "string"),
        "Comment": _parameter("Comment", "text"),
    },
    2: {
        "Manager": _parameter("Manager", "user", Required="N", Multiple="N", Options=None),
        "Deadline": _parameter("Deadline", "date", Required="N", Multiple="N", Options=None),
    },
    4: {"Budget": _parameter("Budget", "double", Required=False, Multiple=False, Options=[])},
    7: {"Floor": _parameter("Floor", "int", Required="Y", Multiple="N", Default="1")},
}

_EVERY_TYPE = {
    "Text1": _parameter("A line", "string", Required="1"),
    "Notes": _parameter("Notes", "text", Required="N", Multiple="N"),
    "Count": _parameter("Count", "int", Required=True, Multiple=False),
    "Share": _parameter("Share", "double", Default="0.5"),
    "Urgent": _parameter("Urgent", "bool", Default="N"),
    "Day": _parameter("Day", "date", Required="Y", Multiple="N"),
    "Moment": _parameter("Moment", "datetime", Required=False, Multiple=False),
    "Channel": _parameter(
        "Channel", "select", Required="1", Options={"mail": "E-mail", "phone": "Telephone", "42": "Other"}
    ),
    "Tags": _parameter("Tags", "select", Multiple="1", Options={"hot": "Hot", "cold": "Cold"}),
    "Responsible": _parameter("Responsible", "user", Required="Y", Multiple="N"),
    "Observers": _parameter("Observers", "user", Multiple=True, Required=False),
    "Attachment": _parameter("Attachment", "file"),
    "Lines": _parameter("Lines", "string", Multiple="Y", Required="N"),
    "Client": _parameter(
        "Client", "UF:crm", Options={"LEAD": "Y", "CONTACT": "Y", "COMPANY": "Y", "DEAL": "Y"}, Multiple="0"
    ),
    "Clients": _parameter("Clients", "UF:crm", Options={"CONTACT": "Y"}, Multiple="1"),
}

TEMPLATES = {
    template.id: template
    for template in (
        *(
            Template(
                id=number,
                name=name,
                type=(kind.module, kind.entity, document_type),
                parameters=_FEW.get(number, {}),
                as_triple=number % 3 == 0,
            )
            for number, (kind, (document_type, name)) in enumerate(
                zip(KINDS, _NAMES.items(), strict=True), start=1
            )
        ),
        Template(id=11, name="All types", type=("crm", "CCrmDocumentLead", "LEAD"), parameters=_EVERY_TYPE),
    )
}
"""Template ID → template."""

CAP_TEXT = "Для каждого документа может одновременно быть запущено не более {cap} процесса(ов)"
"""What a Russian portal says; others say it in their own language."""


def start(call: Call) -> Reply:
    """Start a workflow now, unless a check refuses it; the reply carries its ID and what the start costs."""
    params, settings = call.params, call.state.settings
    if not php.truth(params.get("TEMPLATE_ID")):
        raise errors.wrong_workflow_id("Empty TEMPLATE_ID")
    template = TEMPLATES.get(php.integer(params["TEMPLATE_ID"]))
    if template is None:
        raise errors.wrong_workflow_id("Template not found")
    document, document_type = documents.read(params.get("DOCUMENT_ID"), settings)
    if document_type != template.type:
        raise errors.uncoded("Template type and DOCUMENT_ID mismatch!")
    if not settings.admin:
        raise errors.access_denied()
    if document[2] in settings.refused:
        raise errors.uncoded(settings.refused[document[2]])
    parameters = template.received(_parameters(params.get("PARAMETERS")))
    _check_cap(call, document, parameters)
    seconds = settings.start_seconds_of.get(template.id, settings.start_seconds)
    return Reply(_record(call, template.id, document, parameters, seconds).workflow_id, seconds=seconds)


def _record(
    call: Call, template_id: int, document: DocumentId, parameters: dict[str, Any], seconds: float
) -> Started:
    # Before its seconds are spent: a workflow exists from its first moment, so a request that is cut in
    # the middle of a start has started it.
    at = time.time()
    runs = call.state.settings.runs_seconds
    given_id = parameters.get("PreGeneratedWorkflowId")
    started = Started(
        workflow_id=str(given_id) if given_id else call.state.workflows.new_id(at),
        template_id=template_id,
        document=document,
        parameters=parameters,
        request=call.log.number,
        key=call.key,
        at=at,
        ends_at=at + seconds + runs if runs > 0 else at,
    )
    call.state.workflows.add(started)
    call.log.started += 1
    return started


def _parameters(value: Any) -> dict[str, Any]:
    return {str(name): php.plain(each) for name, each in php.items(value)}


def _check_cap(call: Call, document: DocumentId, parameters: dict[str, Any]) -> None:
    cap = call.state.settings.workflow_cap
    if cap <= 0 or document[0] != "crm" or php.truth(parameters.get("IgnoreSimultaneousProcessesLimit")):
        return
    if len(call.state.workflows.running(document[2])) >= cap:
        raise errors.uncoded(CAP_TEXT.format(cap=cap))
