"""Many questions at once: in batches, paced, and those that were not answered asked again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence

from launcher.core.answers import Heard, error_of, maps_of
from launcher.core.batch import MAX_COMMANDS
from launcher.core.catalogue import MENDS, stop_text
from launcher.core.instances import Running, UnexpectedAnswerError, answer, question
from launcher.core.pacing import backoff_s
from launcher.engine.asking import TRIES, Asker
from launcher.errors import PortalError
from launcher.ledger import StartedWorkflow

Maps = tuple[Mapping[str, object], Mapping[str, object]]


async def who_runs(asker: Asker, workflows: Sequence[StartedWorkflow]) -> dict[str, Running]:
    """Those of the workflows that run, by their IDs. Raises PortalError."""
    found = {}
    for first in range(0, len(workflows), MAX_COMMANDS):
        asked = {f"r{w.row_number}": w.workflow_id for w in workflows[first : first + MAX_COMMANDS]}
        listed = await answers_to(asker, {key: question(workflow_id) for key, workflow_id in asked.items()})
        for key, workflow_id in asked.items():
            try:
                running = answer(listed[key], workflow_id)
            except UnexpectedAnswerError as error:
                raise PortalError(f"{asker.portal}: {error}") from None
            if running is not None:
                found[workflow_id] = running
    return found


async def answers_to(asker: Asker, commands: Mapping[str, str]) -> dict[str, object]:
    """The answer to each of these commands, 50 at most. Raises PortalError where one is not answered."""
    answers: dict[str, object] = {}
    failures = 0
    while left := {key: command for key, command in commands.items() if key not in answers}:
        results, errors = await send(asker, left)
        answers |= {key: results[key] for key in left if key in results and key not in errors}
        if any(key not in answers for key in left):
            failures += 1
            why = _why(errors)
            if why in MENDS:
                raise PortalError(f"{asker.portal}: {stop_text(why)}", refused=True)
            if failures == TRIES:
                raise PortalError(f"{asker.portal}: the portal does not answer all questions {why}".strip())
            await wait(failures)
    return answers


async def send(asker: Asker, commands: Mapping[str, str]) -> Maps:
    """Results and errors of one batch, by the commands' keys; what is in neither was not answered."""
    body = await asker.ask("batch", {"halt": 0, "cmd": dict(commands)})
    return maps_of(Heard(200, body)) or ({}, {})


async def wait(failures: int) -> None:
    """Wait, longer after each failure."""
    # Dice for spreading requests, not for secrets.
    await asyncio.sleep(backoff_s(failures, random.random()))  # noqa: S311


def _why(errors: Mapping[str, object]) -> str:
    """The code of an error that stops everything, in capitals, else of the first one."""
    codes = [error[0].upper() for each in errors.values() if (error := error_of(each)) is not None]
    return next((code for code in codes if code in MENDS), codes[0] if codes else "")
