"""What the catalogue says of one code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NotRequired, TypedDict

DOCS = "https://apidocs.bitrix24.com/"
ERROR_CODES = DOCS + "error-codes.html"
LIMITS = DOCS + "limits.html"
WEBHOOKS = DOCS + "local-integrations/local-webhooks.html"
START = DOCS + "api-reference/bizproc/bizproc-workflow-start.html"

LOOK = "look at the document in the portal; launcher reconcile asks the portal again"
"""What to do about a row that may have started."""


class Started(StrEnum):
    """Whether the workflow of a row with this code started."""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


class Action(StrEnum):
    """What the launcher does of itself, in words for the person."""

    WAITS_FOR_RATE = "slows down, waits, longer each time, and sends the same rows again"
    WAITS_FOR_OPERATING_TIME = "waits, longer each time, and sends the same rows again"
    WAITS_FOR_CONNECTION = "waits, longer each time, and tries again; after half an hour it stops the run"
    STOPS = "stops the run and blames no row; launcher resume goes on"
    SENDS_SHORTER = (
        "sends the same rows again in shorter requests, for the rest of the run; marks a row failed whose "
        "request is too long by itself"
    )
    FAILS_THE_ROW = "marks the row failed and goes on with the others; launcher retry sends it again"
    DEFERS_THE_ROW = "tries this row again later, for half an hour, and goes on with the others"
    LEAVES_UNKNOWN = "marks the row unknown, never sends it again by itself, and asks the portal about it"
    LEAVES_INVALID = "marks the row invalid, sends nothing for it, and goes on with the others"
    SKIPS = "skips the row and goes on with the others"
    SETTLES = "marks the row started, with the workflow's ID"


class Who(StrEnum):
    """Who can mend it."""

    NOBODY = "nobody has to"
    FILE = "you, in the file"
    SETTINGS = "you, in the configuration"
    YOU = "you"
    WEBHOOK_OWNER = "an administrator of the portal, in its settings of webhooks"
    TEMPLATE_OWNER = "whoever looks after the workflow template"
    ADMIN = "an administrator of the portal"
    NETWORK = "whoever looks after this machine's network"
    SUPPORT = "Bitrix24's support"
    MAKERS = "the makers of the launcher"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One code, or one of the portal's fixed texts without a code. Clauses without their full stops."""

    code: str
    """As it stands in the column launch_error_code; empty where the portal gives none."""
    text: str = ""
    """The portal's own text, where that and not the code tells what it is."""
    also: tuple[str, ...] = ()
    """Other names of the same thing."""
    title: str = ""
    """What a person calls it who asks for it, where neither code nor text is a name."""
    meaning: str
    started: Started
    does: Action
    who: Who
    mend: str = ""
    """What to do, where something is to be done."""
    told: bool = False
    """Whether the text of such a row says it already."""
    page: str = ERROR_CODES
    """The documentation's page, or nothing for what only the launcher knows."""

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

    def to_dict(self) -> EntryDocument:
        """Return the document of `--json`, without the questions that have no answer."""
        document: EntryDocument = {
            "code": self.code,
            "text": self.text,
            "also": ", ".join(self.also),
            "means": self.meaning,
            "started": self.started.value,
            "launcher": self.does.value,
            "who": self.who.value,
            "mend": self.mend,
            "page": self.page,
        }
        for question in _MAY_BE_MISSING:
            if not document[question]:
                del document[question]
        return document
