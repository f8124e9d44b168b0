"""SELECT, FILTER and ORDER of bizproc's list methods, as its REST service reads them.

Source: docs, and servers as they were seen to answer. Unknown fields and operations are ignored without
a word, and field names in FILTER count only in upper case.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from . import php

Row = dict[str, Any]
Compare = Callable[[Any, Any], bool]

_OPERATIONS: dict[str, Compare] = {
    "": lambda a, b: bool(a == b),
    "!": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


def select(rules: Any, fields: Mapping[str, Any], default: tuple[str, ...]) -> tuple[str, ...]:
    """Return the selected fields that exist, else the default."""
    names = [str(name).upper() for _, name in php.items(rules)]
    return tuple(dict.fromkeys(name for name in names if name in fields)) or default


def conditions(rules: Any, readers: Mapping[str, Callable[[Any], Any]]) -> list[Callable[[Row], bool]]:
    """Return what a row must satisfy; readers make a comparable value of each field that may be filtered."""
    found = []
    for name, value in php.items(rules):
        match = re.match(r"([^a-zA-Z]*)(.*)", str(name), re.DOTALL)
        if match and match[1] in _OPERATIONS and match[2] in readers:
            found.append(_condition(match[1], match[2], value, readers[match[2]]))
    return found


def _condition(operation: str, field: str, value: Any, read: Callable[[Any], Any]) -> Callable[[Row], bool]:
    compare = _OPERATIONS[operation]
    if isinstance(value, dict | list):
        wanted = {read(each) for _, each in php.items(value)}
        return lambda row: (read(row[field]) in wanted) is (operation == "")
    against = read(value)

    def holds(row: Row) -> bool:
        mine = read(row[field])
        if mine is None or against is None:
            return operation in ("", "!") and compare(mine, against)
        return compare(mine, against)

    return holds


def order(rules: Any, fields: Mapping[str, Any], default: tuple[str, bool]) -> list[tuple[str, bool]]:
    """Return (field, descending) in the order asked for, else the default."""
    asked = [(str(name).upper(), str(way).upper() == "DESC") for name, way in php.items(rules)]
    return [each for each in asked if each[0] in fields] or [default]


def arrange(
    rows: list[Row], by: list[tuple[str, bool]], readers: Mapping[str, Callable[[Any], Any]]
) -> list[Row]:
    """Return the rows sorted; rows without a value come first, as MySQL sorts NULL."""
    for field, descending in reversed(by):
        read = readers[field]

        def rank(row: Row, field: str = field, read: Callable[[Any], Any] = read) -> tuple[bool, Any]:
            value = read(row[field])
            return (value is not None, 0 if value is None else value)

        rows = sorted(rows, key=rank, reverse=descending)
    return rows
