"""Questions to the portal, paced, in batches, and asked again: they start nothing."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from aiolimiter import AsyncLimiter

from launcher.core.answers import (
    NOT_UNDERSTOOD,
    NoAnswer,
    Outcome,
    Response,
    answer_of,
    answers_of_batch,
    error_of,
    maps_of,
)
from launcher.core.batch import parts
from launcher.core.catalogue import STOPPING, stop_text
from launcher.core.pacing.backoff import backoff_s
from launcher.core.pacing.limits import Pacing
from launcher.core.workflows import Running, UnexpectedAnswerError, answer, question
from launcher.engine.throttle import Budget, now
from launcher.errors import PortalError
from launcher.ledger import Ledger
from launcher.ledger.timeline import StartedWorkflow
from launcher.log import get_logger
from launcher.portal.client import Portal

_log = get_logger()

TRIES = 4
TRIES_AT_LIMITS = 14
"""Limits pass, unlike troubles: the waits between so many tries take about ten minutes."""

_RATE, _OPERATING = "QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT"


class PortalClient:
    """Asks one portal, at the rate that its bucket drains, whatever is in it.

    The questions are taken from the same budget as starts are, which may let many go at once.
    """

    def __init__(self, portal: Portal, pacing: Pacing) -> None:
        self.connection = portal
        self.budget = Budget(pacing)
        per_second = self.budget.rate.per_second
        self._limiter = AsyncLimiter(1, 1 / per_second) if per_second else None
        self._patience_s = 0.0

    @property
    def portal(self) -> str:
        """The portal's name."""
        return self.connection.name

    @contextmanager
    def retry_for(self, seconds: float) -> Iterator[None]:
        """While the block runs, a portal that does not answer is asked again for so long at least."""
        self._patience_s = seconds
        try:
            yield
        finally:
            self._patience_s = 0.0

    async def ask(
        self, method: str, body: Mapping[str, object], *, result_type: type = object
    ) -> dict[str, object]:
        """The body of the portal's answer, whose result is of that type.

        Raises PortalError where the portal refuses, or does not answer so.
        """
        failures = at_limits = 0
        began = time.monotonic()
        while True:
            if self._limiter is not None:
                await self._limiter.acquire()
            sent_at = await self.budget.for_question()
            outcome = await self.connection.call(method, body)
            if isinstance(outcome, Response):
                self._learn(outcome, sent_at)
            answer = answer_of(outcome)
            if not isinstance(answer, NoAnswer) and not isinstance(answer["result"], result_type):
                answer = NOT_UNDERSTOOD
            if not isinstance(answer, NoAnswer):
                return answer
            if _limit_of(outcome):
                at_limits += 1
            else:
                failures += 1
            out_of_patience = failures >= TRIES and time.monotonic() - began >= self._patience_s
            if answer.refused or out_of_patience or at_limits == TRIES_AT_LIMITS:
                raise PortalError(
                    "portal-answered", name=self.connection.name, text=answer.text, refused=answer.refused
                )
            await wait(failures + at_limits, answer.text)

    async def ask_all(self, commands: Mapping[str, str]) -> tuple[dict[str, object], dict[str, object]]:
        """Return results and totals of these commands of one batch, by key; what is missing was not answered.

        Raises PortalError.
        """
        return answers_of_batch(await self.ask("batch", {"halt": 0, "cmd": dict(commands)}))

    def _learn(self, outcome: Response, sent_at: float) -> None:
        if _limit_of(outcome) == _RATE:
            self.budget.refused(sent_at=sent_at)
        else:
            self.budget.answered()

    async def clock_offset_s(self) -> float:
        """How far the portal's clock is ahead of ours, in seconds. Raises PortalError."""
        before = time.time()
        answer = await self.ask("server.time", {})
        after = time.time()
        try:
            portal_now = datetime.fromisoformat(str(answer["result"])).timestamp()
        except ValueError:
            raise PortalError("portal-time-missing", portal=self.portal) from None
        return portal_now - (before + after) / 2


def _limit_of(outcome: Outcome) -> str:
    """The code with which the portal refused only for now, since too much was asked of it; else nothing."""
    error = error_of(outcome.body) if isinstance(outcome, Response) else None
    code = "" if error is None else error[0].upper()
    return code if code in (_RATE, _OPERATING) else ""


async def load_recent_requests(ledger: Ledger, client: PortalClient) -> None:
    """What this ledger's runs of late have sent to the client's portal counts in its budget.

    Their questions are in no ledger: room is kept for a few of them, not for many.
    """
    rate = client.budget.rate
    if not rate.recalls:
        return
    since = time.time() - rate.recalls_s
    answered = await ledger.answered_since(client.portal, since, most=rate.recalls)
    on_wall, in_loop = time.time(), now()
    # One without an answer may still be on its way.
    rate.earlier([in_loop if at is None else in_loop - (on_wall - at) for at in answered], in_loop)


async def who_runs(client: PortalClient, workflows: Sequence[StartedWorkflow]) -> dict[str, Running]:
    """Those of the workflows that run, by their IDs. Raises PortalError."""
    found = {}
    for some in parts(workflows):
        asked = {f"r{workflow.row_number}": workflow.workflow_id for workflow in some}
        listed = await answers_to(client, {key: question(workflow_id) for key, workflow_id in asked.items()})
        for key, workflow_id in asked.items():
            try:
                running = answer(listed[key], workflow_id)
            except UnexpectedAnswerError as error:
                raise PortalError("at-portal", portal=client.portal, stop_text=error) from None
            if running is not None:
                found[workflow_id] = running
    return found


async def answers_to(client: PortalClient, commands: Mapping[str, str]) -> dict[str, object]:
    """The answer to each of these commands, 50 at most. Raises PortalError where one is not answered."""
    answers: dict[str, object] = {}
    failures = 0
    while left := {key: command for key, command in commands.items() if key not in answers}:
        results, errors = await send(client, left)
        answers |= {key: results[key] for key in left if key in results and key not in errors}
        if any(key not in answers for key in left):
            failures += 1
            why = _why(errors)
            if why in STOPPING:
                raise PortalError("at-portal", portal=client.portal, stop_text=stop_text(why), refused=True)
            if failures == TRIES:
                raise PortalError(
                    "questions-not-answered", portal=client.portal, reason=f" {why}" if why else ""
                )
            await wait(failures)
    return answers


async def send(
    client: PortalClient, commands: Mapping[str, str]
) -> tuple[dict[str, object], dict[str, object]]:
    """Return results and errors of one batch, by the commands' keys; what is in neither was not answered."""
    body = await client.ask("batch", {"halt": 0, "cmd": dict(commands)})
    return maps_of(Response(200, body)) or ({}, {})


async def wait(failures: int, reason: str = "") -> None:
    """Wait, longer after each failure; the log says so if there is a reason."""
    # Dice for spreading requests, not for secrets.
    wait_s = backoff_s(failures, random.random())  # noqa: S311
    if reason:
        _log.warning("waiting", reason=reason, wait_s=round(wait_s, 1))
    await asyncio.sleep(wait_s)


def _why(errors: Mapping[str, object]) -> str:
    """The code of an error that stops everything, in capitals, else of the first one."""
    codes = [error[0].upper() for each in errors.values() if (error := error_of(each)) is not None]
    return next((code for code in codes if code in STOPPING), codes[0] if codes else "")
