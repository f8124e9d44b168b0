"""Starts a Bitrix24 workflow on every row of a spreadsheet."""

__version__ = "0.1.0"
