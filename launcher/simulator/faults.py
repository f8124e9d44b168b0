"""Scripted faults: their names, and which request each one hits. What they do stands in delivery.py."""

import difflib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any


class Moment(Enum):
    """When a fault comes between the request and its answer."""

    BEFORE = auto()
    """Nothing is executed."""
    WITHIN = auto()
    """The execution itself goes otherwise."""
    ANSWER = auto()
    """Executed; the answer's content is changed."""
    AFTER = auto()
    """Executed; the answer does not arrive as it should."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a fault by its name: its moment and its arguments with their defaults."""

    moment: Moment
    arguments: dict[str, Any] = field(default_factory=dict)


_INDEX = {"index": 0}
_UNTIL_LEFT = {"seconds": None}
_ERROR = {"index": 0, "code": "", "text": "Simulated refusal"}

FAULTS: dict[str, Kind] = {
    "reset before": Kind(Moment.BEFORE),
    "502 before": Kind(Moment.BEFORE),
    "503 html before": Kind(Moment.BEFORE),
    "504 before": Kind(Moment.BEFORE),
    "hang before": Kind(Moment.BEFORE, _UNTIL_LEFT),
    "query limit": Kind(Moment.BEFORE),
    "operating limit": Kind(Moment.BEFORE),
    "overload": Kind(Moment.BEFORE),
    "expired token": Kind(Moment.BEFORE),
    "no auth": Kind(Moment.BEFORE),
    "portal deleted": Kind(Moment.BEFORE),
    "access denied": Kind(Moment.BEFORE),
    "insufficient scope": Kind(Moment.BEFORE),
    "https required": Kind(Moment.BEFORE),
    "internal error before": Kind(Moment.BEFORE),
    "error": Kind(Moment.BEFORE, {"status": 400, "code": "", "text": "Simulated refusal"}),
    "moved": Kind(Moment.BEFORE, {"location": ""}),
    "reset during": Kind(Moment.WITHIN, {"commands": 1}),
    "operating limit from": Kind(Moment.WITHIN, _INDEX),
    "command error": Kind(Moment.WITHIN, _ERROR),
    "slow": Kind(Moment.ANSWER, {"seconds": 1.0}),
    "drop key": Kind(Moment.ANSWER, _INDEX),
    "drop result": Kind(Moment.ANSWER),
    "number id": Kind(Moment.ANSWER, _INDEX),
    "empty id": Kind(Moment.ANSWER, _INDEX),
    "id twice": Kind(Moment.ANSWER, {"index": 0, "other": 1}),
    "both maps": Kind(Moment.ANSWER, _INDEX),
    "reset after": Kind(Moment.AFTER),
    "close after": Kind(Moment.AFTER),
    "502 after": Kind(Moment.AFTER),
    "504 after": Kind(Moment.AFTER),
    "html after": Kind(Moment.AFTER),
    "cut json after": Kind(Moment.AFTER),
    "cut body after": Kind(Moment.AFTER),
    "empty after": Kind(Moment.AFTER),
    "list after": Kind(Moment.AFTER),
    "null after": Kind(Moment.AFTER),
    "hang after": Kind(Moment.AFTER, _UNTIL_LEFT),
    "internal error after": Kind(Moment.AFTER),
    "unexpected answer after": Kind(Moment.AFTER),
    "core error after": Kind(Moment.AFTER),
}
"""Name → what is known of it. Names are part of the tests' vocabulary and do not change."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that has hit a request."""

    name: str
    arguments: dict[str, Any]

    @property
    def moment(self) -> Moment:
        return FAULTS[self.name].moment

    def __getitem__(self, argument: str) -> Any:
        """Return an argument as given, else its default."""
        return self.arguments.get(argument, FAULTS[self.name].arguments[argument])


@dataclass(slots=True)
class Entry:
    """One line of the script, with what is left of it."""

    names: tuple[str, ...]
    method: str | None
    skip: int
    times: int | None
    rate: float | None
    rng: random.Random
    arguments: dict[str, Any]

    def hits(self, method: str) -> Fault | None:
        """Count a request against this entry; return the fault when it is hit."""
        # A fault for no method in particular is the portal's own: it leaves the OAuth server alone.
        if self.method != method and (self.method is not None or method.startswith("oauth.")):
            return None
        if self.skip > 0:
            self.skip -= 1
            return None
        if self.rate is not None and self.rng.random() >= self.rate:
            return None
        if self.times is not None:
            self.times -= 1
        name = self.names[0] if len(self.names) == 1 else self.rng.choice(self.names)
        return Fault(name, {k: v for k, v in self.arguments.items() if k in FAULTS[name].arguments})

    def as_json(self) -> dict[str, Any]:
        """Return what is left of the entry, in the form in which it can be given again."""
        fault = self.names[0] if len(self.names) == 1 else list(self.names)
        left = {"method": self.method, "skip": self.skip, "times": self.times, "rate": self.rate}
        return {"fault": fault, **left, **self.arguments}


class Script:
    """The faults to come. Of entries that match a request the first wins; used-up ones are gone."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(
        self,
        fault: str | Sequence[str],
        *,
        method: str | None = None,
        skip: int = 0,
        times: int | None = 1,
        rate: float | None = None,
        seed: int,
        **arguments: Any,
    ) -> None:
        """Let a fault hit requests to come, behind those already here: `FAULTS` has names and arguments.

        It applies to requests of `method` (None: of any), after letting `skip` of them pass, `times` times
        (None: for ever); with a rate, to each with that probability, and a list of faults is drawn from.
        Raises ValueError for an unknown fault (with the nearest names) or argument.
        """
        names = (fault,) if isinstance(fault, str) else tuple(fault)
        _check(names, arguments)
        rng = random.Random(seed)  # noqa: S311 - dice of a test
        self.entries.append(Entry(names, method, skip, times, rate, rng, arguments))

    def take(self, method: str) -> Fault | None:
        """Return the fault that hits a request of this method, and count it."""
        for entry in self.entries:
            fault = entry.hits(method)
            if fault is not None:
                if entry.times == 0:
                    self.entries.remove(entry)
                return fault
        return None


def _check(names: tuple[str, ...], arguments: dict[str, Any]) -> None:
    if not names:
        raise ValueError("no fault named")
    for name in names:
        if name not in FAULTS:
            nearest = difflib.get_close_matches(name, FAULTS, n=3, cutoff=0.3) or sorted(FAULTS)
            raise ValueError(f"unknown fault {name!r}; the nearest: {', '.join(map(repr, nearest))}")
    known = {argument for name in names for argument in FAULTS[name].arguments}
    for argument in arguments:
        if argument not in known:
            raise ValueError(f"{', '.join(names)}: no argument {argument!r}; there are: {sorted(known)}")
    if "moved" in names and not arguments.get("location"):
        raise ValueError("moved: needs location=, the portal's new address")
