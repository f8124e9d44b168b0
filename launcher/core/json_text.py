"""Texts as JSON, letters as they are: what start keys are made of, and how the ledger keeps cells and values.

The same as `json.dumps` with `ensure_ascii=False` and without blanks, which makes an encoder anew for every
value, at two to three times the cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
