"""Parameters by the types that the portal's templates declare: asked once, kept with the run, judged by row."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launcher.app.jobs import ChosenJob, resolve_job
from launcher.app.requests import RunRequest
from launcher.core.columns import MappingError
from launcher.core.job import JobSpec, Target
from launcher.core.mapping import Mapper
from launcher.core.model import State
from launcher.core.pacing import backoff
from launcher.core.summary import Ending, Exit
from launcher.core.templates import TemplateError
from launcher.engine.cancel import CancelToken
from launcher.engine.checking import refuse_duplicates
from launcher.engine.corrections import apply_corrections
from launcher.engine.executor import Rules, RunExecutor
from launcher.engine.portal_client import PortalClient
from launcher.engine.preparing import Candidates
from launcher.engine.progress import Progress
from launcher.errors import PortalError
from launcher.ledger import open_ledger
from launcher.portal.access import parse_webhook
from launcher.portal.client import Portal
from launcher.settings import JobConfig, PortalConfig
from launcher.sheets import open_table
from launcher.simulator import Settings, Simulator
from tests.support.runs import HEAR_OUT_S, UNPACED, Runs

TEMPLATES = "bizproc.workflow.template.list"
MANAGER = {"Manager": {"column": "Manager"}}
DEADLINE = {"Deadline": {"column": "Manager"}}


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


@pytest.fixture
async def run(portal: Simulator, tmp_path: Path) -> AsyncIterator[Runs]:
    async with open_ledger(str(tmp_path / "ledger.db")) as ledger:
        yield Runs(ledger, portal, tmp_path)


async def settled(
    portal: Simulator,
    parameters: dict[str, Any],
    told: list[str] | None = None,
    time_zone: str = "",
    **said: Any,
) -> JobSpec:
    """The job as a run would have it, on the portal's template for deals unless said otherwise."""
    config = {"template": "2", "kind": "deal", "parameters": parameters, **said}
    chosen = ChosenJob("typed", JobConfig.model_validate(config), PortalConfig(time_zone=time_zone))
    async with Portal(parse_webhook(portal.webhook_url)) as connected:
        client = PortalClient(connected, UNPACED)
        return await resolve_job(
            chosen, RunRequest(file=Path("x")), client, [].append if told is None else told.append
        )


def asked(portal: Simulator, method: str) -> int:
    return sum(1 for request in portal.requests if request.method == method)


async def test_a_run_that_goes_on_asks_for_no_types(run: Runs, portal: Simulator) -> None:
    told: list[str] = []
    job = await settled(portal, {**DEADLINE, "Manager": {"value": "Vera Orlova"}}, told)
    assert (asked(portal, TEMPLATES), asked(portal, "server.time"), told) == (1, 1, [])

    again = JobSpec.from_plan("typed", json.loads(json.dumps(job.to_plan())))

    assert again == job
    await run.start_all([("1", "05.01.2026"), ("2", "soon")], job=again)
    assert (asked(portal, TEMPLATES), asked(portal, "server.time")) == (1, 1)
    assert [start.parameters for start in portal.started] == [
        {"Deadline": "2026-01-05T00:00:00+03:00", "Manager": "user_1"}
    ]
    assert (await run.states(1))[3] is State.INVALID
    assert run.result_rows()[1]["launch_error_code"] == "bad date"


async def test_a_plan_of_an_older_version_has_no_types(portal: Simulator) -> None:
    plan = (await settled(portal, MANAGER)).to_plan()
    del plan["types"]

    assert JobSpec.from_plan("typed", plan).types.declared == {}


async def test_a_job_without_parameters_costs_one_question_its_templates(portal: Simulator) -> None:
    await settled(portal, {})

    assert [request.method for request in portal.requests] == ["bizproc.workflow.template.list"]


async def test_what_started_in_summer_does_not_start_again_in_winter(run: Runs, portal: Simulator) -> None:
    rows = [("1", "05.01.2026"), ("2", "06.07.2026")]
    await run.start_all(rows, job=await settled(portal, DEADLINE))
    portal.settings = replace(portal.settings, utc_offset_hours=2)

    summary = await run.start_all(rows, job=await settled(portal, DEADLINE))

    assert summary.counts[State.SKIPPED] == 2
    assert len(portal.started) == 2


async def test_a_time_zone_that_is_not_the_portals_is_refused(run: Runs, portal: Simulator) -> None:
    with pytest.raises(PortalError, match=r"clock is at \+03:00, and time_zone: Asia/Tokyo is at \+09:00"):
        await settled(portal, DEADLINE, time_zone="Asia/Tokyo")

    job = await settled(portal, DEADLINE, time_zone="Europe/Moscow")
    await run.start_all([("1", "05.07.2012")], job=JobSpec.from_plan("typed", job.to_plan()))
    assert portal.started[0].parameters == {"Deadline": "2012-07-05T00:00:00+04:00"}


