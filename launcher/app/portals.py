"""Portals: how a configured one is called, connected and, for a run, held."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from launcher.app.context import Context
from launcher.engine.portal_client import PortalClient, load_recent_requests
from launcher.errors import InputError
from launcher.ledger import Ledger, PortalLease, RunRecord, hold_portal
from launcher.portal.access import Access, Hidden, parse_webhook
from launcher.portal.address import AddressError, parse_address
from launcher.portal.client import Portal
from launcher.portal.oauth import SIGN_IN_AGAIN, OAuth, SignIn, TokensError, TokensFile
from launcher.portal.token_server import Application, token_server_named
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
                "sign-in-of-another-portal",
                path=file.path,
                portal=signed_in.portal,
                configured=configured,
                sign_in_again=SIGN_IN_AGAIN,
            )
    if oauth.client_id and oauth.client_id != signed_in.client_id:
        raise TokensError("sign-in-of-another-application", path=file.path, sign_in_again=SIGN_IN_AGAIN)
    application = replace(_application(oauth, signed_in), ca_file=config.ca_file)
    return oauth_access(file, application, signed_in, allow_http=config.allow_http)


def _application(oauth: OAuthConfig, signed_in: SignIn) -> Application:
    secret = oauth.client_secret.get_secret_value() or signed_in.client_secret.value
    if not secret:
        raise TokensError("client-secret-missing")
    register(secret)
    server = token_server_named(oauth.token_server or signed_in.token_server)
    return Application(signed_in.client_id, Hidden(secret), server)


def warning_of_http(access: Access) -> str:
    """Return what to say if the secret can be read on its way; nothing if it cannot."""
    if not access.address.is_readable_on_the_way:
        return ""
    return (
        f"{access.portal} is called without TLS (allow_http: true): whoever is on the way reads the secret "
        "and start workflows with it"
    )


@dataclass(frozen=True, slots=True)
class ConnectedPortal:
    """A portal to ask, under the name that it has in the ledger."""

    launcher: Context
    ledger: Ledger
    client: PortalClient
    config: PortalConfig
    lease: PortalLease | None = None
    """Our hold of it; None where it is only asked."""

    @property
    def name(self) -> str:
        """The portal's name in the ledger and in messages."""
        return self.client.portal


@asynccontextmanager
async def connected(launcher: Context, access: Access, config: PortalConfig) -> AsyncIterator[ConnectedPortal]:
    """Give the portal of that access, not held; a move of it is recorded before it is followed."""
    if warning := warning_of_http(access):
        launcher.tell(warning)
    ledger = await launcher.ledger()
    name = await ledger.portal_at(access.portal)

    async def on_move(to: str) -> None:
        await ledger.add_address(to, name)

    async with Portal(access, name=name, on_move=on_move) as portal:
        yield ConnectedPortal(launcher, ledger, PortalClient(portal, config.pacing()), config)


@asynccontextmanager
async def portal_of_run(launcher: Context, run: RunRecord) -> AsyncIterator[ConnectedPortal]:
    """Give the configured portal that the run is on, not held. Raises InputError if none is."""
    config, access = await _configured(launcher, run)
    async with connected(launcher, access, config) as portal:
        yield portal


@asynccontextmanager
async def hold_portal_of_run(
    launcher: Context, run: RunRecord, *, wait: bool = False
) -> AsyncIterator[ConnectedPortal]:
    """Give the run's portal, held; what was in flight when an earlier process ended is unknown now.

    Raises InputError, PortalInUseError.
    """
    async with (
        portal_of_run(launcher, run) as portal,
        hold_portal(portal.ledger, run.portal, wait=wait) as lease,
    ):
        await portal.ledger.mark_in_flight_unknown(run.id)
        await load_recent_requests(portal.ledger, portal.client)
        yield replace(portal, lease=lease)


async def _configured(launcher: Context, run: RunRecord) -> tuple[PortalConfig, Access]:
    found, problems = [], []
    ledger = await launcher.ledger()
    for config in launcher.settings.all_portals():
        try:
            access = access_of(config)
        except (AddressError, TokensError) as problem:
            problems.append(problem)
            continue
        if await ledger.portal_at(access.portal) == run.portal:
            return config, access
        found.append(access.portal)
    if problems:
        raise problems[0]
    raise InputError("run-on-unconfigured-portal", name=run.name, portal=run.portal, found=", ".join(found))
