"""Messages to people: kept before they are sent, and until they arrived."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from launcher.ledger.database import Database
from launcher.ledger.schema import nights, notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message as it is kept, for that channel."""

    channel: str
    subject: str
    text: str
    chat: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """A message that has not arrived. Times are seconds since 1970."""

    id: int
    channel: str
    subject: str
    text: str
    chat: str
    files: tuple[str, ...]
    created_at: float
    tries: int
    error: str
    """Why the last try failed; empty before the first."""


class Notices:
    """Written as the ledger is: what a method has written is on disk when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(
        self, of: Collection[int], written: Callable[[frozenset[int]], Sequence[Letter]], at: float
    ) -> None:
        """Keep messages in place of the drafts of these nights; `written` is told which had theirs still.

        Drafts that were released by then are messages of their own.
        """
        theirs = delete(notices).where(notices.c.state == "draft", notices.c.night.in_(of))
        async with self._database.writing() as connection:
            had = frozenset(await connection.scalars(theirs.returning(notices.c.night))) if of else frozenset()
            await keep(connection, written(had), at)

    async def release(self, portals: Sequence[str] | None, at: float) -> int:
        """Drafts of nights on these portals (None: on all) are to be sent as they are; how many there were."""
        drafts = update(notices).where(notices.c.state == "draft")
        if portals is not None:
            on_them = select(nights.c.id).where(nights.c.portal.in_(portals))
            drafts = drafts.where(notices.c.night.in_(on_them))
        async with self._database.writing() as connection:
            # They wait from now on: an older one would be given up before its first try.
            return (await connection.execute(drafts.values(state="waiting", created_at=at))).rowcount

    async def note(self, channel: str, error: str, at: float) -> None:
        """Something was not heard, and nobody tries again."""
        values = {"subject": "", "text": "", "chat": "", "state": "given up", "tries": 1}
        async with self._database.writing() as connection:
            await connection.execute(
                insert(notices).values(channel=channel, error=error, created_at=at, **values)
            )

    async def waiting(self, *, since: float) -> list[Unsent]:
        """Those that are to be tried, the oldest first."""
        return await self._found(("waiting",), since)

    async def unsent(self, *, since: float) -> list[Unsent]:
        """Those that did not arrive, also where no other try is made."""
        return await self._found(("draft", "waiting", "given up"), since)

    async def take(self, notice: int, at: float, *, until: float) -> bool:
        """Whether the caller is to send it; nobody else is, before it is `sent` or `failed`, or `until`."""
        is_free = or_(notices.c.taken_until.is_(None), notices.c.taken_until <= at)
        mine = update(notices).where(notices.c.id == notice, notices.c.state == "waiting", is_free)
        async with self._database.writing() as connection:
            done = await connection.execute(mine.values(taken_until=until))
            return done.rowcount == 1

    async def sent(self, notice: int, at: float) -> None:
        """It has arrived. Its text is not needed any more."""
        await self._change(notice, state="sent", sent_at=at, text="", chat="", error="", taken_until=None)

    async def failed(self, notice: int, error: str, *, permanent: bool) -> None:
        """It did not get through; for good: nobody tries again."""
        await self._change(
            notice,
            state="given up" if permanent else "waiting",
            error=error,
            tries=notices.c.tries + 1,
            taken_until=None,
        )

    async def _change(self, notice: int, **values: object) -> None:
        async with self._database.writing() as connection:
            await connection.execute(update(notices).where(notices.c.id == notice).values(**values))

    async def _found(self, states: Sequence[str], since: float) -> list[Unsent]:
        query = (
            select(notices)
            .where(notices.c.state.in_(states), notices.c.created_at >= since)
            .order_by(notices.c.id)
        )
        async with self._database.reading() as connection:
            return [_unsent(row) for row in await connection.execute(query)]


async def keep(
    connection: AsyncConnection, letters: Sequence[Letter], at: float, *, night: int | None = None
) -> None:
    """Keep them in that transaction: to be sent, or as drafts of a night that has just ended."""
    values = [
        {
            "channel": letter.channel,
            "subject": letter.subject,
            "text": letter.text,
            "chat": letter.chat,
            "files": "\n".join(letter.files),
            "created_at": at,
            "state": "waiting" if night is None else "draft",
            "night": night,
        }
        for letter in letters
    ]
    if values:
        await connection.execute(insert(notices), values)


_OURS = ("state", "sent_at", "taken_until", "night")


def _unsent(row: Row[tuple[object, ...]]) -> Unsent:
    values = {name: value for name, value in row._mapping.items() if name not in _OURS}
    return Unsent(**{**values, "files": tuple(str(values["files"]).splitlines())})
