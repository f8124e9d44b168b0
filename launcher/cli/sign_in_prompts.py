"""What `launcher login` asks for; no secret is shown, and none is an argument, which others could read."""

from __future__ import annotations

import asyncio
import sys
import webbrowser

import click

from launcher.app.sign_in import ApplicationAnswers
from launcher.cli.console import Console
from launcher.cli.params import CommandError


def application_answers(console: Console, *, stdin: bool, browser: bool) -> ApplicationAnswers:
    """Return what asks the person on this terminal.

    `stdin`: the secret is on standard input. `browser`: open one.
    """

    async def open_page(url: str) -> None:
        if browser and await asyncio.to_thread(webbrowser.open, url):
            console.tell(f"your browser opens the portal; where it does not, open: {url}")
        else:
            console.tell(f"open in a browser, sign in and agree: {url}")

    return ApplicationAnswers(
        address=lambda: _ask("The portal's address"),
        client_id=lambda: _ask("The application's ID (client_id)"),
        client_secret=lambda: ask_secret("The application's secret (client_secret)", stdin=stdin),
        open_page=open_page,
        end_address=_ask_end_address,
    )


def ask_secret(what: str, *, stdin: bool) -> str:
    """Return what the person types unseen, or what is on stdin. Raises CommandError if there is neither."""
    if stdin:
        text = sys.stdin.readline().strip()
    elif sys.stdin.isatty():
        text = str(click.prompt(what, hide_input=True, default="", show_default=False, err=True)).strip()
    else:
        raise CommandError(f"{what} is asked for on a terminal; here, give it on stdin and say --stdin")
    if not text:
        raise CommandError(f"{what} is empty; nothing was stored")
    return text


def _ask(what: str) -> str:
    if not sys.stdin.isatty():
        raise CommandError(f"{what} is asked for on a terminal; here, say it with an option or in config.yaml")
    return str(click.prompt(what, err=True))


def _ask_end_address() -> str:
    """Return the address where the browser ended; without a terminal, the next line of stdin."""
    what = "The address where the browser ended (within 30 seconds)"
    if sys.stdin.isatty():
        return str(click.prompt(what, default="", show_default=False, err=True))
    return sys.stdin.readline()
