"""The ledger itself: a copy of it, and what of old runs and scheduled runs is not needed any more."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from launcher.app.context import Context
from launcher.app.documents import BackupDocument, PruneDocument
from launcher.app.query import UNSENT_SHOWN_S
from launcher.ledger import Ledger, hold_portal
from launcher.ledger.pruning import Prunable, compact, portals, prunable
from launcher.ledger.pruning import prune as prune_run
from launcher.ledger.pruning_nights import Age, OldNights, old_nights, prune_nights
from launcher.ledger.upkeep import back_up
from launcher.notify.outbox import TOO_OLD_S


@dataclass(frozen=True, slots=True)
class WrittenBackup:
    """A checked copy of the ledger."""

    path: Path
    bytes: int

    def to_dict(self) -> BackupDocument:
        """Return the document of `--json`."""
        return {"backup": str(self.path.resolve()), "bytes": self.bytes}


async def backup(launcher: Context, to: Path, *, force: bool = False) -> WrittenBackup:
    """Copy the ledger, also while a run writes it: as it was at one moment, and checked. Raises LedgerError.

    `force`: in place of a file that is there.
    """
    await back_up(launcher.location, to, force=force)
    return WrittenBackup(to, to.stat().st_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunePlan:
    """What of old runs would go, and what stays."""

    age: Age
    runs: tuple[Prunable, ...]
    left: tuple[Prunable, ...]
    """Old runs that are not over."""
    nights: OldNights

    @property
    def is_empty(self) -> bool:
        """Whether nothing would go."""
        return not (self.runs or self.nights)

    @property
    def rows(self) -> int:
        """Rows that would be gone for good."""
        return sum(one.dropped for one in self.runs)

    def to_dict(self, *, dry_run: bool) -> PruneDocument:
        """Return the document of `--json`."""
        return {
            "pruned": [
                {"run_id": one.run.name, "dropped": one.dropped, "emptied": one.emptied, "kept": one.kept}
                for one in self.runs
            ],
            "left": [
                {"run_id": one.run.name, "rows": one.counts.total, "because": why_left(one)}
                for one in self.left
            ],
            "nights": self.nights.nights,
            "messages": self.nights.messages,
            "dry_run": dry_run,
        }


def why_left(one: Prunable) -> str:
    """Return why an old run is left as it is."""
    return one.not_over or "it goes on again"


async def plan_prune(launcher: Context, older_than_s: float) -> PrunePlan:
    """Return what ended longer ago and is not needed any more; changes nothing."""
    ledger, now = await launcher.ledger(), time.time()
    age = Age(now=now, before=now - older_than_s, tried_since=now - max(TOO_OLD_S, UNSENT_SHOWN_S))
    old = await prunable(ledger, before=age.before)
    return PrunePlan(
        age=age,
        runs=tuple(one for one in old if not one.not_over),
        left=tuple(one for one in old if one.not_over),
        nights=await old_nights(ledger, age),
    )


async def prune(launcher: Context, plan: PrunePlan, *, vacuum: bool = False) -> PrunePlan:
    """Drop what the plan says, but for runs that go on again by now; return what was dropped and left.

    `vacuum`: give the room back to the disk. Raises PortalInUseError if a run is going then.
    """
    ledger = await launcher.ledger()
    pruned = tuple([one for one in plan.runs if await prune_run(ledger, one.run.id)])
    nights = await prune_nights(ledger, plan.age)
    if vacuum:
        await _vacuum(ledger)
    left = tuple(one for one in (*plan.runs, *plan.left) if one not in pruned)
    return PrunePlan(age=plan.age, runs=pruned, left=left, nights=nights)


async def _vacuum(ledger: Ledger) -> None:
    # Nobody may write meanwhile, and it takes too long to be waited for.
    async with AsyncExitStack() as held:
        for portal in await portals(ledger):
            await held.enter_async_context(hold_portal(ledger, portal))
        await compact(ledger)
