"""BEING TOLD: messages about nights go out, are tried again, and are kept until they arrived."""

from launcher.notify.apprises import AppriseChannel
from launcher.notify.channels import Channel, Message, deliver, ping
from launcher.notify.chats import ChatChannel
from launcher.notify.emails import EmailChannel
from launcher.notify.outbox import Envelope, Outbox, queued, send_once

__all__ = [
    "AppriseChannel",
    "Channel",
    "ChatChannel",
    "EmailChannel",
    "Envelope",
    "Message",
    "Outbox",
    "deliver",
    "ping",
    "queued",
    "send_once",
]
