"""PHP's reading of queries, and its arrays, casts and JSON: a faithful port of what the portal runs on.

Law of this file: nothing here knows Bitrix24. The rules of parse_str are those of php-src 8.2
(main/php_variables.c) and are compared with the real interpreter in the tests.

Source of parse_url: php-src 8.2, ext/standard/url.c.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

Key = int | str
Array = dict[Key, Any]
"""A PHP array: keys that look like integers are integers."""

MAX_INPUT_VARS = 1000
"""php.ini max_input_vars: what follows is dropped without a word."""
MAX_NESTING = 64
"""php.ini max_input_nesting_level: a deeper variable is dropped as a whole."""

LONG_MAX = 2**63 - 1
_SPACES = " \t\n\v\f\r"
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_GUARDED = ("__Host-", "__Secure-")
"""Cookie prefixes that a variable's name may have, but must not get by mangling."""


def key(text: str) -> Key:
    """Return the array key that PHP makes of a string: an integer where it is written as one."""
    if _INTEGER.fullmatch(text) and -LONG_MAX - 1 <= int(text) <= LONG_MAX:
        return int(text)
    return text


def decode(text: str) -> str:
    """Undo URL encoding as urldecode() does; bytes that are no UTF-8 become surrogate escapes."""
    if "+" in text:
        text = text.replace("+", " ")
    if "%" in text:
        return unquote_to_bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogateescape")
    return text


def parse_str(query: str) -> Array:
    """Return the variables of a query string, nested by their brackets; later ones win."""
    pieces = [piece for piece in query.partition("\0")[0].split("&") if piece]
    variables: Array = {}
    for piece in pieces[:MAX_INPUT_VARS]:
        name, _, value = piece.partition("=")
        _store(variables, _encoded_path(name), decode(value))
    return variables


def from_pairs(pairs: list[tuple[str, str]]) -> Array:
    """Return the variables of decoded names and values, as PHP makes them of a multipart form."""
    variables: Array = {}
    for name, value in pairs[:MAX_INPUT_VARS]:
        _store(variables, _path(name), value)
    return variables


def _store(variables: Array, path: _Path, value: Any) -> None:
    """Store one variable where its name says: php_register_variable_ex."""
    if path.too_deep:
        variables.pop(path.keys[0], None)
        return
    array: Array = variables
    last = len(path.keys) - 1
    for depth, here in enumerate(path.keys):
        step = _next_index(array) if here is None else here
        if step is None:
            return
        if depth == last and not path.forbidden:
            array[step] = value
            return
        inner = array.get(step)
        if not isinstance(inner, dict):
            inner = array[step] = {}
        array = inner


@dataclass(frozen=True, slots=True)
class _Path:
    keys: tuple[Any, ...] = ()
    """The variable's name, then the key of each bracket; None: the next free index."""
    too_deep: bool = False
    forbidden: bool = False
    """A key that may not be set comes after these: the arrays are made, the value is not stored."""


@lru_cache(maxsize=4096)
def _encoded_path(name: str) -> _Path:
    return _path(decode(name))


def _path(name: str) -> _Path:
    original = name.partition("\0")[0].lstrip(" ")
    top, bracket, rest = original.partition("[")
    names = [_mangled(top)]
    while bracket:
        if len(names) > MAX_NESTING:
            return _Path((key(names[0]),), too_deep=True)
        inside, closed, after = rest.partition("]")
        if not closed:
            if len(names) == 1 and names[0]:
                names = [f"{names[0]}_{_mangled(rest)}"]
            break
        names.append("" if len(inside) == 1 and inside in _SPACES else inside)
        bracket, rest = after[:1], after[1:]
        if bracket != "[":
            break
    if not names[0]:
        return _Path()
    for depth, each in enumerate(names):
        if any(each.startswith(prefix) and not original.startswith(prefix) for prefix in _GUARDED):
            return _Path(_keys(names[:depth]), forbidden=True)
    return _Path(_keys(names))


def _keys(names: list[str]) -> tuple[Key | None, ...]:
    return tuple(key(name) if name else None for name in names)


def _mangled(text: str) -> str:
    return text.replace(" ", "_").replace(".", "_").replace("[", "_")


def _next_index(array: Array) -> int | None:
    largest = max((k for k in array if isinstance(k, int)), default=-1)
    return None if largest == LONG_MAX else largest + 1


def listed(array: dict[Any, Any]) -> Any:
    """Return the array as PHP writes it in JSON: empty or with keys 0..n-1 as a list, else as a map."""
    if all(k == i for i, k in enumerate(array)):
        return list(array.values())
    return array


