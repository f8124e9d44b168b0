"""Codes and tokens of the simulated application: who has which, and when they die."""

import itertools
from typing import Any

from launcher.simulator.errors import PortalError
from launcher.simulator.settings import Settings

ACCESS_SECONDS = 3600
"""An access token lives an hour (docs: OAuth)."""
REFRESH_SECONDS = 180 * 86400
"""A refresh token lives 180 days (docs: OAuth)."""
CODE_SECONDS = 30
"""The code of a sign-in lives half a minute (docs: OAuth)."""
MEMBER_ID = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
"""The portal's own ID; never changes with its address."""


class Tokens:
    """Which tokens and codes are alive. Time comes in as the portal's epoch seconds."""

    def __init__(self, settings: Settings, now: float) -> None:
        self._access = {settings.access_token: now + ACCESS_SECONDS}
        self._refresh = {settings.refresh_token: now + REFRESH_SECONDS}
        self._codes: dict[str, float] = {}
        self._numbers = itertools.count(1)
        self.asked: list[str] = []
        """What each request to the token endpoint asked for and came to: `refresh_token granted`."""

    def adopt(self, settings: Settings, now: float) -> None:
        """Make the tokens of changed settings valid, beside those that are alive."""
        self._access.setdefault(settings.access_token, now + ACCESS_SECONDS)
        self._refresh.setdefault(settings.refresh_token, now + REFRESH_SECONDS)

    def expire(self) -> None:
        """Let every access token expire now; refresh tokens stay alive."""
        self._access = dict.fromkeys(self._access, 0.0)

    def alive(self, token: str, now: float) -> bool | None:
        """Say whether an access token is alive; None: there never was such a token."""
        expires = self._access.get(token)
        return None if expires is None else now < expires

    def code(self, now: float) -> str:
        """Return a new code of a sign-in that has succeeded."""
        code = f"simulated0code{next(self._numbers)}"
        self._codes[code] = now + CODE_SECONDS
        return code

    def answer(self, query: dict[str, str], settings: Settings, now: float) -> dict[str, Any]:
        """Answer the token endpoint as `grant` does, and note what was asked."""
        asked = query.get("grant_type", "")
        try:
            granted = self.grant(query, settings, now)
        except PortalError as error:
            self.asked.append(f"{asked} {error.code}")
            raise
        self.asked.append(f"{asked} granted")
        return granted

    def grant(self, query: dict[str, str], settings: Settings, now: float) -> dict[str, Any]:
        """Answer the token endpoint: new tokens for a live code or refresh token, which dies by it."""
        if query.get("client_id") != settings.client_id or query.get("client_secret") != settings.client_secret:
            raise PortalError(401, "invalid_client", "The client credentials are invalid")
        match query.get("grant_type"):
            case "authorization_code":
                expires = self._codes.pop(query.get("code", ""), 0.0)
            case "refresh_token":
                expires = self._refresh.pop(query.get("refresh_token", ""), 0.0)
            case _:
                raise PortalError(400, "invalid_request", "Invalid grant_type parameter or parameter missing")
        if now >= expires:
            raise PortalError(400, "invalid_grant", "The authorization grant is invalid or has expired")
        number = next(self._numbers)
        access, refresh = f"{settings.access_token}.{number}", f"{settings.refresh_token}.{number}"
        self._access[access] = now + ACCESS_SECONDS
        self._refresh[refresh] = now + REFRESH_SECONDS
        return {
            "access_token": access,
            "refresh_token": refresh,
            "expires": int(now) + ACCESS_SECONDS,
            "expires_in": ACCESS_SECONDS,
            "scope": ",".join(settings.scopes),
            "status": "L",
            "member_id": MEMBER_ID,
            "user_id": settings.user_id,
        }
