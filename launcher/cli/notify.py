"""`launcher notify --test`: whether those who are to be told can be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import click

from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions, Refused, global_options
from launcher.cli.session import carry_out, settings_of
from launcher.cli.ways_to_people import channels_of
from launcher.core.summary import Exit
from launcher.errors import DeliveryError
from launcher.notify import Channel, Message, deliver, ping
from launcher.notify.pings import Signal
from launcher.settings import Settings, SettingsError

_SUBJECT = "launcher: a test message"
_TEXT = "Nobody needs to do anything: somebody has tried whether messages about nights arrive here."


@click.command("notify")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--test", is_flag=True, help="Really send it.")
@global_options
def command(jobs: tuple[str, ...], test: bool) -> None:
    """Say who is told of nights, and with --test send each of them a test message.

    Of all jobs, or of those named. A job's ping: is called as at the beginning and at the end of a night.
    """
    carry_out(lambda said: _notify(said, settings_of(said), jobs, test=test))


async def _notify(said: GlobalOptions, settings: Settings, names: Sequence[str], *, test: bool) -> int:
    for name in names:
        settings.job(name)
    chosen = [name for name in settings.config.jobs if not names or name in names]
    ways = {channel.label: channel for name in chosen for channel in channels_of(settings, name)}
    pinged = [name for name in chosen if settings.config.jobs[name].ping.get_secret_value()]
    if not ways and not pinged:
        raise Refused("nobody is told: there is no notify: and no ping: in the configuration")
    fates = dict.fromkeys((*ways, *(f"ping of {name}" for name in pinged)), "")
    if test:
        whys = await asyncio.gather(
            *(_sent(channel) for channel in ways.values()), *(_heard(settings, name) for name in pinged)
        )
        fates = dict(zip(fates, whys, strict=True))
    failed = any(fates.values())
    console = Console(said)
    if console.wants_json:
        told = [{"to": label, "sent": test and not why, "error": why} for label, why in fates.items()]
        console.show_json({"channels": told, "exit_code": int(Exit.WRONG_USAGE) if failed else 0})
        return int(Exit.WRONG_USAGE) if failed else 0
    for label, why in fates.items():
        console.print(f"{label}: {f'not sent: {why}' if why else 'sent' if test else 'is told'}")
    if not test:
        console.tell("nothing was sent; with --test each of them gets a test message")
    return int(Exit.WRONG_USAGE) if failed else 0


async def _sent(channel: Channel) -> str:
    """Why it did not get through; nothing where it did."""
    try:
        await deliver(channel, Message(subject=_SUBJECT, text=_TEXT + "\n", chat=f"{_SUBJECT}\n{_TEXT}"))
    except DeliveryError as error:
        return str(error)
    return ""


async def _heard(settings: Settings, name: str) -> str:
    try:
        for signal in (Signal.START, Signal.SUCCESS):
            await ping(settings.ping(name), signal, _SUBJECT)
    except (SettingsError, DeliveryError) as error:
        return str(error)
    return ""
