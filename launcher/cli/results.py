"""`launcher results [RUN]`: writes the results file again."""

from __future__ import annotations

from pathlib import Path

import click

from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions, Refused, global_options
from launcher.cli.paths import shown_path
from launcher.cli.session import carry_out, chosen_run, opened_ledger, refuse_pruned, settings_of
from launcher.core.model import State
from launcher.core.summary import Ending
from launcher.core.words import nearest
from launcher.engine.live import forget_live
from launcher.engine.results import save_results
from launcher.engine.summary import summarise
from launcher.report.results import STDOUT, check_writable


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
    carry_out(lambda said: _write(said, run, output, states))


def _state(name: str) -> State:
    try:
        return State(name.strip().lower())
    except ValueError:
        states = [state.value for state in State]
        raise Refused(
            f'--only: no state "{name}"{nearest(name, states)}; states: {", ".join(states)}'
        ) from None


async def _write(said: GlobalOptions, name: str | None, output: Path | None, states: list[State]) -> int:
    async with opened_ledger(said, settings_of(said)) as ledger:
        run = await chosen_run(ledger, name)
        if states and output is None:
            raise Refused("--only: say where to, with -o PATH; the run's own results file keeps all rows")
        if states != [State.UNKNOWN]:
            refuse_pruned(run, f"its results cannot be written again; {run.results} stays as the run wrote it")
        path = output or Path(run.results)
        if path == STDOUT and said.json:
            raise Refused("--json: standard output holds one document; say where the results go, with -o PATH")
        check_writable(path, source=Path(run.file))
        notes = await save_results(ledger, run, path, only=states)
        if output is None and (await summarise(ledger, run.id)).ending is not Ending.RUNNING:
            forget_live(run)
    console = Console(said)
    for note in notes:
        console.tell(note)
    if path == STDOUT:
        return 0
    if console.wants_json:
        console.show_json({"run_id": run.name, "results": str(path.resolve())})
    else:
        console.print(f"Results of run {run.name}: {shown_path(path)}")
    return 0
