"""The portal's own notifications. Source: official REST documentation, im.notify.system.add."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.core.answers import NoAnswer, answer_of
from launcher.errors import DeliveryError
from launcher.notify.channels import Configured, Notification
from launcher.portal.access import Access
from launcher.portal.client import Portal


def chat_channels(by: Configured) -> list[ChatChannel]:
    """Return one for each person. Raises SettingsError, AddressError, TokensError."""
    if not by.config.users:
        return []
    access = by.access()
    return [ChatChannel(access, (user,)) for user in by.config.users]


@dataclass(frozen=True, slots=True)
class ChatChannel:
    """People of one portal, by their IDs."""

    access: Access
    users: tuple[int, ...]

    @property
    def label(self) -> str:
        users = "user" if len(self.users) == 1 else "users"
        return f"{users} {', '.join(map(str, self.users))} in the chat of {self.access.portal}"

    async def send(self, message: Notification) -> None:
        """Each of them has it when this returns; some may where it raises DeliveryError."""
        async with Portal(self.access, answer_timeout_s=20.0) as portal:
            for user in self.users:
                outcome = await portal.call(
                    "im.notify.system.add", {"USER_ID": user, "MESSAGE": message.chat, "TAG": "launcher"}
                )
                answer = answer_of(outcome)
                if isinstance(answer, NoAnswer):
                    raise DeliveryError("given-text", text=_explained(answer.text), permanent=answer.refused)


def _explained(text: str) -> str:
    if "scope" in text.lower():
        return f"{text}; give the webhook the permission Chat and Notifications (im)"
    return text
