"""Texts with headings in them: `Lead {ID}: {Title}`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from launcher.errors import LauncherError

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[^{}]+|[{}]")


class PatternError(LauncherError, ValueError):
    """The text cannot be read; it says what is expected."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text in parts: those at even places stand as they are, those at odd places are headings."""

    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """`{Heading}` stands for the row's cell, `{{` and `}}` for braces themselves. Raises PatternError."""
        parts = [""]
        for piece in _PIECE.finditer(text):
            written, heading = piece[0], piece[1]
            if heading is not None:
                if not heading.strip():
                    raise PatternError(f'"{text}": a heading is expected between {{ and }}')
                parts += [heading.strip(), ""]
            elif written in ("{{", "}}"):
                parts[-1] += written[0]
            elif written in ("{", "}"):
                raise PatternError(f'"{text}": {{Heading}} is expected; a brace itself is written {{{{ or }}}}')
            else:
                parts[-1] += written
        return cls(tuple(parts))

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings in it, in their order."""
        return self.parts[1::2]

    def filled(self, cells: Sequence[str]) -> str:
        """The text with these cells in the headings' places."""
        parts = list(self.parts)
        parts[1::2] = cells
        return "".join(parts)
