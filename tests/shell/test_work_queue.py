"""The bounded queue between the ledger and the workers. Nothing here waits for a clock."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from launcher.core.model import Start
from launcher.engine.work_queue import WorkQueue
from tests.core.making import lead


def starts(first: int, count: int) -> list[Start]:
    return [lead(row_number) for row_number in range(first, first + count)]


def numbers(taken: list[Start]) -> list[int]:
    return [start.row_number for start in taken]


async def settled_tasks() -> None:
    """Return when every task has gone as far as it can without the others."""
    for _ in range(10):
        await asyncio.sleep(0)


async def waiting(group: asyncio.TaskGroup, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """That work as a task which has begun, and waits."""
    task = group.create_task(work)
    await settled_tasks()
    assert not task.done()
    return task


async def test_starts_are_handed_out_in_their_order_by_the_batch() -> None:
    queue = WorkQueue(100)
    await queue.put(starts(2, 3))
    await queue.put(starts(5, 3))

    assert numbers(await queue.take(2)) == [2, 3]
    assert numbers(await queue.take(4)) == [4, 5, 6, 7]


async def test_while_more_are_coming_a_worker_waits_for_a_whole_batch() -> None:
    queue = WorkQueue(100)
    await queue.put(starts(2, 49))
    async with asyncio.TaskGroup() as group:
        worker = await waiting(group, queue.take(50))

        await queue.put(starts(51, 3))

    assert numbers(worker.result()) == list(range(2, 52))
    assert numbers(await queue.take(2)) == [52, 53]


async def test_once_no_more_are_coming_the_rest_is_handed_out_as_it_is() -> None:
    queue = WorkQueue(100)
    await queue.put(starts(2, 3))
    async with asyncio.TaskGroup() as group:
        worker = await waiting(group, queue.take(50))
        end = await waiting(group, queue.all_settled())
        assert numbers(await worker) == [2, 3, 4]
        assert not end.done()

        await queue.settle(3)
        await settled_tasks()
        assert end.done()


async def test_after_a_round_has_ended_a_worker_waits_for_whole_batches_of_the_next_again() -> None:
    queue = WorkQueue(100)
    await queue.all_settled()
    await queue.put(starts(2, 3))
    async with asyncio.TaskGroup() as group:
        worker = await waiting(group, queue.take(5))
        await queue.put(starts(5, 2))

    assert numbers(worker.result()) == [2, 3, 4, 5, 6]


async def test_what_could_not_be_sent_goes_back_in_front_and_in_its_order() -> None:
    queue = WorkQueue(100)
    await queue.put(starts(2, 6))
    taken = await queue.take(4)

    await queue.requeue(taken[1:])

    assert numbers(await queue.take(5)) == [3, 4, 5, 6, 7]


async def test_what_goes_back_wakes_a_worker_that_waits() -> None:
    queue = WorkQueue(100)
    await queue.put(starts(2, 2))
    taken = await queue.take(2)
    async with asyncio.TaskGroup() as group:
        worker = await waiting(group, queue.take(2))
        await queue.requeue(taken)

    assert numbers(worker.result()) == [2, 3]


async def test_what_goes_back_is_not_yet_settled() -> None:
    queue = WorkQueue(100)
    await queue.put(starts(2, 2))
    async with asyncio.TaskGroup() as group:
        end = await waiting(group, queue.all_settled())
        await queue.requeue(await queue.take(2))
        await settled_tasks()
        assert not end.done()

        await queue.settle(len(await queue.take(2)))
        await settled_tasks()
        assert end.done()


async def test_it_ends_when_every_start_is_settled_and_not_before() -> None:
    queue = WorkQueue(100)
    await queue.put(starts(2, 5))
    async with asyncio.TaskGroup() as group:
        end = await waiting(group, queue.all_settled())
        await queue.take(5)
        await queue.settle(0)
        await queue.settle(4)
        await settled_tasks()
        assert not end.done()

        await queue.settle(1)
        await settled_tasks()
        assert end.done()


async def test_where_nothing_was_put_in_all_is_settled() -> None:
    async with asyncio.TaskGroup() as group:
        end = group.create_task(WorkQueue(100).all_settled())
        await settled_tasks()
        assert end.done()


async def test_whoever_puts_in_waits_while_it_is_full_and_goes_on_when_there_is_room() -> None:
    queue = WorkQueue(10)
    await queue.put(starts(2, 10))
    async with asyncio.TaskGroup() as group:
        filler = await waiting(group, queue.put(starts(12, 5)))
        assert numbers(await queue.take(1)) == [2]
        await filler

    assert numbers(await queue.take(14)) == list(range(3, 17))


async def test_it_never_holds_more_than_its_bound_and_one_page_however_many_rows_there_are() -> None:
    queue, page, held = WorkQueue(20), 10, [0]

    async def fill() -> None:
        for first in range(0, 1000, page):
            await queue.put(starts(first, page))
            held.append(len(queue._starts))

    async with asyncio.TaskGroup() as group:
        filling = await waiting(group, fill())
        while not filling.done():
            await queue.take(7)
            await settled_tasks()

    assert len(held) > 100
    assert 20 <= max(held) < 20 + page


async def test_a_worker_may_give_back_though_it_is_full() -> None:
    """Otherwise worker and feeder would wait for each other."""
    queue = WorkQueue(2)
    await queue.put(starts(2, 2))
    taken = await queue.take(2)
    await queue.put(starts(4, 2))

    await queue.requeue(taken)

    assert numbers(await queue.take(4)) == [2, 3, 4, 5]


async def test_closing_wakes_everybody() -> None:
    queue = WorkQueue(3)
    await queue.put(starts(2, 3))
    async with asyncio.TaskGroup() as group:
        filler = await waiting(group, queue.put(starts(5, 3)))
        workers = [await waiting(group, queue.take(50)) for _ in range(3)]
        await queue.close()

    assert filler.done()
    assert [worker.result() for worker in workers] == [[], [], []]


async def test_closing_ends_the_wait_for_what_is_in_the_air() -> None:
    queue = WorkQueue(3)
    await queue.put(starts(2, 3))
    await queue.take(3)
    async with asyncio.TaskGroup() as group:
        end = await waiting(group, queue.all_settled())
        await queue.close()
        await settled_tasks()
        assert end.done()


async def test_once_closed_it_hands_out_nothing_though_there_is_some() -> None:
    queue = WorkQueue(10)
    await queue.put(starts(2, 5))
    taken = await queue.take(2)
    await queue.close()
    await queue.requeue(taken)

    assert await queue.take(1) == []
    await queue.put(starts(9, 20))
    assert await queue.take(50) == []


@pytest.mark.parametrize(("workers", "rows"), [(1, 137), (4, 500), (6, 3)])
async def test_many_workers_get_every_start_once_and_only_the_last_batch_is_small(
    workers: int, rows: int
) -> None:
    queue, batches = WorkQueue(60), list[list[int]]()

    async def work() -> None:
        while taken := await queue.take(20):
            batches.append(numbers(taken))
            await asyncio.sleep(0)
            await queue.settle(len(taken))

    async def fill() -> None:
        for first in range(0, rows, 15):
            await queue.put(starts(first, min(15, rows - first)))
        await queue.all_settled()
        await queue.close()

    async with asyncio.TaskGroup() as group:
        group.create_task(fill())
        for _ in range(workers):
            group.create_task(work())

    assert sorted(number for batch in batches for number in batch) == list(range(rows))
    assert [len(batch) for batch in batches[:-1]] == [20] * (len(batches) - 1)
