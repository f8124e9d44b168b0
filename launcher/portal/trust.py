"""Whose certificates are believed: the system's, and those of a portal of one's own."""

from __future__ import annotations

import ssl
from pathlib import Path

from launcher.portal.address import AddressError


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """What TLS is verified with; it is verified always. Raises AddressError where `ca_file` cannot be used."""
    context = ssl.create_default_context()
    if ca_file is None:
        return context
    try:
        context.load_verify_locations(cafile=ca_file)
    except ssl.SSLError:
        raise AddressError(
            f"ca_file: {ca_file} holds no certificate that can be read; PEM is expected, with lines such as "
            f"-----BEGIN CERTIFICATE-----"
        ) from None
    except OSError as error:
        raise AddressError(f"ca_file: {ca_file} cannot be read: {error.strerror}") from None
    return context
