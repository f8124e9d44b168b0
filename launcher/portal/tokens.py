"""The tokens file of an application: who is signed in where. Read by its owner, renewed by one at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from launcher.errors import InputError
from launcher.portal.authorisation import Hidden
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
            raise TokensError(f"{error}; {SIGN_IN_AGAIN}") from None
        if signed_in is None:
            raise TokensError(f"{self.path}: not what a sign-in has written; {SIGN_IN_AGAIN}")
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
            raise TokensError(str(error)) from None
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
                        raise TokensError(
                            f"{self.path}: another launcher has been renewing this sign-in for over a minute; "
                            f"see what it does, then try again"
                        ) from None
                await asyncio.sleep(_LOCK_AGAIN_S)
        except OSError as error:
            raise TokensError(f"{self.path}: no lock beside it: {error.strerror}") from None

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
