"""`launcher daemon`: runs the schedules of all jobs itself, in the foreground."""

from __future__ import annotations

import click

from launcher.cli.params import global_options, options_of
from launcher.cli.running import run_command


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

    from launcher.cli.daemon_endpoint import Endpoint, ask_health

    endpoint = Endpoint.parse(listen)
    if health:
        context = click.get_current_context()
        context.exit(ask_health(endpoint, as_json=options_of(context).json))
    # Not above: a container asks --health again and again, and needs none of it.
    from launcher.cli.daemon_service import serve

    run_command(lambda options: serve(options, endpoint), is_foreground_service=True)
