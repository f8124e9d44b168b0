"""`launcher login`: signs in to a portal, with an incoming webhook or with an application."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import click

from launcher.cli.access import as_configured, warn_of_http
from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions, Refused, echo, global_options
from launcher.cli.session import carry_out, settings_of
from launcher.portal.access import Access, parse_webhook
from launcher.portal.asking import Owner, owner_of
from launcher.portal.authorisation import Hidden
from launcher.portal.client import Portal
from launcher.settings import PortalConfig, Settings
from launcher.settings.keyrings import check_keyring, store_webhook

USUAL_PORT = 8910


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOptions:
    """What the person said; no secret is among it, since arguments stand in the list of processes."""

    portal: str | None
    stdin: bool
    oauth: bool
    address: str
    client_id: str
    port: int
    browser: bool
    paste: bool


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
def command(no_browser: bool, **options: object) -> None:
    """Sign in to a portal, and say who it is that signed in.

    Without --oauth: asks for an incoming webhook's address, tries it with one harmless call, and keeps it in
    the system keyring. With --oauth: signs in with a local application of the portal, and keeps the tokens in
    a file that only you may read. The application's secret comes from BITRIX24_CLIENT_SECRET, else it is asked
    for.
    """
    asked = LoginOptions(browser=not no_browser, **options)  # type: ignore[arg-type]
    carry_out(lambda said: _login(said, settings_of(said), asked))


async def _login(said: GlobalOptions, settings: Settings, options: LoginOptions) -> int:
    name, entry = chosen_entry(settings, options.portal)
    if options.oauth:
        from launcher.cli.login_oauth import sign_in

        return await sign_in(said, settings.surroundings(name), entry, options)
    check_keyring()
    webhook = Hidden(secret_from_person("The incoming webhook's address", stdin=options.stdin))
    access = as_configured(parse_webhook(webhook.value, allow_http=entry.allow_http), entry)
    owner = await verified(access)
    store_webhook(name, webhook.value)
    show(said, access, owner, kept="the system keyring")
    if settings.environment.bitrix24_webhook_url.get_secret_value() or _has_its_own(entry):
        Console(said).tell(
            "what config.yaml, the environment or .env says comes before the keyring; take it out there"
        )
    return 0


def _has_its_own(entry: PortalConfig) -> bool:
    return (
        bool(entry.webhook_url.get_secret_value()) or entry.webhook_file is not None or entry.oauth is not None
    )


def chosen_entry(settings: Settings, portal: str | None) -> tuple[str, PortalConfig]:
    """The name and the entry of the portal that is meant. Raises Refused where there are several."""
    if portal is None and len(settings.config.portals) > 1:
        raise Refused(f"say which portal with --portal: {', '.join(settings.config.portals)}")
    return settings.entry(portal)


def secret_from_person(what: str, *, stdin: bool) -> str:
    """What the person types unseen, or what is on stdin. Raises Refused where there is neither."""
    if stdin:
        text = sys.stdin.readline().strip()
    elif sys.stdin.isatty():
        text = str(click.prompt(what, hide_input=True, default="", show_default=False, err=True)).strip()
    else:
        raise Refused(f"{what} is asked for on a terminal; here, give it on stdin and say --stdin")
    if not text:
        raise Refused(f"{what} is empty; nothing was stored")
    return text


async def verified(access: Access) -> Owner:
    """Who it is that calls with this access. Raises PortalError where the portal refuses it."""
    warn_of_http(access)
    async with Portal(access) as portal:
        owner = await owner_of(portal)
        if portal.moved_to:
            echo(f"launcher: the portal has moved to {portal.moved_to}; sign in with that address", err=True)
        return owner


def show(said: GlobalOptions, access: Access, owner: Owner, *, kept: str) -> None:
    """Who signed in where, and where that is kept."""
    console = Console(said)
    if said.json:
        console.show_json(
            {
                "portal": access.portal,
                "user_id": owner.user_id,
                "name": owner.name,
                "administrator": owner.is_administrator,
                "kept_in": kept,
            }
        )
    else:
        role = "an administrator" if owner.is_administrator else "not an administrator"
        console.print(f"{owner.name} (user {owner.user_id}) on {access.portal}, {role}. Kept in {kept}.")
    if not owner.is_administrator:
        console.tell(
            "the portal lets administrators start workflows only; sign in as an administrator of the portal"
        )