def plain(value: Any) -> Any:
    """Return a value of parse_str or of JSON with all its arrays as PHP would write them."""
    if isinstance(value, dict):
        return listed({(key(k) if isinstance(k, str) else k): plain(v) for k, v in value.items()})
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def items(value: Any) -> list[tuple[Key, Any]]:
    """Return keys and values of a PHP array, whether it came as a list or a map; of anything else, nothing."""
    if isinstance(value, dict):
        return [(key(k) if isinstance(k, str) and k[-1:].isdigit() else k, v) for k, v in value.items()]
    return list(enumerate(value)) if isinstance(value, list) else []


def integer(value: Any) -> int:
    """Return (int)$value."""
    if isinstance(value, str):
        number = re.match(r"[ \t\n\v\f\r]*([+-]?[0-9]+)", value)
        return int(number[1]) if number else 0
    if isinstance(value, dict | list):
        return 1 if value else 0
    return int(value or 0)


def truth(value: Any) -> bool:
    """Return (bool)$value."""
    return value not in (None, False, 0, 0.0, "", "0") and value != [] and value != {}


def upper_keys(array: Any) -> Array:
    """Return array_change_key_case($array, CASE_UPPER), and an empty array of anything else."""
    if isinstance(array, list):
        return dict(enumerate(array))
    if not isinstance(array, dict):
        return {}
    return {(k.upper() if isinstance(k, str) else k): v for k, v in array.items()}


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Url:
    """The two parts of a URL that a batch command is made of; None where PHP sets none."""

    path: str | None
    query: str | None


def parse_url(url: str) -> Url | None:
    """Return path and query as parse_url() does, control characters as `_`; None where it gives false."""
    colon = url.find(":")
    if colon <= 0:
        if colon == 0 and _port(url, 0):
            return None
        return _with_host(url[2:]) if url.startswith("//") else _just_path(url)
    if not re.fullmatch(r"[A-Za-z0-9+.-]+", url[:colon]):
        return _parse_after_port(url, colon)
    after = url[colon + 1 :]
    if not after:
        return Url(None, None)
    if not after.startswith("/"):
        digits = re.match(r"[0-9]*", after[:6])
        length = digits.end() if digits else 0
        if length < 6 and after[length : length + 1] in ("", "/"):
            return _parse_after_port(url, colon)
        return _just_path(after)
    if after.startswith("//"):
        if url[:colon].lower() == "file" and after.startswith("///"):
            return _just_path(after[2:])
        return _with_host(after[2:])
    return _just_path(after)


def _parse_after_port(url: str, colon: int) -> Url | None:
    """Go on where a colon may stand before a port: "host:80/path"."""
    first_mark = min((i for i in (url.find("?"), url.find("#")) if i >= 0), default=len(url))
    in_authority = colon + 1 < len(url) and colon < first_mark
    if in_authority or re.fullmatch(r"[A-Za-z0-9+.-]+", url[:colon]):
        digits = re.match(r"[0-9]{1,5}(?=/|\Z)", url[colon + 1 :])
        if digits:
            if int(digits[0]) > 65535:
                return None
            return _with_host(url.removeprefix("//"), has_port=True)
    return _with_host(url[2:]) if url.startswith("//") else _just_path(url)


def _port(url: str, colon: int) -> bool:
    digits = re.match(r"[0-9]{0,5}(?=/|\Z)", url[colon + 1 :])
    return digits is not None and (digits[0] != "" or colon + 1 == len(url))


def _with_host(text: str, *, has_port: bool = False) -> Url | None:
    end = min((i for i in (text.find(c) for c in "/?#") if i >= 0), default=len(text))
    authority = text[:end].rpartition("@")[2]
    host, colon, port = authority.rpartition(":")
    if authority.startswith("[") and authority.endswith("]"):
        host, colon = authority, ""
    if not colon:
        host = authority
    elif not has_port and port:
        number = re.match(r"[ \t\n\v\f\r]*[+-]?[0-9]+", port)
        if len(port.encode()) > 5 or number is None or not 0 <= int(number[0]) <= 65535:
            return None
    if not host:
        return None
    return Url(None, None) if end == len(text) else _just_path(text[end:])


def _just_path(text: str) -> Url:
    before = text.partition("#")[0]
    path, mark, query = before.partition("?")
    has_path = bool(path) or text == ""
    return Url(
        _CONTROL.sub("_", path) if has_path else None,
        _CONTROL.sub("_", query) if mark else None,
    )
