"""Which rows are sent, and which are skipped because of what this run and earlier ones know."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from launcher.core.model import Candidate, Filtered, Invalid, Start, State, next_key
from launcher.core.states import MAY_HAVE_STARTED


@dataclass(frozen=True, slots=True)
class StartedBefore:
    """What a start that an earlier run has started means to this one."""

    forget_after_s: float
    """It is skipped for so long after it started, and then started anew."""


SKIP = StartedBefore(math.inf)
"""Never start the same start key twice."""

START = StartedBefore(0)
"""Each run starts anew."""


class Duplicates(StrEnum):
    """What to do with rows of one file that have the same start key."""

    SKIP = "skip"
    """The first goes, the others name its row."""
    START = "start"
    """All go."""
    ERROR = "error"
    """The file is refused."""


DUPLICATE = "duplicate"
"""The code of a row that is skipped because of an earlier one of its file."""

UNKNOWN_BEFORE = "unknown before"
"""The code of a row that is skipped because an earlier run may have started it."""

FILTERED = "filtered"
"""The code of a row that the job's `where:` leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The row that owns a start key so far."""

    run_id: int
    run: str
    """The run as people name it: `r12`."""
    row_number: int
    state: State
    workflow_id: str = ""
    at: float = 0.0
    """When the state was reached, in seconds since 1970; `when` says it in words for the person."""
    when: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """What becomes of a row before anything is sent: PENDING with its start, else INVALID or SKIPPED."""

    row_number: int
    state: State
    start: Start | None = None
    code: str = ""
    """Why it is not sent, in two words, by which rows are counted together; `reason` says it of this row."""
    reason: str = ""
    unknown_key: str = ""
    """Of a row with the code UNKNOWN_BEFORE, the start key whose owner is unknown."""


@dataclass(slots=True, kw_only=True)
class Planner:
    """Plans the rows of one run, in the file's order."""

    run_id: int
    started_before: StartedBefore
    now: float
    """Seconds since 1970."""
    limit: int | None = None
    """Plan that many starts, and skip the rest."""
    planned_so_far: int = 0
    """How many of them there are."""

    def plan(self, candidates: Iterable[Candidate], claims: Mapping[str, Claim]) -> list[Planned]:
        """One plan for each candidate. `claims` has those of `keys_of` the candidates that have an owner.

        The start of a plan has those of its `equivalent_keys` that are to lose an owner that did not start.
        """
        here: dict[str, int] = {}
        return [self._plan_one(candidate, claims, here) for candidate in candidates]

    def _plan_one(self, candidate: Candidate, claims: Mapping[str, Claim], here: dict[str, int]) -> Planned:
        """`here`: the rows that were planned just now, by their start keys."""
        if isinstance(candidate, Invalid):
            return Planned(candidate.row_number, State.INVALID, code=candidate.code, reason=candidate.reason)
        if isinstance(candidate, Filtered):
            return _skipped(candidate.row_number, code=FILTERED, reason=candidate.reason)
        if (earlier := here.get(candidate.start_key)) is not None:
            return _skipped(candidate.row_number, code=DUPLICATE, reason=_the_same_as(earlier))
        claim = claims.get(candidate.start_key)
        if claim is not None and (why := self._why_skipped(claim)):
            return _skipped(candidate.row_number, *why, key=candidate.start_key)
        if candidate.equivalent_keys:
            for job, key in candidate.equivalent_keys:
                if key in claims and (why := self._why_skipped(claims[key], _of_job(job))):
                    return _skipped(candidate.row_number, *why, key=key)
            taken = [
                (job, key)
                for job, key in candidate.equivalent_keys
                if key in claims and claims[key].state not in MAY_HAVE_STARTED
            ]
            candidate = replace(candidate, equivalent_keys=tuple(taken))
        if self.limit is not None and self.planned_so_far >= self.limit:
            reason = f"the limit of {self.limit} was reached; run the file again for the rest"
            return _skipped(candidate.row_number, code="beyond limit", reason=reason)
        self.planned_so_far += 1
        here[candidate.start_key] = candidate.row_number
        return Planned(candidate.row_number, State.PENDING, start=candidate)

    def _why_skipped(self, claim: Claim, whose: str = "") -> tuple[str, str] | None:
        """Why a start with that owner is not planned, as code and reason; None where it is."""
        if claim.run_id == self.run_id:
            return DUPLICATE, _the_same_as(claim.row_number)
        if self.now - claim.at >= self.started_before.forget_after_s:
            return None
        where = f"{claim.when} in run {claim.run}{whose}, row {claim.row_number}"
        if claim.state is State.STARTED:
            return "started before", f"started {where}, as {claim.workflow_id}"
        if claim.state in (State.UNKNOWN, State.SENT):
            return UNKNOWN_BEFORE, f"may have started {where}, which is unknown"
        return None


def _skipped(row_number: int, code: str, reason: str, *, key: str = "") -> Planned:
    """`key`: the start key that has an owner, if that is why."""
    unknown_key = key if code == UNKNOWN_BEFORE else ""
    return Planned(row_number, State.SKIPPED, code=code, reason=reason, unknown_key=unknown_key)


def keys_of(candidates: Iterable[object]) -> list[str]:
    """The start keys whose owners decide what becomes of these candidates."""
    starts = [candidate for candidate in candidates if isinstance(candidate, Start)]
    return [start.start_key for start in starts] + [key for start in starts for _, key in start.equivalent_keys]


def _of_job(job: str) -> str:
    return f" of the job {job}" if job else " without a job"


def _the_same_as(row_number: int) -> str:
    return f"the same as row {row_number}"


def repeat(start: Start) -> Start:
    """The same start once more: for a row that repeats an earlier one of its file and is to start all the same.

    The n-th repetition has the same start key in every run, so that a later run knows it again.
    """
    equivalent_keys = tuple((job, next_key(key)) for job, key in start.equivalent_keys)
    return replace(start, start_key=next_key(start.start_key), equivalent_keys=equivalent_keys)
