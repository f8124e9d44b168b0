"""An application's authorisation: a token that lives an hour, renewed when the portal says that it has expired.

A renewal spends the refresh token and gives a new one, so the order is: lock, read again, make room on the
disk, ask, store, use. Killed between the answer and the store, what is on disk is spent, and the person signs
in again; no request went out with a token that was not stored, so nothing has started in the meantime.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from launcher.core.answers import Barred, Heard, Unsent
from launcher.core.catalogue import MENDS
from launcher.portal.authorisation import Hidden, Signature
from launcher.portal.token_server import Application, Denied, Granted
from launcher.portal.tokens import SIGN_IN_AGAIN, SignIn, TokensError, TokensFile
from launcher.private import PrivateFileError, Replacement

_PATH = Hidden("/rest/")


class OAuth:
    """Calls with an application's token."""

    def __init__(self, file: TokensFile, application: Application, signed_in: SignIn) -> None:
        self._file = file
        self._application = application
        self._signed_in = signed_in
        self._renewal: asyncio.Task[Unsent | Barred | None] | None = None
        self._refused: Barred | None = None
        self._is_spending = False
        """Whether the token server has been asked, and what it gives is not yet on disk."""

    def signature(self) -> Signature:
        """The token as it is now."""
        return Signature(_PATH, self._signed_in.access)

    async def renew(self, spent: Signature, refused: Heard) -> Unsent | Barred | None:  # noqa: ARG002
        """One renewal, however many ask for it; none where another worker or process has renewed already."""
        if self._refused is not None or self.signature() != spent:
            return self._refused
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew(spent))
        # Whoever gives up waiting must not cut off what spends a token and has not yet stored the next one.
        return await asyncio.shield(self._renewal)

    async def settled(self) -> None:
        """No renewal is under way when this returns, and where one had asked for a token, that is on disk."""
        if self._renewal is None:
            return
        if not self._is_spending:
            self._renewal.cancel()  # it waits for another process
        await asyncio.wait([self._renewal])

    async def _renew(self, spent: Signature) -> Unsent | Barred | None:
        try:
            async with self._file.held():
                stored = self._file.read()
                if (stored.portal, stored.client_id) != (self._signed_in.portal, self._signed_in.client_id):
                    raise TokensError(f"{self._file.path}: the sign-in of another portal now; {SIGN_IN_AGAIN}")
                if stored.access != spent.token:
                    self._signed_in = stored  # another process has renewed
                    return None
                return await self._exchange(stored)
        except TokensError as error:
            self._refused = Barred("sign-in", str(error))
        return self._refused

    async def _exchange(self, stored: SignIn) -> Unsent | Barred | None:
        try:
            place = self._file.reserve()
        except PrivateFileError as error:
            return Barred("sign-in", f"{error}; the sign-in was not renewed, since it could not be stored")
        self._is_spending = True
        try:
            return self._settle(place, stored, await self._application.renew(stored.refresh))
        finally:
            self._is_spending = False

    def _settle(
        self, place: Replacement, stored: SignIn, answer: Granted | Denied | Unsent
    ) -> Unsent | Barred | None:
        match answer:
            case Granted(access, refresh):
                renewed = replace(stored, access=access, refresh=refresh)
                try:
                    place.put(renewed.text())
                except PrivateFileError as error:
                    # What was written stays: where only the renaming failed, the next process finds it.
                    raise TokensError(
                        f"{error}; the sign-in was renewed and could not be stored: mend that, then go on; "
                        f"where that is refused, {SIGN_IN_AGAIN}"
                    ) from None
                self._signed_in = renewed
                return None
            case Denied(code, text):
                place.forget()
                self._refused = Barred(code, explanation(code, text))
                return self._refused
            case Unsent():
                place.forget()
                return answer


def explanation(code: str, text: str) -> str:
    """What the token server's refusal means, and what to do."""
    reported = ": ".join(part for part in (code, text) if part) or "no reason"
    return (
        MENDS.get(code.upper())
        or f"the token server refused to renew the sign-in ({reported}); {SIGN_IN_AGAIN}"
    )
