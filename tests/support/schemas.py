"""The JSON Schemas of the documents that `--json` prints, made from their types.

To write them anew after a change of a type: python -m tests.support.schemas
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import json
from itertools import pairwise
from pathlib import Path
from types import GenericAlias, ModuleType, UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints, is_typeddict

import typing_extensions
from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from launcher.app import documents as app
from launcher.automation import documents as automation
from launcher.cli.commands.simulator import SimulatorDocument
from launcher.cli.main import ErrorDocument
from launcher.core.catalogue.entry import EntryDocument
from launcher.core.summary import RunDocument

FOLDER = Path(__file__).parents[2] / "docs" / "json"

DOCUMENTS: dict[str, Any] = {
    "run": RunDocument,
    "dry-run": app.DryRunDocument,
    "check": app.CheckDocument,
    "runs": list[app.ListedRunDocument],
    "status": app.StatusDocument,
    "results": app.ResultsDocument,
    "report": app.ReportDocument,
    "stop": app.StopDocument,
    "watch": app.WatchDocument,
    "templates": list[app.TemplateDocument],
    "doctor": app.DoctorDocument,
    "backup": app.BackupDocument,
    "prune": app.PruneDocument,
    "login": app.LoginDocument,
    "logout": app.LogoutDocument,
    "nightly": automation.NightDocument,
    "notify": automation.NotifyDocument,
    "schedule-show": automation.ScheduleFilesDocument,
    "schedule-changes": automation.ScheduleChangesDocument,
    "daemon": automation.DaemonDocument,
    "daemon-health": automation.DaemonHealthDocument,
    "explain": EntryDocument,
    "explain-all": list[EntryDocument],
    "simulator": SimulatorDocument,
    "error": ErrorDocument,
}
"""Name of the schema → the document's type."""

OPEN = {"daemon-health"}
"""Documents that another program has written, perhaps of a later version: unknown keys are no mistake."""


class _Schema(GenerateJsonSchema):
    """Without a title for each key, which would only repeat it."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002  pydantic's signature
        return False


def schema_of(name: str) -> dict[str, Any]:
    """Return the schema of that document."""
    made = adapter(name).json_schema(schema_generator=_Schema)
    return {"$schema": _Schema.schema_dialect, **made}


def text_of(name: str) -> str:
    """Return the schema as its file has it."""
    return json.dumps(schema_of(name), ensure_ascii=False, indent=2) + "\n"


@functools.cache
def adapter(name: str) -> TypeAdapter[Any]:
    """Return what validates that document: strictly, and without keys that it does not have."""
    return TypeAdapter(_Twins(is_open=name in OPEN).of(DOCUMENTS[name]))


class _Twins:
    """Makes twins of types: the same keys, with a configuration for pydantic and descriptions.

    The types themselves know nothing of pydantic, which on Python 3.11 takes no TypedDict of `typing` either.
    """

    def __init__(self, *, is_open: bool) -> None:
        self._config = ConfigDict(strict=True, extra="allow" if is_open else "forbid")
        self._made: dict[type, Any] = {}

    def of(self, kind: Any) -> Any:
        """Return the type with a twin in the place of each TypedDict in it."""
        if is_typeddict(kind):
            if kind not in self._made:
                self._made[kind] = self._twin(kind)
            return self._made[kind]
        if not (arguments := get_args(kind)) or not any(map(_holds_a_document, arguments)):
            return kind
        twins = tuple(map(self.of, arguments))
        if isinstance(kind, UnionType):
            return functools.reduce(lambda one, other: one | other, twins)
        if isinstance(kind, GenericAlias):
            return GenericAlias(get_origin(kind), twins)
        return get_origin(kind)[twins[0]]  # NotRequired

    def _twin(self, kind: type) -> Any:
        described = _descriptions(kind)
        hints = get_type_hints(kind, include_extras=True)
        fields = {key: _described(self.of(hint), described.get(key)) for key, hint in hints.items()}
        make: Any = typing_extensions.TypedDict
        twin = make(kind.__name__, fields)
        twin.__doc__, twin.__module__ = inspect.getdoc(kind), kind.__module__
        twin.__pydantic_config__ = self._config
        return twin


def _holds_a_document(kind: Any) -> bool:
    return is_typeddict(kind) or any(map(_holds_a_document, get_args(kind)))


def _described(kind: Any, text: str | None) -> Any:
    return kind if text is None else Annotated[kind, Field(description=text)]


def _descriptions(kind: type) -> dict[str, str]:
    """Return the docstring of each key that has one, those of the types that it extends too."""
    module = importlib.import_module(kind.__module__)
    body, found = _classes(module)[kind.__name__], dict[str, str]()
    for base in body.bases:
        # On Python 3.11 a TypedDict does not know which ones it extends; its source does.
        extended = getattr(module, base.id) if isinstance(base, ast.Name) else None
        if extended is not None and is_typeddict(extended):
            found |= _descriptions(extended)
    for key, below in pairwise(body.body):
        match key, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
            case _:
                pass
    return found


@functools.cache
def _classes(module: ModuleType) -> dict[str, ast.ClassDef]:
    tree = ast.parse(inspect.getsource(module))
    return {each.name: each for each in tree.body if isinstance(each, ast.ClassDef)}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in DOCUMENTS:
        (FOLDER / f"{each}.schema.json").write_text(text_of(each), encoding="utf-8")
