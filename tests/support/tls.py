"""Real TLS on this machine, under any name: certificates of a CA of our own, and names that lead here."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp.connector
import pytest
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult


class _Here(AbstractResolver):
    """Leads every name to this machine."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)
        return [found]

    async def close(self) -> None:
        pass


def lead_every_name_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every host's name is this machine's, and no proxy is in between."""
    monkeypatch.setattr(aiohttp.connector, "DefaultResolver", _Here)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@dataclass(frozen=True)
class Authority:
    """Gives certificates to whatever host it is asked for."""

    ca: trustme.CA
    file: Path

    def server(self, *hosts: str) -> ssl.SSLContext:
        """What a server of these hosts listens with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*hosts).configure_cert(context)
        return context


def authority(folder: Path) -> Authority:
    """A new one, whose own certificate stands in `file`."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    return Authority(ca, folder / "ca.pem")


@dataclass
class Response:
    """What came to a server that must not be called."""

    port: int
    connections: int = 0
    received: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def listening(context: ssl.SSLContext | None = None) -> AsyncIterator[Response]:
    """A server that answers nothing and keeps all that it is sent."""
    heard = Response(0)

    async def on_visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.connections += 1
        heard.received.append(await reader.read(65536))
        writer.close()

    server = await asyncio.start_server(on_visit, "127.0.0.1", 0, ssl=context)
    heard.port = server.sockets[0].getsockname()[1]
    async with server:
        yield heard
