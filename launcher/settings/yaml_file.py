"""A YAML file as plain maps, lists and texts with the line of each, and what is wrong with it in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic import BaseModel
from pydantic_core import ErrorDetails

from launcher.core.words import nearest
from launcher.errors import SettingsError
from launcher.settings.config import Config

Place = tuple[str | int, ...]
"""Where a value stands: `("jobs", "lead-followup", "template")`."""


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A file's values, and the line (from 1) on which each stands."""

    name: str
    values: dict[str, object]
    lines: dict[Place, int]

    def where(self, place: Place) -> str:
        """`config.yaml, line 12`, for the value or the nearest one around it."""
        for length in range(len(place), 0, -1):
            if line := self.lines.get(place[:length]):
                return f"{self.name}, line {line}"
        return self.name


def read_yaml(path: Path) -> YamlFile:
    """The file's values. Raises SettingsError where it cannot be read, or holds a key twice.

    Every scalar stays the text that the person wrote: YAML's own reading turns `007` into 7, `no` into
    False and `12:30` into 750.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError("no-such-config", path=path) from None
    except UnicodeDecodeError:
        raise SettingsError("config-not-utf-8", path=path) from None
    except OSError as error:
        raise SettingsError("cannot-be-read", path=path, strerror=error.strerror) from None
    root = _composed(path, text)
    reading = _Reading(str(path))
    values = {} if root is None else reading.plain(root, ())
    if not isinstance(values, dict):
        raise SettingsError("config-not-a-map", path=path)
    return YamlFile(str(path), values, reading.lines)


def _composed(path: Path, text: str) -> yaml.Node | None:
    """The file's nodes. What YAML quotes of a mistake is left out: it may be a secret."""
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        return root
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        problem = _explained_syntax(error.problem or "cannot be read")
    except yaml.YAMLError:
        line, problem = 0, "it holds characters that YAML does not allow"
    # Outside the except, so that no context holds the library's error.
    raise SettingsError("not-yaml", path=path, line=f", line {line}" if line else "", reason=problem)


def _explained_syntax(problem: str) -> str:
    """What the person did. YAML's own words are for whoever wrote a parser, and may quote a secret."""
    known = (words for part, words in _MISTAKES.items() if part in problem)
    return next(known, _QUOTED.sub("…", problem))


_MISTAKES = {
    r"found character '\t'": "a tab; indent with blanks",
    "that cannot start any token": "a value cannot begin with this sign; put the value in quotes",
    "expected ',' or ']'": "a list in [ ] is not closed, or a comma is missing in it",
    "expected ',' or '}'": "what stands in { } is not closed, or a comma is missing in it",
    "expected <block end>": "the line does not fit those above it; see its indentation, and where quotes end",
    "mapping values are not allowed": "a colon too many; see the indentation, or put the value in quotes",
    "found unexpected end of stream": "a quote is opened and never closed",
    "found undefined alias": "* means another value, which is not there; put the value in quotes",
    "found another document": "--- begins a second document; keep one",
}
"""A part of what YAML says, and what it means for the person."""
_QUOTED = re.compile(r"'.*'|\".*\"", re.DOTALL)
_DEEPEST = 20


@dataclass(slots=True)
class _Reading:
    name: str
    lines: dict[Place, int] = field(default_factory=dict)

    def plain(self, node: yaml.Node, place: Place) -> object:
        if len(place) > _DEEPEST:
            raise SettingsError("alias-inside-itself", name=self.name, lines=self.lines[place[:1]])
        self.lines.setdefault(place, node.start_mark.line + 1)
        match node:
            case yaml.MappingNode():
                return self._map(node, place)
            case yaml.SequenceNode():
                return [self.plain(item, (*place, index)) for index, item in enumerate(node.value)]
            case _:
                return str(node.value)

    def _map(self, node: yaml.MappingNode, place: Place) -> dict[str, object]:
        values: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                line = key_node.start_mark.line + 1
                raise SettingsError("key-not-a-word", name=self.name, line=line)
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in values:
                raise SettingsError("key-twice", name=self.name, line=line, key=key)
            self.lines[*place, key] = line
            values[key] = self.plain(value_node, (*place, key))
        return values


def validation_errors(file: YamlFile, problems: Sequence[ErrorDetails]) -> Iterator[str]:
    """A line for each, with its place and what is expected there; no value, which may be a secret."""
    places = [problem["loc"] for problem in problems]
    for problem in problems:
        own = problem["loc"]
        # A list that is too short only since its entries are wrong need not be fixed.
        if problem["type"] != "too_short" or not any(
            len(place) > len(own) and place[: len(own)] == own for place in places
        ):
            yield _explained(file, problem)


def _explained(file: YamlFile, problem: ErrorDetails) -> str:
    place: Place = problem["loc"]
    shown = ": ".join(str(part) for part in place)
    where = file.where(place)
    match problem["type"]:
        case "extra_forbidden":
            # Without a blank behind its colon, a value is taken for a part of its key, and may be a secret.
            key, known = str(place[-1]).partition(":")[0], _keys_at(place[:-1])
            return f'{where}: unknown key "{key}"{nearest(key, known)}; known: {", ".join(known)}'
        case "missing":
            return f"{where}: {shown}: is missing"
        case "value_error":
            return ": ".join(part for part in (where, shown, str(problem["ctx"]["error"])) if part)
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"{where}: {shown}: keys are expected below it"
        case _:
            return f"{where}: {shown}: {_expected(problem)}"


def _expected(problem: ErrorDetails) -> str:
    """What may stand there."""
    limits = problem.get("ctx", {})
    match problem["type"]:
        case "literal_error" | "enum":
            return f"{limits['expected'].replace(chr(39), '')} is expected"
        case "int_type" | "int_parsing" | "int_from_float":
            return "a whole number is expected"
        case "float_type" | "float_parsing" | "finite_number":
            return "a number is expected"
        case "string_type":
            return "a text is expected"
        case "bool_type" | "bool_parsing":
            return "true or false is expected"
        case "too_short":
            return "at least one is expected"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            bound = next(iter(limits.values()))
            return f"{_BOUNDS[problem['type']]} {bound:g} is expected"
        case _:
            return f"{problem['msg'][:1].lower()}{problem['msg'][1:]}"


_BOUNDS = {
    "greater_than": "a number above",
    "greater_than_equal": "a number of at least",
    "less_than": "a number below",
    "less_than_equal": "a number of at most",
}


def _keys_at(place: Place) -> list[str]:
    """The keys that the configuration knows at that place."""
    model: type[BaseModel] = Config
    for part in place:
        field = model.model_fields.get(str(part))
        if field is None:
            continue  # a name that the person chose, as a job's
        inner = [field.annotation, *getattr(field.annotation, "__args__", ())]
        model = next((kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel)), model)
    return [field.alias or name for name, field in model.model_fields.items()]
