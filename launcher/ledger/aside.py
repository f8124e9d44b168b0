"""The shortest way into SQLite, for what every row of a run passes through."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine

Done = TypeVar("Done")


class Aside:
    """Whole transactions on SQLite, each in one step of a thread, on connections that stay open.

    One thread for all that write, since SQLite lets one write at a time. A connection is opened only where none
    is idle: once the ledger's file is gone, there are no new ones.
    """

    def __init__(self, engine: Engine) -> None:
        """`engine`: whose transactions write, and with the option `launcher_reading` only read."""
        self._writers = ThreadPoolExecutor(1, "ledger-writes")
        self._readers = ThreadPoolExecutor(2, "ledger-reads")
        self._engine = engine
        self._idle: dict[bool, deque[Connection]] = {True: deque(), False: deque()}
        """By whether they only read."""

    async def write(self, work: Callable[[Connection], Done]) -> Done:
        """What the work gives back, once the transaction is durable."""
        return await _whole(self._writers, lambda: self._transaction(work, reading=False))

    async def read(self, work: Callable[[Connection], Done]) -> Done:
        """What the work gives back, which changes nothing."""
        return await _whole(self._readers, lambda: self._transaction(work, reading=True))

    def _transaction(self, work: Callable[[Connection], Done], *, reading: bool) -> Done:
        idle = self._idle[reading]
        try:
            connection = idle.pop()
        except IndexError:
            connection = self._engine.connect().execution_options(launcher_reading=reading)
        try:
            with connection.begin():
                return work(connection)
        finally:
            idle.append(connection)

    def close(self) -> None:
        """End the threads, and the connections with them."""
        self._writers.shutdown()
        self._readers.shutdown()
        for connection in (*self._idle[True], *self._idle[False]):
            connection.close()
        self._engine.dispose()


async def _whole(threads: ThreadPoolExecutor, step: Callable[[], Done]) -> Done:
    """What the step gives back. It is over when this returns, also where this is cancelled.

    Else a transaction could come after those of whoever cancelled it.
    """
    going = asyncio.get_running_loop().run_in_executor(threads, step)
    try:
        return await asyncio.shield(going)
    except asyncio.CancelledError:
        await asyncio.wait({going})
        raise
