"""`launcher login --oauth`: to the portal in a browser, back with a code, and the tokens into their file."""

from __future__ import annotations

import asyncio
import secrets
import sys
import webbrowser
from dataclasses import replace

import click

from launcher.cli.access import as_configured, oauth_access
from launcher.cli.console import Console
from launcher.cli.listening import listen_for_sign_in
from launcher.cli.login import LoginOptions, secret_from_person, show, verified
from launcher.cli.options import GlobalOptions, Refused
from launcher.portal.address import Address, parse_address
from launcher.portal.authorisation import Hidden
from launcher.portal.signing_in import Returned, authorise_url, exchange, returned_by_paste, without_secret
from launcher.portal.token_server import Application, token_server_named
from launcher.portal.tokens import SignIn, TokensError, TokensFile
from launcher.portal.trust import trusted
from launcher.redact import register
from launcher.settings import OAuthConfig, PortalConfig
from launcher.settings.ways_in import Surroundings


async def sign_in(said: GlobalOptions, around: Surroundings, entry: PortalConfig, options: LoginOptions) -> int:
    """Sign in and store the tokens; gives the exit code."""
    oauth = around.oauth(entry.oauth or OAuthConfig())
    entry = entry.model_copy(update={"ca_file": around.place(entry.ca_file) if entry.ca_file else None})
    trusted(entry.ca_file)
    file = TokensFile(oauth.tokens_file or around.usual_tokens_file())
    before = _before(file)
    address = parse_address(
        options.address or oauth.address or (before.portal if before else "") or _asked("The portal's address"),
        allow_http=entry.allow_http,
    )
    application = _application(oauth, options, before)
    back = await _there_and_back(said, address, application.client_id, options)
    application = replace(
        application, token_server=token_server_named(oauth.token_server or back.server), ca_file=entry.ca_file
    )
    signed_in = await exchange(address, application, back.code)
    is_configured = bool(oauth.client_secret.get_secret_value())
    await file.store(without_secret(signed_in) if is_configured else signed_in)
    access = oauth_access(file, application, signed_in, allow_http=entry.allow_http)
    owner = await verified(as_configured(access, entry))
    show(said, access, owner, kept=str(file.path))
    return 0


def _before(file: TokensFile) -> SignIn | None:
    """The sign-in that is to be replaced: what it was made with need not be asked for again."""
    try:
        return file.read()
    except TokensError:
        return None


def _application(oauth: OAuthConfig, options: LoginOptions, before: SignIn | None) -> Application:
    client_id = options.client_id or oauth.client_id or (before.client_id if before else "")
    client_id = client_id or _asked("The application's ID (client_id)")
    secret = oauth.client_secret.get_secret_value()
    if not secret and not options.stdin and before is not None and before.client_id == client_id:
        secret = before.client_secret.value
    secret = secret or secret_from_person("The application's secret (client_secret)", stdin=options.stdin)
    register(secret)
    return Application(client_id, Hidden(secret))


async def _there_and_back(
    said: GlobalOptions, address: Address, client_id: str, options: LoginOptions
) -> Returned:
    state = secrets.token_urlsafe(24)
    url = authorise_url(address, client_id, state)
    console = Console(said)
    if options.paste:
        await _show_way(console, url, options)
        return returned_by_paste(_pasted(), state)
    async with listen_for_sign_in(options.port, state) as back:
        console.tell(
            f"waiting on http://127.0.0.1:{options.port}/, which must be the address in the application's card"
        )
        await _show_way(console, url, options)
        return await back


async def _show_way(console: Console, url: str, options: LoginOptions) -> None:
    if options.browser and await asyncio.to_thread(webbrowser.open, url):
        console.tell(f"your browser opens the portal; where it does not, open: {url}")
    else:
        console.tell(f"open in a browser, sign in and agree: {url}")


def _pasted() -> str:
    what = "The address where the browser ended (within 30 seconds)"
    if sys.stdin.isatty():
        return str(click.prompt(what, default="", show_default=False, err=True))
    return sys.stdin.readline()


def _asked(what: str) -> str:
    if not sys.stdin.isatty():
        raise Refused(f"{what} is asked for on a terminal; here, say it with an option or in config.yaml")
    return str(click.prompt(what, err=True))
