"""An application's authorisation: its tokens file, and a token that lives an hour and is renewed by one.

A renewal spends the refresh token and gives a new one, so the order is: lock, read again, make room on the
disk, ask, store, use. Killed between the answer and the store, what is on disk is spent, and the person signs
in again; no request went out with a token that was not stored, so nothing has started in the meantime.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from launcher.core.answers import Blocked, NotSent, Response
from launcher.core.catalogue import STOPPING, explained
from launcher.errors import InputError
from launcher.portal.access import Hidden, Signature
from launcher.portal.token_server import Application, Denied, Granted
from launcher.private import (
    PrivateFileError,
    Replacement,
    left_behind,
    read_private,
    remove_private,
    take_left_behind,
)
from launcher.redact import register

SIGN_IN_AGAIN = "sign in again: launcher login --oauth"

_LOCK_AGAIN_S = 0.05
LONGEST_LOCK_S = 90.0
"""Far above what a renewal takes, so that whoever holds the lock for so long is stuck."""


class TokensError(InputError):
    """There is no sign-in to be had from the tokens file; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What the tokens file holds."""

    portal: str
    """The portal's address, with https://."""
    client_id: str
    client_secret: Hidden
    """Empty where the configuration has it."""
    token_server: str
    access: Hidden
    refresh: Hidden

    def text(self) -> str:
        """As it is written."""
        return json.dumps(
            {
                "portal": self.portal,
                "client_id": self.client_id,
                **({"client_secret": self.client_secret.value} if self.client_secret.value else {}),
                "token_server": self.token_server,
                "access_token": self.access.value,
                "refresh_token": self.refresh.value,
            },
            indent=2,
        )


@dataclass(frozen=True, slots=True)
class TokensFile:
    """The file, and the lock beside it."""

    path: Path

    def read(self) -> SignIn:
        """The sign-in. Its secrets are known to `redact` when this returns. Raises TokensError."""
        try:
            signed_in = _parsed(read_private(self.path))
        except PrivateFileError as error:
            raise TokensError("sign-in-problem", reason=error, sign_in_again=SIGN_IN_AGAIN) from None
        if signed_in is None:
            raise TokensError("not-a-sign-in", path=self.path, sign_in_again=SIGN_IN_AGAIN)
        return signed_in

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """While the block runs, no other process renews or replaces this sign-in. Raises TokensError.

        What a killed process had written and not brought to its place is in its place then.
        """
        lock = FileLock(f"{self.path}.lock", timeout=0, mode=0o600)
        await self._acquire(lock)
        try:
            if _parsed(left_behind(self.path)) is not None:
                take_left_behind(self.path)
            yield
        except PrivateFileError as error:
            raise TokensError(error.message) from None
        finally:
            lock.release()

    async def _acquire(self, lock: FileLock) -> None:
        deadline = asyncio.get_running_loop().time() + LONGEST_LOCK_S
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            while True:
                try:
                    lock.acquire()
                    return
                except Timeout:
                    if asyncio.get_running_loop().time() > deadline:
                        raise TokensError("sign-in-being-renewed", path=self.path) from None
                await asyncio.sleep(_LOCK_AGAIN_S)
        except OSError as error:
            raise TokensError("tokens-lock-failed", path=self.path, strerror=error.strerror) from None

    def reserve(self) -> Replacement:
        """A place for the next sign-in, made before the present one is given up. Raises PrivateFileError."""
        return Replacement(self.path)

    async def store(self, signed_in: SignIn) -> None:
        """It is durable when this returns. Raises TokensError."""
        async with self.held():
            self.reserve().put(signed_in.text())

    async def remove(self) -> bool:
        """Whether there was one; there is none when this returns. Raises TokensError."""
        if not self.path.parent.is_dir():
            return False
        async with self.held():
            return remove_private(self.path)


def _parsed(text: str) -> SignIn | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    names = ("portal", "client_id", "token_server", "access_token", "refresh_token")
    if not isinstance(found, dict) or not all(
        isinstance(found.get(name), str) and found[name] for name in names
    ):
        return None
    secret = found.get("client_secret", "")
    hidden = [str(found["access_token"]), str(found["refresh_token"]), str(secret)]
    for text in hidden:
        register(text)
    return SignIn(
        portal=found["portal"],
        client_id=found["client_id"],
        client_secret=Hidden(hidden[2]),
        token_server=found["token_server"],
        access=Hidden(hidden[0]),
        refresh=Hidden(hidden[1]),
    )


_PATH = Hidden("/rest/")


class OAuth:
    """Calls with an application's token."""

    def __init__(self, file: TokensFile, application: Application, signed_in: SignIn) -> None:
        self._file = file
        self._application = application
        self._signed_in = signed_in
        self._renewal: asyncio.Task[NotSent | Blocked | None] | None = None
        self._refused: Blocked | None = None
        self._is_spending = False
        """Whether the token server has been asked, and what it gives is not yet on disk."""

    def signature(self) -> Signature:
        """The token as it is now."""
        return Signature(_PATH, self._signed_in.access)

    async def renew(self, spent: Signature, refused: Response) -> NotSent | Blocked | None:  # noqa: ARG002
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

    async def _renew(self, spent: Signature) -> NotSent | Blocked | None:
        try:
            async with self._file.held():
                stored = self._file.read()
                if (stored.portal, stored.client_id) != (self._signed_in.portal, self._signed_in.client_id):
                    raise TokensError(
                        "tokens-of-another-portal", path=self._file.path, sign_in_again=SIGN_IN_AGAIN
                    )
                if stored.access != spent.token:
                    self._signed_in = stored  # another process has renewed
                    return None
                return await self._exchange(stored)
        except TokensError as error:
            self._refused = Blocked("sign-in", str(error))
        return self._refused

    async def _exchange(self, stored: SignIn) -> NotSent | Blocked | None:
        try:
            place = self._file.reserve()
        except PrivateFileError as error:
            return Blocked("sign-in", f"{error}; the sign-in was not renewed, since it could not be stored")
        self._is_spending = True
        try:
            return self._settle(place, stored, await self._application.renew(stored.refresh))
        finally:
            self._is_spending = False

    def _settle(
        self, place: Replacement, stored: SignIn, answer: Granted | Denied | NotSent
    ) -> NotSent | Blocked | None:
        match answer:
            case Granted(access, refresh):
                renewed = replace(stored, access=access, refresh=refresh)
                try:
                    place.put(renewed.text())
                except PrivateFileError as error:
                    # What was written stays: where only the renaming failed, the next process finds it.
                    raise TokensError("sign-in-not-stored", reason=error, sign_in_again=SIGN_IN_AGAIN) from None
                self._signed_in = renewed
                return None
            case Denied(code, text):
                place.forget()
                self._refused = Blocked(code, explanation(code, text))
                return self._refused
            case NotSent():
                place.forget()
                return answer


def explanation(code: str, text: str) -> str:
    """What the token server's refusal means, and what to do."""
    if code.upper() in STOPPING:
        return explained(code.upper())
    reported = ": ".join(part for part in (code, text) if part) or "no reason"
    return f"the token server refused to renew the sign-in ({reported}); {SIGN_IN_AGAIN}"
