"""Where a daemon answers about itself, and how one asks it. Nothing heavier than click may be imported here."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from launcher.cli.params import CommandError, echo
from launcher.visible import visible_json

if TYPE_CHECKING:
    from launcher.automation.documents import DaemonHealthDocument

_ASKING_S = 10.0
_HERE = "127.0.0.1"
_ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104  compared with, not listened at


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the daemon answers about itself."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Endpoint | None:
        """Return what `127.0.0.1:8087` says; None for `none`. Raises CommandError."""
        if text.strip().lower() == "none":
            return None
        host, _, port = text.strip().rpartition(":")
        if not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise CommandError(f"--listen {text}: HOST:PORT such as 127.0.0.1:8087 is expected, or none")
        return cls(host.strip("[]") or _HERE, int(port))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def ask_health(endpoint: Endpoint | None, *, as_json: bool) -> int:
    """Show how the daemon at that endpoint is; return 0 if all is well, else 1. Raises CommandError."""
    if endpoint is None:
        raise CommandError(
            "--health needs the address that the daemon listens at; with --listen none it has none"
        )
    document = _health_of(_HERE if endpoint.host in _ANYWHERE else endpoint.host, endpoint.port)
    if as_json:
        click.echo(visible_json(json.dumps(document, ensure_ascii=False, indent=2)))
    else:
        dues = [f"{name} is due next {job['next_due']}" for name, job in document["jobs"].items()]
        echo("\n".join([*map(str, document["troubles"]), *dues] or ["no job has a schedule"]))
    return document["exit_code"]


def _health_of(host: str, port: int) -> DaemonHealthDocument:
    # Not urllib: it goes by the environment's proxies.
    connection = http.client.HTTPConnection(host, port, timeout=_ASKING_S)
    try:
        connection.request("GET", "/healthz")
        document: DaemonHealthDocument = json.loads(connection.getresponse().read())
        document["exit_code"] = int(bool(list(document["troubles"])))
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        problem = f"no launcher daemon answers at {host}:{port}"
        return {"status": "trouble", "troubles": [problem], "jobs": {}, "exit_code": 1}
    else:
        return document
    finally:
        connection.close()
