"""What the portal knows while it runs: the true list of starts, the requests it saw, running workflows."""

import itertools
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from launcher.simulator.documents import DocumentId
from launcher.simulator.limits import Bucket, Clock, Operating
from launcher.simulator.oauth import Tokens
from launcher.simulator.settings import Settings


@dataclass(slots=True)
class Started:
    """One workflow that the portal did start; `at` and `ends_at` are epoch seconds of our clock."""

    workflow_id: str
    template_id: int
    document: DocumentId
    parameters: dict[str, Any]
    request: int
    """The number of the request that started it."""
    key: str | None
    """The command's key in its batch; None: a single call."""
    at: float
    ends_at: float


@dataclass(slots=True)
class RequestLog:
    """One REST request as the portal saw it."""

    number: int
    method: str
    source: str
    at: float
    commands: int = 0
    """How many commands it held; 1 for a single call, 0 when it was refused unread."""
    started: int = 0
    status: int = 0
    """HTTP status of the answer; 0: none was given."""
    code: str = ""
    """The error code of the answer as a whole."""
    fault: str | None = None
    """The scripted fault that hit it."""


class Workflows:
    """The true list of starts, and which of them still run."""

    def __init__(self, seed: int) -> None:
        """Start with no workflows; the seed makes the IDs' tails."""
        self.started: list[Started] = []
        self._rng = random.Random(seed)  # noqa: S311 - IDs, not secrets
        self._last_us = 0
        self._running: dict[str, Started] = {}
        self._by_document: dict[str, dict[str, Started]] = {}

    def add(self, start: Started) -> None:
        """Record a start; it is listed as running until it ends."""
        self.started.append(start)
        if start.ends_at > start.at:
            self._running[start.workflow_id] = start
            self._by_document.setdefault(start.document[2], {})[start.workflow_id] = start

    def new_id(self, at: float) -> str:
        """Return an ID that no other workflow has, as PHP's uniqid('', true) makes them."""
        self._last_us = max(self._last_us + 1, int(at * 1_000_000))
        second, microsecond = divmod(self._last_us, 1_000_000)
        return f"{second:08x}{microsecond:05x}{self._rng.random() * 10:.8f}"

    def running(self, document_id: str | None = None) -> list[Started]:
        """Return those that run now, oldest first; of one document only, when one is named."""
        some = self._running if document_id is None else self._by_document.get(document_id, {})
        now = time.time()
        for start in [start for start in some.values() if start.ends_at <= now]:
            self._forget(start)
        return list(some.values())

    def running_one(self, workflow_id: str) -> list[Started]:
        """Return that workflow, when it runs now."""
        found = self._running.get(workflow_id)
        return [] if found is None or found.ends_at <= time.time() else [found]

    def end(self, workflow_ids: Iterable[str] | None = None) -> int:
        """End these running workflows, or all; return how many did run."""
        now = time.time()
        named = list(self._running) if workflow_ids is None else workflow_ids
        ending = [self._running[i] for i in dict.fromkeys(named) if i in self._running]
        still = [start for start in ending if start.ends_at > now]
        for start in ending:
            start.ends_at = min(start.ends_at, now)
            self._forget(start)
        return len(still)

    def _forget(self, start: Started) -> None:
        self._running.pop(start.workflow_id, None)
        same = self._by_document.get(start.document[2], {})
        same.pop(start.workflow_id, None)
        if not same:
            self._by_document.pop(start.document[2], None)


class State:
    """All that outlives a request."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock(lambda: self.settings)
        self.workflows = Workflows(settings.seed)
        self.requests: list[RequestLog] = []
        self.notifications: list[dict[str, Any]] = []
        self.buckets: dict[str, Bucket] = {}
        self.operating: dict[tuple[str, str], Operating] = {}
        self.tokens = Tokens(settings, self.clock.now())
        self._numbers = itertools.count(1)

    def change(self, settings: Settings) -> None:
        """Replace the settings; their tokens are valid beside those that are alive."""
        self.settings = settings
        self.tokens.adopt(settings, self.clock.now())

    def log(self, method: str, source: str) -> RequestLog:
        """Enter a request into the log and return the entry, to be filled in."""
        entry = RequestLog(next(self._numbers), method, source, time.time())
        self.requests.append(entry)
        return entry

    def bucket(self, source: str) -> Bucket:
        """Return the leaky bucket of one source IP."""
        return self.buckets.setdefault(source, Bucket())

    def admits(self, source: str) -> bool:
        """Add one request to the bucket of its source; False: over the rate limit, refuse it."""
        limit = self.settings
        return limit.burst <= 0 or self.bucket(source).take(
            self.clock.now(), limit.burst, limit.per_second, limit.others_per_second
        )
