"""`launcher login`: signs in to a portal, with an incoming webhook or with an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options

if TYPE_CHECKING:
    from launcher.app.sign_in import SignedIn
    from launcher.cli.console import Console


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
@async_command
async def command(
    options: GlobalOptions, portal: str | None, stdin: bool, oauth: bool, no_browser: bool, **given: Any
) -> None:
    """Sign in to a portal, and say who it is that signed in.

    Without --oauth: asks for an incoming webhook's address, tries it with one harmless call, and keeps it in
    the system keyring. With --oauth: signs in with a local application of the portal, and keeps the tokens in
    a file that only you may read. The application's secret comes from BITRIX24_CLIENT_SECRET, else it is asked
    for.
    """
    from launcher.app.sign_in import ApplicationRequest, sign_in_with_application, sign_in_with_webhook
    from launcher.cli.prompts import application_answers, ask_secret
    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, console):
        if oauth:
            request = ApplicationRequest(portal=portal, new_secret=stdin, **given)
            answers = application_answers(console, stdin=stdin, browser=not no_browser)
            signed_in = await sign_in_with_application(launcher, request, answers)
        else:
            signed_in = await sign_in_with_webhook(
                launcher, portal, lambda: ask_secret("The incoming webhook's address", stdin=stdin)
            )
    _show(console, signed_in)


def _show(console: Console, signed_in: SignedIn) -> None:
    """Show who signed in where, and where that is kept."""
    owner = signed_in.owner
    role = "an administrator" if owner.is_administrator else "not an administrator"
    console.show(
        signed_in.to_dict(),
        f"{owner.name} (user {owner.user_id}) on {signed_in.portal}, {role}. Kept in {signed_in.kept_in}.",
    )
    if not owner.is_administrator:
        console.tell(
            "the portal lets administrators start workflows only; sign in as an administrator of the portal"
        )
    if signed_in.is_overridden:
        console.tell(
            "what config.yaml, the environment or .env says comes before the keyring; take it out there"
        )
