"""What makes a text no value of its parameter."""

from __future__ import annotations


class MisfitError(Exception):
    """The text is no value of this type; the text says why, `code` in two words."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def shown(text: str, longest: int = 40) -> str:
    """A cell as a message quotes it: on one line, and not too long."""
    one_line = " ".join(text.split())
    return f'"{one_line if len(one_line) <= longest else one_line[: longest - 1] + "…"}"'
