"""`launcher nightly [JOB…]`: all jobs that know their file, with nobody watching."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click

from launcher.cli.access import access_of
from launcher.cli.console import Console
from launcher.cli.inputs import taken
from launcher.cli.job_file import folder_of
from launcher.cli.job_options import RunOptions
from launcher.cli.night_report import show_night
from launcher.cli.not_sent import messages_not_sent
from launcher.cli.options import GlobalOptions, Refused, global_options
from launcher.cli.resume import go_on, taken_up
from launcher.cli.run import run_file
from launcher.cli.running import Unattended
from launcher.cli.session import carry_out, in_words, interruptible, opened_ledger, settings_of
from launcher.cli.telling import Around, Telling
from launcher.core.nights import JobResult, Outcome, worst
from launcher.core.summary import Exit, Summary
from launcher.engine.cancel import CancelToken
from launcher.errors import PortalError
from launcher.ledger import Ledger, LedgerError, Nights, RunRecord, Unsent, who_holds
from launcher.nightly import JobNight, NightJob, StepError, Taken, named_by_job, shared_by
from launcher.settings import Settings
from launcher.sheets import WebAddress

_LOOK_S = 5.0
"""Whether a portal is free again is looked at so often."""


@click.command("nightly")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--wait", is_flag=True, help="Where another run holds a portal, wait for its end.")
@global_options
def command(jobs: tuple[str, ...], wait: bool) -> None:
    """Run all jobs that have a file: in the configuration, or those named.

    First what former nights left goes on, and unknown rows are asked about; then the job's file, where it is
    new or was changed. Jobs of one portal follow one another, those of different portals go side by side. A
    job that fails does not keep the others from running. The exit code is that of the job that needs a person
    most: 3, 6, 2, 5, 4, 1, 0.
    """
    carry_out(lambda said: _nightly(said, settings_of(said), jobs, wait=wait))


async def _nightly(said: GlobalOptions, settings: Settings, names: Sequence[str], *, wait: bool) -> int:
    results = await night(said, settings, names, wait=wait)
    unsent: list[Unsent] = []
    # The results are here: a ledger that has gone since must not hide them.
    with suppress(LedgerError):
        async with opened_ledger(said, settings) as ledger:
            unsent = await messages_not_sent(ledger, time.time())
    show_night(Console(said), results, unsent, quiet=said.quiet)
    return int(worst(result.exit_code for result in results))


async def night(
    said: GlobalOptions,
    settings: Settings,
    names: Sequence[str] = (),
    now: Callable[[], float] = time.time,
    cancel: CancelToken | None = None,
    *,
    wait: bool = False,
) -> list[JobResult]:
    """One night; a result for each job, in the configuration's order. Raises Refused, LedgerError.

    With `wait`, jobs whose portal another run holds begin after that run's end.

    With `together`, signals are heard elsewhere, and stop the night through it.
    """
    results = dict[str, JobResult]()
    hears_signals, cancel = cancel is None, cancel or CancelToken()
    telling = Telling(settings, taken_up_later=not hears_signals)
    portals: dict[str, list[NightJob]] = {}
    # Once alone: a new ledger is made, or an old one migrated, by one and not by all at once.
    async with opened_ledger(said, settings) as ledger:
        for name in _names(settings, names):
            try:
                with as_step():
                    job = await _night_job(settings, name, ledger)
                portals.setdefault(job.portal, []).append(job)
            except StepError as error:
                results[name] = JobResult(
                    job=name, portal="", outcome=Outcome.REFUSED, exit_code=error.exit_code, notes=(str(error),)
                )
    around = _Around(replace(said, quiet=True, json=False), settings, cancel, telling, now, wait)
    with interruptible(cancel, Console(said).tell) if hears_signals else nullcontext():
        # Not a TaskGroup: what breaks on one portal must not end the runs on another.
        ended = await asyncio.gather(
            *(_on_portal(around, jobs) for jobs in portals.values()),
            return_exceptions=True,
        )
        for jobs, each in zip(portals.values(), ended, strict=True):
            found = each if isinstance(each, list) else [_broken_off(job, each) for job in jobs]
            results |= {result.job: result for result in found}
        broken = next((each for each in ended if isinstance(each, BaseException)), None)
        in_order = [results[name] for name in settings.config.jobs if name in results]
        # What the ledger refused to a daemon's night is done again in a minute, and not told each time.
        if not (isinstance(broken, LedgerError) and not hears_signals):
            await telling.tell(in_order, now, Around(lambda: opened_ledger(said, settings), cancel))
    if broken is not None:
        raise broken
    return in_order


def _broken_off(job: NightJob, error: BaseException) -> JobResult:
    """What is told of a job whose night has not come to its end."""
    why = str(error) if isinstance(error, LedgerError) else f"a fault of the launcher's: {type(error).__name__}"
    return JobResult(
        job=job.name,
        portal=job.portal,
        outcome=Outcome.STOPPED,
        exit_code=Exit.STOPPED,
        notes=(f"broken off: {why}",),
    )


def _names(settings: Settings, names: Sequence[str]) -> list[str]:
    """The jobs of this night. Raises Refused, SettingsError."""
    with_file = [name for name, job in settings.config.jobs.items() if job.file]
    for name in names:
        settings.job(name)
        if name not in with_file:
            raise Refused(f"the job {name} has no file: in the configuration, so a night cannot run it")
    if not with_file:
        raise Refused("no job has a file: in the configuration, so there is nothing that a night could run")
    return [name for name in with_file if name in names] if names else with_file


async def _night_job(settings: Settings, name: str, ledger: Ledger) -> NightJob:
    found = settings.job(name)
    assert found is not None  # noqa: S101  a job that was named is there, or an error
    config = found[1]
    address = access_of(settings.portal(config.portal)).portal
    return NightJob(name, config, folder_of(settings), await ledger.portal_at(address))


@dataclass(frozen=True, slots=True)
class _Around:
    """What all jobs of a night share."""

    said: GlobalOptions
    settings: Settings
    cancel: CancelToken
    telling: Telling
    now: Callable[[], float]
    wait: bool


async def _on_portal(around: _Around, jobs: Sequence[NightJob]) -> list[JobResult]:
    # Each portal has a ledger of its own opened: on PostgreSQL it knows one lock at a time.
    async with opened_ledger(around.said, around.settings) as ledger:
        if around.wait:
            await _until_free(around, ledger, jobs[0].portal)
        await around.telling.former(ledger, [jobs[0].portal], around.now)
        return [await _job(around, ledger, job) for job in jobs]


async def _job(around: _Around, ledger: Ledger, job: NightJob) -> JobResult:
    # Not sooner: whether it is late is known when what it waited for is over, as its window is.
    await around.telling.begin(ledger, job, around.now())
    return await JobNight(
        job=job,
        nights=Nights(ledger, job.name, job.portal),
        hands=_Hands(around.said, around.settings, ledger, job),
        cancel=around.cancel,
        now=around.now,
        drafts=partial(around.telling.drafts, job),
    ).go()


async def _until_free(around: _Around, ledger: Ledger, portal: str) -> None:
    """Return once no other run holds the portal, or when all is to stop."""
    told = False
    while not around.cancel.is_set and (holder := await who_holds(ledger, portal)):
        if not told:
            Console(around.said).tell(f"{holder}; waiting for its end")
        told = True
        await around.cancel.sleep(_LOOK_S)


@dataclass(frozen=True, slots=True)
class _Hands:
    """The commands `run`, `resume` and `reconcile`, with nobody watching."""

    said: GlobalOptions
    settings: Settings
    ledger: Ledger
    job: NightJob

    async def take(self, file: Path | WebAddress) -> Taken:
        with as_step():
            given = await taken(file, self.job.folder)
            if shared_by(self.settings.config.jobs, self.job, given.origin):
                # With the file's name alone, the results of the one job would overwrite those of the other.
                given = replace(given, beside=named_by_job(given.beside, self.job.name))
        options = RunOptions(file=given, job=self.job.name, nightly=True)

        async def begin(cancel: CancelToken) -> Summary:
            heard: list[Summary] = []
            with as_step():
                unattended = Unattended(cancel, heard.append)
                await run_file(self.said, self.settings, options, unattended=unattended)
            return heard[0]

        return Taken(given.origin, given.fingerprint, begin)

    async def go_on(self, run: RunRecord, cancel: CancelToken) -> Summary:
        heard: list[Summary] = []
        with as_step():
            async with taken_up(self.said, self.settings, self.ledger, run) as running:
                quiet = replace(running, unattended=Unattended(cancel, heard.append))
                await go_on(quiet, run, Console(self.said))
        return heard[0]

    async def reconcile(self, run: RunRecord, cancel: CancelToken) -> Summary:
        heard: list[Summary] = []
        with as_step():
            async with taken_up(self.said, self.settings, self.ledger, run) as running:
                await replace(running, unattended=Unattended(cancel, heard.append)).reconcile(run)
        return heard[0]

    def tell(self, text: str) -> None:
        Console(self.said).tell(f"{self.job.name}: {text}")


@contextmanager
def as_step() -> Iterator[None]:
    """What ends a command ends a step of the night only."""
    try:
        with in_words():
            try:
                yield
            except PortalError as error:
                raise Refused(str(error), Exit.STOPPED) from None
    except Refused as error:
        raise StepError(error.format_message(), error.exit_code) from None
