"""Starts as the portal's `batch` takes them.

The portal reads each command with PHP's parse_url and parse_str, so everything is percent-encoded
and nested as `PARAMETERS[Name]=...`; all values arrive as texts.
Source: official REST documentation, "How to Execute a Batch Request".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from launcher.core.model import Start, Value

MAX_COMMANDS = 50
"""Commands in one batch; the portal refuses the surplus. Source: the page named above."""

MAX_INPUT_VARS = 1000
"""PHP's parse_str drops what comes after that many values, in silence (php.ini, max_input_vars)."""

START = "bizproc.workflow.start"

_REPLACED_BY_THE_PORTAL = re.compile(r"\$(?:result|next|total|time|error)", re.IGNORECASE)
"""The portal replaces `$result[...]` and its like by earlier commands' answers, after decoding, so no
escaping prevents it. Wider than the portal's own pattern on purpose: a single call costs little."""


def command_key(start: Start) -> str:
    """The start's name in a batch and its answer.

    Led by a letter: with numeric keys PHP answers lists, and with some commands failed nothing
    tells any longer which.
    """
    return f"r{start.row_number}"


def must_go_alone(start: Start) -> bool:
    """Whether a batch would damage this start, so that it needs a single call."""
    values = 0
    for name, value in start.parameters.items():
        # parse_str decodes a name before it looks for its brackets.
        if not name or "[" in name or "]" in name:
            return True
        for text in (name, *_texts(value)):
            values += 1
            if "$" in text and _REPLACED_BY_THE_PORTAL.search(text):
                return True
        if isinstance(value, tuple) and not value:
            return True
    return values > MAX_INPUT_VARS - 10


def encode(starts: Sequence[Start]) -> dict[str, object]:
    """The body of a `batch` of these starts; none of them may be one that must go alone."""
    if len(starts) > MAX_COMMANDS:
        raise ValueError(f"{len(starts)} commands in one batch, {MAX_COMMANDS} at most")
    return {"halt": 0, "cmd": {command_key(start): encode_command(start) for start in starts}}


def encode_command(start: Start) -> str:
    """One command of a batch: `bizproc.workflow.start?TEMPLATE_ID=...`."""
    document = start.document
    pairs = [
        f"TEMPLATE_ID={start.template_id}",
        f"DOCUMENT_ID[0]={_quoted(document.module)}",
        f"DOCUMENT_ID[1]={_quoted(document.entity)}",
        f"DOCUMENT_ID[2]={_quoted(document.element_id)}",
    ]
    for name, value in start.parameters.items():
        key = f"PARAMETERS[{_quoted(name)}]"
        if isinstance(value, str):
            pairs.append(f"{key}={_quoted(value)}")
        else:
            pairs += [f"{key}[{index}]={_quoted(text)}" for index, text in enumerate(value)]
    return f"{START}?{'&'.join(pairs)}"


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
    return quote(text, safe="")
