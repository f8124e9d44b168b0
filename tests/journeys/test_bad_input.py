"""What cannot work is refused before anything is started: exit 2 and a line or two that a person can act on."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from launcher.simulator import Settings, Simulator
from tests.journeys.conftest import Ended, Launcher

LEADS = "ID,Manager\n1,Anna\n2,Boris\n"
JOB = "jobs:\n  followup:\n    template: 1\n    kind: lead\n"
SAID = ("--template", "1", "--kind", "lead")
SECRET = "n0body5ees7his"
AT_ONCE = 4
"""Commands that run side by side; each takes about a second of one processor."""


@dataclass(frozen=True, slots=True)
class Case:
    """`launcher run` with these arguments, and words that its message must hold."""

    arguments: tuple[str, ...]
    words: tuple[str, ...]
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    webhook: str | None = None
    """Instead of the simulated portal's."""


def config(text: str, *words: str, arguments: tuple[str, ...] = ()) -> Case:
    return Case(("leads.csv", *arguments), words, {"config.yaml": text})


CASES = {
    # the file
    "a missing file": Case(("none.csv", *SAID), ("none.csv", "no such file")),
    "a folder": Case(("folder", *SAID), ("folder is a folder", "Name the file in it")),
    "a file that is no table": Case(
        ("photo.csv", *SAID),
        ("photo.csv", "neither a CSV nor an Excel file", "Save"),
        {"photo.csv": b"\x89PNG\r\n\x1a\n" + bytes(range(256))},
    ),
    "an empty file": Case(("empty.csv", *SAID), ("empty.csv is empty", "headings"), {"empty.csv": ""}),
    "a blank first row": Case(
        ("late.csv", *SAID), ("late.csv, row 1", "headings"), {"late.csv": "\nID,Manager\n1,Anna\n"}
    ),
    "data without headings": Case(
        ("bare.csv", *SAID),
        ("no column has a usual heading for the lead's ID", '"1", "Anna"'),
        {"bare.csv": "1,Anna\n2,Boris\n"},
    ),
    "a quote that is never closed": Case(
        ("quote.csv", *SAID), ("quote.csv, row 3", "quote"), {"quote.csv": 'ID,Manager\n1,Anna\n2,"Boris\n'}
    ),
    # what to start
    "nothing to start": Case(("leads.csv",), ("--template", "--kind", "--job")),
    "a column that is not there": Case(
        ("leads.csv", *SAID, "--column", "Ids"), ('no column "Ids"', 'did you mean "ID"?', '"Manager"')
    ),
    "a parameter's column that is not there": Case(
        ("leads.csv", *SAID, "--param", "Who=Menager"),
        ('no column "Menager"', 'parameter "Who"', 'did you mean "Manager"?'),
    ),
    "a column that is there twice": Case(
        ("twice.csv", *SAID),
        ('"ID"', "more than once", "columns 1 and 3"),
        {"twice.csv": "ID,Manager,ID\n1,A,2\n"},
    ),
    "an unknown kind": Case(
        ("leads.csv", "--template", "1", "--kind", "leed"), ('"leed"', 'did you mean "lead"?', "dynamic:147")
    ),
    "a template of an unknown name": Case(
        ("leads.csv", "--template", "Lead followup", "--kind", "lead"),
        ('no template "Lead followup"', 'did you mean "Lead follow-up"?', '"Lead follow-up" (1)'),
    ),
    # the webhook
    "no webhook": Case(("leads.csv", *SAID), ("BITRIX24_WEBHOOK_URL", ".env", "webhook_url:"), webhook=""),
    "a webhook that is no address": Case(
        ("leads.csv", *SAID), ("webhook's address", "https://", "/rest/1/"), webhook=SECRET
    ),
    "an address that is no webhook": Case(
        ("leads.csv", *SAID), ("portal.example", "/rest/1/"), webhook="https://portal.example/company/"
    ),
    "a webhook over http on a public host": Case(
        ("leads.csv", *SAID),
        ("portal.example", "http://", "write https://"),
        webhook=f"http://portal.example/rest/1/{SECRET}/",
    ),
    # the configuration
    "a configuration that is not there": Case(
        ("leads.csv", "--config", "none.yaml"), ("none.yaml", "no such file", "--config")
    ),
    "a configuration that is not YAML": config("jobs: [\n", "config.yaml, line 2", "not YAML"),
    "an unknown key": config(
        JOB + "    colums: {document: ID}\n", "config.yaml, line 5", '"colums"', 'did you mean "columns"?'
    ),
    "a key that is there twice": config(
        JOB + "    kind: deal\n", "config.yaml, line 5", '"kind"', "a second time", "remove one"
    ),
    "a job of an unknown name": config(
        JOB, 'no job "folowup"', 'did you mean "followup"?', arguments=("--job", "folowup")
    ),
    "a variable that nothing defines": config(
        "portal:\n  webhook_url: ${NOBODY_SET_THIS}\n" + JOB, "webhook_url:", "NOBODY_SET_THIS", ".env"
    ),
    # where to
    "results in a folder that is not there": Case(
        ("leads.csv", *SAID, "--results", "nowhere/leads.csv"), ("nowhere", "no such folder", "Make it")
    ),
    "results where a folder is": Case(
        ("leads.csv", *SAID, "--results", "folder.csv"), ("folder.csv", "is a folder"), {"folder.csv/x": ""}
    ),
    "results of no known format": Case(
        ("leads.csv", *SAID, "--results", "out.txt"), ("out.txt", ".csv or .xlsx")
    ),
    "results over the input": Case(
        ("leads.csv", *SAID, "--results", "leads.csv"), ("leads.csv", "never overwritten", "another name")
    ),
    "a log file that cannot be written": Case(
        ("leads.csv", *SAID, "--log-file", "nowhere/log"), ("--log-file nowhere", "cannot be written")
    ),
    "a ledger that is no ledger": Case(
        ("leads.csv", *SAID, "--ledger", "leads.csv"), ("ledger leads.csv", "not a database")
    ),
    "a ledger on an unknown database": Case(
        ("leads.csv", *SAID, "--ledger", f"mysql://user:{SECRET}@host/db"), ("the ledger", "PostgreSQL")
    ),
}  # fmt: skip


