"""READ: a spreadsheet file becomes rows of text, numbered as the person sees them.

The law of this room: no cell is guessed, renamed, dropped or shifted in silence. What cannot be
read with certainty raises `SheetError`, and does so while the table is opened, before a row is used.
"""

from launcher.sheets.grid import SUMMARY_TITLE
from launcher.sheets.model import Dialect, Row, SheetError, Table
from launcher.sheets.opening import open_table

__all__ = ["SUMMARY_TITLE", "Dialect", "Row", "SheetError", "Table", "open_table"]
