"""`launcher resume [RUN]`: goes on with an interrupted or stopped run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click

from launcher.cli.access import access_of, portal_of
from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions, Refused, global_options
from launcher.cli.running import Running
from launcher.cli.session import carry_out, chosen_run, metrics_file, opened_ledger, settings_of
from launcher.core.model import State
from launcher.engine.asking import Asker
from launcher.engine.job import Job
from launcher.engine.recalling import recall
from launcher.ledger import Ledger, RunRecord, hold_portal
from launcher.portal.access import Access
from launcher.portal.address import AddressError
from launcher.portal.client import Portal
from launcher.portal.tokens import TokensError
from launcher.settings import PortalConfig, Settings
from launcher.sheets import Dialect, Table, fingerprint, is_address, open_table


@click.command("resume")
@click.argument("run", required=False)
@click.option("--wait", is_flag=True, help="Where another run holds this portal, wait for its end.")
@global_options
def command(run: str | None, wait: bool) -> None:
    """Go on with RUN (without it, the last one) where it stopped.

    Rows that have started are not touched. Rows whose answer never came stay unknown, unless the portal
    shows their workflows running.
    """
    carry_out(lambda said: resume_run(said, settings_of(said), run, wait=wait))


async def resume_run(said: GlobalOptions, settings: Settings, name: str | None, *, wait: bool = False) -> int:
    """Take that run on; gives the exit code."""
    async with opened_ledger(said, settings) as ledger:
        run = await chosen_run(ledger, name)
        async with taken_up(said, settings, ledger, run, wait=wait) as running:
            counts, console = await ledger.counts(run.id), Console(said)
            if run.loaded and not (counts[State.PENDING] or counts[State.DEFERRED]):
                console.tell(f"run {run.name} has no rows left to start")
            return await go_on(running, run, console)


@asynccontextmanager
async def taken_up(
    said: GlobalOptions, settings: Settings, ledger: Ledger, run: RunRecord, *, wait: bool = False
) -> AsyncIterator[Running]:
    """The run's portal, held; what was in the air when an earlier process ended is unknown now."""
    config, access = await _configured(settings, ledger, run)
    async with portal_of(ledger, access) as portal, hold_portal(ledger, run.portal, wait=wait):
        await ledger.lose_sent(run.id)
        asker = Asker(portal, config.pacing())
        await recall(ledger, asker)
        yield Running(said, ledger, asker, config, metrics_file(said, settings))


async def go_on(running: Running, run: RunRecord, console: Console) -> int:
    """Take the run to its end, with what its file still has; gives the exit code."""
    await running.ledger.resumed(run.id)
    table = None if run.loaded else _table(run, console)
    return await running.go(run, Job.from_plan(run.job, run.plan), table)


async def _configured(settings: Settings, ledger: Ledger, run: RunRecord) -> tuple[PortalConfig, Access]:
    """The configured portal that the run is on. Raises Refused where none is."""
    found, troubles = [], []
    for config in settings.all_portals():
        try:
            access = access_of(config)
        except (AddressError, TokensError) as trouble:
            troubles.append(trouble)
            continue
        if await ledger.portal_at(access.portal) == run.portal:
            return config, access
        found.append(access.portal)
    if troubles:
        raise troubles[0]
    raise Refused(f"run {run.name} is on {run.portal}; the configuration has {', '.join(found)}")


def _table(run: RunRecord, console: Console) -> Table | None:
    """The run's file, where it is still the one whose rows were being read when the run was cut off."""
    if not run.fingerprint or is_address(run.file):
        console.tell(
            f"run {run.name} was cut off before all of its input was in the ledger, and {run.file} is not read "
            f"a second time. Its rows so far go on; then give the whole input to a new run for the rest: what "
            f"has started is skipped"
        )
        return None
    file = Path(run.file)
    if not file.is_file() or fingerprint(file) != run.fingerprint:
        console.tell(
            f"{file} was changed or removed before run {run.name} had read all of it. Its rows so far go on; "
            f"then run the file again for the rest: what has started is skipped"
        )
        return None
    dialect = Dialect.from_dict(run.dialect)
    return open_table(
        file,
        sheet=dialect.sheet or None,
        encoding=dialect.encoding if dialect.format in ("csv", "html") else None,
        delimiter=dialect.delimiter if dialect.format == "csv" else None,
        header_row=dialect.header_row,
    )


@asynccontextmanager
async def within_reach(
    settings: Settings, ledger: Ledger, run: RunRecord
) -> AsyncIterator[tuple[Portal, PortalConfig]]:
    """The run's portal, for questions only: it is not held, and may be held by a run."""
    config, access = await _configured(settings, ledger, run)
    async with portal_of(ledger, access) as portal:
        yield portal, config
