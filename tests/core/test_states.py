"""What may happen to a row in each of its states, drawn as a table: what is not drawn is refused."""

from __future__ import annotations

from itertools import product

import pytest

from launcher.core.model import State
from launcher.core.states import (
    ANSWERS,
    CORRECTIONS,
    MAY_HAVE_STARTED,
    SENDABLE,
    TO_FIX,
    TRANSITIONS,
    UNSETTLED,
    Event,
    sources,
    target,
)

DRAWN = """
                            pending  sent     deferred started  failed   unknown  invalid  skipped
sent                        sent     .        sent     .        .        .        .        .
taken over                  skipped  .        skipped  .        .        .        .        .
answered: started           .        started  .        .        .        .        .        .
answered: refused           .        failed   .        .        .        .        .        .
answered: later             .        deferred .        .        .        .        .        .
answered: not in this run   .        pending  .        .        .        .        .        .
no answer                   .        unknown  .        .        .        .        .        .
doubted                     .        .        .        unknown  .        .        .        .
interrupted                 .        unknown  .        .        .        .        .        .
reconciled                  .        .        .        .        .        started  .        .
not found                   .        .        .        .        .        unknown  .        .
retried                     .        .        .        .        pending  .        .        .
retried, unknown            .        .        .        .        .        pending  .        .
corrected                   .        .        .        .        pending  .        pending  .
corrected, invalid          .        .        .        .        invalid  .        invalid  .
corrected, skipped          .        .        .        .        skipped  .        skipped  .
"""


def drawn() -> dict[tuple[State, Event], State | None]:
    heading, *lines = DRAWN.strip().splitlines()
    states = [State(name) for name in heading.split()]
    cells = [line.rsplit(maxsplit=len(states)) for line in lines]
    return {
        (state, Event(event.strip())): None if after == "." else State(after)
        for event, *afters in cells
        for state, after in zip(states, afters, strict=True)
    }


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_an_event_leads_where_the_table_says_or_is_refused(state: State, event: Event) -> None:
    assert TRANSITIONS.get((state, event)) == drawn()[state, event]


@pytest.mark.parametrize("event", Event)
def test_every_event_may_happen_somewhere_and_leads_to_one_state(event: Event) -> None:
    assert {TRANSITIONS[state, event] for state in sources(event)} == {target(event)}


def test_what_may_have_started_is_sent_again_only_by_a_certain_no_or_a_person() -> None:
    back = {
        event
        for (state, event), after in TRANSITIONS.items()
        if state in MAY_HAVE_STARTED and after not in MAY_HAVE_STARTED
    }

    assert back == {
        Event.ANSWERED_REFUSED,
        Event.ANSWERED_LIMITED,
        Event.ANSWERED_HALTED,
        Event.RETRIED_UNKNOWN,
    }


def test_without_a_person_no_way_leads_from_started_or_unknown_to_sent() -> None:
    reached = {State.STARTED, State.UNKNOWN}
    for _ in State:
        reached |= {
            after
            for (state, event), after in TRANSITIONS.items()
            if state in reached and event is not Event.RETRIED_UNKNOWN
        }

    assert reached == {State.STARTED, State.UNKNOWN}


def test_a_skipped_row_stays_skipped() -> None:
    assert not [state for state, _ in TRANSITIONS if state is State.SKIPPED]


def test_every_answer_is_to_a_row_in_flight() -> None:
    assert (
        {sources(event) for event in ANSWERS.values()}
        == {sources(Event.INTERRUPTED)}
        == {frozenset({State.SENT})}
    )
    assert set(ANSWERS) == set(State) - {State.SENT, State.INVALID, State.SKIPPED}


def test_every_correction_is_of_a_row_to_fix_and_ends_as_a_plan_does() -> None:
    assert {sources(event) for event in CORRECTIONS.values()} == {TO_FIX}
    assert set(CORRECTIONS) == {State.PENDING, State.INVALID, State.SKIPPED}


def test_the_sets_of_states_that_the_table_makes() -> None:
    assert frozenset({State.PENDING, State.DEFERRED}) == SENDABLE
    assert frozenset({State.FAILED, State.INVALID}) == TO_FIX
    assert frozenset({State.PENDING, State.DEFERRED, State.SENT}) == UNSETTLED
    assert not MAY_HAVE_STARTED & (SENDABLE | TO_FIX)
