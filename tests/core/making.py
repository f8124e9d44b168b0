"""Builders for the tests of core: starts, and answers in the portal's own shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launcher.core.model import Document, Start, Value


def lead(row_number: int, parameters: Mapping[str, Value] | None = None, *, key: str = "") -> Start:
    """A start of template 7 on the lead whose number is 1000 more than its row's."""
    return Start(
        row_number=row_number,
        template_id=7,
        document=Document("crm", "CCrmDocumentLead", f"LEAD_{row_number + 1000}"),
        parameters={} if parameters is None else parameters,
        start_key=key or f"key of row {row_number}",
    )


def leads(count: int) -> tuple[Start, ...]:
    """That many starts, from row 2 on."""
    return tuple(lead(row_number) for row_number in range(2, 2 + count))


def batch_body(results: object, errors: object = None) -> dict[str, Any]:
    """The answer to a batch. PHP writes an empty map as an empty list, and so does this."""
    times = {key: {"operating": 0.1} for key in results} if isinstance(results, dict) else {}
    return {
        "result": {
            "result": results or [],
            "result_error": errors or [],
            "result_total": [],
            "result_next": [],
            "result_time": times or [],
        },
        "time": {"start": 1729696689.1, "finish": 1729696689.2, "duration": 0.1, "operating": 0},
    }


def error(code: object, text: object = "") -> dict[str, object]:
    """An error as the portal writes it, for a request and for a command alike."""
    return {"error": code, "error_description": text}
