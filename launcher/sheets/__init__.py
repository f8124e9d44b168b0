"""READ: a spreadsheet file becomes rows of text, numbered as the person sees them.

The law of this room: no cell is guessed, renamed, dropped or shifted in silence. What cannot be
read with certainty raises `SheetError`, and does so while the table is opened, before a row is used.
"""

from launcher.sheets.containers import from_standard_input
from launcher.sheets.fetching import WebAddress, fetch, is_address, parse_address
from launcher.sheets.grid import SUMMARY_TITLE
from launcher.sheets.model import Dialect, Row, SheetError, Source, Table
from launcher.sheets.opening import content_fingerprint, fingerprint, lacks_line_end, open_table

__all__ = [
    "SUMMARY_TITLE",
    "Dialect",
    "Row",
    "SheetError",
    "Source",
    "Table",
    "WebAddress",
    "content_fingerprint",
    "fetch",
    "fingerprint",
    "from_standard_input",
    "is_address",
    "lacks_line_end",
    "open_table",
    "parse_address",
]
