"""BEING TOLD: messages about nights go out, are tried again, and are kept until they arrived."""

from launcher.notify.apprises import AppriseChannel
from launcher.notify.channels import Channel, Message
from launcher.notify.chats import ChatChannel
from launcher.notify.delivery import deliver
from launcher.notify.emails import EmailChannel
from launcher.notify.outbox import Addressed, Outbox, letter, send_once
from launcher.notify.pings import ping

__all__ = [
    "Addressed",
    "AppriseChannel",
    "Channel",
    "ChatChannel",
    "EmailChannel",
    "Message",
    "Outbox",
    "deliver",
    "letter",
    "ping",
    "send_once",
]
