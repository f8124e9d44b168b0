"""`launcher backup PATH`: a copy of the ledger."""

from __future__ import annotations

from pathlib import Path

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options


@click.command("backup")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite PATH where it is there already.")
@global_options
@async_command
async def command(options: GlobalOptions, path: Path, force: bool) -> None:
    """Copy the ledger to PATH, also while a run writes it: as it was at one moment, and checked.

    To use the copy, name it with --ledger, or put it in the ledger's place while no run is going. What was
    started after the backup is not in it: a run would start that again.
    """
    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, console):
        written = await launcher.backup(path, force=force)
    console.show(written.to_dict(), f"Backup: {path} ({written.bytes / 1e6:,.1f} MB), checked")
