"""Starts as the portal's `batch` takes them.

The portal reads each command with PHP's parse_url and parse_str, so everything is percent-encoded
and nested as `PARAMETERS[Name]=...`; all values arrive as texts.
Source: official REST documentation, "How to Execute a Batch Request".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote

from launcher.core.model import Start, Value

MAX_COMMANDS = 50
"""Commands in one batch; the portal refuses the surplus. Source: the page named above."""

MAX_INPUT_VARS = 1000
"""PHP's parse_str drops what comes after that many values, in silence (php.ini, max_input_vars)."""

LONGEST_BATCH = 512 * 1024
"""Bytes of parameters in one batch, reckoned high. Web servers commonly take 1 MB and drop what is longer."""

START = "bizproc.workflow.start"

Item = TypeVar("Item")


def parts(items: Sequence[Item], size: int = MAX_COMMANDS) -> Iterator[Sequence[Item]]:
    """Return the items in their order, `size` at once; the last ones may be fewer."""
    return (items[first : first + size] for first in range(0, len(items), size))


_REPLACED_BY_THE_PORTAL = re.compile(r"\$(?:result|next|total|time|error)", re.IGNORECASE)
"""The portal replaces `$result[...]` and its like by earlier commands' answers, after decoding, so no
escaping prevents it. Wider than the portal's own pattern on purpose: a single call costs little."""


_KEPT_NAME = re.compile(r"(?!__)[^\[\]\0\s][^\[\]\0]*")
"""Names that parse_str surely keeps. It decodes a name before it looks for its brackets, cuts it at a NUL,
takes a single white space for no name, and drops `__Host-...` and `__Secure-...` in silence."""


_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")
"""What percent-encoding leaves as it is. Source: RFC 3986, 2.3."""


def command_key(start: Start) -> str:
    """The start's name in a batch and its answer.

    Led by a letter: with numeric keys PHP answers lists, and with some commands failed nothing
    tells any longer which.
    """
    return f"r{start.row_number}"


def needs_single_call(start: Start) -> bool:
    """Whether a batch would damage this start, so that it needs a single call."""
    values = 0
    for name, value in start.parameters.items():
        if not _KEPT_NAME.fullmatch(name):
            return True
        for text in (name, *_texts(value)):
            values += 1
            if replaced_by_the_portal(text):
                return True
        if isinstance(value, tuple) and not value:
            return True
    return values > MAX_INPUT_VARS - 10


def replaced_by_the_portal(text: str) -> bool:
    """Whether a batch would put an earlier command's answer in the place of this text."""
    return "$" in text and _REPLACED_BY_THE_PORTAL.search(text) is not None


def batch_size_for(starts: Sequence[Start], size: int, longest: float = math.inf) -> int:
    """How many of the starts, from the first, go in the next request: `size` at most, and at least one.

    `longest`: bytes of their commands at most, where a server in front of the portal has refused more.
    """
    count, length, encoded = 0, 0, 0
    for start in starts[:size]:
        length += sum(_encoded_at_most(text) for value in start.parameters.values() for text in _texts(value))
        if longest < math.inf:
            encoded += length_of(start)
        if needs_single_call(start) or length > LONGEST_BATCH or encoded > longest:
            break
        count += 1
    return max(1, count)


def length_of(start: Start) -> int:
    """Bytes of the start's command."""
    return len(encode_command(start))


def _encoded_at_most(text: str) -> int:
    return len(text) * (3 if text.isascii() else 12)


def encode(starts: Sequence[Start]) -> dict[str, object]:
    """The body of a `batch` of these starts; none of them may be one that must go alone."""
    commands = {command_key(start): encode_command(start) for start in starts}
    if len(commands) < len(starts) or len(starts) > MAX_COMMANDS:
        raise ValueError(f"{len(starts)} starts for {len(commands)} commands, {MAX_COMMANDS} at most")
    return {"halt": 0, "cmd": commands}


def encode_command(start: Start) -> str:
    """One command of a batch: `bizproc.workflow.start?TEMPLATE_ID=...`."""
    document = start.document
    pairs = [
        f"{START}?TEMPLATE_ID={start.template_id}",
        f"DOCUMENT_ID[0]={_quoted(document.module)}",
        f"DOCUMENT_ID[1]={_quoted(document.entity)}",
        f"DOCUMENT_ID[2]={_quoted(document.element_id)}",
    ]
    # Spelt out, since every row passes here; what `encode_call` makes of a single call is the same.
    for name, value in start.parameters.items():
        place = f"PARAMETERS[{_quoted(name)}]"
        if isinstance(value, str):
            pairs.append(f"{place}={_quoted(value)}")
        else:
            pairs += [f"{place}[{index}]={_quoted(text)}" for index, text in enumerate(value)]
    return "&".join(pairs)


def encode_call(method: str, parameters: Mapping[str, object]) -> str:
    """A call as one command of a batch. `parameters`: texts, numbers, and lists and maps of them."""
    pairs = [pair for name, value in parameters.items() for pair in _pairs(_quoted(name), value)]
    return f"{method}?{'&'.join(pairs)}"


def _pairs(name: str, value: object) -> Iterator[str]:
    """`name=value`, or `name[key]=value` for each value inside."""
    match value:
        case str():
            yield f"{name}={_quoted(value)}"
        case bool():
            raise TypeError("true and false cannot stand in a batch")
        case Mapping():
            for key, inner in value.items():
                yield from _pairs(f"{name}[{_quoted(str(key))}]", inner)
        case list() | tuple():
            for index, inner in enumerate(value):
                yield from _pairs(f"{name}[{index}]", inner)
        case int():
            yield f"{name}={value}"
        case _:
            raise TypeError(f"{type(value).__name__} cannot stand in a batch")


def encode_single(start: Start) -> dict[str, object]:
    """The body of a single call for this start, outside a batch."""
    document = start.document
    return {
        "TEMPLATE_ID": start.template_id,
        "DOCUMENT_ID": [document.module, document.entity, document.element_id],
        "PARAMETERS": {
            name: value if isinstance(value, str) else list(value) for name, value in start.parameters.items()
        },
    }


def _texts(value: Value) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _quoted(text: str) -> str:
    # Most names and IDs are plain, and seen to be so sooner than they are quoted.
    return text if _PLAIN.fullmatch(text) else quote(text, safe="")
