"""The one task that writes what requests do; whoever waits goes on only when it is on disk."""

from __future__ import annotations

import asyncio
from typing import Any

from launcher.ledger import Ledger, LedgerError, LedgerGoneError, PortalLease, Record, Sent, Written

_Waiting = tuple[Record[Any], asyncio.Future[Any]]


class Recorder:
    """Records that come together are written in one transaction: one wait for the disk serves them all."""

    def __init__(self, ledger: Ledger, lease: PortalLease | None) -> None:
        """With a lease, nothing is written once it is lost."""
        self._ledger, self._lease = ledger, lease
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()

    async def write(self, record: Record[Written]) -> Written:
        """What the record does (see there), once it is durable. Raises LedgerError where it cannot be."""
        written: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((record, written))
        return await written

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            batch = [await self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get_nowait())
            batch = self._unless_gone(batch)
            try:
                done = await self._ledger.record([record for record, _ in batch], self._lease)
            except LedgerError as error:
                for _, written in batch:
                    if not written.done():
                        written.set_exception(error)
                continue
            for (_, written), result in zip(batch, done, strict=True):
                if not written.done():
                    written.set_result(result)

    def _unless_gone(self, batch: list[_Waiting]) -> list[_Waiting]:
        """What is to be written: once the ledger's file is gone, answers, and no request that is to leave."""
        try:
            self._ledger.check_place()
        except LedgerGoneError as error:
            for record, written in batch:
                if isinstance(record, Sent) and not written.done():
                    written.set_exception(error)
            return [waiting for waiting in batch if not isinstance(waiting[0], Sent)]
        return batch
