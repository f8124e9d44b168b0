"""Paths as people see them."""

from __future__ import annotations

from pathlib import Path


def shown_path(path: str | Path) -> str:
    """The path as the person would type it from here."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return str(path)
