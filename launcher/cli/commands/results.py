"""`launcher results [RUN]`: writes the results file again."""

from __future__ import annotations

from pathlib import Path

import click

from launcher.cli.main import async_command
from launcher.cli.params import CommandError, GlobalOptions, global_options, shown_path
from launcher.core.model import State
from launcher.core.words import nearest


@click.command("results")
@click.argument("run", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help=".csv or .xlsx, or - for standard output; without it, as the run did.",
)
@click.option("--only", metavar="STATES", help="Only rows in these states, as in --only failed,unknown.")
@global_options
@async_command
async def command(options: GlobalOptions, run: str | None, output: Path | None, only: str | None) -> None:
    """Write the results of RUN (without it, the last one) again, as the ledger has them now."""
    from launcher.app.query import find_run, write_results
    from launcher.cli.console import stdout_rows
    from launcher.cli.runtime import opened
    from launcher.report import STDOUT

    states = [_state(name) for name in only.split(",")] if only else []
    async with opened(options) as (launcher, console):
        record = await find_run(launcher, run)
        if (output or Path(record.results)) != STDOUT:
            written = await write_results(launcher, record.name, output, only=states)
            console.show(written.to_dict(), f"Results of run {written.run}: {shown_path(written.path)}")
        elif options.json:
            raise CommandError(
                "--json: standard output holds one document; say where the results go, with -o PATH"
            )
        else:
            with stdout_rows() as stream:
                await write_results(launcher, record.name, stream, only=states)


def _state(name: str) -> State:
    try:
        return State(name.strip().lower())
    except ValueError:
        states = [state.value for state in State]
        raise CommandError(
            f'--only: no state "{name}"{nearest(name, states)}; states: {", ".join(states)}'
        ) from None
