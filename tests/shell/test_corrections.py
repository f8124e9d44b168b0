"""Rows that a person has mended start in the run that they belong to; what may have started never does."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.core.mapping import MappingError
from launcher.core.model import State
from launcher.engine.cancel import CancelToken
from launcher.engine.corrections import apply_corrections
from launcher.engine.executor import Rules, RunExecutor
from launcher.engine.portal_client import PortalClient
from launcher.engine.progress import Progress
from launcher.engine.results import save_results
from launcher.ledger import Ledger, RecordedRow, RunRecord
from launcher.portal.access import parse_webhook
from launcher.portal.client import Portal
from launcher.report import failed_path
from launcher.sheets import open_table
from launcher.simulator import Settings, Simulator
from tests.support.runs import LEADS, UNPACED, Runs

REFUSED = {"LEAD_13": "Wrong DOCUMENT_ID!", "LEAD_14": "нет"}

# Rows 2 to 7 of a file: two start, two are refused, two are no starts.
NOTHING = "0 rows of run r1 corrected: none of its rows to fix is changed in the file"
ROWS = [("5", "Anna"), ("13", "Boris"), ("abc", "Clara"), ("6", "Dora"), ("14", "Emil"), ("", "Fritz")]
AFTERWARDS = {
    2: State.STARTED,
    3: State.FAILED,
    4: State.INVALID,
    5: State.STARTED,
    6: State.FAILED,
    7: State.INVALID,
}


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0, refused=REFUSED)) as simulator:
        yield simulator


@pytest.fixture
def run(ledger: Ledger, portal: Simulator, tmp_path: Path) -> Runs:
    return Runs(ledger, portal, tmp_path)


async def record(run: Runs, run_id: int = 1) -> RunRecord:
    found = await run.ledger.run(run_id)
    assert found is not None
    return found


async def rows(run: Runs, run_id: int = 1) -> dict[int, RecordedRow]:
    return {row.row_number: row for row in await run.ledger.recorded_rows(run_id)}


async def mended(run: Runs, file: Path, run_id: int = 1) -> list[str]:
    # No row of these names a person, so nothing is asked.
    client = PortalClient(Portal(parse_webhook(run.simulator.webhook_url)), UNPACED)
    return await apply_corrections(run.ledger, await record(run, run_id), LEADS, open_table(file), client)


async def go_on(run: Runs, run_id: int = 1) -> None:
    """Take the run on, as `launcher retry --file` does."""
    async with Portal(parse_webhook(run.simulator.webhook_url)) as portal:
        executor = RunExecutor(
            run.ledger,
            PortalClient(portal, UNPACED),
            Rules(),
            cancel=CancelToken(),
            progress=Progress(),
            lease=None,
        )
        await executor.execute(await record(run, run_id), LEADS, None)


def changed_file(run: Runs, changes: dict[int, tuple[str, str]]) -> Path:
    """The person's own file with those rows changed, by row number."""
    return run.file([changes.get(number, row) for number, row in enumerate(ROWS, start=2)])


def rewritten(file: Path, change: Callable[[list[dict[str, str]]], list[dict[str, str]]]) -> Path:
    """A CSV file after a person has worked on its rows."""
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        content, header = list(reader), reader.fieldnames
    with file.open("w", encoding="utf-8", newline="") as stream:
        assert header is not None
        writer = csv.DictWriter(stream, header)
        writer.writeheader()
        writer.writerows(change(content))
    return file


async def test_rows_mended_in_the_persons_own_file_are_known_by_their_numbers_and_start(
    run: Runs, portal: Simulator
) -> None:
    await run.start_all(ROWS)
    assert await run.states(1) == AFTERWARDS

    lines = await mended(run, changed_file(run, {3: ("15", "Boris"), 4: ("16", "Clara A.")}))

    assert await run.states(1) == AFTERWARDS | {3: State.PENDING, 4: State.PENDING}
    assert lines == [
        'row 3: ID: "13" → "15"',
        'row 4: ID: "abc" → "16", Manager: "Clara" → "Clara A."',
        "2 rows of run r1 corrected",
    ]

    await go_on(run)

    assert await run.states(1) == AFTERWARDS | {3: State.STARTED, 4: State.STARTED}
    assert sorted(run.started_documents()) == ["LEAD_15", "LEAD_16", "LEAD_5", "LEAD_6"]
    given = {start.document[2]: start for start in portal.started}
    after = await rows(run)
    assert (after[4].cells, after[4].workflow_id) == (("16", "Clara A."), given["LEAD_16"].workflow_id)
    assert given["LEAD_16"].parameters == {"Parameter1": "Clara A."}
    assert (after[3].error_code, after[3].error) == ("", "")


