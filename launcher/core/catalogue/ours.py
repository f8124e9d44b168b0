"""The launcher's own codes: rows that are not sent, values that do not fit, and why a run stops."""

from __future__ import annotations

import re

from launcher.core.catalogue.entry import DOCS, LIMITS, START, Action, Entry, Started, Who

BUSY = "item busy"
"""Our code for a start that the portal refused because two workflows run on its item; the portal gives none."""

_BUSY_TEXTS = (
    r"одновременно быть запущено не более \d+ процесс",  # Russian
    r"can be handled by \d+ processes at most",  # English
    r"maximal \d+ workflows gleichzeitig",  # German
    r"одночасно бути запущено не більше \d+ процес",  # Ukrainian
    r"obsługiwany co najwyżej przez \d+ proces",  # Polish
    r"puede ser manejado por \d+ procesos",  # Spanish
    r"gestito al massimo da \d+ processi",  # Italian
)
"""What portals say in their languages. Source: the message LIMIT_SIMULTANEOUS_PROCESSES of the portal's module
for business processes, as public copies of its language files have it; the portal refuses before it starts.
A language that is not here makes the row failed instead of deferred, and never anything worse."""

_BUSY = re.compile("|".join(_BUSY_TEXTS), re.IGNORECASE)


def is_busy(text: str) -> bool:
    """Whether the portal refused a start because its item has as many workflows running as it may have."""
    return _BUSY.search(text) is not None


def _invalid(code: str, meaning: str, mend: str, *, told: bool = False) -> Entry:
    return Entry(
        code=code, meaning=meaning, started=Started.NO, does=Action.LEAVES_INVALID, who=Who.FILE, mend=mend,
        told=told, page="",
    )  # fmt: skip


def _skipped(code: str, meaning: str, *, started: Started = Started.NO, mend: str = "") -> Entry:
    return Entry(
        code=code, meaning=meaning, started=started, does=Action.SKIPS, who=Who.YOU if mend else Who.NOBODY,
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
        does=Action.DEFERS_THE_ROW,
        who=Who.NOBODY,
        mend="wait until one of the workflows on the document has ended, or end one; then launcher resume",
        page=START,
    ),
    Entry(
        code="reconciled",
        meaning="its answer was lost, and the portal was asked: the workflow runs",
        started=Started.YES,
        does=Action.SETTLES,
        who=Who.NOBODY,
        page="",
    ),
    Entry(
        code="moved",
        meaning="the portal answers at another address, to which the webhook's secret may not be sent",
        started=Started.NO,
        does=Action.STOPS,
        who=Who.SETTINGS,
        mend="see in a browser where the portal is now, and put that host into its address in the "
        "configuration, or under may_move_to: if it may be followed there",
        page=DOCS + "settings/how-to-call-rest-api/change-domen.html",
    ),
)
"""In the order of a row's life."""

_MEND = "correct the cell, and give the file back: launcher retry --file"


def _misfit(code: str, meaning: str, mend: str = _MEND, who: Who = Who.FILE) -> Entry:
    # Such a row's text says what it holds and what is expected.
    return Entry(
        code=code, meaning=meaning, started=Started.NO, does=Action.LEAVES_INVALID, who=who, mend=mend,
        told=True, page="",
    )  # fmt: skip


PARAMETERS = (
    _misfit(
        "bad parameters",
        "the parameters of the row's template and those of the job do not go together",
        "compare parameters: in config.yaml with the template's own",
        Who.SETTINGS,
    ),
    _misfit("blank parameter", "a parameter that the template requires is blank"),
    _misfit("bad number", "the cell holds no number of the kind that the parameter takes"),
    _misfit("unclear number", "the cell's number can be read in two ways"),
    _misfit("bad date", "the cell holds no date, or one written in another way than is expected"),
    _misfit("unclear date", "the cell's date can be read in two ways"),
    _misfit("bad yes or no", "the cell says neither yes nor no"),
    _misfit("bad option", "the cell holds none of the options of the parameter"),
    _misfit("unclear option", "the cell's text is the title of more than one option"),
    _misfit("bad person", "the cell names nobody who works on the portal"),
    _misfit("unclear person", "the cell names more than one person of the portal"),
    _misfit("bad binding", "the cell names no CRM element of a kind that the parameter takes"),
)
"""In the order of the parameters' types."""


def _stops(code: str, meaning: str, who: Who, mend: str, page: str = "") -> Entry:
    return Entry(
        code=code, meaning=meaning, started=Started.NO, does=Action.STOPS, who=who, mend=mend, page=page
    )  # fmt: skip


ANSWERS_LOST = Entry(
    code="answers lost",
    meaning="one answer after the other did not come, so that nobody knows what the portal does",
    started=Started.MAYBE,
    does=Action.STOPS,
    who=Who.ADMIN,
    mend="see in a browser whether the portal is up, and quick; then go on with launcher resume",
    page="",
)

RUNS = (
    _stops(
        "rate limit",
        "for half an hour, or what give_up_after: says, the portal has refused every request as one too many",
        Who.NETWORK,
        "see which other programs on this network call the portal, under Applications > Developer resources > "
        "Statistics there, and give them a rest; then go on with launcher resume",
        LIMITS,
    ),
    _stops(
        "operating time limit",
        "for half an hour, or what give_up_after: says, the portal has refused starts: they cost it too much",
        Who.TEMPLATE_OWNER,
        "let some time pass and go on with launcher resume; a template whose first steps do less costs less",
        LIMITS,
    ),
    _stops(
        "no connection",
        "for half an hour, or what give_up_after: says, no connection to the portal came about",
        Who.NETWORK,
        "see in a browser, on this machine, whether the portal answers; then go on with launcher resume",
    ),
    ANSWERS_LOST,
)
"""The first three by the name of the limit for which the run waited (verdict.Limit)."""
