"""What `launcher login` asks for; no secret is shown, and none is an argument, which others could read."""

from __future__ import annotations

import asyncio
import sys
import webbrowser
from typing import TYPE_CHECKING

import click

from launcher.app.sign_in import ApplicationAnswers
from launcher.cli.console import Console
from launcher.cli.params import CommandError, GlobalOptions, global_options
from launcher.cli.running import run_command

if TYPE_CHECKING:
    from launcher.app.sign_in import ApplicationRequest, SignedIn
    from launcher.cli.console import Console


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


USUAL_PORT = 8910


@click.command("login")
@click.option("--portal", metavar="NAME", help="Which of portals: in config.yaml.")
@click.option(
    "--stdin", is_flag=True, help="Read the secret from stdin: the webhook, or the application's secret."
)
@click.option("--oauth", is_flag=True, help="Sign in with a local application instead of a webhook.")
@click.option("--address", default="", metavar="URL", help="With --oauth: the portal's address.")
@click.option("--client-id", default="", metavar="ID", help="With --oauth: the application's ID.")
@click.option(
    "--port",
    default=USUAL_PORT,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="With --oauth: where the application's own address, http://127.0.0.1:PORT/, is listened to.",
)
@click.option("--no-browser", is_flag=True, help="With --oauth: print the address, do not open it.")
@click.option(
    "--paste", is_flag=True, help="With --oauth: do not listen; paste the address where the browser ended."
)
@global_options
def command(portal: str | None, stdin: bool, oauth: bool, no_browser: bool, **given: object) -> None:
    """Sign in to a portal, and say who it is that signed in.

    Without --oauth: asks for an incoming webhook's address, tries it with one harmless call, and keeps it in
    the system keyring. With --oauth: signs in with a local application of the portal, and keeps the tokens in
    a file that only you may read. The application's secret comes from BITRIX24_CLIENT_SECRET, else it is asked
    for.
    """

    from launcher.app.sign_in import ApplicationRequest

    if not oauth:
        run_command(lambda options: _webhook(options, portal, stdin=stdin))
        return
    request = ApplicationRequest(portal=portal, new_secret=stdin, **given)  # type: ignore[arg-type]
    run_command(lambda options: _application(options, request, stdin=stdin, browser=not no_browser))


async def _webhook(options: GlobalOptions, portal: str | None, *, stdin: bool) -> int:
    from launcher.app.sign_in import sign_in_with_webhook
    from launcher.cli.console import Console
    from launcher.cli.runtime import opened

    def webhook() -> str:
        return ask_secret("The incoming webhook's address", stdin=stdin)

    console = Console(options)
    async with opened(options, console) as launcher:
        signed_in = await sign_in_with_webhook(launcher, portal, webhook)
    _show(console, signed_in)
    return 0


async def _application(
    options: GlobalOptions, request: ApplicationRequest, *, stdin: bool, browser: bool
) -> int:
    from launcher.app.sign_in import sign_in_with_application
    from launcher.cli.console import Console
    from launcher.cli.runtime import opened

    console = Console(options)
    async with opened(options, console) as launcher:
        answers = application_answers(console, stdin=stdin, browser=browser)
        signed_in = await sign_in_with_application(launcher, request, answers)
    _show(console, signed_in)
    return 0


def _show(console: Console, signed_in: SignedIn) -> None:
    """Show who signed in where, and where that is kept."""
    owner = signed_in.owner
    if console.wants_json:
        console.show_json(signed_in.to_dict())
    else:
        role = "an administrator" if owner.is_administrator else "not an administrator"
        console.print(
            f"{owner.name} (user {owner.user_id}) on {signed_in.portal}, {role}. Kept in {signed_in.kept_in}."
        )
    if not owner.is_administrator:
        console.tell(
            "the portal lets administrators start workflows only; sign in as an administrator of the portal"
        )
    if signed_in.is_overridden:
        console.tell(
            "what config.yaml, the environment or .env says comes before the keyring; take it out there"
        )
