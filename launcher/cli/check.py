"""`launcher check FILE`: everything short of starting, and all that is wrong in one go."""

from __future__ import annotations

from dataclasses import dataclass, replace

import click

from launcher.cli.access import access_of, portal_of
from launcher.cli.check_report import CheckReport, show_check
from launcher.cli.console import Console
from launcher.cli.inputs import Input, taken
from launcher.cli.job_file import with_file_of_job
from launcher.cli.job_options import Chosen, RunOptions, choose_job, run_options
from launcher.cli.options import GlobalOptions, global_options
from launcher.cli.other_ledger import results_of_another_ledger, starts_of_another_ledger
from launcher.cli.session import carry_out, opened_ledger, settings_of
from launcher.cli.settling import plain_job, settle_job
from launcher.cli.two_ledgers import refuse_second_ledger
from launcher.core.columns import MappingError
from launcher.core.findings import Findings, Severity
from launcher.core.forecast import Forecast, forecast
from launcher.core.mapping import Mapper
from launcher.core.rights import Rights
from launcher.core.templates import TemplateError
from launcher.engine.asking import Asker
from launcher.engine.candidates import Candidates, mapping_of
from launcher.engine.checking import RowCheck
from launcher.engine.job import Job
from launcher.engine.rights import ask_rights
from launcher.errors import PortalError
from launcher.ledger import Ledger
from launcher.report.results import results_path
from launcher.settings import Settings
from launcher.sheets import SheetError, Table, open_table

USUAL_START_S = 0.02
"""What a start is taken to cost where no run has shown it yet. Source: answers of real portals, which take
26 ms to add a list element; the page of bizproc.workflow.start shows less."""


@click.command("check")
@run_options
@global_options
def command(options: RunOptions) -> None:
    """Check FILE, the job and the portal, and start nothing.

    Tells in one go which rows would not start and why, whether the portal would let a run start anything, and
    how long the run will take. Exit code 0: all is well; 1: some rows would not start; 2 or 3: nothing would.
    """
    carry_out(lambda said: _check(said, settings_of(said), options))


async def _check(said: GlobalOptions, settings: Settings, options: RunOptions) -> int:
    return await check_file(said, settings, with_file_of_job(settings, options))


async def check_file(said: GlobalOptions, settings: Settings, options: RunOptions) -> int:
    """Check one file against one job and its portal; gives the exit code."""
    chosen = choose_job(settings, options)
    access = access_of(chosen.portal)
    given = await taken(options.file)
    findings = Findings()
    table = _opened(given, options, findings)
    async with opened_ledger(said, settings) as ledger, portal_of(ledger, access) as portal:
        await refuse_second_ledger(said, settings, ledger, portal.name)
        asker = Asker(portal, chosen.portal.pacing())
        checking = _Checking(ledger, asker, chosen, options, findings)
        rights = await checking.rights()
        job = await checking.job(answers=rights is not None)
        report = CheckReport(findings=findings, file=given.shown, job=job, portal=portal.name)
        if table is not None:
            await checking.other_ledger(given, table)
            rows = await checking.rows(job, given, table, rights)
            report = replace(report, rows=table.row_count, would_start=rows.would_start if rows else 0)
        report = replace(report, forecast=await checking.forecast(report.would_start))
    show_check(Console(said), report)
    return int(findings.exit_code)


def _opened(given: Input, options: RunOptions, findings: Findings) -> Table | None:
    """The file's table; None where it cannot be read, which is a finding."""
    try:
        table = open_table(
            given.source,
            sheet=options.sheet,
            encoding=options.encoding,
            delimiter=options.delimiter,
            header_row=options.header_row,
        )
    except SheetError as error:
        findings.add(Severity.STOPS, "file", str(error))
        return None
    for note in table.notes:
        findings.add(Severity.NOTE, "file", note)
    return table


@dataclass(frozen=True, slots=True)
class _Checking:
    ledger: Ledger
    asker: Asker
    chosen: Chosen
    options: RunOptions
    findings: Findings

    async def rights(self) -> Rights | None:
        """What the portal lets us do; None where it does not answer, which is a finding."""
        try:
            rights = await ask_rights(self.asker)
        except PortalError as error:
            self.findings.add(Severity.STOPS, "portal", str(error), refused=True)
            return None
        for code, mend in rights.refusals:
            self.findings.add(Severity.STOPS, code, mend, refused=True)
        plan = self.chosen.portal.plan
        if rights.plan and plan not in (rights.plan, "self-hosted"):
            severity = Severity.NOTE if rights.plan == "enterprise" else Severity.WARNING
            self.findings.add(
                severity,
                "plan",
                f"the configuration says plan: {plan}, and the portal's licence is {rights.license}; "
                f"say plan: {rights.plan}",
            )
        return rights

    async def job(self, *, answers: bool) -> Job:
        """The job, with its template's types where the portal answers; what is wrong with it is a finding."""
        if answers:
            try:
                return await settle_job(self.chosen, self.options, self.asker, self._note, thorough=True)
            except (TemplateError, PortalError) as error:
                refused = isinstance(error, PortalError)
                self.findings.add(Severity.STOPS, "template", str(error), refused=refused)
        job = plain_job(self.chosen, self.options)
        # No template is number 0: rows are gone through all the same, for what else is wrong with them.
        return job if job.template_id or job.template_column else replace(job, template_id=0)

    async def other_ledger(self, given: Input, table: Table) -> None:
        """What another ledger has started, and a run would start again, is a finding."""
        results = self.options.results or results_path(given.beside, table.dialect)
        found = [await results_of_another_ledger(self.ledger, results, table.dialect)]
        if not self.options.ignore_launch_columns:
            found.append(await starts_of_another_ledger(self.ledger, given.shown, table))
        for why in filter(None, found):
            self.findings.add(Severity.STOPS, "other ledger", why)

    async def rows(self, job: Job, given: Input, table: Table, rights: Rights | None) -> RowCheck | None:
        """What the rows come to; None where the job does not fit the file, which is a finding."""
        mapping = await mapping_of(job, self.ledger, self.asker.portal)
        try:
            mapper = Mapper(mapping, table.header)
        except MappingError as error:
            self.findings.add(Severity.STOPS, "columns", f"{given.source.name}: {error}")
            return None
        if not job.document_column and mapper.document_heading != "ID":
            self._note(f'the document\'s ID is taken from the column "{mapper.document_heading}"')
        check = RowCheck(
            ledger=self.ledger,
            asker=self.asker,
            # Without rights nothing more is asked: there was no answer.
            rights=rights or Rights(scopes=frozenset()),
            findings=self.findings,
            asks=rights is not None,
        )
        try:
            await check.go(job, Candidates(mapper, self.asker), table)
        except PortalError as error:
            self.findings.add(Severity.STOPS, "portal", str(error), refused=True)
        return check

    async def forecast(self, rows: int) -> Forecast | None:
        """How long a run of so many rows takes, as starts cost of late; None where there are none."""
        if not rows:
            return None
        cost_s = await self.ledger.start_cost_s(self.asker.portal)
        if cost_s is None:
            self._note(
                f"no run on this portal has shown yet what a start costs; {USUAL_START_S * 1000:g} ms are "
                "assumed. Start a few rows with: launcher run FILE --limit 5"
            )
        pacing = self.chosen.portal.pacing()
        return forecast(rows, pacing, start_s=USUAL_START_S if cost_s is None else cost_s)

    def _note(self, text: str) -> None:
        self.findings.add(Severity.NOTE, "note", text)
