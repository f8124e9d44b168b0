"""One call to the portal: an answer, or how it was lost. Judges nothing."""

from launcher.portal.access import Access, parse_webhook
from launcher.portal.address import Address, AddressError, parse_address
from launcher.portal.asking import AskingError
from launcher.portal.client import Portal

__all__ = [
    "Access",
    "Address",
    "AddressError",
    "AskingError",
    "Portal",
    "parse_address",
    "parse_webhook",
]
