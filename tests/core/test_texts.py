"""Every message has its text, with just the fields that it is given, and no text is without a message."""

from __future__ import annotations

import ast
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from string import Formatter

import pytest

import launcher
from launcher import messages
from launcher.core.catalogue import ENTRIES, Action, Who
from launcher.errors import LauncherError
from launcher.messages import Message, english, wording


def given() -> dict[str, list[tuple[str, frozenset[str]]]]:
    """Where each code is used, and with which fields; what an error says besides is no field."""
    found: dict[str, list[tuple[str, frozenset[str]]]] = defaultdict(list)
    takers = {"Message", "error"} | {kind.__name__ for kind in errors()}
    room = Path(launcher.__file__).parent
    for file in sorted(set(room.rglob("*.py")) - set((room / "simulator").rglob("*.py"))):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or name_of(node.func) not in takers:
                continue
            code = node.args[name_of(node.func) == "RowError"]
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                fields = {str(each.arg) for each in node.keywords} - {"refused", "permanent"}
                found[code.value].append((f"{file.name}:{node.lineno}", frozenset(fields)))
            else:
                assert not isinstance(code, ast.JoinedStr), f"{file.name}:{node.lineno}: a text and no code"
    return found


def errors() -> Iterator[type[LauncherError]]:
    for module in pkgutil.walk_packages(launcher.__path__, "launcher."):
        if not module.name.endswith(("__main__", "migrations.env")):
            import_module(module.name)
    kinds: list[type[LauncherError]] = [LauncherError]
    while kinds:
        kind = kinds.pop()
        yield kind
        kinds += kind.__subclasses__()


def name_of(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""


def wanted(code: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(english()[code]) if name is not None)


def test_each_code_has_a_text_and_each_text_a_message() -> None:
    assert set(given()) == set(english())


def test_a_message_has_the_fields_of_its_text() -> None:
    wrong = [
        (code, where) for code, uses in given().items() for where, fields in uses if fields != wanted(code)
    ]

    assert wrong == []


def test_a_code_is_words_and_hyphens() -> None:
    assert [code for code in english() if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)] == []


def test_the_catalogue_says_what_each_error_means_and_of_nothing_else() -> None:
    assert set(messages._texts()["meaning"]) == {entry.name for entry in ENTRIES}
    assert set(messages._texts()["action"]) == {action.value for action in Action}
    assert set(messages._texts()["who"]) == {who.value for who in Who}


def test_each_remedy_is_that_of_an_entry_and_a_shared_one_is_there() -> None:
    shared = {entry.remedy_of for entry in ENTRIES if entry.remedy_of}

    assert shared <= set(messages._texts()["remedy"]) <= shared | {entry.name for entry in ENTRIES}


def test_without_the_file_of_texts_an_error_is_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> dict[str, str]:
        raise FileNotFoundError("en.toml")

    monkeypatch.setattr(messages, "_texts", gone)

    assert (wording("remedy", "moved"), ENTRIES[0].meaning) == ("", "QUERY_LIMIT_EXCEEDED")


def test_as_a_text_a_message_is_english_with_its_fields() -> None:
    assert str(Message("csv-has-no-sheets", name="leads.csv")).startswith("leads.csv is a CSV file")


def test_without_its_text_a_message_says_its_code_and_its_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when an update takes the texts away beside a daemon: no message ends a run."""

    def gone() -> dict[str, str]:
        raise FileNotFoundError("en.toml")

    for texts in (gone, dict, lambda: {"file-gone": "{nothing}"}, lambda: {"file-gone": "{name:,}"}):
        monkeypatch.setattr(messages, "english", texts)
        assert str(Message("file-gone", name="leads.csv")) == "file-gone: name leads.csv"