async def test_rows_mended_in_the_file_of_the_rows_to_mend_are_known_by_its_launch_row(
    run: Runs, portal: Simulator
) -> None:
    await run.start_all(ROWS)
    to_fix = failed_path(run.results)

    def work(content: list[dict[str, str]]) -> list[dict[str, str]]:
        """Sorted, one row left out, two mended."""
        assert [row["launch_row"] for row in content] == ["3", "4", "6", "7"]
        content[0]["ID"], content[3]["ID"] = "15", "17"
        return [content[3], content[2], content[0]]

    lines = await mended(run, rewritten(to_fix, work))
    await go_on(run)

    assert lines == ['row 3: ID: "13" → "15"', 'row 7: ID: "" → "17"', "2 rows of run r1 corrected"]
    assert await run.states(1) == AFTERWARDS | {3: State.STARTED, 7: State.STARTED}
    started = {start.document[2]: start.parameters["Parameter1"] for start in portal.started}
    assert started == {"LEAD_5": "Anna", "LEAD_6": "Dora", "LEAD_15": "Boris", "LEAD_17": "Fritz"}


async def test_the_columns_of_the_launcher_are_not_taken_into_the_run(run: Runs) -> None:
    await run.start_all(ROWS)
    header = (await record(run)).header

    await mended(
        run,
        rewritten(failed_path(run.results), lambda content: [{**content[0], "ID": "15", "launch_error": "x"}]),
    )

    assert (await record(run)).header == header == ("ID", "Manager")
    assert (await rows(run))[3].cells == ("15", "Boris")


async def test_a_row_without_a_usable_launch_row_is_no_row_of_the_run(run: Runs) -> None:
    await run.start_all(ROWS)

    def work(content: list[dict[str, str]]) -> list[dict[str, str]]:
        for row, number in zip(content, ["", "three", "-3", "99"], strict=True):
            row.update({"ID": "15", "launch_row": number})
        return content

    lines = await mended(run, rewritten(failed_path(run.results), work))

    assert lines == [NOTHING]
    assert await run.states(1) == AFTERWARDS


async def test_a_file_in_which_nothing_changed_mends_nothing(run: Runs) -> None:
    await run.start_all(ROWS)
    before = await rows(run)

    assert await mended(run, changed_file(run, {})) == [NOTHING]
    assert await mended(run, failed_path(run.results)) == [NOTHING]
    assert await rows(run) == before


async def test_rows_that_started_are_left_as_they_are_and_the_person_is_told(
    run: Runs, portal: Simulator
) -> None:
    await run.start_all(ROWS)
    before = await rows(run)

    lines = await mended(run, changed_file(run, {2: ("15", "Anna"), 5: ("6", "Dorothea"), 3: ("18", "Boris")}))
    await go_on(run)

    assert lines[-1] == "2 rows changed too, but are neither failed nor invalid: as before"
    assert lines[-2] == "1 row of run r1 corrected"
    after = await rows(run)
    assert (after[2], after[5]) == (before[2], before[5])
    assert sorted(run.started_documents()) == ["LEAD_18", "LEAD_5", "LEAD_6"]


async def test_rows_that_may_have_started_are_left_as_they_are(run: Runs, portal: Simulator) -> None:
    portal.script("reset after", skip=1)
    await run.start_all([("5", "Anna"), ("6", "Boris"), ("7", "Clara")], concurrency=1)
    assert await run.states(1) == {2: State.STARTED, 3: State.UNKNOWN, 4: State.UNKNOWN}

    lines = await mended(run, run.file([("5", "Anna"), ("16", "Boris"), ("17", "Clara")]))
    await go_on(run)

    assert lines == [
        "0 rows of run r1 corrected",
        "2 rows changed too, but are neither failed nor invalid: as before",
    ]
    assert await run.states(1) == {2: State.STARTED, 3: State.UNKNOWN, 4: State.UNKNOWN}
    assert (await rows(run))[3].cells == ("6", "Boris")
    assert run.started_documents() == ["LEAD_5", "LEAD_6", "LEAD_7"]


@pytest.mark.parametrize(("row_number", "like", "reason"), [(3, ROWS[0], "row 2"), (4, ROWS[3], "row 5")])
async def test_a_mended_row_that_repeats_a_started_one_is_skipped_and_names_it(
    run: Runs, row_number: int, like: tuple[str, str], reason: str
) -> None:
    await run.start_all(ROWS)

    await mended(run, changed_file(run, {row_number: like}))
    await go_on(run)

    row = (await rows(run))[row_number]
    assert (row.state, row.error_code, row.error) == (State.SKIPPED, "duplicate", f"the same as {reason}")
    assert run.started_documents() == ["LEAD_5", "LEAD_6"]


async def test_a_mended_row_that_an_earlier_run_has_started_is_skipped_and_says_where(run: Runs) -> None:
    await run.start_all([("21", "Boris")])
    await run.start_all(ROWS)

    await mended(run, changed_file(run, {3: ("21", "Boris")}), run_id=2)
    await go_on(run, run_id=2)

    row = (await rows(run, 2))[3]
    assert (row.state, row.error_code) == (State.SKIPPED, "started before")
    assert "in run r1, row 2" in row.error
    assert run.started_documents().count("LEAD_21") == 1


