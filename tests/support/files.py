"""Files as they lie there when nobody writes to them any more."""

from __future__ import annotations

import os
from pathlib import Path

TEN_YEARS_NS = 10 * 365 * 86_400 * 10**9
"""So that they are old by every clock that a test passes in."""


def aged(path: Path) -> Path:
    """Take the file's time of change ten years back; what was written later stays later, and differs."""
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns - TEN_YEARS_NS))
    return path
