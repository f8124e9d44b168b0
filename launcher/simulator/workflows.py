"""SELECT, FILTER and ORDER of bizproc's list methods, as its REST service reads them.

Source: docs, and servers as they were seen to answer. Unknown fields and operations are ignored without
a word, and field names in FILTER count only in upper case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from launcher.simulator import errors, php
from launcher.simulator.methods import Call, Reply, page
from launcher.simulator.state import Started, State
from launcher.simulator.templates import TEMPLATES

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


_TEMPLATE_FIELDS = frozenset(TEMPLATES[1].row())
_INSTANCE_FIELDS = (
    *("ID", "MODIFIED", "OWNED_UNTIL", "MODULE_ID", "ENTITY"),
    *("DOCUMENT_ID", "STARTED", "STARTED_BY", "TEMPLATE_ID"),
)


def instances(call: Call) -> Reply:
    """List workflows that run now; one that has ended is not listed."""
    _administrator(call)
    state = call.state
    rows = [_instance(state, started) for started in _candidates(call)]
    shown = ("ID", "MODIFIED", "OWNED_UNTIL")
    reply = _listed(call, rows, _instance_readers(state), shown, ("MODIFIED", True))
    reply.result = [_shown(state, row) for row in reply.result]
    return reply


def _listed(
    call: Call,
    rows: list[Row],
    readers: Mapping[str, Callable[[Any], Any]],
    fields: tuple[str, ...],
    by: tuple[str, bool],
) -> Reply:
    """Return a page of the rows as the call wants them, else with these fields and in this order."""
    keep = conditions(call.params.get("FILTER"), readers)
    shown = select(call.params.get("SELECT"), readers, fields)
    wanted = order(call.params.get("ORDER"), readers, by)
    kept = [row for row in rows if all(holds(row) for holds in keep)]
    reply = page(arrange(kept, wanted, readers), call.offset)
    reply.result = [{field: row[field] for field in shown} for row in reply.result]
    return reply


def _candidates(call: Call) -> list[Started]:
    """Return the running workflows, by an index where the filter names a workflow or a document."""
    rules = dict(php.items(call.params.get("FILTER")))
    document, workflow = rules.get("DOCUMENT_ID"), rules.get("ID")
    if isinstance(workflow, str):
        return call.state.workflows.running_one(workflow)
    return call.state.workflows.running(document if isinstance(document, str) else None)


def _instance(state: State, started: Started) -> Row:
    """Return the row with moments as numbers of the portal's clock."""
    at = started.at + state.settings.clock_offset_seconds
    ago = state.settings.locked.get(started.document[2])
    return {
        "ID": started.workflow_id,
        "MODIFIED": at,
        "OWNED_UNTIL": None if ago is None else state.clock.now() - ago,
        "MODULE_ID": started.document[0],
        "ENTITY": started.document[1],
        "DOCUMENT_ID": started.document[2],
        "STARTED": at,
        "STARTED_BY": state.settings.user_id if state.settings.tells_starter else 0,
        "TEMPLATE_ID": started.template_id,
    }


def _shown(state: State, row: Row) -> dict[str, str | None]:
    dated = {name: state.clock.iso(each) if isinstance(each, float) else each for name, each in row.items()}
    return {name: None if each is None else str(each) for name, each in dated.items()}


def _instance_readers(state: State) -> dict[str, Callable[[Any], Any]]:
    def moment(value: Any) -> float | None:
        # The portal keeps whole seconds.
        return float(int(value)) if isinstance(value, float) else state.clock.read(str(value or ""))

    readers: dict[str, Callable[[Any], Any]] = dict.fromkeys(_INSTANCE_FIELDS, str)
    readers.update(MODIFIED=moment, STARTED=moment, OWNED_UNTIL=lambda v: None if not v else moment(v))
    readers.update(STARTED_BY=php.integer, TEMPLATE_ID=php.integer)
    return readers


def terminate(call: Call) -> Reply:
    """End a running workflow and keep its record; one that does not run is an error."""
    if not _end(call):
        raise errors.uncoded("The workflow instance is not found.")
    return Reply(True)


def kill(call: Call) -> Reply:
    """End a workflow and delete its record; true also where there is none."""
    _end(call)
    return Reply(True)


def _end(call: Call) -> int:
    """End the workflow that the call names; return how many did run: one or none."""
    _administrator(call)
    if not php.truth(call.params.get("ID")):
        raise errors.wrong_workflow_id("Empty workflow instance ID")
    named, unstoppable = str(call.params["ID"]), call.state.settings.unstoppable
    for started in call.state.workflows.running_one(named):
        if started.document[2] in unstoppable:
            raise errors.uncoded(unstoppable[started.document[2]])
    return call.state.workflows.end([named])


def template_list(call: Call) -> Reply:
    """List the portal's workflow templates."""
    _administrator(call)
    readers: dict[str, Callable[[Any], Any]] = dict.fromkeys(_TEMPLATE_FIELDS, _comparable)
    readers["MODIFIED"] = lambda value: call.state.clock.read(str(value or ""))
    readers.update(ID=php.integer, AUTO_EXECUTE=php.integer, USER_ID=php.integer)
    rows = [template.row() for template in TEMPLATES.values()]
    return _listed(call, rows, readers, ("ID",), ("ID", False))


def _comparable(value: Any) -> str:
    """Return what the database compares: of a document's triple, the type itself."""
    return str(value[-1]) if isinstance(value, list) and value else str(value)


def _administrator(call: Call) -> None:
    if not call.state.settings.admin:
        raise errors.access_denied()
