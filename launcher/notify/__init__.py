"""NOTIFICATIONS: messages about scheduled runs go out, are tried again, and are kept until they arrived.

A new kind of channel is a module here, a key of `NotifyConfig` and a line in `CHANNELS`.
"""

from collections.abc import Callable, Mapping, Sequence

from launcher.notify.apprises import AppriseChannel, apprise_channels
from launcher.notify.channels import Channel, Configured, Notification, deliver, ping
from launcher.notify.chats import ChatChannel, chat_channels
from launcher.notify.emails import EmailChannel, email_channels
from launcher.notify.outbox import Envelope, Outbox, queued, send_once

CHANNELS: Mapping[str, Callable[[Configured], Sequence[Channel]]] = {
    "email": email_channels,
    "users": chat_channels,
    "apprise": apprise_channels,
}
"""What makes the channels of each key of `notify:`."""

__all__ = [
    "CHANNELS",
    "AppriseChannel",
    "Channel",
    "ChatChannel",
    "Configured",
    "EmailChannel",
    "Envelope",
    "Notification",
    "Outbox",
    "deliver",
    "ping",
    "queued",
    "send_once",
]
