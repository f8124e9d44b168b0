"""A YAML file as plain maps, lists and texts, with the line of each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from launcher.settings.errors import SettingsError

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
        raise SettingsError(f"{path}: there is no such file; write one, or leave --config out") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not UTF-8; save it as UTF-8 and run again") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    root = _composed(path, text)
    reading = _Reading(str(path))
    values = {} if root is None else reading.plain(root, ())
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: keys such as portal: and jobs: are expected at the top")
    return YamlFile(str(path), values, reading.lines)


def _composed(path: Path, text: str) -> yaml.Node | None:
    """The file's nodes. What YAML quotes of a mistake is left out: it may be a secret."""
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        return root
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        problem = _explained(error.problem or "cannot be read")
    except yaml.YAMLError:
        line, problem = 0, "it holds characters that YAML does not allow"
    # Outside the except, so that no context holds the library's error.
    raise SettingsError(f"{path}{f', line {line}' if line else ''}: not YAML: {problem}")


def _explained(problem: str) -> str:
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
            raise SettingsError(f"{self.name}, line {self.lines[place[:1]]}: an alias stands inside itself")
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
                raise SettingsError(f"{self.name}, line {line}: a key must be a word, not a list or a map")
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in values:
                raise SettingsError(
                    f'{self.name}, line {line}: the key "{key}" stands here a second time; remove one'
                )
            self.lines[*place, key] = line
            values[key] = self.plain(value_node, (*place, key))
        return values
