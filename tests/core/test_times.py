"""What an answer says of time: as real portals write it, and as nobody should."""

from typing import Any

import pytest

from launcher.core.answers import BATCH, NOTHING, START, Response, ResponseLost, Times, Told, times_of

WHOLE = {
    "start": 1_790_000_000.1, "finish": 1_790_000_002.5, "duration": 2.4, "processing": 2.3,
    "date_start": "2026-11-23T10:00:00+03:00", "operating": 7.5, "operating_reset_at": 1_790_000_600,
}  # fmt: skip


def inner(used_s: float, finish: float, duration: float = 1.0) -> dict[str, Any]:
    return {"finish": finish, "duration": duration, "operating": used_s, "operating_reset_at": 1_790_000_590}


def batch(result_time: object, time: object = WHOLE) -> Response:
    maps = {"result": {"r2": "66e.1"}, "result_error": [], "result_time": result_time}
    return Response(200, {"result": maps, "time": time})


def test_a_start_that_went_alone_tells_of_its_own_account() -> None:
    told = Told(used_s=7.5, at=1_790_000_002.5, reset_at=1_790_000_600)

    assert times_of(Response(200, {"result": "66e.1", "time": WHOLE}), alone=True) == Times(2.4, {START: told})


def test_a_batch_tells_of_its_account_and_of_the_last_command_of_that_inside() -> None:
    found = times_of(batch({"r2": inner(3, 1_790_000_001), "r3": inner(4.5, 1_790_000_002, 1.25)}))

    assert found.execution_s == 2.25
    assert found.told[BATCH].used_s == 7.5
    assert found.told[START] == Told(4.5, 1_790_000_002, 1_790_000_590)


def test_where_no_command_tells_its_time_that_of_the_whole_is_taken() -> None:
    assert times_of(batch([])).execution_s == 2.4
    assert times_of(batch({"r2": {"finish": 5}})).execution_s == 2.4


def test_a_portal_that_keeps_no_account_tells_durations_only() -> None:
    silent = {"finish": 1_790_000_002.5, "duration": 2.4}

    assert times_of(batch({"r2": silent}, silent)) == Times(2.4, {})


@pytest.mark.parametrize("strange", ["7.5", None, True, -1, float("nan"), float("inf"), [], {}])
@pytest.mark.parametrize("name", ["operating", "finish", "operating_reset_at"])
def test_what_cannot_be_read_counts_as_missing(name: str, strange: object) -> None:
    answer = Response(200, {"result": "66e.1", "time": {**WHOLE, name: strange}})

    assert times_of(answer, alone=True).told == {}


@pytest.mark.parametrize(
    "outcome",
    [
        ResponseLost("TimeoutError"), Response(200, []), Response(200, None), Response(200, {"time": []}),
        Response(429, {"error": "OPERATION_TIME_LIMIT"}), Response(200, {"result": {"result_time": "x"}}),
        Response(200, {"result": {"result_time": {"r2": 5, "r3": []}}}),
    ],
)  # fmt: skip
def test_an_answer_that_tells_nothing_is_no_mistake(outcome: Response | ResponseLost) -> None:
    assert times_of(outcome) == NOTHING
    assert times_of(outcome, alone=True) == NOTHING
