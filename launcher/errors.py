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
    │   └── RowError · RowError · ConversionError
    └── PatternError · DateFormatError · DamagedError · UnexpectedAnswerError   caught within their own room
"""

from __future__ import annotations

from launcher.redact import redacted_text


class LauncherError(Exception):
    """Something that a person can understand and act upon.

    `code` is stable, for programs; the message says what happened and where, and what to do about it.
    """

    code: str = "error"


class InputError(LauncherError):
    """The request, the configuration or the file has to be corrected; nothing has begun."""

    code = "input"


class SettingsError(InputError):
    """The configuration cannot be used; the text says where, what is wrong and what to do."""


class ResultsError(InputError):
    """The results cannot be written; the text names the file, the reason and the next step."""


class NoSuchRunError(InputError):
    """The ledger has no such run."""

    code = "no-such-run"


class NothingToDoError(InputError):
    """There is no input, and none is required."""

    code = "nothing-to-do"


class ConfirmationError(LauncherError):
    """What cannot be taken back was not confirmed; nothing has been sent or changed."""

    code = "not-confirmed"


class InUseError(LauncherError):
    """Another process is at work on what is needed."""

    code = "in-use"


class LedgerError(LauncherError):
    """The ledger cannot be opened, read or written; the text says why and what to do."""


class LedgerGoneError(LedgerError):
    """Another file, or none, stands where the open ledger's file stood."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the ledger {name} was removed or replaced while it was in use, and nothing more is sent. What "
            "was started until then is recorded in the removed file, which only this process still has open, "
            "and in the results files. Put that file back before you run anything again: without it, rows "
            "start twice. If it is lost, put your last backup in its place, and look at the results files "
            "before you run those files again"
        )


class PortalError(LauncherError):
    """The portal did not answer, or not to the purpose. `refused`: it answered, and asking again is no use."""

    code = "portal"

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


class RunStoppedError(LauncherError):
    """A run could not go on; what it did until then is in the ledger, and `resume` goes on."""

    code = "run-stopped"


class StoppedError(LauncherError):
    """Somebody asked to stop before it was done."""

    code = "stopped"


class DeliveryError(LauncherError):
    """A message did not get through. `permanent`: another attempt changes nothing."""

    code = "delivery"

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        # What a portal or a server says may quote what it was called with.
        super().__init__(redacted_text(message))
        self.permanent = permanent


class RowError(LauncherError):
    """One row or one cell cannot be used; `code` says why in two words, as the ledger keeps it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
