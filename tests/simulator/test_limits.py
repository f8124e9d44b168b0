"""The rate limit's bucket and the operating baskets: as arithmetic, and on the socket."""

import pytest

from launcher.simulator import Settings
from launcher.simulator.limits import Bucket, Operating

DAY = 1_790_000_000.0


def test_a_full_burst_passes_at_once_and_not_one_more() -> None:
    bucket = Bucket()

    assert [bucket.take(DAY + 0.9, 50, 2) for _ in range(51)] == [True] * 50 + [False]


def test_the_bucket_leaks_at_whole_seconds_only() -> None:
    bucket = Bucket()
    for _ in range(50):
        bucket.take(DAY + 0.5, 50, 2)

    assert not bucket.take(DAY + 0.999, 50, 2)
    assert [bucket.take(DAY + 1.0, 50, 2) for _ in range(3)] == [True, True, False]
    assert not bucket.take(DAY + 1.99, 50, 2)
    assert bucket.take(DAY + 2.01, 50, 2)


def test_a_refused_request_does_not_raise_the_level_and_an_idle_bucket_is_empty() -> None:
    bucket = Bucket()
    for _ in range(500):
        bucket.take(DAY, 50, 2)

    assert bucket.level == 50
    bucket.leak(DAY + 1000, 2)
    assert bucket.level == 0


def test_baskets_drop_out_one_by_one() -> None:
    account = Operating()
    account.charge(DAY, 30, 60)
    account.charge(DAY + 59, 5, 60)
    account.charge(DAY + 61, 7, 60)

    assert account.total(DAY + 599, 600) == 42
    assert account.reset_at(DAY + 599, 600) == DAY + 600
    assert account.total(DAY + 600, 600) == 7
    assert account.reset_at(DAY + 600, 600) == DAY + 661
    assert account.total(DAY + 661, 600) == 0
    assert account.reset_at(DAY + 700.7, 600) == DAY + 1300


def test_baskets_may_open_at_their_own_time() -> None:
    account = Operating()
    account.charge(DAY + 30, 30, 60, phase=10)
    account.charge(DAY + 69, 5, 60, phase=10)
    account.charge(DAY + 71, 7, 60, phase=10)

    first = DAY + 30 - (DAY + 20) % 60
    assert account.reset_at(DAY + 71, 600) == first + 600
    assert account.total(first + 599, 600) == 42
    assert account.total(first + 600, 600) < 42


def test_another_program_takes_its_part_of_what_leaks() -> None:
    bucket = Bucket()
    bucket.take(DAY, 50, 2, 1)
    taken = sum(bucket.take(DAY + tenth / 10, 50, 2, 1) for tenth in range(1, 3001))

    assert taken == pytest.approx(50 + 300, abs=3)


def test_another_program_fills_the_bucket_while_nobody_else_calls() -> None:
    bucket = Bucket()
    bucket.take(DAY, 50, 2, 3)

    assert [bucket.take(DAY + 1000.9, 50, 2, 3) for _ in range(3)].count(True) <= 1


async def test_above_the_burst_a_request_is_refused_and_nothing_is_executed(simulate, ask, batch):
    portal = await simulate(burst=3, per_second=0.0)
    for number in (1, 2, 3):
        assert (await ask(portal, "batch", batch(number)))[0] == 200

    status, answer = await ask(portal, "batch", batch(4))

    assert (status, answer["error"]) == (503, "QUERY_LIMIT_EXCEEDED")
    assert len(portal.started) == 3
    last = portal.requests[-1]
    assert (last.number, last.status, last.code, last.commands) == (4, 503, "QUERY_LIMIT_EXCEEDED", 0)


async def test_a_batch_counts_once_and_unknown_methods_count_too(simulate, ask, batch):
    portal = await simulate(burst=2, per_second=0.0)

    assert (await ask(portal, "batch", batch(*range(1, 51))))[0] == 200
    assert (await ask(portal, "no.such.method"))[0] == 404
    assert (await ask(portal, "profile"))[0] == 503