async def test_each_person_is_looked_up_once(run: Runs, portal: Simulator) -> None:
    names = [
        "Vera Orlova",
        "vera  ORLOVA",
        "user2@portal.example",
        "Снегов Олег",
        "3",
        "Nobody Here",
        "Tomas Wrede",
    ]
    rows = [(str(number), names[number % len(names)]) for number in range(1, 141)]

    await run.start_all(rows, job=await settled(portal, MANAGER))

    looked_up = next(request for request in portal.requests if request.method == "batch")
    assert looked_up.commands == 5
    managers = {start.document[2]: start.parameters["Manager"] for start in portal.started}
    ids = {"0": "user_1", "1": "user_1", "2": "user_2", "3": "user_5", "4": "user_3"}
    expected = {f"DEAL_{n}": ids[str(n % 7)] for n in range(1, 141) if n % 7 < 5}
    assert managers == expected
    reasons = {row["launch_error"] for row in run.result_rows() if row["launch_status"] == "invalid"}
    assert len(reasons) == 2
    assert all("nobody active" in reason for reason in reasons)


async def test_without_the_permission_for_users_their_numbers_still_do(run: Runs, portal: Simulator) -> None:
    portal.settings = replace(portal.settings, scopes=("bizproc", "crm"))

    # More rows than are read at a time, so that the second part might ask once more.
    rows = [(str(number), "Vera Orlova") for number in range(1, 2101)]
    await run.start_all([*rows, ("2101", "2")], job=await settled(portal, MANAGER))

    assert [start.parameters for start in portal.started] == [{"Manager": "user_2"}]
    assert asked(portal, "batch") == 2, "one that looked her up, and one that started"
    assert "permission Users (user)" in run.result_rows()[0]["launch_error"]


async def test_where_people_cannot_be_asked_for_the_run_stops_and_goes_on_later(
    run: Runs, portal: Simulator
) -> None:
    portal.script("502 before", method="batch", times=4)
    rows = [("1", "Vera Orlova"), ("2", "2")]
    job = await settled(portal, MANAGER)

    summary = await run.start_all(rows, job=job)

    assert (summary.ending, summary.exit_code) == (Ending.STOPPED, Exit.STOPPED)
    assert summary.seconds < HEAR_OUT_S, "nothing is in flight, so nothing is waited for"
    assert portal.started == []
    recorded = await run.ledger.run(1)
    assert recorded is not None
    await run.ledger.resumed(1)
    async with Portal(parse_webhook(portal.webhook_url)) as connected:
        executor = RunExecutor(
            run.ledger,
            PortalClient(connected, UNPACED),
            Rules(),
            cancel=CancelToken(),
            progress=Progress(),
            lease=None,
        )
        await executor.execute(recorded, job, open_table(run.file(rows)))
    assert [start.parameters["Manager"] for start in portal.started] == ["user_1", "user_2"]


