"""Paths as people see them."""

from __future__ import annotations

from pathlib import Path

from launcher.visible import one_line


def shown_path(path: str | Path) -> str:
    """The path as the person would type it from here, in one line whatever its name holds."""
    try:
        return one_line(str(Path(path).relative_to(Path.cwd())))
    except ValueError:
        return one_line(str(path))
