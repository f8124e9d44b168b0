"""What a use case is asked for. A default says what happens if nothing else is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launcher.app.inputs import File
from launcher.core.sources import Source

if TYPE_CHECKING:
    from launcher.app.inputs import Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A file to start workflows from, or to check; what is not given here comes from the job."""

    file: File | None = None
    """Without one, that of the job."""
    rows: Rows | None = None
    """Rows of a Python program, instead of a file: mappings, or a pandas DataFrame."""
    job: str | None = None
    template: str | None = None
    kind: str | None = None
    column: str | None = None
    parameters: Mapping[str, Source] = field(default_factory=dict)
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    results: Path | None = None
    """Without one, beside the file; of Python rows none is written."""
    limit: int | None = None
    ignore_launch_columns: bool = False
    """Start rows that the file reports as started by another ledger, like any other."""
    wait: bool = False
    """Wait for the end of another run that holds the portal."""
    scheduled: bool = False
    """Begun by a scheduled run, which then continues what is left of it, and is patient with its portal."""

    def reading(self) -> dict[str, Any]:
        """Return how the file is to be read, for `open_input`."""
        return {
            "sheet": self.sheet,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "header_row": self.header_row,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRequest:
    """Rows of a run to start again."""

    run: str | None = None
    file: File | None = None
    """Corrected rows; without it, the failed rows are sent as they were."""
    unknown: bool = False
    """Send unknown rows too: all of them, or with `file` those which it names unchanged."""
