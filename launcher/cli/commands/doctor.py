"""`launcher doctor`: looks for what is wrong, and says how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options
from launcher.core.findings import Level

if TYPE_CHECKING:
    from rich.table import Table

    from launcher.app.diagnose import Diagnoses


_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.TROUBLE: "red"}


@click.command("doctor")
@global_options
@async_command
async def command(options: GlobalOptions) -> int:
    """Look at configuration, secrets, ledger, disk, portals and runs; say what is wrong and how to fix it.

    Starts nothing and changes nothing. Exit code 1 where there is trouble, 0 where there is none.
    """
    from launcher.app.diagnose import diagnose
    from launcher.automation.checks import check_notifications, check_schedule
    from launcher.cli.console import Console

    diagnoses = await diagnose(options.config, options.ledger, more=(check_schedule, check_notifications))
    console = Console(options)
    if console.wants_json:
        console.show_json(diagnoses.to_dict())
    elif not options.quiet or diagnoses.exit_code:
        console.print(_table(diagnoses))
    return diagnoses.exit_code


def _table(diagnoses: Diagnoses) -> Table:
    import rich.box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("is", no_wrap=True)
    table.add_column("found", overflow="fold")
    table.add_column("what to do", overflow="fold")
    for one in diagnoses.found:
        table.add_row(one.check, Text(one.level.value, style=_STYLES[one.level]), one.found, one.remedy)
    return table
