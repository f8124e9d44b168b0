"""Messages to people: kept before they are sent, and until they arrived."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from launcher.ledger.database import Database
from launcher.ledger.schema import nights, notices


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedMessage:
    """A message as the ledger keeps it for one channel."""

    channel: str
    subject: str
    text: str
    chat: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsentMessage(QueuedMessage):
    """A message that has not arrived. Times are seconds since 1970."""

    id: int
    created_at: float
    tries: int
    error: str
    """Why the last try failed; empty before the first."""


class Notices:
    """Written as the ledger is: what a method has written is on disk when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(
        self, of: Collection[int], written: Callable[[frozenset[int]], Sequence[QueuedMessage]], at: float
    ) -> None:
        """Keep messages in place of the drafts of these nights; `written` is told which had theirs still.

        Drafts that were released by then are messages of their own.
        """
        theirs = delete(notices).where(notices.c.state == "draft", notices.c.night.in_(of))

        def replace(connection: Connection) -> None:
            had = frozenset(connection.scalars(theirs.returning(notices.c.night))) if of else frozenset()
            keep(connection, written(had), at)

        await self._database.write(replace)

    async def release(self, portals: Sequence[str] | None, at: float) -> int:
        """Have the drafts of nights on these portals (None: on all) sent as they are; return their number."""
        drafts = update(notices).where(notices.c.state == "draft")
        if portals is not None:
            on_them = select(nights.c.id).where(nights.c.portal.in_(portals))
            drafts = drafts.where(notices.c.night.in_(on_them))
        # They wait from now on: an older one would be given up before its first try.
        return await self._database.execute(drafts.values(state="waiting", created_at=at))

    async def note(self, channel: str, error: str, at: float) -> None:
        """Record that a message was not sent, and is not tried again."""
        values = {"subject": "", "text": "", "chat": "", "state": "given up", "tries": 1}
        await self._database.execute(
            insert(notices).values(channel=channel, error=error, created_at=at, **values)
        )

    async def waiting(self, *, since: float) -> list[UnsentMessage]:
        """Return those that are to be tried, the oldest first."""
        return await self._found(("waiting",), since)

    async def unsent(self, *, since: float) -> list[UnsentMessage]:
        """Return those that did not arrive, also if no other try is made."""
        return await self._found(("draft", "waiting", "given up"), since)

    async def take(self, notice: int, at: float, *, until: float) -> bool:
        """Return whether the caller is to send it: nobody else is, until it is `sent` or `failed`, or then."""
        is_free = or_(notices.c.taken_until.is_(None), notices.c.taken_until <= at)
        mine = update(notices).where(notices.c.id == notice, notices.c.state == "waiting", is_free)
        return await self._database.execute(mine.values(taken_until=until)) == 1

    async def sent(self, notice: int, at: float) -> None:
        """Record that it has arrived. Its text is not needed any more."""
        await self._change(notice, state="sent", sent_at=at, text="", chat="", error="", taken_until=None)

    async def failed(self, notice: int, error: str, *, permanent: bool) -> None:
        """Record that it was not sent; if that is permanent, nobody tries again."""
        await self._change(
            notice,
            state="given up" if permanent else "waiting",
            error=error,
            tries=notices.c.tries + 1,
            taken_until=None,
        )

    async def _change(self, notice: int, **values: object) -> None:
        await self._database.execute(update(notices).where(notices.c.id == notice).values(**values))

    async def _found(self, states: Sequence[str], since: float) -> list[UnsentMessage]:
        query = (
            select(notices)
            .where(notices.c.state.in_(states), notices.c.created_at >= since)
            .order_by(notices.c.id)
        )
        return [_unsent(row) for row in await self._database.fetch(query)]


def keep(
    connection: Connection, messages: Sequence[QueuedMessage], at: float, *, night: int | None = None
) -> None:
    """Keep them in that transaction: to be sent, or as drafts of a night that has just ended."""
    state = "waiting" if night is None else "draft"
    values = [
        asdict(message) | {"files": "\n".join(message.files), "created_at": at, "state": state, "night": night}
        for message in messages
    ]
    if values:
        connection.execute(insert(notices), values)


_OURS = ("state", "sent_at", "taken_until", "night")


def _unsent(row: Row[tuple[object, ...]]) -> UnsentMessage:
    values = {name: value for name, value in row._mapping.items() if name not in _OURS}
    return UnsentMessage(**values | {"files": tuple(str(row.files).splitlines())})
