"""The launcher's own codes: rows that are not sent, and what else happens to a row or a run."""

from __future__ import annotations

from launcher.core.catalogue.busy import BUSY
from launcher.core.catalogue.entry import DOCS, START, Does, Entry, Started, Who


def _invalid(code: str, meaning: str, mend: str, *, told: bool = False) -> Entry:
    return Entry(
        code=code, meaning=meaning, started=Started.NO, does=Does.LEAVES_INVALID, who=Who.FILE, mend=mend,
        told=told, page="",
    )  # fmt: skip


def _skipped(code: str, meaning: str, *, started: Started = Started.NO, mend: str = "") -> Entry:
    return Entry(
        code=code, meaning=meaning, started=started, does=Does.SKIPS, who=Who.YOU if mend else Who.NOBODY,
        mend=mend, page="",
    )  # fmt: skip


ROWS = (
    _invalid(
        "blank ID", "the row has no document's ID", "write the ID and give the file back: launcher retry --file"
    ),
    _invalid(
        "bad ID",
        "the cell for the document's ID holds no ID",
        "correct it, or name another column with --column",
    ),
    _invalid(
        "other kind",
        "the ID is that of another kind of document",
        "correct the ID, or run this row with the other --kind",
    ),
    _invalid(
        "other portal",
        "the ID is a link to a document on another portal",
        "correct the link, or run this row on its own portal",
    ),
    _invalid(
        "bad kind",
        "the cell for the kind of the row's document names none",
        "write a kind that there is, and give the file back: launcher retry --file",
    ),
    _invalid(
        "bad template",
        "the cell for the row's template names none, or more than one",
        "write the template's ID, and give the file back: launcher retry --file",
    ),
    _invalid(
        "bad cell",
        "the spreadsheet program has no usable value in the cell",
        "mend the cell in the spreadsheet program, save, and give the file back: launcher retry --file",
        told=True,
    ),
    _skipped("filtered", "the job's where: leaves it out"),
    _skipped("duplicate", "an earlier row of the file is the same start: template, document and parameters"),
    _skipped(
        "started before",
        "an earlier run of this job, or one without a job, has started it",
        started=Started.YES,
    ),
    _skipped(
        "unknown before",
        "an earlier run may have started it: its answer was lost",
        started=Started.MAYBE,
        mend="settle it in that run first: launcher reconcile",
    ),
    _skipped("beyond limit", "--limit leaves it for a later run"),
    _skipped(
        "taken over",
        "another run has taken over this start; what became of it stands there",
        started=Started.MAYBE,
    ),
    Entry(
        code=BUSY,
        meaning="two workflows run on the document already, which is as many as the portal allows",
        started=Started.NO,
        does=Does.DEFERS_THE_ROW,
        who=Who.NOBODY,
        mend="wait until one of the workflows on the document has ended, or end one; then launcher resume",
        page=START,
    ),
    Entry(
        code="reconciled",
        meaning="its answer was lost, and the portal was asked: the workflow runs",
        started=Started.YES,
        does=Does.SETTLES,
        who=Who.NOBODY,
        page="",
    ),
    Entry(
        code="moved",
        meaning="the portal answers at another address, to which the webhook's secret may not be sent",
        started=Started.NO,
        does=Does.STOPS,
        who=Who.SETTINGS,
        mend="see in a browser where the portal is now, and put that host into its address in the "
        "configuration, or under may_move_to: if it may be followed there",
        page=DOCS + "settings/how-to-call-rest-api/change-domen.html",
    ),
)
"""In the order of a row's life."""
