"""The JSON Schemas in docs/json, and the page that lists them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from launcher.cli.main import COMMANDS
from launcher.core.catalogue import ENTRIES
from tests.support import schemas

PAGE = schemas.FOLDER.parent / "json.md"
RUN: dict[str, Any] = {
    **dict.fromkeys(("run_id", "job", "file", "portal", "results", "stopped_because"), ""),
    **dict.fromkeys(("rows", "started", "failed", "unknown", "invalid", "skipped", "pending", "deferred"), 0),
    "requests": 0,
    "seconds": 0.5,
    "exit_code": 0,
}


@pytest.mark.parametrize("name", schemas.DOCUMENTS)
def test_the_schema_in_the_repository_is_what_the_type_gives(name: str) -> None:
    written = (schemas.FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")

    assert written == schemas.text_of(name), "write it anew: python -m tests.support.schemas"


def test_there_are_no_schemas_of_documents_that_are_gone() -> None:
    assert {path.name for path in schemas.FOLDER.iterdir()} == {f"{n}.schema.json" for n in schemas.DOCUMENTS}


def test_the_page_links_every_schema_and_names_every_command() -> None:
    page = PAGE.read_text(encoding="utf-8")
    linked = re.findall(r"\]\(json/([a-z-]+)\.schema\.json\)", page)

    assert set(linked) == set(schemas.DOCUMENTS)
    assert [command for command in COMMANDS if f"`{command}" not in page] == []


@pytest.mark.parametrize("name", [name for name in schemas.DOCUMENTS if name not in schemas.OPEN])
def test_a_closed_document_is_closed_in_all_its_parts(name: str) -> None:
    objects = list(_with_properties(schemas.schema_of(name)))

    assert objects
    assert all(each["additionalProperties"] is False for each in objects)


@pytest.mark.parametrize(
    "change", [{"more": 1}, {"rows": "1"}, {"rows": None}, {"seconds": "0.5"}, {"exit_code": 0.5}]
)
def test_what_a_type_does_not_say_is_refused(change: dict[str, object]) -> None:
    """Otherwise the journeys that validate documents would prove nothing."""
    schemas.adapter("run").validate_json(json.dumps(RUN))

    with pytest.raises(ValidationError):
        schemas.adapter("run").validate_json(json.dumps(RUN | change))


@pytest.mark.parametrize("key", RUN)
def test_no_key_of_a_run_may_be_missing(key: str) -> None:
    with pytest.raises(ValidationError):
        schemas.adapter("run").validate_python({name: RUN[name] for name in RUN if name != key})


def test_keys_have_the_descriptions_of_their_docstrings_those_of_extended_types_too() -> None:
    properties = schemas.schema_of("status")["properties"]

    assert properties["run_id"]["description"].startswith("As commands take it")
    assert properties["messages_not_sent"]["description"].startswith("About any run")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_code_is_explained_without_empty_answers(entry: Any) -> None:
    document = entry.to_dict()

    schemas.adapter("explain").validate_python(document)
    assert all(document.values())


def _with_properties(schema: Any) -> list[dict[str, Any]]:
    match schema:
        case dict():
            own = [schema] if "properties" in schema and "type" in schema else []
            return own + [each for part in schema.values() for each in _with_properties(part)]
        case list():
            return [each for part in schema for each in _with_properties(part)]
        case _:
            return []