async def test_a_question_waits_as_long_as_a_limit_takes(
    run: Runs, portal: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More refusals than a trouble gets tries: a limit passes."""
    monkeypatch.setattr(backoff, "FIRST_WAIT_S", 0.001)
    portal.script("query limit", method="batch", times=6)

    await run.start_all([("1", "Vera Orlova")], job=await settled(portal, MANAGER))

    assert [start.parameters["Manager"] for start in portal.started] == ["user_1"]


async def test_people_in_mended_rows_are_looked_up_too(run: Runs, portal: Simulator) -> None:
    job = await settled(portal, MANAGER)
    await run.start_all([("1", "Vera Orlowa"), ("2", "2")], job=job)
    recorded = await run.ledger.run(1)
    assert recorded is not None
    mended = run.file([("1", "Vera Orlova"), ("2", "2")])

    async with Portal(parse_webhook(portal.webhook_url)) as connected:
        await apply_corrections(run.ledger, recorded, job, open_table(mended), PortalClient(connected, UNPACED))

    (pending,) = await run.ledger.sendable(1, State.PENDING, after_row=0, limit=10)
    assert pending.parameters == {"Manager": "user_1"}


async def test_the_same_person_written_in_two_ways_is_a_duplicate(run: Runs, portal: Simulator) -> None:
    job = await settled(portal, MANAGER)
    table = open_table(run.file([("1", "Vera Orlova"), ("1", "user_1")]))

    async with Portal(parse_webhook(portal.webhook_url)) as connected:
        mapper = Mapper(job, Target(portal=connected.name), table.header)
        with pytest.raises(MappingError, match="rows 2 and 3 are the same start"):
            await refuse_duplicates(Candidates(mapper, PortalClient(connected, UNPACED)), table)


async def test_a_portal_that_does_not_show_its_templates_gets_the_texts_as_they_are(
    run: Runs, portal: Simulator
) -> None:
    portal.script("access denied", method=TEMPLATES, times=None)
    told: list[str] = []

    await run.start_all([("1", "Vera Orlova")], job=await settled(portal, MANAGER, told))

    assert [start.parameters for start in portal.started] == [{"Manager": "Vera Orlova"}]
    (message,) = told
    assert "unchecked" in str(message)


async def test_an_answer_that_is_no_list_is_asked_for_again(portal: Simulator) -> None:
    portal.script("number id", method=TEMPLATES, times=2)

    assert (await settled(portal, MANAGER)).template_id == 2


@pytest.mark.parametrize("fault", ["502 before", "number id"])
async def test_a_portal_that_does_not_answer_is_not_taken_for_one_that_refuses(
    portal: Simulator, fault: str
) -> None:
    """Without the types the start keys would differ, and rows that have started would start again."""
    portal.script(fault, method=TEMPLATES, times=None)

    with pytest.raises(PortalError) as raised:
        await settled(portal, MANAGER)

    assert not raised.value.refused


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"kind": "lead"}, ('"Deal hand-over"', "for the kind deal, not lead", "say --kind deal")),
        ({"template": "99"}, ("no template 99", "launcher templates")),
        ({"template": "Deal handover"}, ('did you mean "Deal hand-over"?', '"Lead follow-up" (1)')),
    ],
)
async def test_a_template_that_does_not_fit_is_refused(
    portal: Simulator, said: dict[str, Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(TemplateError) as raised:
        await settled(portal, MANAGER, **said)

    assert all(word in str(raised.value) for word in words)


REQUIRED = {name: {"value": "1"} for name in ("Text1", "Count", "Responsible")} | {
    "Day": {"value": "2026-01-05"},
    "Channel": {"value": "E-mail"},
}


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"Manger": {"value": "2"}}, ('no parameter "Manger"', 'did you mean "Manager"?', '"Deadline"')),
        ({"Manager": {"value": "Nobody"}}, ('value of the parameter "Manager"', "nobody active")),
        ({"Deadline": {"value": "soon"}}, ('value of the parameter "Deadline"', "not a date")),
        (
            {"Deadline": {"column": "Manager", "default": "soon"}},
            ('default of the parameter "Deadline"', "not a date"),
        ),
        ({"Deadline": {"format": "{Manger}"}}, ('no column "Manger"', 'did you mean "Manager"?')),
    ],
)
async def test_a_job_that_does_not_fit_its_template_or_file_is_refused_before_the_first_row(
    portal: Simulator, parameters: dict[str, Any], words: tuple[str, ...]
) -> None:
    job = await settled(portal, parameters)

    with pytest.raises(MappingError) as raised:
        Mapper(job, Target(portal="acme.example"), ("ID", "Manager"))

    assert all(word in str(raised.value) for word in words)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (
            {key: said for key, said in REQUIRED.items() if key != "Day"},
            ('"Day" is required', "--param Day=COLUMN"),
        ),
        ({"Text1": {"value": "1"}}, ('"Count", "Day", "Channel", "Responsible" are required',)),
        ({**REQUIRED, "Attachment": {"value": "x"}}, ('"Attachment" takes a file', "leave it out")),
    ],
)
async def test_what_the_template_requires_or_cannot_take_is_said_at_once(
    portal: Simulator, parameters: dict[str, Any], words: tuple[str, ...]
) -> None:
    job = await settled(portal, parameters, template="11", kind="lead")

    with pytest.raises(MappingError) as raised:
        Mapper(job, Target(portal="acme.example"), ("ID",))

    assert all(word in str(raised.value) for word in words)


async def test_rows_with_templates_of_their_own_are_read_by_their_templates_types(
    run: Runs, portal: Simulator
) -> None:
    """The second column says the template; both run on leads, and only one knows the job's parameters."""
    job = await settled(portal, REQUIRED, template="1", kind="lead", columns={"template": "Manager"})

    await run.start_all([("1", "All types"), ("2", "1"), ("3", ""), ("4", "7")], job=job)

    assert [(start.template_id, start.parameters["Channel"]) for start in portal.started] == [
        (11, "mail"),
        (1, "E-mail"),
        (1, "E-mail"),
    ]


async def test_a_row_whose_template_requires_what_the_job_does_not_give_is_invalid(
    run: Runs, portal: Simulator
) -> None:
    parameters = {"Text1": {"value": "x"}}
    job = await settled(portal, parameters, template="1", kind="lead", columns={"template": "Manager"})

    await run.start_all([("1", "11"), ("2", "1")], job=job)

    assert [start.document[2] for start in portal.started] == ["LEAD_2"]
    assert "required" in run.result_rows()[0]["launch_error"]
