"""The channels on which people are notified of a job, as the configuration has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from launcher.app.portals import access_of
from launcher.errors import DeliveryError
from launcher.notify import AppriseChannel, Channel, ChatChannel, EmailChannel, Message
from launcher.portal.address import AddressError
from launcher.portal.tokens import TokensError
from launcher.settings import NotifyConfig, Settings, SettingsError


@dataclass(frozen=True, slots=True)
class _BrokenChannel:
    """Stands for channels that the configuration names and does not describe."""

    label: str
    reason: str

    async def send(self, message: Message) -> None:  # noqa: ARG002  as every channel
        raise DeliveryError(self.reason, permanent=True)


def channels_of(settings: Settings, name: str) -> list[Channel]:
    """Return all channels for that job; one that cannot be used says so when it is used."""
    try:
        config = settings.notify(name)
        return [] if config is None else list(_channels(settings, name, config))
    except SettingsError as error:
        return [_BrokenChannel(f"notify: of {name}", str(error))]


def _channels(settings: Settings, name: str, config: NotifyConfig) -> Iterator[Channel]:
    # One for each person: what one does not get must not have the others get it again.
    email = config.email
    yield from () if email is None else (EmailChannel(email, person) for person in email.to)
    if config.users:
        try:
            access = access_of(settings.portal(settings.config.jobs[name].portal))
            yield from (ChatChannel(access, (user,)) for user in config.users)
        except (SettingsError, AddressError, TokensError) as error:
            yield _BrokenChannel(f"users of {name}", str(error))
    for number, address in enumerate(config.apprise, 1):
        yield AppriseChannel(address, number, name if settings.config.jobs[name].notify else "")
