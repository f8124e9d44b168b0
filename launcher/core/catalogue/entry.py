"""What the catalogue says of one error: what follows from it here, what it means in texts/en.toml."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NotRequired, TypedDict

from launcher.messages import wording

DOCS = "https://apidocs.bitrix24.com/"
ERROR_CODES = DOCS + "error-codes.html"


class Started(StrEnum):
    """Whether the workflow of a row with this code started."""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


class Action(StrEnum):
    """What the launcher does automatically."""

    WAITS_FOR_RATE = "waits-for-rate"
    WAITS_FOR_OPERATING_TIME = "waits-for-operating-time"
    WAITS_FOR_CONNECTION = "waits-for-connection"
    STOPS = "stops"
    SENDS_SHORTER = "sends-shorter"
    FAILS_THE_ROW = "fails-the-row"
    DEFERS_THE_ROW = "defers-the-row"
    LEAVES_UNKNOWN = "leaves-unknown"
    LEAVES_INVALID = "leaves-invalid"
    SKIPS = "skips"
    SETTLES = "settles"


class Who(StrEnum):
    """Who can fix it."""

    NOBODY = "nobody"
    FILE = "file"
    SETTINGS = "settings"
    YOU = "you"
    WEBHOOK_OWNER = "webhook-owner"
    TEMPLATE_OWNER = "template-owner"
    ADMIN = "admin"
    NETWORK = "network"
    SUPPORT = "support"
    MAKERS = "makers"


class EntryDocument(TypedDict):
    """What is known of one error code. A question without an answer has no key."""

    code: NotRequired[str]
    """As the column `launch_error_code` has it; missing if the portal gives no code."""
    text: NotRequired[str]
    """The portal's own text, if that identifies the error and not the code."""
    also: NotRequired[str]
    """Other names, separated by commas."""
    means: str
    """What the error means."""
    started: Literal["no", "maybe", "yes"]
    """Whether the workflow of a row with this code started."""
    launcher: str
    """What the launcher does automatically."""
    who: str
    """Who can fix it."""
    mend: NotRequired[str]
    """What to do; missing if nothing is to be done."""
    page: NotRequired[str]
    """The official documentation."""


_MAY_BE_MISSING: tuple[Literal["code", "text", "also", "mend", "page"], ...] = (
    "code", "text", "also", "mend", "page",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One code, or one of the portal's fixed texts without a code. Its texts are clauses without full stops."""

    code: str
    """As it stands in the column launch_error_code; empty where the portal gives none."""
    started: Started
    does: Action
    who: Who
    page: str = ""
    """The documentation's page, or nothing for what only the launcher knows."""
    remedy_of: str = ""
    """The remedy's name in the file of texts, where several entries share it."""
    text: str = ""
    """The portal's own text, where that and not the code tells what it is."""
    title: str = ""
    """What a person calls it who asks for it, where neither code nor text is a name."""
    also: tuple[str, ...] = ()
    """Other names of the same thing."""
    says_remedy: bool = False
    """Whether the text of such a row says already what to do."""
    unspoken: bool = False
    """Whether the code is a programmer's name, which no sentence for people says."""

    @property
    def name(self) -> str:
        """What a person asks for."""
        return self.title or self.code or self.text

    @property
    def names(self) -> tuple[str, ...]:
        """All that it may be asked for by."""
        return tuple(name for name in (self.title, self.code, self.text, *self.also) if name)

    @property
    def meaning(self) -> str:
        """What the error means."""
        return wording("meaning", self.name) or self.name

    @property
    def remedy(self) -> str:
        """What to do; empty where nothing is to be done."""
        return wording("remedy", self.remedy_of or self.name)

    def to_dict(self) -> EntryDocument:
        """Return the document of `--json`, without the questions that have no answer."""
        document: EntryDocument = {
            "code": self.code,
            "text": self.text,
            "also": ", ".join(self.also),
            "means": self.meaning,
            "started": self.started.value,
            "launcher": wording("action", self.does),
            "who": wording("who", self.who),
            "mend": self.remedy,
            "page": self.page,
        }
        for question in _MAY_BE_MISSING:
            if not document[question]:
                del document[question]
        return document
