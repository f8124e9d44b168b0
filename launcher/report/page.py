"""One run as one web page that needs nothing else: no network, no other file, no script but for the search."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path, PurePath

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from launcher import __version__
from launcher.core.catalogue import spoken
from launcher.core.model import State
from launcher.core.notices import headline, next_steps
from launcher.core.summary import Ending, Summary
from launcher.core.timeline import Timeline
from launcher.core.words import duration, pluralize
from launcher.errors import ResultsError
from launcher.ledger import RecordedRow, RunRecord
from launcher.redact import redacted_text
from launcher.report import failed_file, new_text_file
from launcher.report.chart import WIDTH, chart, clock, day
from launcher.report.results import own_columns

ROWS_AT_MOST = 2000
COLUMNS_AT_MOST = 30
CELL_AT_MOST = 300
CAUSES_AT_MOST = 100
"""More than these and nobody reads it, but every browser is slow: the results files have all."""

DID_IT_START = {
    "started": "the portal gave a workflow ID",
    "failed": "did not start: the portal refused it",
    "invalid": "did not start: the row itself is wrong, nothing was sent",
    "unknown": "may have started: the portal's answer was lost",
    "deferred": "did not start: a limit was in the way to the end",
    "pending": "did not start: not sent yet",
    "skipped": "did not start, on purpose: a duplicate, filtered, or started before",
}
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What no page may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the page tells."""

    run: RunRecord
    summary: Summary
    course: Timeline
    examples: Mapping[int, RecordedRow]
    """The first row of each cause, by its number."""
    to_fix: tuple[RecordedRow, ...]
    """FAILED and INVALID rows: the first, where there are too many."""
    unknown: tuple[RecordedRow, ...]
    created_at: float


def report_path(run: RunRecord) -> Path:
    """Where the page goes when nobody says where: NAME.report.html beside the results."""
    results = Path(run.results)
    if results.name in ("", "-"):
        return Path(f"{run.name}.report.html")
    return results.with_name(f"{results.stem.removesuffix('.results')}.report.html")


def check_page_path(path: Path) -> None:
    """Raises ResultsError where that name is no page's, so that no spreadsheet is overwritten by mistake."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise ResultsError("report-is-a-page", path=path)


def save_page(path: Path, page: Page) -> None:
    """The page is in that file when this returns, in place of an older one. Raises ResultsError."""
    check_page_path(path)
    try:
        with new_text_file(path) as stream:
            stream.writelines(_template().generate(_context(page)))
    except OSError as error:
        raise ResultsError("report-not-written", path=path, reason=error.strerror or error) from None


def _context(page: Page) -> dict[str, object]:
    run, summary = page.run, page.summary
    counts = summary.counts.shown(running=summary.ending is Ending.RUNNING)
    columns = own_columns(run.header)
    failed = Path(failed_file(run.results, summary.failed)).name
    picture = chart(page.course, working_s=summary.seconds)
    return {
        "page": page,
        "run": run,
        "summary": summary,
        "file_name": PurePath(run.file).name or run.file,
        "headline": str(headline(summary)),
        "steps": [(str(step.text), step.command) for step in next_steps(summary, failed)],
        "facts": _facts(page),
        "counts": [(state, rows, DID_IT_START[state]) for state, rows in counts.items() if rows],
        "chart": picture,
        "chart_width": WIDTH,
        "course": page.course,
        "columns": columns[:COLUMNS_AT_MOST],
        "columns_left_out": max(0, len(columns) - COLUMNS_AT_MOST),
        "failed": failed,
        "rows_to_fix": counts["failed"] + counts["invalid"],
        "rows_unknown": counts["unknown"],
        "causes_at_most": CAUSES_AT_MOST,
    }


def _facts(page: Page) -> list[tuple[str, str]]:
    run, summary = page.run, page.summary
    template, kind = run.plan.get("template_id"), run.plan.get("kind")
    what = f"template {template}" if isinstance(template, int | str) else ""
    on = f" on {kind}" if what and isinstance(kind, str) else ""
    answered = sum(bar.total - bar.rows.get(State.DEFERRED, 0) for bar in page.course.bars)
    pace = f", {answered / summary.seconds * 60:,.0f} rows a minute" if answered and summary.seconds > 0 else ""
    facts = [
        ("Job", ", ".join(part for part in (run.job, what + on) if part)),
        ("File", redacted_text(run.file)),
        ("Portal", run.portal),
        ("Began", _moment(run.created_at)),
        ("Ended", _end(run, summary.ending)),
        ("At work for", duration(summary.seconds) + pace),
        ("Requests", f"{summary.requests:,}"),
        ("Results", run.results),
    ]
    return [(name, text) for name, text in facts if text]


def _end(run: RunRecord, ending: Ending) -> str:
    if run.ended_at is not None:
        return _moment(run.ended_at)
    return "not yet" if ending is Ending.RUNNING else "from outside, nobody knows when"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")


def _offset(at: float) -> str:
    """How far the times here are from Greenwich: `UTC+03:00`."""
    text = datetime.fromtimestamp(at).astimezone().strftime("%z")
    return f"UTC{text[:3]}:{text[3:5]}"


def _shown(text: str) -> str:
    """A cell's text as a page can hold it."""
    text = _UNSEEN.sub("\ufffd", text)
    return text if len(text) <= CELL_AT_MOST else text[: CELL_AT_MOST - 1] + "…"


def _reported(text: str) -> str:
    """What we or the portal reported."""
    return _shown(redacted_text(text))


@cache
def _template() -> Template:
    # Autoescape is off unless asked for.
    environment = Environment(
        loader=PackageLoader("launcher.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        shown=_shown,
        reported=_reported,
        spoken=spoken,
        moment=_moment,
        offset=_offset,
        duration=duration,
        pluralize=pluralize,
    )
    style, script = _inline("report.css"), _inline("report.js")
    allowed = f"style-src {_hash_of(style)}; script-src {_hash_of(script)}"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    environment.globals.update(
        version=__version__, clock=clock, day=day, style=style, script=script, policy=policy
    )
    return environment.get_template("report.html")


def _inline(name: str) -> Markup:
    """A file of ours as it stands, to be put between its tags."""
    text = (resources.files("launcher.report") / "templates" / name).read_text("utf-8")
    return Markup(text)  # noqa: S704  ours, not a person's


def _hash_of(text: str) -> str:
    """Allows exactly this text in a page's policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
