"""samples/prefect_flow.py, carried out by Prefect itself: its state says what became of the rows."""

from __future__ import annotations

import asyncio
import csv
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import LONGEST_S, Desk
from tests.support.environments import python_with
from tests.support.files import aged

# The first to ask has Prefect installed.
pytestmark = pytest.mark.timeout(900)

HERE = Path(__file__).parent
SAMPLES = HERE.parent.parent / "samples"

# As the sample's last line, but a try follows at once; in one process, for Prefect takes long to begin.
FLOWS = """
import json, sys
import prefect_flow
prefect_flow.start_workflows = prefect_flow.start_workflows.with_options(retry_delay_seconds=0.01)
for folder in sys.argv[1:]:
    try:
        print(json.dumps(prefect_flow.every_night(folder)))
    except prefect_flow.NeedsAPersonError as error:
        print(json.dumps(str(error)))
    print("END OF A FLOW", file=sys.stderr, flush=True)
"""


@pytest.fixture(scope="module")
def prefect_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    return python_with(HERE / "requirements.lock", tmp_path_factory.mktemp("prefect") / "venv")


async def flown(python: str, folders: Sequence[Path], home: Path) -> list[tuple[Any, str]]:
    """What the flow of each folder came to, and what it wrote to standard error."""
    process = await asyncio.create_subprocess_exec(
        python,
        "-c",
        FLOWS,
        *map(str, folders),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={
            **Desk.at(home).environment,
            "PYTHONPATH": str(SAMPLES),
            "PREFECT_HOME": str(home / "prefect"),
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
    assert process.returncode == 0, complained.decode()
    results = [json.loads(line) for line in said.decode().splitlines() if line[:1] in '{"']
    return list(zip(results, complained.decode().split("END OF A FLOW"), strict=False))


def desk_in(folder: Path, portal: Simulator) -> Desk:
    desk = Desk.at(folder)
    desk.configure(portal.webhook_url)
    with (folder / "leads.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(
            [("ID", "Manager"), *((str(n), "Anna") for n in range(1, 20)), ("abc", "Anna")]
        )
    aged(folder / "leads.csv")  # else the night waits whether it is still being written
    return desk


async def test_what_the_portal_refused_is_tried_again_and_what_needs_a_person_is_not(
    prefect_python: str, tmp_path: Path
) -> None:
    async with Simulator(Settings(burst=0)) as refusing, Simulator(Settings(burst=0)) as other:
        with (desk_in(tmp_path / "crm", refusing).folder / "config.yaml").open("a", encoding="utf-8") as stream:
            stream.write("    file: leads.csv\n")
        desk_in(tmp_path / "no file", other)
        refusing.script("access denied", skip=1)  # the template has been looked up by then

        (result, tries), (reason, complained) = await flown(
            prefect_python, [tmp_path / "crm", tmp_path / "no file"], tmp_path / "home"
        )

    assert result == {"started": 19, "failed": 0, "invalid": 1, "unknown": 0}
    assert "Retry 1/3" in tries
    assert [request.fault for request in refusing.requests].count("access denied") == 1
    assert Counter(start.document[2] for start in refusing.started) == Counter(
        f"LEAD_{n}" for n in range(1, 20)
    )
    assert reason.startswith("exit code 2: launcher: no job has a file: in the configuration")
    assert "Retry" not in complained
    assert not other.started
