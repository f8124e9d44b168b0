"""Is the ledger sound, is there room, which run holds a portal, and how did the last night go?"""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path

from launcher.app.diagnose.configuration import Setup
from launcher.core.findings import Diagnosis, ok, trouble, warning
from launcher.core.model import State
from launcher.core.summary import Ending, Exit, Summary
from launcher.core.words import pluralize
from launcher.engine.summary import summarise
from launcher.ledger import RunRecord, is_held
from launcher.ledger.pruning import portals

FULL_BYTES = 200_000_000
"""What a run of 100,000 rows writes into ledger and results."""
NEARLY_FULL_BYTES = 2_000_000_000

_LAST_RUNS = 20
"""The newest, whose results files are taken to be where the next ones will."""


async def check_ledger(setup: Setup) -> list[Diagnosis]:
    """Check that it can be opened, is not damaged, and is of this version."""
    return [] if setup.ledger_diagnosis is None else [setup.ledger_diagnosis]


async def check_disk(setup: Setup) -> list[Diagnosis]:
    """Check that there is room beside the ledger and where results are written."""
    found = []
    folders = list(dict.fromkeys([path async for path in _folders(setup)]))
    prunable = _prunable(folders, setup.ledger_file)
    for folder in folders:
        free = shutil.disk_usage(folder).free
        text = f"{free / 1e9:,.1f} GB free in {folder}"
        remedy = (
            "make room, or launcher prune --older-than 90d --vacuum"
            if folder in prunable
            else "make room there"
        )
        if free < FULL_BYTES:
            found.append(trouble("disk", text, remedy))
        elif free < NEARLY_FULL_BYTES:
            found.append(warning("disk", text, remedy))
        else:
            found.append(ok("disk", text))
    return found


async def _folders(setup: Setup) -> AsyncIterator[Path]:
    if setup.ledger_file is not None:
        yield _existing(setup.ledger_file.resolve().parent)
    if setup.ledger is not None:
        for run in await setup.ledger.last_runs(_LAST_RUNS):
            if (folder := Path(run.results).parent).is_dir():
                yield folder


def _prunable(folders: Sequence[Path], ledger_file: Path | None) -> list[Path]:
    """Return those on whose disk the ledger is: pruning makes room there and nowhere else."""
    if ledger_file is None:
        return []
    disk = _existing(ledger_file.resolve().parent).stat().st_dev
    return [folder for folder in folders if folder.stat().st_dev == disk]


def _existing(folder: Path) -> Path:
    return folder if folder.is_dir() or folder == folder.parent else _existing(folder.parent)


_RUNS = 50
"""The newest are looked at; older ones are history."""
_SHOWN = 5
LAST_NIGHT_S = 24 * 3600


async def check_holders(setup: Setup) -> list[Diagnosis]:
    """Tell which portals are held, and by which run."""
    if setup.ledger is None:
        return []
    found = []
    last = await setup.ledger.last_runs(_RUNS)
    for portal in await portals(setup.ledger):
        if await is_held(setup.ledger, portal):
            running = [run for run in last if run.portal == portal and run.ending is Ending.RUNNING]
            who = f"run {running[0].name}, since {_when(running[0])}" if running else "another launcher"
            found.append(ok("lock", f"{portal} is held by {who}"))
    return found or [ok("lock", "no run holds a portal")]


async def check_unfinished(setup: Setup) -> list[Diagnosis]:
    """Tell of runs that were stopped, interrupted or cut off with rows left to send, and of unknown rows."""
    if setup.ledger is None:
        return []
    found = []
    for run in await setup.ledger.last_runs(_RUNS):
        one = await summarise(setup.ledger, run.id, causes=0)
        if one.ending is Ending.RUNNING:
            continue
        waiting = one.counts[State.PENDING] + one.counts[State.DEFERRED]
        unknown = one.counts.shown(running=False)[State.UNKNOWN]
        if waiting or (one.ending is not Ending.FINISHED and not run.loaded):
            found.append(warning("runs", _left(one, waiting), f"launcher resume {run.name}"))
        elif unknown:
            text = f"run {run.name} has {pluralize(unknown, 'unknown row')}"
            found.append(warning("runs", text, f"launcher reconcile {run.name}"))
    if len(found) > _SHOWN:
        more = f"and {pluralize(len(found) - _SHOWN, 'older run')} like that"
        found = [*found[:_SHOWN], warning("runs", more, "launcher runs --limit 50")]
    return found or [ok("runs", "none is left unfinished")]


def _left(one: Summary, waiting: int) -> str:
    rows = f"{pluralize(waiting, 'row')} to send" if waiting else "its file not read to the end"
    return f"run {one.run} of {Path(one.file).name} {_ENDED[one.ending]}, {rows}"


_ENDED = {
    Ending.RUNNING: "is going",
    Ending.FINISHED: "has ended",
    Ending.STOPPED: "was stopped",
    Ending.INTERRUPTED: "was interrupted",
    Ending.PAUSED: "was paused until the next night",
}


async def check_last_night(setup: Setup) -> list[Diagnosis]:
    """Tell how the runs of the last 24 hours ended."""
    if setup.ledger is None:
        return []
    since = time.time() - LAST_NIGHT_S
    runs = [run for run in await setup.ledger.last_runs(_RUNS) if run.created_at >= since]
    if not runs:
        return [ok("last night", "no run in the last 24 hours")]
    found = []
    for run in runs[:_SHOWN]:
        one = await summarise(setup.ledger, run.id, causes=0)
        started = f"{one.counts[State.STARTED]:,} of {one.counts.total:,} started"
        text = f"run {run.name} of {Path(run.file).name}, {_when(run)}: {started}"
        if one.ending is Ending.RUNNING or one.exit_code is Exit.ALL_STARTED:
            found.append(ok("last night", text))
        else:
            remedy = f"launcher status {run.name} says what to do"
            found.append(warning("last night", f"{text}, exit code {int(one.exit_code)}", remedy))
    return found


def _when(run: RunRecord) -> str:
    return datetime.fromtimestamp(run.created_at).strftime("%Y-%m-%d %H:%M")
