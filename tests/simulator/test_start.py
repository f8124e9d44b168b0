"""bizproc.workflow.start: what it checks, in which order, and what it records."""

import asyncio
import math
import re

import aiohttp
import pytest

LEAD = "CCrmDocumentLead"
DOCUMENTS = {
    1: ["crm", LEAD, "LEAD_777"],
    2: ["crm", "CCrmDocumentDeal", "DEAL_777"],
    3: ["crm", "CCrmDocumentContact", "CONTACT_777"],
    4: ["crm", "CCrmDocumentCompany", "COMPANY_777"],
    5: ["crm", "Bitrix\\Crm\\Integration\\BizProc\\Document\\Quote", "QUOTE_777"],
    6: ["crm", "Bitrix\\Crm\\Integration\\BizProc\\Document\\SmartInvoice", "SMART_INVOICE_3"],
    7: ["crm", "Bitrix\\Crm\\Integration\\BizProc\\Document\\Dynamic", "DYNAMIC_147_1"],
    8: ["disk", "Bitrix\\Disk\\BizProcDocument", "777"],
    9: ["lists", "BizprocDocument", "777"],
    10: ["lists", "Bitrix\\Lists\\BizprocDocumentLists", "777"],
    11: ["crm", LEAD, "LEAD_778"],
}


@pytest.mark.parametrize("template", DOCUMENTS)
async def test_every_template_starts_on_its_kind_of_document(portal, ask, template):
    status, answer = await ask(
        portal, "bizproc.workflow.start", {"TEMPLATE_ID": template, "DOCUMENT_ID": DOCUMENTS[template]}
    )

    assert status == 200
    assert re.fullmatch(r"[0-9a-f]{13}[0-9]\.[0-9]{8}", answer["result"])
    (started,) = portal.started
    assert (started.workflow_id, started.template_id) == (answer["result"], template)
    assert started.document == tuple(DOCUMENTS[template])
    assert (started.request, started.key, started.parameters) == (1, None, {})


REFUSALS = [
    ({}, "ERROR_WRONG_WORKFLOW_ID", "Empty TEMPLATE_ID"),
    ({"TEMPLATE_ID": 0, "DOCUMENT_ID": DOCUMENTS[1]}, "ERROR_WRONG_WORKFLOW_ID", "Empty TEMPLATE_ID"),
    ({"TEMPLATE_ID": "0", "DOCUMENT_ID": DOCUMENTS[1]}, "ERROR_WRONG_WORKFLOW_ID", "Empty TEMPLATE_ID"),
    ({"TEMPLATE_ID": 99, "DOCUMENT_ID": DOCUMENTS[1]}, "ERROR_WRONG_WORKFLOW_ID", "Template not found"),
    ({"TEMPLATE_ID": "x", "DOCUMENT_ID": DOCUMENTS[1]}, "ERROR_WRONG_WORKFLOW_ID", "Template not found"),
    ({"TEMPLATE_ID": 99}, "ERROR_WRONG_WORKFLOW_ID", "Template not found"),
    ({"TEMPLATE_ID": 1}, "", "Wrong DOCUMENT_ID!"),
    ({"TEMPLATE_ID": 1, "DOCUMENT_ID": "LEAD_1"}, "", "Wrong DOCUMENT_ID!"),
    ({"TEMPLATE_ID": 1, "DOCUMENT_ID": ["crm", LEAD, "LEAD_0"]}, "", "Wrong DOCUMENT_ID!"),
    ({"TEMPLATE_ID": 1, "DOCUMENT_ID": ["crm", LEAD, "777"]}, "", "Wrong DOCUMENT_ID!"),
    ({"TEMPLATE_ID": 1, "DOCUMENT_ID": ["crm", LEAD, "LEAD_10000001"]}, "", "Wrong DOCUMENT_ID!"),
    ({"TEMPLATE_ID": 1, "DOCUMENT_ID": ["crm", "CCrmDocumentDeal", "DEAL_10000001"]}, "", "Wrong DOCUMENT_ID!"),
    ({"TEMPLATE_ID": 7, "DOCUMENT_ID": [*DOCUMENTS[7][:2], "DYNAMIC_999_1"]}, "", "Wrong DOCUMENT_ID!"),
    ({"TEMPLATE_ID": 1, "DOCUMENT_ID": ["crm", LEAD, "DEAL_5"]}, "", "Incorrect document type!"),
    ({"TEMPLATE_ID": 2, "DOCUMENT_ID": DOCUMENTS[1]}, "", "Template type and DOCUMENT_ID mismatch!"),
    (
        {"TEMPLATE_ID": 7, "DOCUMENT_ID": [*DOCUMENTS[7][:2], "DYNAMIC_128_1"]},
        "",
        "Template type and DOCUMENT_ID mismatch!",
    ),
]


@pytest.mark.parametrize(("params", "code", "text"), REFUSALS)
async def test_a_wrong_call_is_refused_with_the_servers_own_text(portal, ask, params, code, text):
    assert await ask(portal, "bizproc.workflow.start", params) == (
        400,
        {"error": code, "error_description": text},
    )
    assert portal.started == []
    assert portal.requests[0].code == code


async def test_missing_and_refused_documents_fail_alone(simulate, ask, batch):
    portal = await simulate(missing=frozenset({"LEAD_2"}), refused={"LEAD_3": "Нет прав на этот элемент"})

    _, answer = await ask(portal, "batch", batch(1, 2, 3, 4))

    assert list(answer["result"]["result"]) == ["r0", "r3"]
    assert answer["result"]["result_error"] == {
        "r1": {"error": "", "error_description": "Wrong DOCUMENT_ID!"},
        "r2": {"error": "", "error_description": "Нет прав на этот элемент"},
    }
    assert list(answer["result"]["result_time"]) == ["r0", "r3"]
    assert [started.document[2] for started in portal.started] == ["LEAD_1", "LEAD_4"]


