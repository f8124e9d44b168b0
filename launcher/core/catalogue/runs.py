"""Why a run stops that no code of the portal's has stopped: nothing gets through."""

from __future__ import annotations

from launcher.core.catalogue.entry import LIMITS, Does, Entry, Started, Who


def _stops(code: str, meaning: str, who: Who, mend: str, page: str = "") -> Entry:
    return Entry(
        code=code, meaning=meaning, started=Started.NO, does=Does.STOPS, who=who, mend=mend, page=page
    )  # fmt: skip


ANSWERS_LOST = Entry(
    code="answers lost",
    meaning="one answer after the other did not come, so that nobody knows what the portal does",
    started=Started.MAYBE,
    does=Does.STOPS,
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
