"""Whether somebody calls the nights, and whether those who are to be told can be."""

from __future__ import annotations

import shutil

from launcher.cli.checks.setup import Setup
from launcher.cli.options import GlobalOptions, Refused
from launcher.cli.schedule import idle_here, installed_here
from launcher.core.health import Diagnosis, Level, ok, trouble, trouble_of, warning
from launcher.core.words import counted
from launcher.ledger import daemon_runs
from launcher.notify.apprises import MISSING, is_installed
from launcher.scheduling import SchedulingError, entries_of, lingers
from launcher.settings import Settings, SettingsError

_INSTALL = "launcher schedule install, or let launcher daemon run"
_ASK = (
    "look again signed in as this user itself, over ssh or at the screen and not by su or sudo; where that "
    "does not help: launcher schedule install --for cron"
)


async def check_schedule(setup: Setup) -> list[Diagnosis]:
    """Whether what config.yaml says is what the machine's scheduler has, or a daemon runs."""
    if setup.settings is None or setup.settings.path is None:
        return []
    entries = entries_of(setup.settings.config.jobs)
    if not entries:
        return []
    what = counted(len([name for entry in entries for name in entry.jobs]), "job")
    if setup.ledger is not None and await daemon_runs(setup.ledger):
        return [ok("schedule", f"launcher daemon runs {what}")]
    found = []
    for scheduler in ("systemd", "cron"):
        if scheduler == "cron" and shutil.which("crontab") is None:
            continue
        try:
            there, is_right = installed_here(setup.said, setup.settings, scheduler, entries)
        except Refused as error:
            return [warning("schedule", error.format_message(), "put it there, then launcher schedule install")]
        except SchedulingError as error:
            if scheduler == "systemd":
                found.append(warning("schedule", str(error), _INSTALL))
            continue
        if there and is_right:
            found += (
                _by_systemd(setup.said, setup.settings, what)
                if scheduler == "systemd"
                else [ok("schedule", f"cron calls {what}")]
            )
        elif there:
            found.append(warning("schedule", f"{scheduler} has another schedule than config.yaml", _INSTALL))
    if len([one for one in found if one.level is Level.OK]) > 1:
        found.append(
            warning("schedule", "systemd and cron both call them", "launcher schedule remove --for cron")
        )
    return found or [warning("schedule", f"nothing calls {what} with a schedule:", _INSTALL)]


def _by_systemd(said: GlobalOptions, settings: Settings, what: str) -> list[Diagnosis]:
    """Whether systemd itself knows the units, which are there and right."""
    try:
        idle = idle_here(said, settings)
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


async def check_telling(setup: Setup) -> list[Diagnosis]:
    """Whether notify: and ping: are complete; nothing is sent."""
    if setup.settings is None:
        return []
    found, told, untold = [], 0, []
    for name, job in setup.settings.config.jobs.items():
        try:
            config = setup.settings.notify(name)
            is_pinged = bool(setup.settings.ping(name).get_secret_value())
            told += config is not None or is_pinged
        except SettingsError as error:
            found.append(trouble_of("notify", f"{name}: {error}", "mend it in config.yaml"))
            continue
        if config is not None and config.apprise and not is_installed():
            what, _, mend = MISSING.partition("; ")
            found.append(trouble("notify", what, mend))
        elif config is None and not is_pinged and job.schedule:
            untold.append(name)
    if untold:
        found.append(
            warning(
                "notify", f"nobody is told of the nights of {', '.join(untold)}", "add notify: to config.yaml"
            )
        )
    if told and not found:
        found.append(
            ok("notify", f"somebody is told of {counted(told, 'job')}; launcher notify --test tries it")
        )
    return list({one.found: one for one in found}.values())
