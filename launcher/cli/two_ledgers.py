"""Keeps a portal's starts in one ledger: with another one, all of them would begin anew."""

from __future__ import annotations

import asyncio
from pathlib import Path

from launcher.cli.options import GlobalOptions, Refused
from launcher.cli.session import is_ledger_named, ledger_without_config
from launcher.ledger import Ledger
from launcher.ledger.elsewhere import has_runs
from launcher.settings import Settings


async def refuse_second_ledger(said: GlobalOptions, settings: Settings, ledger: Ledger, portal: str) -> None:
    """Raises Refused where the open ledger, which nobody has named, begins a second account of that portal.

    So it is when a first config.yaml is written: what was started before it is in the person's data folder.
    """
    before = ledger_without_config()
    if is_ledger_named(said, settings) or settings.path is None or await ledger.last_runs(1, portal=portal):
        return
    here = Path(ledger.database.name)
    if here.resolve() != before.resolve() and await asyncio.to_thread(has_runs, before, portal):
        raise Refused(
            f"what was started on {portal} before {settings.path} was there is in another ledger, and would "
            f"start again. Say in {settings.path} which one it is:\n"
            f"to go on with that one   ledger: {before}\n"
            f"to begin anew            ledger: {here}"
        )
