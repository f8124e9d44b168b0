"""The launcher's words as types. One meaning each, the same in messages, files and documents.

Texts as JSON are those of `json.dumps` with `ensure_ascii=False` and without blanks, which makes an encoder
anew for every value, at two to three times the cost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from json.encoder import encode_basestring as json_text

__all__ = ["json_text", "json_texts", "json_value", "json_values"]


def json_texts(texts: Iterable[str]) -> str:
    """A list of texts."""
    return f"[{','.join(map(json_text, texts))}]"


def json_value(value: str | tuple[str, ...]) -> str:
    """A parameter's value."""
    return json_text(value) if isinstance(value, str) else json_texts(value)


def json_values(values: Mapping[str, str | tuple[str, ...]]) -> str:
    """Parameters with their values."""
    return f"{{{','.join([f'{json_text(name)}:{json_value(value)}' for name, value in values.items()])}}}"


class State(StrEnum):
    """Where a row stands; each state answers "did it start?" and "is it sent again?"."""

    PENDING = "pending"
    """Did not start. Is sent."""
    SENT = "sent"
    """In flight. Found after a crash, it becomes UNKNOWN."""
    DEFERRED = "deferred"
    """Did not start. Is sent again, later."""
    STARTED = "started"
    """Started: the portal gave a workflow ID. Never sent again."""
    FAILED = "failed"
    """Did not start: the portal refused this row. Sent again only when a person asks."""
    UNKNOWN = "unknown"
    """May have started. Never sent again by itself."""
    INVALID = "invalid"
    """Did not start: the row itself is wrong. Nothing was sent."""
    SKIPPED = "skipped"
    """Did not start, on purpose. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a workflow runs on, as `DOCUMENT_ID` of bizproc.workflow.start takes it."""

    module: str
    entity: str
    element_id: str


Value = str | tuple[str, ...]
"""A parameter's value: a text, or several for a parameter that takes a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The planned call for one row."""

    row_number: int
    template_id: int
    document: Document
    parameters: Mapping[str, Value]
    start_key: str
    equivalent_keys: tuple[tuple[str, str], ...] = ()
    """The start keys that it has under other jobs whose runs count for this one, each after its job."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """A row that cannot become a start, and why, in words for the person."""

    row_number: int
    code: str
    """The kind of fault, by which rows are counted together: `bad ID`."""
    reason: str


@dataclass(frozen=True, slots=True)
class Filtered:
    """A row that the job is not for, and why, in words for the person."""

    row_number: int
    reason: str


Candidate = Start | Invalid | Filtered
"""What one row of a file comes to, whatever else is known."""


def start_key(
    *, portal: str, job: str, template_id: int, document: Document, parameters: Mapping[str, Value]
) -> str:
    """Identity of a start: 32 hexadecimal digits, equal exactly when all five are equal.

    The order of the parameters does not matter.
    """
    called = json_texts((document.module, document.entity, document.element_id))
    values = ",".join(
        [f"[{json_text(name)},{json_value(value)}]" for name, value in sorted(parameters.items())]
    )
    text = f"[{json_text(portal)},{json_text(job)},{template_id},{called},[{values}]]"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def next_key(key: str) -> str:
    """The start key of the next repetition of a start in the same file."""
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
