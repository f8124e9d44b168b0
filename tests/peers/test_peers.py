"""What other people's clients make of the simulated portal: it is not only our own belief that it is one.

What each of them does after a fault was measured against another stand-in of the portal, before this one was
judged by it. A peer that does something else here has found a difference between the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from launcher.simulator import Settings, Simulator
from launcher.simulator.templates import TEMPLATES
from tests.peers.peer import Outcome, Peer

# The first to ask has the clients installed.
pytestmark = pytest.mark.timeout(900)

Leads = Callable[[int], list[str]]
Run = Callable[[str, str], Awaitable[Outcome]]


def truth(portal: Simulator) -> dict[str, str]:
    """Document → the workflow that was really started on it, the last where there are more."""
    return {start.document[2]: start.workflow_id for start in portal.started}


def twice(portal: Simulator) -> int:
    """On how many documents more than one workflow was started."""
    return sum(times > 1 for times in Counter(start.document[2] for start in portal.started).values())


def workflows(outcome: Outcome) -> set[str]:
    """The workflow IDs that it gave to its program."""
    return {each for each in outcome.gave or () if isinstance(each, str)}


async def test_a_single_start_gives_the_workflow_that_was_started(peer: Peer, portal: Simulator) -> None:
    outcome = await peer("start", portal, "LEAD_5")

    [start] = portal.started
    assert (outcome.gave, outcome.raised) == (start.workflow_id, "")
    assert (start.template_id, start.document) == (1, ("crm", "CCrmDocumentLead", "LEAD_5"))
    assert start.parameters == {"Comment": "for LEAD_5, 50% & more"}


async def test_many_starts_go_in_batches_and_each_arrives_whole(
    peer: Peer, portal: Simulator, leads: Leads
) -> None:
    documents = leads(200)

    outcome = await peer("start all", portal, *documents)

    assert [(request.method, request.commands) for request in portal.requests] == [("batch", 50)] * 4
    assert outcome.raised == ""
    assert sorted(outcome.gave) == sorted(truth(portal).values())
    assert {start.document[2]: start.parameters for start in portal.started} == {
        document: {"Comment": f"for {document}, 50% & more"} for document in documents
    }


@pytest.mark.parametrize("name", ["b24pysdk", "b24jssdk"])
async def test_each_document_gets_its_own_workflow(
    name: str, portal: Simulator, leads: Leads, request: pytest.FixtureRequest
) -> None:
    """Not so with fast_bitrix24: it gives the IDs in the order in which its batches were answered."""
    documents = leads(120)

    outcome = await request.getfixturevalue(name)("start all", portal, *documents)

    assert outcome.gave == [truth(portal)[document] for document in documents]


async def test_the_templates_are_listed(peer: Peer, portal: Simulator) -> None:
    outcome = await peer("templates", portal)

    listed = sorted((int(row["ID"]), row["NAME"]) for row in outcome.gave)
    assert listed == [(template.id, template.name) for template in TEMPLATES.values()]


async def test_running_workflows_are_listed_over_several_pages(
    peer: Peer, portal: Simulator, leads: Leads
) -> None:
    portal.settings = replace(portal.settings, runs_seconds=600.0)
    await peer("start all", portal, *leads(120))

    outcome = await peer("instances", portal)

    assert len(outcome.gave) == 120
    assert {row["DOCUMENT_ID"]: row["ID"] for row in outcome.gave} == truth(portal)


FAST, PYSDK, JSSDK = "fast_bitrix24", "b24pysdk", "b24jssdk"
OUTCOMES = [
    # Fault of the second of four batches, peer: workflows started, documents with two, IDs that its program
    # is given, what is raised.
    ("reset after", FAST, 250, 50, 200, ""),
    ("reset after", PYSDK, 100, 0, 0, "BitrixRequestError"),
    ("reset after", JSSDK, 250, 50, 200, ""),
    ("502 after", FAST, 250, 50, 200, ""),
    ("502 after", PYSDK, 100, 0, 0, "BitrixResponseJSONDecodeError"),
    ("502 after", JSSDK, 250, 50, 200, ""),
    ("504 after", FAST, 250, 50, 200, ""),
    ("504 after", PYSDK, 100, 0, 0, "BitrixResponseJSONDecodeError"),
    ("504 after", JSSDK, 250, 50, 200, ""),
    ("html after", FAST, 200, 0, 0, "ContentTypeError"),
    ("html after", PYSDK, 100, 0, 0, "BitrixResponseJSONDecodeError"),
    ("html after", JSSDK, 100, 0, 0, "AjaxError"),
    ("cut json after", FAST, 200, 0, 0, "JSONDecodeError"),
    ("cut json after", PYSDK, 100, 0, 0, "BitrixResponseJSONDecodeError"),
    ("cut json after", JSSDK, 100, 0, 0, "AjaxError"),
    ("command error", FAST, 199, 0, 0, "ErrorInServerResponseException"),
    ("command error", PYSDK, 199, 0, 199, ""),
    ("command error", JSSDK, 199, 0, 199, ""),
    ("operating limit from", FAST, 170, 0, 0, "ErrorInServerResponseException"),
    ("operating limit from", PYSDK, 170, 0, 170, ""),
    ("operating limit from", JSSDK, 170, 0, 170, "Method is blocked due to operation time limit."),
]
INDEX = {"command error": 7, "operating limit from": 20}


@pytest.fixture
def second_batch(
    request: pytest.FixtureRequest, portal: Simulator, leads: Leads
) -> Callable[[str, str], Awaitable[Outcome]]:
    """Let that peer start 200 workflows, with that fault of the second batch."""

    async def run(name: str, fault: str) -> Outcome:
        portal.script(fault, method="batch", skip=1, **({"index": INDEX[fault]} if fault in INDEX else {}))
        outcome: Outcome = await request.getfixturevalue(name)("start all", portal, *leads(200))
        return outcome

    return run


@pytest.mark.parametrize(("fault", "name", "started", "doubled", "ids", "raised"), OUTCOMES)
async def test_after_a_fault_it_does_what_was_measured_of_it(
    fault: str,
    name: str,
    started: int,
    doubled: int,
    ids: int,
    raised: str,
    portal: Simulator,
    second_batch: Run,
) -> None:
    outcome = await second_batch(name, fault)

    assert (len(portal.started), twice(portal), len(workflows(outcome))) == (started, doubled, ids)
    assert outcome.raised.partition(";")[0] == raised
    assert workflows(outcome) <= {start.workflow_id for start in portal.started}


async def test_a_refused_command_is_told_apart_by_the_one_that_reads_the_maps(
    portal: Simulator, second_batch: Run, leads: Leads
) -> None:
    outcome = await second_batch(PYSDK, "command error")

    refusal = {"error": "", "error_description": "Simulated refusal"}
    assert outcome.gave == [truth(portal).get(document, refusal) for document in leads(200)]


async def test_refused_commands_put_the_ids_after_them_on_wrong_rows_of_the_one_that_leaves_them_out(
    portal: Simulator, second_batch: Run, leads: Leads
) -> None:
    outcome = await second_batch(JSSDK, "operating limit from")

    right = [
        truth(portal).get(document) == each for document, each in zip(leads(200), outcome.gave, strict=False)
    ]
    assert (right.count(True), right.count(False)) == (70, 100)


@pytest.mark.parametrize(("name", "raised"), [(FAST, ""), (PYSDK, "BitrixRequestError"), (JSSDK, "SdkError")])
async def test_none_of_them_starts_anything_on_a_portal_that_has_moved(
    name: str, raised: str, portal: Simulator, settings: Settings, leads: Leads, request: pytest.FixtureRequest
) -> None:
    """Where a redirect is followed, the POST becomes a GET and its commands are gone."""
    async with Simulator(settings) as new:
        portal.script("moved", times=None, location=new.tls_url)

        outcome = await request.getfixturevalue(name)("start all", portal, *leads(60))

        assert (portal.started, new.started) == ([], [])
        assert (outcome.raised, outcome.gave or []) == (raised, [])


async def test_a_refusal_for_the_rate_limit_starts_nothing_and_is_sent_again(
    peer: Peer, portal: Simulator, leads: Leads
) -> None:
    portal.script("query limit", method="batch", skip=1)

    outcome = await peer("start all", portal, *leads(120))

    assert [request.code for request in portal.requests].count("QUERY_LIMIT_EXCEEDED") == 1
    assert (len(portal.started), twice(portal), len(workflows(outcome))) == (120, 0, 120)


REFUSALS = [
    ("operating limit", "BitrixAPIOperationTimeLimit"),
    ("expired token", "BitrixAPIExpiredToken"),
    ("no auth", "BitrixOAuthNoAuthFound"),
    ("portal deleted", "BitrixAPIPortalDeleted"),
    ("access denied", "BitrixAPIAccessDenied"),
    ("insufficient scope", "BitrixAPIInsufficientScope"),
    ("https required", "BitrixAPIInvalidRequest"),
    ("internal error after", "BitrixAPIInternalServerError"),
    ("unexpected answer after", "BitrixAPIErrorUnexpectedAnswer"),
]


@pytest.mark.parametrize(("fault", "raised"), REFUSALS)
async def test_bitrixs_own_client_knows_the_refusal(
    fault: str, raised: str, b24pysdk: Peer, portal: Simulator
) -> None:
    portal.script(fault)

    outcome = await b24pysdk("start", portal, "LEAD_5")

    assert (outcome.gave, outcome.raised, len(portal.requests)) == (None, raised, 1)
