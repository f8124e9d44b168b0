"""Programs of the system that judge what we made, and what is left out on a machine without them.

`python -m tests.support.tools` says it; with `--packages`, it names the Debian packages that are missing.
Imports nothing but the standard library, so that any Python on a bare machine can say it.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

ELSEWHERE = ("/usr/lib/postgresql/*/bin", "/usr/sbin", "/sbin")
"""Folders of programs that are often not on a person's PATH."""


@dataclass(frozen=True)
class Tool:
    """One of these programs brings it."""

    programs: tuple[str, ...]
    package: str
    """Debian's."""
    without: str
    """What is left out where it is missing."""


TOOLS = {
    "php": Tool(("php",), "php-cli", "the comparison of our encoding with PHP's own reading"),
    "postgresql": Tool(("pg_ctl",), "postgresql", "every test of a ledger on PostgreSQL"),
    "chromium": Tool(
        ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"),
        "chromium",
        "the report's page in a browser",
    ),
    "libreoffice": Tool(("soffice",), "libreoffice-calc", "results and spreadsheets as LibreOffice reads them"),
    "cron": Tool(("cron",), "cron", "schedules as cron reads and runs them"),
    "unshare": Tool(("unshare",), "util-linux", "a cron of the tests' own"),
    "systemd": Tool(("systemd-analyze",), "systemd", "schedules as systemd reads them"),
    "npm": Tool(("npm",), "npm", "Bitrix24's JavaScript client as the judge of the simulator"),
}


def find(name: str) -> str | None:
    """Where the tool's program is, or None where it is not installed."""
    folders = os.pathsep.join([os.environ.get("PATH", ""), *_folders()])
    found = (shutil.which(program, path=folders) for program in TOOLS[name].programs)
    return next(filter(None, found), None)


def need(name: str) -> str:
    """Where the tool's program is; skips the test that asks where it is not installed, and fails it in CI."""
    return find(name) or skip_unless_ci(f"{name} is not installed (Debian: {TOOLS[name].package})")


def skip_unless_ci(reason: str) -> NoReturn:
    """Skip for that reason; where all must be there, its absence is a failure."""
    import pytest

    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _folders() -> Iterator[str]:
    for pattern in ELSEWHERE:
        yield from sorted(map(str, Path("/").glob(pattern.lstrip("/"))), reverse=True)


def main(arguments: list[str]) -> None:
    missing = [name for name in TOOLS if find(name) is None]
    if arguments == ["--packages"]:
        print(*dict.fromkeys(TOOLS[name].package for name in missing))
        return
    for name in missing:
        print(f"left out, for {name} is not installed: {TOOLS[name].without}")
    if missing:
        print("on Debian or Ubuntu: apt-get install", *dict.fromkeys(TOOLS[name].package for name in missing))


if __name__ == "__main__":
    main(sys.argv[1:])