async def test_each_source_has_a_bucket_of_its_own(simulate, ask, http):
    portal = await simulate(burst=1, per_second=0.0)
    async with http.post(portal.url + "/simulator/bucket", json={"fill": 1, "source": "192.0.2.7"}) as response:
        assert (await response.json())["level"] == 1

    assert (await ask(portal, "profile"))[0] == 200
    assert (await ask(portal, "profile"))[0] == 503
    assert portal.requests[-1].source == "127.0.0.1"


async def test_another_program_can_have_used_the_bucket(simulate, ask, http):
    portal = await simulate(burst=50, per_second=0.0)

    async with http.post(portal.url + "/simulator/bucket", json={"fill": 49}) as response:
        assert (await response.json())["level"] == 49

    assert [(await ask(portal, "profile"))[0] for _ in range(2)] == [200, 503]


SLOW = {"burst": 0, "start_seconds": 0.01, "operating_limit": 0.025}


async def test_seconds_are_charged_to_the_inner_method(simulate, ask, batch, lead):
    portal = await simulate(**SLOW, operating_mode="method")

    _, answer = await ask(portal, "batch", batch(1, 2, 3, 4, 5))

    maps = answer["result"]
    refusal = "OPERATION_TIME_LIMIT"
    assert [error["error"] for error in maps["result_error"].values()] == [refusal, refusal]
    assert [round(block["operating"], 3) for block in maps["result_time"].values()] == [0.01, 0.02, 0.03]
    assert round(answer["time"]["operating"], 3) == 0.03
    assert len(portal.started) == 3
    status, answer = await ask(portal, "bizproc.workflow.start", lead(9))
    assert (status, answer["error"]) == (429, refusal)
    status, answer = await ask(portal, "profile")
    assert (status, answer["time"]["operating"]) == (200, 0)


async def test_seconds_are_charged_to_the_batch(simulate, ask, batch, lead):
    portal = await simulate(**SLOW, operating_mode="batch")

    _, answer = await ask(portal, "batch", batch(1, 2, 3, 4))
    assert answer["result"]["result_error"] == []
    assert round(answer["time"]["operating"], 3) == 0.04
    assert {block["operating"] for block in answer["result"]["result_time"].values()} == {0}

    status, answer = await ask(portal, "batch", batch(5))
    assert (status, answer["error"]) == (429, "OPERATION_TIME_LIMIT")
    assert (await ask(portal, "bizproc.workflow.start", lead(9)))[0] == 200
    assert len(portal.started) == 5


async def test_seconds_are_charged_to_both(simulate, ask, batch, lead):
    portal = await simulate(**SLOW, operating_mode="both")

    _, answer = await ask(portal, "batch", batch(1, 2, 3, 4))

    maps = answer["result"]
    assert list(maps["result_error"]) == ["r3"]
    assert [round(block["operating"], 3) for block in maps["result_time"].values()] == [0.01, 0.02, 0.03]
    assert round(answer["time"]["operating"], 3) == 0.03
    assert (await ask(portal, "batch", batch(5)))[0] == 429
    assert (await ask(portal, "bizproc.workflow.start", lead(9)))[0] == 429


async def test_a_silent_portal_enforces_the_limit_all_the_same(simulate, ask, batch):
    portal = await simulate(**SLOW, operating_mode="none")

    _, answer = await ask(portal, "batch", batch(1, 2, 3, 4))

    assert "operating" not in answer["time"]
    assert "operating_reset_at" not in answer["result"]["result_time"]["r0"]
    assert list(answer["result"]["result_error"]) == ["r3"]


async def test_after_the_reset_the_method_may_be_called_again(simulate, ask, lead):
    portal = await simulate(burst=0, start_seconds=0.01, operating_limit=0.005)
    _, answer = await ask(portal, "bizproc.workflow.start", lead(1))
    assert (await ask(portal, "bizproc.workflow.start", lead(2)))[0] == 429

    ahead = answer["time"]["operating_reset_at"] - answer["time"]["finish"]
    portal.settings = type(portal.settings)(burst=0, operating_limit=0.005, clock_offset_seconds=ahead)

    assert 590 < ahead <= 600
    assert (await ask(portal, "bizproc.workflow.start", lead(2)))[0] == 200


def test_an_unknown_operating_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="operating_mode"):
        Settings(operating_mode="inner")  # type: ignore[arg-type]
