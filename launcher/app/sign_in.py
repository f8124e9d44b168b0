"""Signing in to a portal, with an incoming webhook or with an application, and forgetting it again.

What a person is asked for comes from callables that are called when it is needed: what the configuration or an
earlier sign-in says is not asked for again.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from launcher.app.context import Context
from launcher.app.documents import LoginDocument, LogoutDocument
from launcher.app.portals import as_configured, oauth_access, warning_of_http
from launcher.messages import Message
from launcher.portal.access import Access, Hidden, parse_webhook, trusted
from launcher.portal.address import Address, parse_address
from launcher.portal.client import Owner, Portal, owner_of
from launcher.portal.oauth import SignIn, TokensError, TokensFile
from launcher.portal.signing_in import (
    Returned,
    authorise_url,
    exchange,
    listen_for_sign_in,
    returned_by_paste,
    without_secret,
)
from launcher.portal.token_server import Application, token_server_named
from launcher.redact import register
from launcher.settings import OAuthConfig, PortalConfig, Settings, SettingsError
from launcher.settings.credentials import Surroundings, check_keyring, forget_webhook, store_webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRequest:
    """A sign-in with a local application. No secret is part of it."""

    portal: str | None = None
    """Which of `portals:`; without it, the only one."""
    address: str = ""
    client_id: str = ""
    port: int
    """Where this machine listens for the browser; part of the application's own address."""
    paste: bool = False
    """Do not listen; the address where the browser ended is asked for."""
    new_secret: bool = False
    """Ask for the application's secret, even if an earlier sign-in has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationAnswers:
    """Gives what a sign-in with an application needs of a person, each only once it is needed."""

    address: Callable[[], str]
    """The portal's."""
    client_id: Callable[[], str]
    client_secret: Callable[[], str]
    open_page: Callable[[str], Awaitable[None]]
    """Leads the person to that address of the portal, to sign in and agree."""
    end_address: Callable[[], str]
    """The address where the browser ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who signed in where, and where that is kept."""

    portal: str
    owner: Owner
    kept_in: str
    is_overridden: bool = False
    """Whether the configuration or the environment says something else, which comes first."""

    def to_dict(self) -> LoginDocument:
        """Return the document of `--json`."""
        return {
            "portal": self.portal,
            "user_id": self.owner.user_id,
            "name": self.owner.name,
            "administrator": self.owner.is_administrator,
            "kept_in": self.kept_in,
        }


@dataclass(frozen=True, slots=True)
class SignedOut:
    """What was stored and is not any more."""

    removed: Sequence[str]

    def to_dict(self) -> LogoutDocument:
        """Return the document of `--json`."""
        return {"removed": list(self.removed)}


async def sign_in_with_webhook(
    launcher: Context, portal: str | None, ask_webhook: Callable[[], str]
) -> SignedIn:
    """Try an incoming webhook with one harmless call, and keep it in the system keyring.

    Raises SettingsError, AddressError, PortalError; nothing is stored then.
    """
    name, entry = _entry(launcher.settings, portal)
    check_keyring()
    webhook = Hidden(ask_webhook())
    access = as_configured(parse_webhook(webhook.value, allow_http=entry.allow_http), entry)
    owner = await _owner(launcher, access)
    store_webhook(name, webhook.value)
    environment = launcher.settings.environment
    return SignedIn(
        portal=access.portal,
        owner=owner,
        kept_in="the system keyring",
        is_overridden=bool(environment.bitrix24_webhook_url.get_secret_value()) or _says_itself(entry),
    )


