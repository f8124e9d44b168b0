"""Makes starts of rows; the people whom the rows name are looked up first."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.core.mapping import Mapper
from launcher.core.model import Candidate
from launcher.engine.asking import Asker
from launcher.engine.people import PeopleFinder
from launcher.sheets import Row


class Candidates:
    """What the rows of one file are to start."""

    def __init__(self, mapper: Mapper, asker: Asker) -> None:
        self._mapper = mapper
        self._finder = PeopleFinder(asker, mapper.people)

    async def of(self, rows: Sequence[Row]) -> list[Candidate]:
        """One candidate for each row. Asks the portal only for people. Raises AskingError."""
        if self._mapper.names_people:
            await self._finder.learn(name for row in rows for name in self._mapper.names(row.cells, row.kinds))
        return [self._mapper.start(row.number, row.cells, row.kinds) for row in rows]
