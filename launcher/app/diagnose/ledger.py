"""Is the ledger sound, and is there room for what is written?"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from launcher.app.diagnose.setup import Setup
from launcher.core.health import Diagnosis, ok, trouble, warning

FULL_BYTES = 200_000_000
"""What a run of 100,000 rows writes into ledger and results."""
NEARLY_FULL_BYTES = 2_000_000_000
_RUNS = 20
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
        mend = (
            "make room, or launcher prune --older-than 90d --vacuum"
            if folder in prunable
            else "make room there"
        )
        if free < FULL_BYTES:
            found.append(trouble("disk", text, mend))
        elif free < NEARLY_FULL_BYTES:
            found.append(warning("disk", text, mend))
        else:
            found.append(ok("disk", text))
    return found


async def _folders(setup: Setup) -> AsyncIterator[Path]:
    if setup.ledger_file is not None:
        yield _existing(setup.ledger_file.resolve().parent)
    if setup.ledger is not None:
        for run in await setup.ledger.last_runs(_RUNS):
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
