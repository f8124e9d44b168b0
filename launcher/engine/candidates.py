"""Makes starts of rows; the people whom the rows name are looked up first."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.core.mapping import Mapper, RowMapping
from launcher.core.model import Candidate
from launcher.engine.asking import Asker
from launcher.engine.job import Job
from launcher.engine.people import PeopleFinder
from launcher.ledger import Ledger
from launcher.sheets import Row


class Candidates:
    """What the rows of one file are to start."""

    def __init__(self, mapper: Mapper, asker: Asker) -> None:
        self._mapper = mapper
        self._finder = PeopleFinder(asker, mapper.people)

    async def of(self, rows: Sequence[Row]) -> list[Candidate]:
        """One candidate for each row. Asks the portal only for people. Raises PortalError."""
        if self._mapper.names_people:
            await self._finder.learn(name for row in rows for name in self._mapper.names(row.cells, row.kinds))
        return [self._mapper.start(row.number, row.cells, row.kinds) for row in rows]


async def mapping_of(job: Job, ledger: Ledger, portal: str) -> RowMapping:
    """How a row becomes a start of that job on that portal, as far as the ledger knows the portal."""
    return job.mapping(portal, await ledger.addresses_of(portal), await ledger.kindred(portal, job.name))
