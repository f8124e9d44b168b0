"""Everything that apprise reaches: an optional extra, imported only where it is used."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

from pydantic import SecretStr

from launcher.errors import DeliveryError
from launcher.notify.channels import Configured, Notification, in_own_thread

MISSING = 'apprise: is not installed; install it with: pip install "bizproc-launcher[apprise]"'


def is_installed() -> bool:
    return find_spec("apprise") is not None


def apprise_channels(by: Configured) -> list[AppriseChannel]:
    return [AppriseChannel(address, number, by.job) for number, address in enumerate(by.config.apprise, 1)]


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """One address of apprise's. It is a secret, but for its scheme."""

    address: SecretStr
    number: int
    job: str = ""
    """Whose `notify:` names it; empty: that of all jobs."""

    @property
    def label(self) -> str:
        scheme, colon, _ = self.address.get_secret_value().partition("://")
        # Without a scheme it may all be a token.
        of = f" of {self.job}" if self.job else ""
        return f"{scheme if colon else 'no scheme'} (apprise {self.number}{of})"

    async def send(self, message: Notification) -> None:
        """The service has taken it when this returns. Raises DeliveryError."""
        if not is_installed():
            raise DeliveryError("given-text", text=MISSING, permanent=True)
        # It logs addresses with their tokens.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        with warnings.catch_warnings():
            # Of what it loads; it is nothing that the person could fix.
            warnings.simplefilter("ignore", DeprecationWarning)
            import apprise

            sender = apprise.Apprise()
            is_known = sender.add(self.address.get_secret_value())
        if not is_known:
            raise DeliveryError("apprise-address-unknown", permanent=True)
        # As plain text: a portal's text is no markup of the service's.
        send = partial(sender.notify, title=message.subject, body=message.text, body_format="text")
        if not await in_own_thread(send):
            raise DeliveryError("service-refused")
