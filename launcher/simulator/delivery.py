"""What scripted faults do: to the execution, to the content of an answer, and on the wire."""

import asyncio
import contextlib
import json
import math
import os
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from launcher.simulator import batch, errors
from launcher.simulator.calls import Plan
from launcher.simulator.errors import PortalError
from launcher.simulator.faults import Fault

Answer = dict[str, Any]

JSON_TYPE = "application/json"
LOOK_SECONDS = 0.01
"""How often a hanging answer looks whether the client has left."""
_LINGER_ZERO = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""struct linger of the platform: on, 0 seconds: closing sends RST instead of FIN."""

_REFUSALS: dict[str, Callable[[], PortalError]] = {
    "query limit": errors.query_limit,
    "operating limit": errors.operating_limit,
    "overload": errors.overload,
    "expired token": errors.expired_token,
    "no auth": errors.no_auth,
    "portal deleted": errors.portal_deleted,
    "access denied": errors.access_denied,
    "insufficient scope": errors.insufficient_scope,
    "https required": errors.https_required,
    "internal error before": errors.internal,
    "internal error after": errors.internal,
    "unexpected answer after": errors.unexpected_answer,
    "core error after": errors.core,
}
_PAGES = {
    "502 before": 502,
    "502 after": 502,
    "503 html before": 503,
    "504 before": 504,
    "504 after": 504,
    "html after": 200,
}
_BODIES = {"empty after": b"", "list after": b"[]", "null after": b"null"}
_REASONS = {200: "Welcome", 502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}


def json_answer(body: Any, status: int = 200) -> web.Response:
    """Return a complete answer as the portal writes it."""
    return web.Response(body=_encoded(body), status=status, content_type=JSON_TYPE, charset="utf-8")


def page(status: int) -> web.Response:
    """Return an HTML page of the proxy in front of the portal."""
    title = f"{status} {_REASONS[status]}"
    head, heading = f"<head><title>{title}</title></head>", f"<center><h1>{title}</h1></center>"
    text = f"<html>\r\n{head}\r\n<body>\r\n{heading}\r\n<hr></body>\r\n</html>\r\n"
    return web.Response(text=text, status=status, content_type="text/html")


def plan(fault: Fault | None) -> Plan:
    """Return what the fault changes in the execution."""
    match fault:
        case Fault("reset during"):
            return Plan(stop_after=fault["commands"])
        case Fault("operating limit from"):
            return Plan(refused_from=fault["index"])
        case Fault("command error"):
            return Plan(refusals={fault["index"]: PortalError(400, fault["code"], fault["text"])})
        case _:
            return Plan()


def altered(fault: Fault, answer: Answer) -> Answer:
    """Return the answer with its content changed as the fault says: a batch's, or a single call's."""
    if fault.name == "drop result":
        return {name: value for name, value in answer.items() if name != "result"}
    if not isinstance(answer.get("result"), dict) or "result_error" not in answer["result"]:
        return {**answer, "result": _altered_id(fault.name, answer.get("result"))}
    maps = {name: dict(each) for name, each in answer["result"].items()}
    _alter_maps(fault, maps)
    return {**answer, "result": maps}


def _alter_maps(fault: Fault, maps: dict[str, dict[Any, Any]]) -> None:
    """Change the command at the fault's index, counted among those that succeeded."""
    keys = list(maps["result"])
    if fault["index"] >= len(keys):
        return
    key = keys[fault["index"]]
    match fault.name:
        case "drop key":
            for each in maps.values():
                each.pop(key, None)
        case "id twice":
            if fault["other"] < len(keys):
                maps["result"][keys[fault["other"]]] = maps["result"][key]
        case "both maps":
            maps["result_error"][key] = {"error": "", "error_description": "Simulated refusal"}
        case _:
            maps["result"][key] = _altered_id(fault.name, maps["result"][key])


def _altered_id(name: str, result: Any) -> Any:
    return {"number id": 56521481, "empty id": ""}.get(name, result)


async def before(fault: Fault, request: web.Request, closing: asyncio.Event) -> web.StreamResponse:
    """Answer, or do not, in place of the portal; PortalError where the fault is a refusal."""
    if fault.name == "moved":
        location = str(fault["location"]).rstrip("/") + request.path_qs
        return web.Response(status=302, headers={"Location": location})
    if fault.name == "error":
        raise PortalError(fault["status"], fault["code"], fault["text"])
    return await _deliver(fault, request, b"", closing)


async def after(
    fault: Fault, request: web.Request, answer: Answer, closing: asyncio.Event
) -> web.StreamResponse:
    """Spoil the delivery of an answer to what has been executed; PortalError where a refusal replaces it."""
    return await _deliver(fault, request, _encoded(batch.written(answer)), closing)


async def _deliver(
    fault: Fault, request: web.Request, body: bytes, closing: asyncio.Event
) -> web.StreamResponse:
    name = fault.name
    if name in _REFUSALS:
        raise _REFUSALS[name]()
    if name in _PAGES:
        return page(_PAGES[name])
    if name in _BODIES:
        return web.Response(body=_BODIES[name], content_type=JSON_TYPE)
    match name:
        case "cut json after":
            return web.Response(body=body[: len(body) // 2], content_type=JSON_TYPE)
        case "cut body after":
            return await _cut_body(request, body)
        case "close after":
            return close(request)
        case "hang before" | "hang after":
            await hang(request, fault["seconds"], closing)
            return close(request)
        case _:
            return reset(request)


async def _cut_body(request: web.Request, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": JSON_TYPE, "Content-Length": str(len(body))})
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
    close(request)
    return response


async def hang(request: web.Request, seconds: float | None, closing: asyncio.Event) -> None:
    """Wait until the client leaves, the seconds are over (None: no end) or the portal stops."""
    until = math.inf if seconds is None else time.monotonic() + seconds
    # Looked at in steps: aiohttp tells a handler of a disconnect only by cancelling it.
    while not closing.is_set() and request.transport is not None:
        left = until - time.monotonic()
        if left <= 0:
            return
        await asyncio.sleep(min(LOOK_SECONDS, left))


def reset(request: web.Request) -> web.StreamResponse:
    """Reset the connection: the client sees RST."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        request.transport.abort()
    return Unanswered()


def close(request: web.Request) -> web.StreamResponse:
    """Close the connection in order: the client sees FIN where it expected (more of) an answer."""
    if request.transport is not None:
        request.transport.close()
    return Unanswered()


class Unanswered(web.Response):
    """Stands for an answer that is not given: the connection is gone already."""


def _encoded(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
