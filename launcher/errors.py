"""What goes wrong without a fault of ours, as one tree. Any other exception is a bug and keeps its traceback.

The children differ by what the caller can do about it:

    LauncherError
    ├── InputError             correct the request, the configuration or the file, and ask again
    │   ├── SettingsError · MappingError · KindError · TemplateError · SheetError · ResultsError ·
    │   │   AddressError · TokensError · SignInError · PrivateFileError · SchedulingError · LogFileError
    │   ├── NoSuchRunError     name another run
    │   └── NothingToDoError   nothing: there is no input yet, and the job does not require one
    ├── ConfirmationError      confirm what the plan says, or leave it
    ├── InUseError             wait until the other process ends
    │   ├── PortalInUseError
    │   └── DaemonRunsError
    ├── LedgerError            see to the ledger's disk or server; what it has is true
    │   └── LedgerGoneError    put the ledger's file back before anything runs again
    ├── PortalError            the portal did not answer, or refused; `refused` says which
    ├── RunStoppedError        resume the run once the cause is over; nothing is lost
    ├── StoppedError           nothing: somebody asked to stop
    ├── DeliveryError          a message did not get through; whatever it told of has happened
    ├── RowError               correct one row or one cell; the others go on
    └── PatternError · DateFormatError · DamagedError · UnexpectedAnswerError   caught within their own room
"""

from __future__ import annotations

from launcher.messages import Message
from launcher.redact import redacted_text

_NOTHING_SAID = Message("given-text", text="")


class LauncherError(Exception):
    """Something that a person can understand and act upon.

    `code` is stable, for programs; the message says what happened and where, and what to do about it.
    """

    def __init__(self, message: str | Message = _NOTHING_SAID, /, **fields: object) -> None:
        """Take a message, or its code and its fields."""
        self.message = message if isinstance(message, Message) else Message(message, **fields)
        self.code = self.message.code
        super().__init__(self.message)


class InputError(LauncherError):
    """The request, the configuration or the file has to be corrected; nothing has begun."""


class SettingsError(InputError):
    """The configuration cannot be used; the text says where, what is wrong and what to do."""


class ResultsError(InputError):
    """The results cannot be written; the text names the file, the reason and the next step."""


class NoSuchRunError(InputError):
    """The ledger has no such run."""


class NothingToDoError(InputError):
    """There is no input, and none is required."""


class ConfirmationError(LauncherError):
    """What cannot be taken back was not confirmed; nothing has been sent or changed."""


class InUseError(LauncherError):
    """Another process is at work on what is needed."""


class LedgerError(LauncherError):
    """The ledger cannot be opened, read or written; the text says why and what to do."""


class LedgerGoneError(LedgerError):
    """Another file, or none, stands where the open ledger's file stood."""

    def __init__(self, name: str) -> None:
        super().__init__(Message("ledger-gone-in-use", name=name))


class PortalError(LauncherError):
    """The portal did not answer, or not to the purpose. `refused`: it answered, and asking again is no use."""

    def __init__(self, message: str | Message, /, *, refused: bool = False, **fields: object) -> None:
        super().__init__(message, **fields)
        self.refused = refused


class RunStoppedError(LauncherError):
    """A run could not go on; what it did until then is in the ledger, and `resume` goes on."""


class StoppedError(LauncherError):
    """Somebody asked to stop before it was done."""


class DeliveryError(LauncherError):
    """A message did not get through. `permanent`: another attempt changes nothing."""

    def __init__(self, message: str | Message, /, *, permanent: bool = False, **fields: object) -> None:
        super().__init__(message, **fields)
        # What a portal or a server says may quote what it was called with.
        self.message = self.message.mapped(_redacted)
        self.args = (self.message,)
        self.permanent = permanent


def _redacted(value: object) -> object:
    return value if isinstance(value, int | float) else redacted_text(str(value))


class RowError(LauncherError):
    """One row or one cell cannot be used; `kind` says why in two words, as the ledger keeps it."""

    def __init__(self, kind: str, message: str | Message, /, **fields: object) -> None:
        super().__init__(message, **fields)
        self.kind = kind
