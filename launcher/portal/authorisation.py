"""What a call is authorised with: a webhook's secret in the path, or an application's token in the body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from launcher.core.answers import Barred, Heard, Unsent


@dataclass(frozen=True, slots=True)
class Hidden:
    """A text that does not print itself."""

    value: str

    def __repr__(self) -> str:
        return "[secret]"


@dataclass(frozen=True, slots=True)
class Signature:
    """What one request carries: hold it, compare it, print it nowhere."""

    path: Hidden
    """What stands before the method's name in the URL, from the first slash on."""
    token: Hidden = Hidden("")
    """What goes into the body's `auth`; empty where the path says all."""

    def fields(self) -> dict[str, str]:
        """What is added to the body."""
        return {"auth": self.token.value} if self.token.value else {}


class Authorisation(Protocol):
    """How a portal is called: as whom, and what to do when that runs out."""

    def signature(self) -> Signature:
        """What the next request carries."""
        ...

    async def renew(self, spent: Signature, refused: Heard) -> Heard | Unsent | Barred | None:
        """None when a request that was refused because `spent` had expired may be sent again, signed anew;
        else what the call comes to. The refusal proves that nothing was started."""
        ...

    async def settled(self) -> None:
        """No renewal is under way when this returns."""
        ...


@dataclass(frozen=True, slots=True)
class Webhook:
    """An incoming webhook: good until somebody deletes it."""

    _path: Hidden

    def signature(self) -> Signature:
        """Always the same."""
        return Signature(self._path)

    async def renew(self, spent: Signature, refused: Heard) -> Heard:  # noqa: ARG002
        """Nothing to renew: the portal's refusal stands."""
        return refused

    async def settled(self) -> None:
        """Always."""