def make_folder(parent: Path, case: Case) -> Path:
    """A folder with the case's files, the leads and an empty folder."""
    files: dict[str, str | bytes] = {"leads.csv": LEADS, **case.files}
    for name, content in files.items():
        path = parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (parent / "folder").mkdir()
    return parent


@dataclass(frozen=True, slots=True)
class Refusals:
    """How all cases ended, each in its folder, on one portal."""

    portal: Simulator
    ended: Mapping[str, Ended]
    folders: Mapping[str, Path]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def refusals(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Refusals]:
    """Every case is run once."""
    async with Simulator(Settings(burst=0)) as portal:
        slot = asyncio.Semaphore(AT_ONCE)
        folders = {name: make_folder(tmp_path_factory.mktemp("case"), case) for name, case in CASES.items()}

        async def run(name: str) -> Ended:
            case, home = CASES[name], folders[name].parent / "home"
            webhook = portal.webhook_url if case.webhook is None else case.webhook
            async with slot:
                return await Launcher(home)(
                    "run", *case.arguments, cwd=folders[name], env={"BITRIX24_WEBHOOK_URL": webhook}
                )

        ended = await asyncio.gather(*map(run, CASES))
        yield Refusals(portal, dict(zip(CASES, ended, strict=True)), folders)


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_in_words_that_say_what_where_and_what_to_do(
    refusals: Refusals, name: str
) -> None:
    done = refusals.ended[name]

    assert (done.exit_code, done.stdout) == (2, ""), done.stderr
    lines = done.stderr.splitlines()
    assert 1 <= len(lines) <= 2, done.stderr
    assert all(line.startswith("launcher: ") for line in lines), done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stderr
    for word in CASES[name].words:
        assert word in done.stderr


def test_nothing_was_started_and_nothing_was_written(refusals: Refusals) -> None:
    assert refusals.portal.started == []
    assert {request.method for request in refusals.portal.requests} == {"bizproc.workflow.template.list"}
    for name, folder in refusals.folders.items():
        assert [path.name for path in folder.rglob("*") if ".results." in path.name] == [], name
        assert (folder / "leads.csv").read_text() == LEADS


async def test_rows_without_a_usable_id_are_invalid_and_the_run_goes_on(
    launcher: Launcher, simulator: Simulator, tmp_path: Path
) -> None:
    rows = ["1,Anna", ",Boris", "abc,Clara", "DEAL_4,Dora", "0,Emil", "LEAD_6,Frida"]
    (tmp_path / "leads.csv").write_text("\n".join(["ID,Manager", *rows]) + "\n")

    done = await launcher(
        "run", "leads.csv", *SAID, "--json", cwd=tmp_path, env={"BITRIX24_WEBHOOK_URL": simulator.webhook_url}
    )

    summary = json.loads(done.stdout)
    assert (done.exit_code, summary["exit_code"], done.messages) == (1, 1, [])
    assert (summary["started"], summary["invalid"]) == (2, 4)
    assert [start.document[2] for start in simulator.started] == ["LEAD_1", "LEAD_6"]
    with (tmp_path / "leads.results.csv").open(encoding="utf-8", newline="") as stream:
        results = list(csv.DictReader(stream))
    assert [row["launch_status"] for row in results] == ["started", *["invalid"] * 4, "started"]
    assert [row["launch_error"] for row in results] == [
        "",
        'column "ID": the ID is blank (write the ID and give the file back: launcher retry --file)',
        'column "ID": "abc" is not an ID: a whole number above 0 is expected '
        "(correct it, or name another column with --column)",
        'column "ID": "DEAL_4" is not the ID of a lead (correct the ID, or run this row with the other --kind)',
        'column "ID": "0" is not an ID: a whole number above 0 is expected '
        "(correct it, or name another column with --column)",
        "",
    ]
