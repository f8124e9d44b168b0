"""Learns from the portal, before a run begins, what the parameters of its templates are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from launcher.core.templates import Template
from launcher.core.values import names_said
from launcher.engine.asking import Asker
from launcher.engine.job import Job
from launcher.engine.people import PeopleFinder
from launcher.engine.templates import portal_offset


async def with_types(job: Job, templates: Sequence[Template], asker: Asker) -> Job:
    """The job with the types of these templates' parameters, the portal's offset, and the people whom the job
    itself names. Asks only for what the job needs. Raises PortalError."""
    types = replace(job.types, declared={template.id: template.parameters for template in templates})
    if types.need_offset(list(job.parameters)):
        types = replace(types, offset=await portal_offset(asker, types.time_zone))
    people: dict[str, tuple[str, ...]] = {}
    await PeopleFinder(asker, people).learn(names_said(job.parameters, types))
    return replace(job, types=replace(types, people=people))
