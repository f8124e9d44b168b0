"""Every refusal of the portal reaches the person as what is wrong and what to do, from the catalogue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.core.catalogue import PORTAL_CODES, STOPPING, explained, stop_text
from launcher.core.model import State
from launcher.core.summary import Ending, Exit
from launcher.ledger import open_ledger
from launcher.simulator import Settings, Simulator
from tests.support.runs import LEADS, Runs

LOWER = {"EXPIRED_TOKEN", "INVALID_TOKEN", "INSUFFICIENT_SCOPE", "USER_ACCESS_ERROR"}
"""Codes that portals write in small letters."""
ROWS = [(str(number), "") for number in range(1, 6)]


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


@pytest.fixture
async def run(portal: Simulator, tmp_path: Path) -> AsyncIterator[Runs]:
    async with open_ledger(str(tmp_path / "ledger.db")) as ledger:
        yield Runs(ledger, portal, tmp_path)


@pytest.mark.parametrize("code", sorted(STOPPING))
async def test_a_code_that_stops_the_run_says_what_is_wrong_and_what_to_do(
    run: Runs, portal: Simulator, code: str
) -> None:
    as_it_comes = code.lower() if code in LOWER else code
    portal.script("error", method="batch", status=403, code=as_it_comes, text="Words of the portal", times=None)

    summary = await run.start_all(ROWS)

    assert (summary.ending, summary.exit_code) == (Ending.STOPPED, Exit.STOPPED)
    assert summary.stopped_because == stop_text(code, "Words of the portal")
    assert PORTAL_CODES[code].remedy in summary.stopped_because
    assert "The portal answered: Words of the portal." in summary.stopped_because
    assert portal.started == []
    assert set((await run.states(1)).values()) == {State.PENDING}, "a stop blames no row"


@pytest.mark.parametrize(
    ("settings", "template_id", "code"),
    [
        ({"admin": False}, 1, "ACCESS_DENIED"),
        ({"license": "ru_project"}, 1, "ACCESS_DENIED"),
        ({"license": "ru_basic"}, 1, "ERROR_METHOD_NOT_FOUND"),
        ({"scopes": ("crm",)}, 1, "INSUFFICIENT_SCOPE"),
        ({}, 99, "ERROR_WRONG_WORKFLOW_ID"),
    ],
)
async def test_a_portal_that_is_not_set_up_for_it_is_told_how_to_be(
    run: Runs, portal: Simulator, settings: dict[str, object], template_id: int, code: str
) -> None:
    portal.settings = replace(portal.settings, **settings)  # type: ignore[arg-type]

    summary = await run.start_all(ROWS, job=replace(LEADS, template_id=template_id))

    assert summary.ending is Ending.STOPPED
    assert summary.stopped_because.startswith(explained(code)), summary.stopped_because
    assert portal.started == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Wrong DOCUMENT_ID!", "correct the ID in the file"),
        ("Incorrect document type!", "check --kind"),
        ("Template type and DOCUMENT_ID mismatch!", "choose the template or the kind that fits"),
    ],
)
async def test_a_row_refused_with_a_fixed_text_has_the_portals_words_and_then_the_mend(
    run: Runs, portal: Simulator, text: str, words: str
) -> None:
    portal.settings = replace(portal.settings, refused={f"LEAD_{number}": text for number in (1, 3, 4)})

    summary = await run.start_all(ROWS)

    errors = {row["ID"]: row["launch_error"] for row in run.result_rows() if row["launch_status"] == "failed"}
    assert set(errors) == {"1", "3", "4"}
    assert len(set(errors.values())) == 1
    assert errors["1"].startswith(f"{text} (")
    assert words in errors["1"]
    [cause] = summary.causes
    assert (cause.rows, cause.text) == (3, text), "the ledger keeps the portal's own words"


async def test_rows_that_fail_for_different_reasons_are_counted_apart(run: Runs, portal: Simulator) -> None:
    portal.settings = replace(
        portal.settings,
        missing=frozenset({"LEAD_1", "LEAD_2"}),
        refused={"LEAD_3": "Нет прав", "LEAD_4": "Нет прав"},
    )

    summary = await run.start_all([*ROWS, ("x", ""), ("", "y")])

    assert [(cause.rows, cause.code, cause.text.split(":")[0]) for cause in summary.causes] == [
        (2, "", "Wrong DOCUMENT_ID!"),
        (2, "", "Нет прав"),
        (1, "bad ID", 'column "ID"'),
        (1, "blank ID", 'column "ID"'),
    ]
    by_id = {row["ID"]: row["launch_error"] for row in run.result_rows()}
    assert by_id["3"] == "Нет прав", "of a text that only the portal understands nothing is added"
    assert by_id["x"].endswith("(correct it, or name another column with --column)")
    assert by_id["5"] == ""
