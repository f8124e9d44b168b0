"""Every night from Prefect: a flow whose state says what became of the rows.

    python prefect_flow.py /srv/crm

It calls the installed command and goes by its exit code and its JSON document. To try a night again is safe:
what has started is never started a second time, and what an earlier try left goes on.

`night()` knows nothing of Prefect. In Airflow call it from a `@task`, and raise AirflowFailException where it
raises NeedsAPersonError, so that no other try follows.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State, TaskRun

SOME_NOT_STARTED, STOPPED, INTERRUPTED, PORTAL_IN_USE = 1, 3, 4, 6


class TryAgainError(Exception):
    """The portal refused for now, is in use, or the machine went down: the next try goes on."""


class NeedsAPersonError(Exception):
    """The configuration is wrong, or rows may have started: another try changes nothing."""


def night(folder: str, *jobs: str) -> dict[str, Any]:
    """The document of one night. Raises TryAgainError and NeedsAPersonError, with what the launcher said."""
    command = ["launcher", "nightly", *jobs, "--json", "--quiet", "--log-file", "launcher.log"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode in (0, SOME_NOT_STARTED):
        document: dict[str, Any] = json.loads(done.stdout)
        return document
    said = f"exit code {done.returncode}: {done.stderr.strip() or done.stdout.strip()}"
    if done.returncode in (STOPPED, INTERRUPTED, PORTAL_IN_USE):
        raise TryAgainError(said)
    raise NeedsAPersonError(said)


def _is_for_another_try(_task: object, _run: TaskRun, state: State[Any]) -> bool:
    return isinstance(state.result(raise_on_failure=False), TryAgainError)


@task(retries=3, retry_delay_seconds=[60, 600, 3600], retry_condition_fn=_is_for_another_try)
def start_workflows(folder: str, *jobs: str) -> dict[str, Any]:
    """One night of the launcher."""
    return night(folder, *jobs)


@flow
def every_night(folder: str, *jobs: str) -> dict[str, int]:
    """How many rows started, failed, … over all jobs."""
    document = start_workflows(folder, *jobs)
    runs = [run for job in document["jobs"] for run in job["runs"]]
    return {state: sum(run[state] for run in runs) for state in ("started", "failed", "invalid", "unknown")}


if __name__ == "__main__":
    print(every_night(*sys.argv[1:]))
