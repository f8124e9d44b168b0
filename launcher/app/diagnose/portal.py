"""Does each portal answer, may we start workflows there, and do the jobs' templates exist?"""

from __future__ import annotations

import time
from datetime import datetime

from launcher.app.diagnose.configuration import Setup
from launcher.app.portals import access_of
from launcher.core.answers import NoAnswer, answer_of
from launcher.core.findings import Diagnosis, Level, ok, trouble, trouble_of, warning
from launcher.core.words import duration
from launcher.engine.portal_client import PortalClient
from launcher.engine.preparing import ask_rights, list_templates
from launcher.errors import PortalError
from launcher.portal.access import Access
from launcher.portal.address import AddressError
from launcher.portal.client import Portal
from launcher.portal.oauth import TokensError
from launcher.settings import JobConfig, PortalConfig, Settings, SettingsError

CLOCK_S = 30
"""Further apart, "in the last seven days" is another period on the portal than here."""

_FIX = "see whether the portal can be reached from this machine, and check the webhook's address"


async def check_portals(setup: Setup) -> list[Diagnosis]:
    """Call each configured portal as a run calls it; starts nothing."""
    settings = setup.settings
    if settings is None:
        return []
    try:
        portals = settings.all_portals()
    except SettingsError:
        return []  # reported with the configuration
    found: list[Diagnosis] = []
    for config in portals:
        try:
            access = access_of(config)
        except (AddressError, TokensError) as error:
            found.append(trouble_of("portal", str(error), _FIX))
            continue
        found += await _called(access, config, _jobs_on(settings, config))
    return found


def _jobs_on(settings: Settings, portal: PortalConfig) -> dict[str, JobConfig]:
    found = {}
    for name, job in settings.config.jobs.items():
        try:
            if settings.portal(job.portal) == portal:
                found[name] = job
        except SettingsError:
            continue  # reported with the configuration
    return found


async def _called(access: Access, config: PortalConfig, jobs: dict[str, JobConfig]) -> list[Diagnosis]:
    async with Portal(access) as portal:
        check = f"portal {portal.name}"
        client = PortalClient(portal, config.pacing())
        try:
            # First what is asked but once: a portal that is not there is not waited for.
            clock = await _clock(portal, check)
            found = [*await _rights(client, check), clock]
            if found[0].level is Level.OK:
                found += await _templates(client, check, jobs)
        except PortalError as error:
            message = str(error).removeprefix(f"{portal.name}: ")
            return [trouble_of(check, message, _FIX)]
        if portal.moved_to:
            remedy = "change the webhook's address to that host"
            found.append(warning(check, f"it has moved to {portal.moved_to}", remedy))
        return found


async def _rights(client: PortalClient, check: str) -> list[Diagnosis]:
    refusals = (await ask_rights(client)).refusals
    if refusals:
        return [trouble_of(check, text, _FIX) for _, text in refusals]
    return [ok(check, "workflows may be started there")]


async def _clock(portal: Portal, check: str) -> Diagnosis:
    before = time.time()
    portal_time = await _result(portal, "server.time")
    try:
        clock_offset_s = datetime.fromisoformat(str(portal_time)).timestamp() - (before + time.time()) / 2
    except ValueError:
        return warning(check, "it does not say what time it is", "try again later")
    if abs(clock_offset_s) <= CLOCK_S:
        return ok(check, "its clock and this machine's agree")
    which = "ahead of" if clock_offset_s > 0 else "behind"
    return warning(
        check,
        f"its clock is {duration(abs(clock_offset_s))} {which} this machine's",
        "set this machine's clock by the network (timedatectl set-ntp true)",
    )


async def _templates(client: PortalClient, check: str, jobs: dict[str, JobConfig]) -> list[Diagnosis]:
    wanted = {name: job.template.strip() for name, job in jobs.items() if job.template.strip()}
    if not wanted:
        return []
    known = await list_templates(client)
    there = {str(template.id) for template in known} | {template.name for template in known}
    listed = ", ".join(f'"{template.name}" ({template.id})' for template in known[:10]) or "none"
    return [
        trouble(
            check,
            f"the template {template} of the job {name} is not there",
            f"say another under jobs: {name}: template:, out of: {listed}",
        )
        for name, template in wanted.items()
        if template not in there
    ] or [ok(check, "the jobs' templates are there")]


async def _result(portal: Portal, method: str) -> object:
    """Return what it answers to that question, asked once. Raises PortalError."""
    answer = answer_of(await portal.call(method, {}))
    if isinstance(answer, NoAnswer):
        raise PortalError("given-text", text=answer.text, refused=answer.refused)
    return answer["result"]
