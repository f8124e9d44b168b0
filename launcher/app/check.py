"""Everything short of starting: what is wrong with a file, its job and its portal, all in one go."""

from __future__ import annotations

from dataclasses import dataclass, replace

from launcher.app.context import Context
from launcher.app.documents import CheckDocument
from launcher.app.guards import refuse_second_ledger, results_of_another_ledger, starts_of_another_ledger
from launcher.app.inputs import Input, input_of_rows, load_input, open_input
from launcher.app.jobs import ChosenJob, choose_job, resolve_job, with_file_of_job
from launcher.app.portals import access_of, connected
from launcher.app.requests import RunRequest
from launcher.core.columns import MappingError
from launcher.core.findings import Findings, Severity
from launcher.core.forecast import Forecast, forecast
from launcher.core.guard import Rights
from launcher.core.job import JobSpec
from launcher.core.templates import TemplateError
from launcher.engine.checking import RowCheck
from launcher.engine.portal_client import PortalClient
from launcher.engine.preparing import Candidates, ask_rights, mapper_of
from launcher.errors import PortalError
from launcher.ledger import Ledger
from launcher.messages import Message, Text
from launcher.report import results_path
from launcher.sheets import SheetError, Table

USUAL_START_S = 0.02
"""What a start is taken to cost where no run has shown it yet. Source: answers of real portals, which take
26 ms to add a list element; the page of bizproc.workflow.start shows less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """All that a check has found."""

    findings: Findings
    file: str
    job: JobSpec
    portal: str
    rows: int = 0
    would_start: int = 0
    forecast: Forecast | None = None

    def to_dict(self) -> CheckDocument:
        """Return the document of `--json`."""
        ahead = self.forecast
        return {
            "file": self.file,
            "job": self.job.name,
            "portal": self.portal,
            "template_id": self.job.template_id or None,
            "rows": self.rows,
            "would_start": self.would_start,
            "findings": [finding.to_dict() for finding in self.findings.sorted()],
            "forecast": None
            if ahead is None
            else {
                "seconds": round(ahead.seconds, 1),
                "requests": ahead.requests,
                "binds": ahead.binds.value if ahead.binds else None,
            },
            "exit_code": int(self.findings.exit_code),
        }


async def check(launcher: Context, request: RunRequest) -> CheckReport:
    """Check one file against one job and its portal; starts nothing.

    Raises InputError if it is not known what to check.
    """
    request = with_file_of_job(launcher.settings, request)
    chosen = choose_job(launcher.settings, request)
    access = access_of(chosen.portal)
    given = await load_input(request.file) if request.rows is None else input_of_rows(request.rows)
    findings = Findings()
    table = await _opened(given, request, findings)
    async with connected(launcher, access, chosen.portal) as portal:
        await refuse_second_ledger(launcher, portal.ledger, portal.name)
        checking = _Checking(portal.ledger, portal.client, chosen, request, findings)
        rights = await checking.rights()
        job = await checking.job(answers=rights is not None)
        report = CheckReport(findings=findings, file=given.shown, job=job, portal=portal.name)
        if table is not None:
            await checking.other_ledger(given, table)
            rows = await checking.rows(job, given, table, rights)
            report = replace(report, rows=table.row_count, would_start=rows.would_start if rows else 0)
        return replace(report, forecast=await checking.forecast(report.would_start))


async def _opened(given: Input, request: RunRequest, findings: Findings) -> Table | None:
    """Return the file's table; None if it cannot be read, which is a finding."""
    try:
        table = await open_input(given, **request.reading())
    except SheetError as error:
        findings.add(Severity.STOPS, "file", str(error))
        return None
    for note in table.notes:
        findings.add(Severity.NOTE, "file", note)
    return table


@dataclass(frozen=True, slots=True)
class _Checking:
    ledger: Ledger
    client: PortalClient
    chosen: ChosenJob
    request: RunRequest
    findings: Findings

    async def rights(self) -> Rights | None:
        """What the portal lets us do; None where it does not answer, which is a finding."""
        try:
            rights = await ask_rights(self.client)
        except PortalError as error:
            self.findings.add(Severity.STOPS, "portal", str(error), refused=True)
            return None
        for code, remedy in rights.refusals:
            self.findings.add(Severity.STOPS, code, remedy, refused=True)
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

    async def job(self, *, answers: bool) -> JobSpec:
        """The job, with its template's types where the portal answers; what is wrong with it is a finding."""
        if answers:
            try:
                return await resolve_job(self.chosen, self.request, self.client, self._note, thorough=True)
            except (TemplateError, PortalError) as error:
                refused = isinstance(error, PortalError)
                self.findings.add(Severity.STOPS, "template", str(error), refused=refused)
        job = self.chosen.spec(self.request)
        # No template is number 0: rows are gone through all the same, for what else is wrong with them.
        return job if job.template_id or job.template_column else replace(job, template_id=0)

    async def other_ledger(self, given: Input, table: Table) -> None:
        """What another ledger has started, and a run would start again, is a finding."""
        results = self.request.results or results_path(given.beside, table.dialect)
        found = [await results_of_another_ledger(self.ledger, results, table.dialect)]
        if not self.request.ignore_launch_columns:
            found.append(await starts_of_another_ledger(self.ledger, given.shown, table))
        for why in filter(None, found):
            self.findings.add(Severity.STOPS, "other ledger", why)

    async def rows(self, job: JobSpec, given: Input, table: Table, rights: Rights | None) -> RowCheck | None:
        """What the rows come to; None where the job does not fit the file, which is a finding."""
        try:
            mapper = await mapper_of(job, table.header, self.ledger, self.client.portal)
        except MappingError as error:
            self.findings.add(Severity.STOPS, "columns", f"{given.source.name}: {error}")
            return None
        if not job.document_column and mapper.document_heading != "ID":
            self._note(Message("document-column-found", document_heading=mapper.document_heading))
        check = RowCheck(
            ledger=self.ledger,
            client=self.client,
            # Without rights nothing more is asked: there was no answer.
            rights=rights or Rights(scopes=frozenset()),
            findings=self.findings,
            asks=rights is not None,
        )
        try:
            await check.go(job, Candidates(mapper, self.client), table)
        except PortalError as error:
            self.findings.add(Severity.STOPS, "portal", str(error), refused=True)
        return check

    async def forecast(self, rows: int) -> Forecast | None:
        """How long a run of so many rows takes, as starts cost of late; None where there are none."""
        if not rows:
            return None
        cost_s = await self.ledger.start_cost_s(self.client.portal)
        if cost_s is None:
            self._note(Message("start-cost-unknown", usual_start_s=USUAL_START_S * 1000))
        pacing = self.chosen.portal.pacing()
        return forecast(rows, pacing, start_s=USUAL_START_S if cost_s is None else cost_s)

    def _note(self, text: Text) -> None:
        self.findings.add(Severity.NOTE, "note", text)
