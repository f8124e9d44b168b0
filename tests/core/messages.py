"""All that the catalogue says, as one document; messages.md beside this file is it as it was last approved.

To write it anew, after reading aloud what changed: python -m tests.core.messages > tests/core/messages.md
"""

from __future__ import annotations

from collections.abc import Iterator

from launcher.core.catalogue import (
    ENTRIES,
    Action,
    Entry,
    answers_lost_text,
    given_up_text,
    moved_text,
    refused_caller_text,
    row_text,
    stop_text,
)
from launcher.core.catalogue.entries import ANSWERS_LOST, REFUSED_CALLER, RUNS
from launcher.messages import wording

PORTALS_WORDS = "THE PORTAL'S WORDS"


def document() -> str:
    """Every code with its explanation, and the messages in which it is met."""
    return "# What the launcher says of errors\n" + "".join("\n".join(_lines(entry)) for entry in ENTRIES)


def _lines(entry: Entry) -> Iterator[str]:
    yield f"\n## {entry.name}"
    yield ""
    yield f"- means: {entry.meaning}."
    yield f"- started: {entry.started}. The launcher {wording('action', entry.does)}."
    yield f"- fixed by: {wording('who', entry.who)}."
    if entry.remedy:
        yield f"- what to do: {entry.remedy}."
    if entry.page:
        yield f"- page: {entry.page}"
    if entry.also:
        yield f"- also: {', '.join(entry.also)}"
    if entry in RUNS:
        yield f"- stops with: {_given_up(entry)}"
    elif entry.code == "moved":
        yield f"- stops with: {moved_text('new.example')}"
    elif entry is REFUSED_CALLER:
        yield f"- stops with: {refused_caller_text('A_CODE', PORTALS_WORDS)}"
    elif entry.does is Action.STOPS:
        yield f"- stops with: {stop_text(entry.code, PORTALS_WORDS)}"
    elif not entry.title:
        yield f"- in the results: {row_text(entry.code, entry.text or PORTALS_WORDS)}"
    yield ""


def _given_up(entry: Entry) -> str:
    return answers_lost_text(10) if entry is ANSWERS_LOST else given_up_text(entry.code, "30 min")


if __name__ == "__main__":
    print(document(), end="")
