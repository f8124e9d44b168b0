"""BEING TOLD: messages about nights go out, are tried again, and are kept until they arrived."""

from launcher.notify.apprises import AppriseChannel
from launcher.notify.channels import Channel, Message, NotSentError
from launcher.notify.chats import ChatChannel
from launcher.notify.emails import EmailChannel
from launcher.notify.outbox import Outbox
from launcher.notify.pings import ping

__all__ = [
    "AppriseChannel",
    "Channel",
    "ChatChannel",
    "EmailChannel",
    "Message",
    "NotSentError",
    "Outbox",
    "ping",
]
