"""samples/prefect_flow.py, carried out by Prefect itself: its state says what became of the rows."""

from __future__ import annotations

import asyncio
import csv
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import LONGEST_S, Desk
from tests.support.environments import python_with

# The first to ask has Prefect installed.
pytestmark = pytest.mark.timeout(900)

HERE = Path(__file__).parent
SAMPLES = HERE.parent.parent / "samples"

# As the sample's own last line, but a try follows at once.
FLOW = """
import json, sys
import prefect_flow
prefect_flow.start_workflows = prefect_flow.start_workflows.with_options(retry_delay_seconds=0)
print(json.dumps(prefect_flow.every_night(sys.argv[1])))
"""


@pytest.fixture(scope="module")
def prefect_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    return python_with(HERE / "requirements.lock", tmp_path_factory.mktemp("prefect") / "venv")


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


@pytest.fixture
def desk(tmp_path: Path, portal: Simulator) -> Desk:
    """A job that knows its file of 20 rows, one of them wrong."""
    desk = Desk.at(tmp_path / "crm")
    desk.configure(portal.webhook_url)
    with (desk.folder / "config.yaml").open("a", encoding="utf-8") as stream:
        stream.write("    file: leads.csv\n")
    with (desk.folder / "leads.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(
            [("ID", "Manager"), *((str(n), "Anna") for n in range(1, 20)), ("abc", "Anna")]
        )
    return desk


async def flown(python: str, desk: Desk) -> tuple[int, str, str]:
    """What the flow ended with: exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        python,
        "-c",
        FLOW,
        str(desk.folder),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={
            **desk.environment,
            "PYTHONPATH": str(SAMPLES),
            "PREFECT_HOME": str(desk.folder / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
            "DO_NOT_TRACK": "1",
        },
    )
    try:
        said, complained = await asyncio.wait_for(process.communicate(), LONGEST_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, said.decode(), complained.decode()


def started(portal: Simulator) -> Counter[str]:
    return Counter(start.document[2] for start in portal.started)


async def test_a_try_that_the_portal_refused_is_followed_by_one_that_starts_each_row_once(
    prefect_python: str, desk: Desk, portal: Simulator
) -> None:
    portal.script("access denied", skip=1)  # the template has been looked up by then

    code, said, complained = await flown(prefect_python, desk)

    assert code == 0, complained
    assert json.loads(said.splitlines()[-1]) == {"started": 19, "failed": 0, "invalid": 1, "unknown": 0}
    assert [request.fault for request in portal.requests].count("access denied") == 1
    assert started(portal) == Counter(f"LEAD_{n}" for n in range(1, 20))


async def test_what_needs_a_person_fails_the_flow_and_is_not_tried_again(
    prefect_python: str, desk: Desk, portal: Simulator
) -> None:
    desk.configure(portal.webhook_url)

    code, _, complained = await flown(prefect_python, desk)

    assert code == 1
    assert "NeedsAPersonError: exit code 2: launcher: no job has a file: in the configuration" in complained
    assert "AwaitingRetry" not in complained
    assert started(portal) == Counter()