async def sign_in_with_application(
    launcher: Context, request: ApplicationRequest, answers: ApplicationAnswers
) -> SignedIn:
    """Go to the portal in a browser, come back with a code, and keep the tokens in their file.

    Raises SettingsError, AddressError, SignInError, TokensError, PortalError.
    """
    name, entry = _entry(launcher.settings, request.portal)
    around = launcher.settings.surroundings(name)
    oauth = around.oauth(entry.oauth or OAuthConfig())
    entry = entry.model_copy(update={"ca_file": around.place(entry.ca_file) if entry.ca_file else None})
    trusted(entry.ca_file)
    file = _tokens_file(around, entry)
    before = _before(file)
    address = parse_address(
        request.address or oauth.address or (before.portal if before else "") or answers.address(),
        allow_http=entry.allow_http,
    )
    application = _application(oauth, request, answers, before)
    back = await _there_and_back(launcher, address, application.client_id, request, answers)
    application = replace(
        application, token_server=token_server_named(oauth.token_server or back.server), ca_file=entry.ca_file
    )
    signed_in = await exchange(address, application, back.code)
    is_configured = bool(oauth.client_secret.get_secret_value())
    await file.store(without_secret(signed_in) if is_configured else signed_in)
    access = oauth_access(file, application, signed_in, allow_http=entry.allow_http)
    owner = await _owner(launcher, as_configured(access, entry))
    return SignedIn(portal=access.portal, owner=owner, kept_in=str(file.path))


async def sign_out(launcher: Context, portal: str | None = None) -> SignedOut:
    """Forget a portal's webhook in the system keyring and its tokens. Raises SettingsError, TokensError."""
    name, entry = _entry(launcher.settings, portal)
    file = _tokens_file(launcher.settings.surroundings(name), entry)
    removed = []
    if forget_webhook(name):
        removed.append("the webhook in the system keyring")
    if await file.remove():
        removed.append(f"the tokens in {file.path}")
    return SignedOut(removed)


def _entry(settings: Settings, portal: str | None) -> tuple[str, PortalConfig]:
    """Return the name and the entry of the portal that is meant. Raises SettingsError if there are several."""
    if portal is None and len(settings.config.portals) > 1:
        raise SettingsError("portal-not-named", portals=", ".join(settings.config.portals))
    return settings.entry(portal)


def _says_itself(entry: PortalConfig) -> bool:
    """Return whether the entry says how the portal is called."""
    return (
        bool(entry.webhook_url.get_secret_value()) or entry.webhook_file is not None or entry.oauth is not None
    )


def _tokens_file(around: Surroundings, entry: PortalConfig) -> TokensFile:
    return TokensFile(around.oauth(entry.oauth or OAuthConfig()).tokens_file or around.usual_tokens_file())


def _before(file: TokensFile) -> SignIn | None:
    """Return the sign-in that is to be replaced: what it was made with need not be asked for again."""
    try:
        return file.read()
    except TokensError:
        return None


def _application(
    oauth: OAuthConfig, request: ApplicationRequest, answers: ApplicationAnswers, before: SignIn | None
) -> Application:
    client_id = request.client_id or oauth.client_id or (before.client_id if before else "")
    client_id = client_id or answers.client_id()
    secret = oauth.client_secret.get_secret_value()
    if not secret and not request.new_secret and before is not None and before.client_id == client_id:
        secret = before.client_secret.value
    secret = secret or answers.client_secret()
    register(secret)
    return Application(client_id, Hidden(secret))


async def _there_and_back(
    launcher: Context,
    address: Address,
    client_id: str,
    request: ApplicationRequest,
    answers: ApplicationAnswers,
) -> Returned:
    state = secrets.token_urlsafe(24)
    url = authorise_url(address, client_id, state)
    if request.paste:
        await answers.open_page(url)
        return returned_by_paste(answers.end_address(), state)
    async with listen_for_sign_in(request.port, state) as back:
        launcher.tell(Message("waiting-for-browser", port=request.port))
        await answers.open_page(url)
        return await back


async def _owner(launcher: Context, access: Access) -> Owner:
    """Return who it is that calls with this access. Raises PortalError if the portal refuses it."""
    if warning := warning_of_http(access):
        launcher.tell(warning)
    async with Portal(access) as portal:
        owner = await owner_of(portal)
        if portal.moved_to:
            launcher.tell(Message("portal-moved-sign-in", moved_to=portal.moved_to))
        return owner
