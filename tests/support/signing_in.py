"""A portal that one is signed in to with an application."""

from __future__ import annotations

from pathlib import Path

from launcher.app.portals import access_of
from launcher.portal.access import Access, Hidden
from launcher.portal.oauth import SignIn, TokensFile
from launcher.private import Replacement
from launcher.settings import PortalConfig
from launcher.simulator import Simulator


def signed_in(simulator: Simulator, path: Path, *, server: str = "", **tokens: str) -> TokensFile:
    """A tokens file as a sign-in to that portal writes it."""
    settings = simulator.settings
    written = SignIn(
        portal=simulator.url,
        client_id=settings.client_id,
        client_secret=Hidden(tokens.get("secret", settings.client_secret)),
        token_server=server or simulator.url,
        access=Hidden(tokens.get("access", settings.access_token)),
        refresh=Hidden(tokens.get("refresh", settings.refresh_token)),
    )
    Replacement(path).put(written.text())
    return TokensFile(path)


def access_with(path: Path) -> Access:
    """The access that a tokens file gives, as commands open it."""
    return access_of(PortalConfig.model_validate({"oauth": {"tokens_file": str(path)}}))