async def test_of_two_rows_that_are_mended_into_the_same_one_goes(run: Runs) -> None:
    await run.start_all(ROWS)

    await mended(run, changed_file(run, {4: ("15", "Boris"), 7: ("15", "Boris")}))
    await go_on(run)

    after = await rows(run)
    assert after[4].state is State.STARTED
    assert (after[7].state, after[7].error) == (State.SKIPPED, "the same as row 4")
    assert run.started_documents().count("LEAD_15") == 1


async def test_a_mended_row_that_is_still_wrong_stays_invalid_with_its_new_reason(run: Runs) -> None:
    await run.start_all(ROWS)
    before = (await rows(run))[7]

    await mended(run, changed_file(run, {3: ("DEAL_5", "Boris"), 7: ("x y", "Fritz")}))
    await go_on(run)

    after = await rows(run)
    assert (after[7].state, after[7].error_code, before.error_code) == (State.INVALID, "bad ID", "blank ID")
    assert '"x y"' in after[7].error
    assert after[7].cells == ("x y", "Fritz")
    assert (after[3].state, after[3].error_code) == (State.INVALID, "other kind")
    assert run.started_documents() == ["LEAD_5", "LEAD_6"]


async def test_a_mended_row_that_the_portal_refuses_again_fails_with_its_new_reason_and_may_be_mended_again(
    run: Runs,
) -> None:
    await run.start_all(ROWS)
    await mended(run, changed_file(run, {3: ("14", "Boris")}))
    await go_on(run)
    failed = (await rows(run))[3]
    assert (failed.state, failed.error, failed.attempts) == (State.FAILED, "нет", 2)

    await mended(run, changed_file(run, {3: ("15", "Boris")}))
    await go_on(run)

    row = (await rows(run))[3]
    assert (row.state, row.error, row.attempts) == (State.STARTED, "", 3)


async def test_a_row_that_was_mended_leaves_its_old_start_to_others(run: Runs, portal: Simulator) -> None:
    """Lead 13 was not there when row 3 named it; another file starts it later."""
    await run.start_all(ROWS)
    await mended(run, changed_file(run, {3: ("15", "Boris")}))
    await go_on(run)
    portal.settings = replace(portal.settings, refused={})

    await run.start_all([("13", "Boris"), ("15", "Boris")])

    assert await run.states(2) == {2: State.STARTED, 3: State.SKIPPED}


async def test_many_changes_are_counted_and_the_first_ten_are_shown(run: Runs) -> None:
    await run.start_all([("", f"Manager {number}") for number in range(30)])

    lines = await mended(run, run.file([(str(100 + number), f"Manager {number}") for number in range(30)]))

    assert lines[:2] == ['row 2: ID: "" → "100"', 'row 3: ID: "" → "101"']
    assert lines[10:] == ["30 rows of run r1 corrected"]
    assert set((await run.states(1)).values()) == {State.PENDING}


@pytest.mark.parametrize("header", [["ID"], ["ID", "Manager", "Phone"], ["Manager", "ID"]])
async def test_a_file_with_other_columns_is_refused_and_nothing_is_mended(run: Runs, header: list[str]) -> None:
    await run.start_all(ROWS)
    before = await rows(run)
    file = run.folder / "other.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *[["15"] * len(header)] * 6])

    with pytest.raises(MappingError) as refused:
        await mended(run, file)

    assert str(refused.value) == (
        f"the corrected file has the columns {', '.join(header)}; run r1 has ID, Manager"
    )
    assert await rows(run) == before


async def test_a_results_file_may_be_mended_too_and_its_started_rows_are_left(run: Runs) -> None:
    await run.start_all(ROWS)

    def work(content: list[dict[str, str]]) -> list[dict[str, str]]:
        for row in content:
            row["ID"] = {"13": "15"}.get(row["ID"], row["ID"])
        return content[::-1]

    lines = await mended(run, rewritten(run.results, work))

    assert lines == ['row 3: ID: "13" → "15"', "1 row of run r1 corrected"]


async def test_the_results_show_the_mended_cells_and_what_became_of_the_row(run: Runs) -> None:
    await run.start_all(ROWS)
    await mended(run, changed_file(run, {3: ("15", "Boris"), 4: ("16", "Clara"), 7: ("17", "Fritz")}))
    await mended(run, changed_file(run, {6: ("18", "Emil")}))
    await go_on(run)
    await save_results(run.ledger, await record(run), run.results)

    assert [row["ID"] for row in run.result_rows()] == ["5", "15", "16", "6", "18", "17"]
    assert {row["launch_status"] for row in run.result_rows()} == {"started"}
    assert not failed_path(run.results).exists()
