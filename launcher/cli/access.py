"""How the configured portal is called: settings become an access."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from launcher.cli.options import echo
from launcher.ledger import Ledger
from launcher.portal.access import Access, parse_webhook
from launcher.portal.address import parse_address
from launcher.portal.authorisation import Hidden
from launcher.portal.client import Portal
from launcher.portal.oauth import OAuth
from launcher.portal.token_server import Application, token_server_named
from launcher.portal.tokens import SIGN_IN_AGAIN, SignIn, TokensError, TokensFile
from launcher.redact import register
from launcher.settings import OAuthConfig, PortalConfig


def access_of(config: PortalConfig) -> Access:
    """The access to a portal whose entry is complete. Raises AddressError, TokensError."""
    if config.oauth is None:
        access = parse_webhook(config.webhook_url.get_secret_value(), allow_http=config.allow_http)
    else:
        access = _signed_in(config, config.oauth)
    return as_configured(access, config)


def as_configured(access: Access, config: PortalConfig) -> Access:
    """The access with what the entry says of certificates and moves."""
    return replace(
        access,
        may_move_to=frozenset(host.strip().lower() for host in config.may_move_to),
        ca_file=config.ca_file,
    )


def oauth_access(file: TokensFile, application: Application, signed_in: SignIn, *, allow_http: bool) -> Access:
    """The access that a stored sign-in gives."""
    address = parse_address(signed_in.portal, allow_http=allow_http)
    return Access(address, OAuth(file, application, signed_in))


def _signed_in(config: PortalConfig, oauth: OAuthConfig) -> Access:
    if oauth.tokens_file is None:
        raise ValueError("a portal's entry is completed before it is used")
    file = TokensFile(oauth.tokens_file)
    signed_in = file.read()
    if oauth.address:
        configured = parse_address(oauth.address, allow_http=config.allow_http)
        if str(configured) != signed_in.portal:
            raise TokensError(
                f"{file.path}: the sign-in is of {signed_in.portal}, not of {configured}; {SIGN_IN_AGAIN}"
            )
    if oauth.client_id and oauth.client_id != signed_in.client_id:
        raise TokensError(f"{file.path}: the sign-in is of another application; {SIGN_IN_AGAIN}")
    application = replace(_application(oauth, signed_in), ca_file=config.ca_file)
    return oauth_access(file, application, signed_in, allow_http=config.allow_http)


def _application(oauth: OAuthConfig, signed_in: SignIn) -> Application:
    secret = oauth.client_secret.get_secret_value() or signed_in.client_secret.value
    if not secret:
        raise TokensError("oauth: the application's secret is missing; put BITRIX24_CLIENT_SECRET into .env")
    register(secret)
    server = token_server_named(oauth.token_server or signed_in.token_server)
    return Application(signed_in.client_id, Hidden(secret), server)


@asynccontextmanager
async def portal_of(ledger: Ledger, access: Access) -> AsyncIterator[Portal]:
    """The portal of that access, under the name that it has in the ledger; a move is recorded there first."""
    warn_of_http(access)
    name = await ledger.portal_at(access.portal)

    async def on_move(to: str) -> None:
        await ledger.add_address(to, name)

    async with Portal(access, name=name, on_move=on_move) as portal:
        yield portal


def warn_of_http(access: Access) -> None:
    """Say each time that the secret can be read on its way, where that is so."""
    if access.address.is_readable_on_the_way:
        echo(
            f"launcher: {access.portal} is called without TLS (allow_http: true): whoever is on the way reads "
            f"the secret and start workflows with it",
            err=True,
        )
