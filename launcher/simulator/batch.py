"""`batch`: commands read as PHP reads them, run one after another, answered in five maps.

Source: docs, "How to Execute a Batch Request"; interpolation as servers were seen to do it.
"""

import re
from typing import Any

from launcher.simulator import calls, errors, php
from launcher.simulator.calls import Session
from launcher.simulator.errors import PortalError
from launcher.simulator.php import parse_url

MAX_COMMANDS = 50
"""Docs: "How to Execute a Batch Request"."""

Results = dict[str, dict[php.Key, Any]]
"""result, error, total, next and time of the commands so far, each by the command's key."""

_MAPS = ("result", "error", "total", "next", "time")
_REFERENCE = re.compile(rf"\$({'|'.join(_MAPS)})(\S*)", re.IGNORECASE | re.ASCII)
"""A map's name, and what follows it up to white space."""
_PATH = re.compile(r"\[([^]]+)]")


async def perform(session: Session, params: php.Array) -> dict[str, Any]:
    """Run the commands and return the batch's answer: the five maps, still as maps, and the time."""
    state = session.state
    began = state.clock.now()
    calls.check_operating(session, "batch")
    query = php.upper_keys(params)
    halt = php.truth(query.get("HALT"))
    session.in_batch = True
    done: Results = {name: {} for name in _MAPS}
    last = "batch"
    commands = php.items(query.get("CMD"))
    for place, (key, command) in enumerate(commands):
        try:
            if place >= MAX_COMMANDS:
                raise errors.batch_length()
            session.plan.check(place)
            last, command_params = read_command(command, done)
            answer = await _command(session, last, command_params, str(key))
        except PortalError as error:
            done["error"][key] = error.body
            if halt:
                break
            continue
        for name, value in answer.items():
            done[name][key] = value
    session.plan.check_end(len(commands))
    session.in_batch = False
    maps = {("result" if name == "result" else f"result_{name}"): done[name] for name in _MAPS}
    shown = last if state.settings.operating_mode == "method" else "batch"
    return {"result": maps, "time": calls.timing(session, shown, began, state.clock.now())}


async def _command(session: Session, method: str, params: php.Array, key: str) -> dict[str, Any]:
    if method in ("batch", "download", "upload"):
        raise errors.batch_method()
    return await calls.perform(session, method, params, key)


def read_command(command: Any, done: Results) -> tuple[str, php.Array]:
    """Return method and parameters of "method?query", with references to earlier answers filled in."""
    url = parse_url(command) if isinstance(command, str) else None
    if url is None:
        return "", {}
    params = php.parse_str(url.query or "")
    if "$" in (url.query or "") or "%24" in (url.query or ""):
        params = interpolate(params, done)
    return (url.path or "").lower(), params


def interpolate(value: Any, done: Results) -> Any:
    """Replace references such as $result[r1][ID] in all values, however they were encoded."""
    if isinstance(value, dict):
        return {key: interpolate(each, done) for key, each in value.items()}
    if not isinstance(value, str) or "$" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole and (path := _PATH.findall(whole[2])):
        return _resolved(done, whole[1], path)
    for match in list(_REFERENCE.finditer(value)):
        # Not only the path: all that follows it up to the next white space is replaced too.
        if path := _PATH.findall(match[2]):
            value = value.replace(match[0], _text(_resolved(done, match[1], path)))
    return value


def _resolved(done: Results, name: str, path: list[str]) -> Any:
    # In another case the pattern matches, but the server finds no such array.
    found: Any = done.get(name, "")
    for step in path:
        if isinstance(found, list):
            found = dict(enumerate(found))
        if not isinstance(found, dict) or found.get(php.key(step)) is None:
            return ""
        found = found[php.key(step)]
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    return "Array" if isinstance(value, dict | list) else str(value)


def written(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a batch's answer with its maps as PHP writes them: empty and counted ones as lists."""
    maps = answer.get("result")
    if not isinstance(maps, dict) or "result_error" not in maps:
        return answer
    return {**answer, "result": {name: php.listed(each) for name, each in maps.items()}}
