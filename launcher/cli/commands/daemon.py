"""`launcher daemon`: runs the schedules of all jobs itself, in the foreground, or asks one how it is."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from launcher.cli.main import run_command
from launcher.cli.params import CommandError, echo, global_options, options_of
from launcher.redact import visible_json

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


@click.command("daemon")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8087",
    show_default=True,
    help="Where it answers /healthz, /livez and /metrics; none: nowhere.",
)
@click.option("--health", is_flag=True, help="Ask the daemon that runs here how it is: exit code 0 or 1.")
@global_options
def command(listen: str, health: bool) -> None:
    """Wait for the schedules of the jobs in the configuration, and run each night when it is due.

    It stays in the foreground, as a container wants it. A night that was missed is made up for within the job's
    catch_up:, one that was cut off is gone on with. The configuration is read again as it goes. SIGTERM ends it
    as it ends a run: exit code 4 where a run was interrupted, else 0. With --json, one document at its end.
    """

    endpoint = Endpoint.parse(listen)
    if health:
        context = click.get_current_context()
        context.exit(ask_health(endpoint, as_json=options_of(context).json))
    # Not above: a container asks --health again and again, and needs none of it.
    from launcher.cli.daemon_service import serve

    listen_at = None if endpoint is None else (endpoint.host, endpoint.port)
    run_command(lambda options: serve(options, listen_at), is_foreground_service=True)
