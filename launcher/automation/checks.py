"""Whether somebody calls the scheduled runs, and whether whoever is to be notified can be."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from launcher.automation.schedules.entries import Place, SchedulingError, entries_of, place_of
from launcher.automation.schedules.installing import lingers
from launcher.automation.schedules.managing import are_installed, idle_timers
from launcher.core.findings import Diagnosis, Level, ok, trouble, trouble_of, warning
from launcher.core.words import pluralize
from launcher.errors import InputError
from launcher.ledger import daemon_runs
from launcher.notify.apprises import MISSING, is_installed
from launcher.settings import SettingsError

if TYPE_CHECKING:
    from launcher.app.diagnose.configuration import Setup

_INSTALL = "launcher schedule install, or let launcher daemon run"
_ASK = (
    "look again signed in as this user itself, over ssh or at the screen and not by su or sudo; where that "
    "does not help: launcher schedule install --for cron"
)


async def check_schedule(setup: Setup) -> list[Diagnosis]:
    """Return whether what config.yaml says is what the machine's scheduler has, or a daemon runs."""
    if setup.settings is None or setup.settings.path is None:
        return []
    entries = entries_of(setup.settings.config.jobs)
    if not entries:
        return []
    what = pluralize(len([name for entry in entries for name in entry.jobs]), "job")
    if setup.ledger is not None and await daemon_runs(setup.ledger):
        return [ok("schedule", f"launcher daemon runs {what}")]
    try:
        place = place_of(setup.settings, setup.named_ledger)
    except InputError as error:
        return [warning("schedule", str(error), "put it there, then launcher schedule install")]
    found = []
    for scheduler in ("systemd", "cron"):
        if scheduler == "cron" and shutil.which("crontab") is None:
            continue
        try:
            there, is_right = are_installed(place, scheduler, entries)
        except SchedulingError as error:
            if scheduler == "systemd":
                found.append(warning("schedule", str(error), _INSTALL))
            continue
        if there and is_right:
            found += (
                _by_systemd(place, what) if scheduler == "systemd" else [ok("schedule", f"cron calls {what}")]
            )
        elif there:
            found.append(warning("schedule", f"{scheduler} has another schedule than config.yaml", _INSTALL))
    if len([one for one in found if one.level is Level.OK]) > 1:
        found.append(
            warning("schedule", "systemd and cron both call them", "launcher schedule remove --for cron")
        )
    return found or [warning("schedule", f"nothing calls {what} with a schedule:", _INSTALL)]


def _by_systemd(place: Place, what: str) -> list[Diagnosis]:
    """Return whether systemd itself knows the units, which are there and right."""
    try:
        idle = idle_timers(place)
    except SchedulingError as error:
        text = f"not known whether systemd calls {what}: its units are there, but it cannot be asked ({error})"
        return [warning("schedule", text, _ASK)]
    if idle:
        text = f"the units for {what} are there, but systemd does not call {', '.join(idle)}"
        return [warning("schedule", text, "launcher schedule install")]
    found = [ok("schedule", f"systemd calls {what}")]
    if not lingers():
        found.append(
            warning("schedule", "user units run only while you are signed in", "loginctl enable-linger")
        )
    return found


async def check_notifications(setup: Setup) -> list[Diagnosis]:
    """Return whether notify: and ping: are complete; nothing is sent."""
    if setup.settings is None:
        return []
    found, notified, silent = [], 0, []
    for name, job in setup.settings.config.jobs.items():
        try:
            config = setup.settings.notify(name)
            is_pinged = bool(setup.settings.ping(name).get_secret_value())
            notified += config is not None or is_pinged
        except SettingsError as error:
            found.append(trouble_of("notify", f"{name}: {error}", "fix it in config.yaml"))
            continue
        if config is not None and config.apprise and not is_installed():
            what, _, remedy = MISSING.partition("; ")
            found.append(trouble("notify", what, remedy))
        elif config is None and not is_pinged and job.schedule:
            silent.append(name)
    if silent:
        found.append(
            warning(
                "notify",
                f"nobody is notified of the nights of {', '.join(silent)}",
                "add notify: to config.yaml",
            )
        )
    if notified and not found:
        found.append(
            ok(
                "notify",
                f"notifications are sent for {pluralize(notified, 'job')}; launcher notify --test tries it",
            )
        )
    return list({one.found: one for one in found}.values())
