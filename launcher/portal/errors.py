"""What a question to the portal, or a sign-in, may end in."""

from __future__ import annotations


class AskingError(Exception):
    """The portal did not answer, or not to the purpose; the text says what to do."""

    def __init__(self, text: str, *, refused: bool = False) -> None:
        super().__init__(text)
        self.refused = refused


class SignInError(Exception):
    """The sign-in came to nothing; the text says what to do."""
