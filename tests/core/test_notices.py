"""What notifications are sent for a night."""

from __future__ import annotations

from dataclasses import replace

from launcher.core.model import State
from launcher.core.nights import JobResult, Outcome, Step, Way
from launcher.core.notices import (
    BODY_LETTERS,
    CHAT_LETTERS,
    SUBJECT_LETTERS,
    Event,
    Notice,
    body,
    chat,
    subject,
)
from launcher.core.summary import Cause, Counts, Ending, Exit, Summary, UnknownBefore

PORTAL = "https://company.example"
CAUSES = tuple(
    Cause(state=State.FAILED, code="", text=f"text {n}", rows=10 - n, first_row=n + 2) for n in range(5)
)


def notice(
    job: str = "leads",
    *,
    late: tuple[str, ...] = (),
    code: Exit | None = None,
    causes: tuple[Cause, ...] = (),
    **rows: int,
) -> Notice:
    counts = Counts({State(state): number for state, number in rows.items()})
    summary = Summary(
        run="r12", job=job, file="leads.csv", portal=PORTAL, ending=Ending.FINISHED, counts=counts, requests=3,
        seconds=1.0, causes=causes,
    )  # fmt: skip
    steps = (Step(Way.BEGUN, summary),) if rows else ()
    outcome = Outcome.FINISHED if rows else Outcome.NOTHING_TO_DO
    result = JobResult(
        job=job,
        portal=PORTAL,
        outcome=outcome,
        exit_code=summary.exit_code if code is None else code,
        steps=steps,
        notes=() if rows else ("there is no file leads.csv",),
    )
    return Notice(
        result=result, late=late, to_correct={"r12": "/srv/leads.failed.csv"} if rows.get("failed") else {}
    )


def test_each_night_has_its_events() -> None:
    assert notice(started=5).events == {Event.SUCCESS}
    assert notice(code=Exit.ALL_STARTED).events == {Event.SUCCESS}
    assert notice(started=5, failed=1).events == {Event.FAILURE}
    assert notice(started=5, unknown=1).events == {Event.UNKNOWN}
    assert notice(started=5, unknown=1, invalid=1).events == {Event.UNKNOWN, Event.FAILURE}
    assert notice(code=Exit.STOPPED).events == notice(code=Exit.WRONG_USAGE).events == {Event.FAILURE}
    assert notice(code=Exit.INTERRUPTED).events == set(), "it goes on by itself"
    assert notice(started=5, late=("late",)).events == {Event.LATE, Event.SUCCESS}


def test_the_first_line_says_how_it_went() -> None:
    assert subject([notice(started=95, failed=3, unknown=2)]) == (
        "launcher: leads: 3 failed, 2 unknown, 95 started"
    )
    assert subject([notice(started=100)]) == "launcher: leads: 100 started"
    assert subject([notice(code=Exit.WRONG_USAGE)]) == "launcher: leads: nothing to do"
    assert subject([notice(started=1), notice("deals", started=2)]) == "launcher: 2 jobs: all well"
    assert subject([notice(started=1), notice("deals", started=2, failed=1)]) == (
        "launcher: 1 of 2 jobs need you: deals: 1 failed, 2 started"
    )


def test_the_message_says_what_how_many_why_and_what_to_do() -> None:
    text = body([notice(started=5, failed=40, causes=CAUSES, late=("it began 2 h after it was due",))])
    assert text == (
        "leads: finished (on https://company.example)\n"
        "  it began 2 h after it was due\n"
        "  run r12 of leads.csv: 5 started, 40 failed\n"
        "    10 rows failed, as row 2: text 0\n"
        "    9 rows failed, as row 3: text 1\n"
        "    8 rows failed, as row 4: text 2\n"
        "    Rows to fix: /srv/leads.failed.csv\n"
        "    Fix them there, then: launcher retry r12 --file /srv/leads.failed.csv\n"
    )


def test_a_lost_answer_is_told_in_words_and_not_by_a_librarys_name() -> None:
    text = "the portal's answer was lost; the workflow may have started"
    cause = Cause(state=State.UNKNOWN, code="ServerDisconnectedError", text=text, rows=1, first_row=2)

    told = body([notice(unknown=1, causes=(cause,))])

    assert f"1 row unknown, as row 2: {text} (" in told
    assert "ServerDisconnectedError" not in told


def test_the_chat_gets_no_markup_and_no_novel() -> None:
    tricky = Cause(
        state=State.FAILED, code="X", text="[url=https://evil.example]win[/url]", rows=1, first_row=2
    )
    assert "[" not in chat([notice(failed=1, causes=(tricky,))])
    long = [notice(f"job-{number}", failed=1, causes=CAUSES) for number in range(50)]
    assert len(chat(long)) <= CHAT_LETTERS + 2
    assert chat(long).startswith("launcher: 50 of 50 jobs need you: job-0: 1 failed")


def test_however_much_there_is_to_say_a_message_can_be_read() -> None:
    long = notice("leads")
    noted = replace(long, result=replace(long.result, notes=tuple(f"note {n}" for n in range(10_000))))
    assert "  note 19\n  … and 9,980 more notes\n" in body([noted])
    many = [notice(f"job {n}", failed=1, causes=CAUSES) for n in range(2_000)]
    assert len(body(many)) <= BODY_LETTERS + 3
    assert body(many).endswith("\n…\n")
    wide = [notice("клиенты\nBcc: all@company.example " * 1_000, failed=1)]
    assert len(subject(wide)) == SUBJECT_LETTERS
    assert "\n" not in subject(wide)
    assert 0 < len(chat(wide)) <= CHAT_LETTERS + 2


def test_rows_that_are_unknown_since_an_earlier_run_are_told() -> None:
    night = notice(skipped=3)
    [step] = night.result.steps
    summary = replace(step.summary, unknown_before=(UnknownBefore("r3", 3),))
    result = replace(night.result, exit_code=summary.exit_code, steps=(replace(step, summary=summary),))
    told = replace(night, result=result)

    assert (result.exit_code, told.events) == (Exit.SOME_UNKNOWN, {Event.UNKNOWN})
    assert "unknown" in subject([told])
    assert "launcher retry r3 --unknown" in body([told])
