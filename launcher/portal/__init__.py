"""One call to the portal: an answer, or how it was lost. Judges nothing."""

from launcher.portal.address import Address, AddressError, parse_webhook
from launcher.portal.asking import AskingError
from launcher.portal.client import Portal

__all__ = ["Address", "AddressError", "AskingError", "Portal", "parse_webhook"]
