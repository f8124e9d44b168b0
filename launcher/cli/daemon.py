"""`launcher daemon`: runs the schedules of all jobs itself, in the foreground."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any

import click

from launcher.cli.options import Refused, echo, global_options, said
from launcher.visible import visible_json

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
        """What `127.0.0.1:8087` says; None for `none`. Raises Refused."""
        if text.strip().lower() == "none":
            return None
        host, _, port = text.strip().rpartition(":")
        if not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise Refused(f"--listen {text}: HOST:PORT such as 127.0.0.1:8087 is expected, or none")
        return cls(host.strip("[]") or _HERE, int(port))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


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
        click.get_current_context().exit(_ask(endpoint, as_json=said(click.get_current_context()).json))
    # Not above: a container asks --health again and again, and needs none of it.
    from launcher.cli.daemon_work import work
    from launcher.cli.session import carry_out

    carry_out(lambda options: work(options, endpoint), talks=True)


def _ask(endpoint: Endpoint | None, *, as_json: bool) -> int:
    """Show how the daemon at that endpoint is; 0 where all is well, else 1."""
    if endpoint is None:
        raise Refused("--health needs the address that the daemon listens at; with --listen none it has none")
    host = _HERE if endpoint.host in _ANYWHERE else endpoint.host
    # Not urllib: it goes by the environment's proxies.
    connection = http.client.HTTPConnection(host, endpoint.port, timeout=_ASKING_S)
    try:
        connection.request("GET", "/healthz")
        document: dict[str, Any] = json.loads(connection.getresponse().read())
        troubles = [str(text) for text in document["troubles"]]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        troubles = [f"no launcher daemon answers at {host}:{endpoint.port}"]
        document = {"status": "trouble", "troubles": troubles, "jobs": {}}
    finally:
        connection.close()
    code = int(bool(troubles))
    if as_json:
        click.echo(visible_json(json.dumps(document | {"exit_code": code}, ensure_ascii=False, indent=2)))
    else:
        dues = [f"{name} is due next {job['next_due']}" for name, job in document["jobs"].items()]
        echo("\n".join([*troubles, *dues] or ["no job has a schedule"]))
    return code
