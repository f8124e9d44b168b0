"""The shortest way into SQLite, for what every row of a run passes through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine

Done = TypeVar("Done")


class Aside:
    """Whole transactions on SQLite, each in one step of a thread.

    One thread for all that write, since SQLite lets one write at a time.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(launcher_reading=True)
        self._writers = ThreadPoolExecutor(1, "ledger-writes")
        self._readers = ThreadPoolExecutor(2, "ledger-reads")

    async def write(self, work: Callable[[Connection], Done]) -> Done:
        """What the work gives back, once the transaction is durable."""

        def transaction() -> Done:
            with self._engine.begin() as connection:
                return work(connection)

        return await _whole(self._writers, transaction)

    async def read(self, work: Callable[[Connection], Done]) -> Done:
        """What the work gives back, which changes nothing."""

        def view() -> Done:
            with self._reading.connect() as connection:
                return work(connection)

        return await _whole(self._readers, view)

    def close(self) -> None:
        """End the threads, and the connections with them."""
        self._writers.shutdown()
        self._readers.shutdown()
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
