"""Certificates for portals with https on loopback."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: for a portal (its key included), and for those who are to trust it."""

    portal: str
    authority: str


def make(folder: Path) -> Certificates:
    """A certificate for 127.0.0.1, and the authority that has signed it and that nothing else knows."""
    portal, authority = str(folder / "portal.pem"), str(folder / "authority.pem")
    signer = trustme.CA()
    signer.cert_pem.write_to_path(authority)
    signer.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(portal)
    return Certificates(portal, authority)
