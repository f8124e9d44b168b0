"""A portal of bytes: what servers and proxies do to a connection, and no web framework lets a test do.

It answers what a run asks, keeps connections open, and leaves each request to a behaviour that the test gives.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

START = "bizproc.workflow.start"
SECRET = "r4wp0rtals3cret"

_NOW = "2026-11-26T10:00:00+00:00"
_TIMES = {
    "start": 1.0, "finish": 1.0, "duration": 0.0, "processing": 0.0, "operating": 0.0,
    "date_start": _NOW, "date_finish": _NOW,
}  # fmt: skip
_TEMPLATE = {
    "ID": "1", "MODULE_ID": "crm", "ENTITY": "CCrmDocumentLead", "AUTO_EXECUTE": "0", "NAME": "Lead follow-up",
    "DOCUMENT_TYPE": ["crm", "CCrmDocumentLead", "LEAD"],
    "PARAMETERS": {"Parameter1": {"Name": "Manager", "Type": "text", "Required": "0", "Multiple": "0"}},
}  # fmt: skip
_RUNNING = {
    "TEMPLATE_ID": "1", "MODULE_ID": "crm", "ENTITY": "CCrmDocumentLead", "STARTED": _NOW, "STARTED_BY": "1",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that arrived whole."""

    method: str
    body: Mapping[str, Any]
    length: int
    """Bytes of its body."""
    starts: int
    """Rows that it asks to be started."""
    number: int
    """Its place among the requests that start rows, from 1; 0: it starts none."""
    on_connection: int
    """Its place among the requests of its connection, from 1."""


@dataclass
class RawPortal:
    """Answers as the behaviour says, and knows what it has really started."""

    behave: Callable[[RawPortal, Request], bytes]
    started: list[tuple[str, str]] = field(default_factory=list)
    """Document and workflow ID of each start, in their order."""
    requests: list[Request] = field(default_factory=list)
    """Those that start rows."""
    lists_running: bool = False
    """Whether it tells which workflows run: all that it has started."""
    port: int = 0

    @property
    def webhook_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/rest/1/{SECRET}/"

    def execute(self, request: Request) -> bytes:
        """Do what is asked for, as a healthy portal does; its answer."""
        if request.method == "batch":
            results = {key: self._result(*_called(call)) for key, call in request.body.get("cmd", {}).items()}
            whole = {"result": results, "result_error": [], "result_total": [], "result_next": []}
            return response(200, {"result": whole | {"result_time": []}, "time": _TIMES})
        document = (request.body.get("DOCUMENT_ID") or ["", "", ""])[2]
        return response(200, {"result": self._result(request.method, document), "time": _TIMES})

    def _result(self, method: str, document: str) -> object:
        match method:
            case "bizproc.workflow.start":
                self.started.append((document, f"66e81a64.{len(self.started) + 1:08d}"))
                return self.started[-1][1]
            case "bizproc.workflow.template.list":
                return [_TEMPLATE]
            case "bizproc.workflow.instances" if self.lists_running:
                return [_RUNNING | {"ID": own, "DOCUMENT_ID": on} for on, own in self.started if on == document]
            case "profile":
                return {"ID": "1", "ADMIN": True, "NAME": "A"}
            case "scope":
                return ["bizproc", "crm", "user"]
            case "server.time":
                return _NOW
            case _:
                return []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the client ends it."""
        on_connection = 0
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next(
                    (
                        int(line[15:])
                        for line in head.lower().split("\r\n")
                        if line.startswith("content-length:")
                    ),
                    0,
                )
                content, on_connection = await reader.readexactly(length), on_connection + 1
                writer.write(self.behave(self, self._read(head, content, on_connection)))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _read(self, head: str, content: bytes, on_connection: int) -> Request:
        method = head.split(" ", 2)[1].rstrip("/").rpartition("/")[2]
        body = json.loads(content or b"{}")
        commands = body.get("cmd", {}).values() if method == "batch" else [f"{method}?"]
        starts = sum(command.startswith(f"{START}?") for command in commands)
        request = Request(
            method=method,
            body=body,
            length=len(content),
            starts=starts,
            number=len(self.requests) + 1 if starts else 0,
            on_connection=on_connection,
        )
        if starts:
            self.requests.append(request)
        return request


def _called(command: str) -> tuple[str, str]:
    """Method and document of one command of a batch, a start or a question."""
    method, _, query = command.partition("?")
    values = dict(parse_qsl(query))
    return method, values.get("DOCUMENT_ID[2]") or values.get("FILTER[DOCUMENT_ID]", "")


def response(status: int, body: object, *headers: str) -> bytes:
    """JSON, or a page where the body is a text."""
    content = (body if isinstance(body, str) else json.dumps(body)).encode()
    kind = "text/html" if isinstance(body, str) else "application/json; charset=utf-8"
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(content)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


@asynccontextmanager
async def raw_portal(behave: Callable[[RawPortal, Request], bytes]) -> AsyncIterator[RawPortal]:
    """It listens on loopback while the block goes on."""
    portal = RawPortal(behave)
    async with await asyncio.start_server(portal.serve, "127.0.0.1", 0) as server:
        portal.port = server.sockets[0].getsockname()[1]
        yield portal
