"""bizproc.workflow.start: its checks in the server's order, with the server's own texts.

Source: docs, the method's page; the order as servers were seen to keep it.
"""

import time
from typing import Any

from . import documents, errors, php
from .documents import DocumentId
from .methods import Call, Reply
from .state import Started
from .templates import TEMPLATES

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
