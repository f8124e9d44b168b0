"""Asked of the portal before rows become starts: its templates, its people, and whether it may start any."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import cast
from zoneinfo import ZoneInfo

from launcher.core.batch import encode_call, parts, replaced_by_the_portal
from launcher.core.guard import QUESTIONS, Rights, rights_of
from launcher.core.job import JobSpec, Target
from launcher.core.mapping import Mapper
from launcher.core.model import Candidate
from launcher.core.parameters import offset_of, people_found, person_key, person_search
from launcher.core.templates import SELECTED, Template, template_of
from launcher.core.values import names_said
from launcher.engine.portal_client import PortalClient
from launcher.errors import PortalError
from launcher.ledger import Ledger
from launcher.sheets import Row


async def list_templates(client: PortalClient) -> list[Template]:
    """All templates of the portal, by their ID. Raises PortalError."""
    body: dict[str, object] = {"SELECT": SELECTED, "ORDER": {"ID": "ASC"}}
    return [found async for found in _templates(client, body)]


async def template_with_id(client: PortalClient, template_id: int) -> Template | None:
    """The template with that ID, or None where the portal lists none. Raises PortalError."""
    body: dict[str, object] = {"SELECT": SELECTED, "FILTER": {"ID": template_id}}
    # A portal that ignored the filter would give all of them.
    return next((each for each in [f async for f in _templates(client, body)] if each.id == template_id), None)


async def smart_process_names(client: PortalClient) -> dict[str, str]:
    """The names of the smart processes by their kind, `dynamic:147`; none where the portal does not tell."""
    try:
        result = (await client.ask("crm.type.list", {}))["result"]
    except PortalError:
        return {}
    types = result.get("types") if isinstance(result, dict) else None
    return {
        f"dynamic:{each['entityTypeId']}": str(each.get("title", ""))
        for each in (types if isinstance(types, list) else [])
        if isinstance(each, dict) and "entityTypeId" in each
    }


async def portal_offset(client: PortalClient, time_zone: str = "") -> str:
    """How far the portal's clock is from Greenwich: `+03:00`. Raises PortalError, also where that time zone is
    not the portal's."""
    now = (await client.ask("server.time", {}))["result"]
    offset = offset_of(now) if isinstance(now, str) else ""
    if not offset:
        raise PortalError("portal-time-unreadable", portal=client.portal)
    if time_zone:
        there = dt.datetime.fromisoformat(str(now)).astimezone(ZoneInfo(time_zone)).isoformat()
        if offset_of(there) != offset:
            raise PortalError(
                "portal-time-zone-differs",
                portal=client.portal,
                offset=offset,
                time_zone=time_zone,
                offset_of=offset_of(there),
            )
    return offset


async def _templates(client: PortalClient, body: dict[str, object]) -> AsyncIterator[Template]:
    start: object = 0
    while isinstance(start, int):
        answer = await client.ask("bizproc.workflow.template.list", {**body, "start": start}, result_type=list)
        for item in cast("list[object]", answer["result"]):
            if (template := template_of(item)) is not None:
                yield template
        following = answer.get("next")
        start = following if isinstance(following, int) and following > start else None


async def with_types(job: JobSpec, templates: Sequence[Template], client: PortalClient) -> JobSpec:
    """The job with the types of these templates' parameters, the portal's offset, and the people whom the job
    itself names. Asks only for what the job needs. Raises PortalError."""
    types = replace(job.types, declared={template.id: template.parameters for template in templates})
    if types.need_offset(list(job.parameters)):
        types = replace(types, offset=await portal_offset(client, types.time_zone))
    people: dict[str, tuple[str, ...]] = {}
    await PeopleFinder(client, people).learn(names_said(job.parameters, types))
    return replace(job, types=replace(types, people=people))


async def ask_rights(client: PortalClient) -> Rights:
    """What whoever calls may do. Raises PortalError."""
    results, _ = await client.ask_all(QUESTIONS)
    return rights_of(results)


@dataclass(slots=True)
class PeopleFinder:
    """Learns whom names mean; `known` grows, and whoever reads rows reads it."""

    client: PortalClient
    known: dict[str, tuple[str, ...]]
    asked: set[str] = field(default_factory=set)

    async def learn(self, names: Iterable[str]) -> None:
        """Whoever of these can be found is known when this returns. Raises PortalError.

        Somebody about whom the portal does not say is left out, and not asked for again.
        """
        wanted = {person_key(name): name for name in names}
        new = [(key, name) for key, name in wanted.items() if key not in self.known and key not in self.asked]
        for some in parts(new):
            commands = {
                f"p{index}": encode_call("user.get", person_search(name))
                for index, (_, name) in enumerate(some)
                if not replaced_by_the_portal(name)
            }
            results, _ = await self.client.ask_all(commands)
            for index, (key, name) in enumerate(some):
                self.asked.add(key)
                if f"p{index}" in results:
                    self.known[key] = people_found(name, results[f"p{index}"])


class Candidates:
    """What the rows of one file are to start."""

    def __init__(self, mapper: Mapper, client: PortalClient) -> None:
        self._mapper = mapper
        self._finder = PeopleFinder(client, mapper.people)

    async def of(self, rows: Sequence[Row]) -> list[Candidate]:
        """One candidate for each row. Asks the portal only for people. Raises PortalError."""
        if self._mapper.names_people:
            await self._finder.learn(name for row in rows for name in self._mapper.names(row.cells, row.kinds))
        return [self._mapper.start(row.number, row.cells, row.kinds) for row in rows]


async def mapper_of(job: JobSpec, header: Sequence[str], ledger: Ledger, portal: str) -> Mapper:
    """How a row becomes a start of that job on that portal, as the ledger knows it. Raises MappingError."""
    target = Target(
        portal=portal,
        addresses=await ledger.addresses_of(portal),
        equivalents=await ledger.equivalents(portal, job.name),
    )
    return Mapper(job, target, header)
