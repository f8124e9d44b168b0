"""`launcher results [RUN]`: writes the results file again."""

from __future__ import annotations

from pathlib import Path

import click

from launcher.cli.main import run_command
from launcher.cli.params import CommandError, GlobalOptions, global_options
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
def command(run: str | None, output: Path | None, only: str | None) -> None:
    """Write the results of RUN (without it, the last one) again, as the ledger has them now."""
    states = [_state(name) for name in only.split(",")] if only else []
    run_command(lambda options: _write(options, run, output, states))


def _state(name: str) -> State:
    try:
        return State(name.strip().lower())
    except ValueError:
        states = [state.value for state in State]
        raise CommandError(
            f'--only: no state "{name}"{nearest(name, states)}; states: {", ".join(states)}'
        ) from None


async def _write(options: GlobalOptions, name: str | None, output: Path | None, states: list[State]) -> int:
    from launcher.app.query import find_run, write_results
    from launcher.cli.console import Console, stdout_rows
    from launcher.cli.params import shown_path
    from launcher.cli.runtime import opened
    from launcher.report import STDOUT

    console = Console(options)
    async with opened(options, console) as launcher:
        run = await find_run(launcher, name)
        if options.json and (output or Path(run.results)) == STDOUT:
            raise CommandError(
                "--json: standard output holds one document; say where the results go, with -o PATH"
            )
        if (output or Path(run.results)) == STDOUT:
            with stdout_rows() as stream:
                await write_results(launcher, run.name, stream, only=states)
            return 0
        written = await write_results(launcher, run.name, output, only=states)
    if console.wants_json:
        console.show_json(written.to_dict())
    else:
        console.print(f"Results of run {written.run}: {shown_path(written.path)}")
    return 0
