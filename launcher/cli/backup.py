"""`launcher backup PATH`: a copy of the ledger."""

from __future__ import annotations

from pathlib import Path

import click

from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions, global_options
from launcher.cli.session import carry_out, ledger_location, settings_of
from launcher.ledger import back_up


@click.command("backup")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite PATH where it is there already.")
@global_options
def command(path: Path, force: bool) -> None:
    """Copy the ledger to PATH, also while a run writes it: as it was at one moment, and checked.

    To use the copy, name it with --ledger, or put it in the ledger's place while no run is going. What was
    started after the backup is not in it: a run would start that again.
    """
    carry_out(lambda said: _back_up(said, path, force=force))


async def _back_up(said: GlobalOptions, path: Path, *, force: bool) -> int:
    await back_up(ledger_location(said, settings_of(said)), path, force=force)
    console, size = Console(said), path.stat().st_size
    if console.wants_json:
        console.show_json({"backup": str(path.resolve()), "bytes": size})
    else:
        console.print(f"Backup: {path} ({size / 1e6:,.1f} MB), checked")
    return 0
