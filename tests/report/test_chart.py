"""The chart stays within its picture, and says in words what it shows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from launcher.core.model import State
from launcher.core.timeline import PACED, Answers, Wait, course
from launcher.report.chart import BOTTOM, LEFT, RIGHT, TOP, WIDTH, chart

NOON = 1_700_000_000.0

answers = st.lists(
    st.builds(
        Answers, st.integers(0, 200_000).map(lambda s: NOON + s), st.sampled_from(State), st.integers(1, 9000)
    ),
    min_size=1, max_size=80,
)  # fmt: skip
waits = st.lists(
    st.builds(
        Wait, st.sampled_from(["rate limit", "no connection", "a reason of its own"]),
        st.integers(0, 200_000).map(lambda s: NOON + s), st.floats(0.01, 4000),
    ),
    max_size=20,
)  # fmt: skip


@given(answers, waits)
def test_everything_stands_within_the_picture(found: list[Answers], waited: list[Wait]) -> None:
    found.sort(key=lambda one: one.at)
    waited.sort(key=lambda one: one.began_at)

    drawn = chart(course(found, waited, slot_s=1), working_s=100)

    assert drawn is not None
    for box in (*drawn.bars, *drawn.marks, *drawn.bands):
        assert box.x >= LEFT
        assert box.x + box.width <= RIGHT + 4 < WIDTH
        assert box.width > 0
        assert box.height > 0
    for box in drawn.bars:
        assert box.y >= TOP - 5
        assert box.y + box.height <= BOTTOM + 0.2
    for mark in drawn.marks:
        assert mark.y + mark.height <= drawn.height
    assert drawn.times


def test_the_words_tell_rows_waits_and_pacing() -> None:
    found = course(
        [Answers(NOON, State.STARTED, 2400), Answers(NOON + 1, State.FAILED, 100)],
        [Wait("rate limit", NOON + 1, 12), Wait(PACED, NOON, 60), Wait("no connection", NOON + 20, 3)],
        slot_s=1,
    )

    drawn = chart(found, working_s=100)

    assert drawn is not None
    assert "2,500 rows answered" in drawn.text
    assert "at the fastest 2,400 a second" in drawn.text
    assert "No request could leave for 15 s: rate limit 12 s, no connection 3.0 s." in drawn.text
    assert "For 60% of its working time" in drawn.text
    assert [label.text for label in drawn.lanes] == ["rate limit", "no connection"]
    assert [bar.text.partition(": ")[2] for bar in drawn.bars] == ["2,400 started", "100 failed"]


def test_many_short_waits_are_drawn_as_few_marks_and_none_is_lost() -> None:
    many = [Wait("rate limit", NOON + 2 * n, 1.0) for n in range(20_000)]

    drawn = chart(course([Answers(NOON, State.STARTED, 1)], many, slot_s=1), working_s=1)

    assert drawn is not None
    assert len(drawn.marks) < 1000
    assert "20,000 waits" in drawn.marks[0].text


def test_a_run_that_sent_nothing_has_no_chart() -> None:
    assert chart(course([], [], slot_s=1), working_s=0) is None