async def test_a_refused_document_fails_with_an_empty_code_when_single(simulate, ask, lead):
    portal = await simulate(refused={"LEAD_3": "Нельзя"})

    assert await ask(portal, "bizproc.workflow.start", lead(3)) == (
        400,
        {"error": "", "error_description": "Нельзя"},
    )


async def test_the_same_call_twice_starts_two_workflows(portal, ask, lead):
    for _ in range(2):
        await ask(portal, "bizproc.workflow.start", lead(5, Comment="x"))

    first, second = portal.started
    assert first.workflow_id != second.workflow_id
    assert first.document == second.document
    assert first.parameters == {"Comment": "x"}


async def test_parameters_are_not_checked_against_the_template(portal, ask, lead):
    await ask(portal, "bizproc.workflow.start", lead(5, Nonsense=["a", {"b": None}], Parameter1=True))

    assert portal.started[0].parameters == {"Nonsense": ["a", {"b": None}], "Parameter1": True}


async def test_form_bodies_and_get_are_read_with_phps_nested_keys(portal, http):
    form = {
        "TEMPLATE_ID": "1",
        "DOCUMENT_ID[]": "crm",
        "PARAMETERS[Comment]": "при+вет & co",
        "PARAMETERS[a][]": "1",
    }
    pairs = [*form.items(), ("DOCUMENT_ID[]", LEAD), ("DOCUMENT_ID[]", "LEAD_8")]
    url = portal.webhook_url + "bizproc.workflow.start.json"
    async with http.post(url, data=pairs) as response:
        assert response.status == 200
    async with http.get(url, params=pairs) as response:
        assert response.status == 200
    multipart = [
        ("TEMPLATE_ID", "1"),
        ("DOCUMENT_ID[0]", "crm"),
        ("DOCUMENT_ID[1]", LEAD),
        ("DOCUMENT_ID[2]", "LEAD_8"),
    ]
    data = aiohttp.FormData(default_to_multipart=True)
    for name, value in multipart:
        data.add_field(name, value)
    async with http.post(url, data=data) as response:
        assert response.status == 200

    posted, got, whole = portal.started
    assert posted.document == got.document == whole.document == ("crm", LEAD, "LEAD_8")
    assert posted.parameters == got.parameters == {"Comment": "при+вет & co", "a": ["1"]}


async def test_a_third_running_workflow_on_one_crm_item_is_refused_until_one_ends(simulate, ask, lead):
    portal = await simulate(runs_seconds=math.inf, workflow_cap=2)
    for _ in range(2):
        assert (await ask(portal, "bizproc.workflow.start", lead(5)))[0] == 200

    status, answer = await ask(portal, "bizproc.workflow.start", lead(5))
    assert (status, answer["error"]) == (400, "")
    assert re.search("[а-я]", answer["error_description"])
    assert (await ask(portal, "bizproc.workflow.start", lead(6)))[0] == 200

    await ask(portal, "bizproc.workflow.terminate", {"ID": portal.started[0].workflow_id, "STATUS": "ended"})
    assert (await ask(portal, "bizproc.workflow.start", lead(5)))[0] == 200
    assert len(portal.started) == 4


async def test_a_start_takes_its_time_and_commands_take_theirs_one_after_another(simulate, ask, batch):
    portal = await simulate(start_seconds=9.0, start_seconds_of={1: 0.01})

    _, answer = await ask(portal, "batch", batch(1, 2, 3))

    durations = [block["duration"] for block in answer["result"]["result_time"].values()]
    assert all(0.01 <= duration < 9 for duration in durations)
    assert answer["time"]["duration"] >= sum(durations)


async def test_a_request_is_cut_and_what_it_had_executed_stays(simulate, http, batch):
    """Three starts of a template that takes no time, then one that takes longer than a request may."""
    portal = await simulate(start_seconds_of={11: 30.0}, cut_seconds=0.04)
    commands = batch(*range(1, 20))
    for place in range(3, 19):
        key = f"r{place}"
        commands["cmd"][key] = commands["cmd"][key].replace("TEMPLATE_ID=1", "TEMPLATE_ID=11")

    async with http.post(portal.webhook_url + "batch", json=commands) as response:
        assert response.status == 504
        assert "<html>" in await response.text()

    assert len(portal.started) == portal.requests[0].started == 4
    await asyncio.sleep(0.03)
    assert len(portal.started) == 4


@pytest.mark.parametrize(
    ("given", "received"),
    [
        ("2026-11-23T00:00:00+03:00", "2026-11-23T00:00:00+03:00"),
        ("2026-11-23", ""),
        ("2026-11-23 10:00:00", ""),
        ("tomorrow", ""),
        ("23.11.2026", "23.11.2026"),
        ("1795478400", "1795478400"),
    ],
)
async def test_a_date_that_the_portal_cannot_read_becomes_empty(portal, ask, given, received):
    document = ["crm", "CCrmDocumentDeal", "DEAL_1"]
    parameters = {"Deadline": given, "Manager": given, "Unknown": given}

    await ask(
        portal, "bizproc.workflow.start", {"TEMPLATE_ID": 2, "DOCUMENT_ID": document, "PARAMETERS": parameters}
    )

    assert portal.started[0].parameters == {"Deadline": received, "Manager": given, "Unknown": given}
