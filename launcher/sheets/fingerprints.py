"""Whether a table is still the one that was read."""

from __future__ import annotations

import hashlib
from pathlib import Path

from launcher.sheets.model import Source


def fingerprint(file: Path) -> str:
    """What differs once the file has been written to."""
    found = file.stat()
    return f"{found.st_size} bytes, changed {found.st_mtime_ns}"


def content_fingerprint(source: Source) -> str:
    """What differs once the content does, for what was fetched and has no time of its own."""
    with source.path.open("rb") as file:
        return f"blake2b {hashlib.file_digest(file, 'blake2b').hexdigest()[:32]}"
