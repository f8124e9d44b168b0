"""`launcher doctor`: looks for what is wrong, and says how to mend it."""

from __future__ import annotations

from collections.abc import Sequence

import click
import rich.box
from rich.table import Table
from rich.text import Text

from launcher.cli.checks import CHECKS, looked_up
from launcher.cli.console import Console
from launcher.cli.options import GlobalOptions, global_options
from launcher.cli.session import carry_out
from launcher.core.health import Diagnosis, Level
from launcher.redact import redacted_text

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.TROUBLE: "red"}


@click.command("doctor")
@global_options
def command() -> None:
    """Look at configuration, secrets, ledger, disk, portals and runs; say what is wrong and how to mend it.

    Starts nothing and changes nothing. Exit code 1 where there is trouble, 0 where there is none.
    """
    carry_out(_examine)


async def _examine(said: GlobalOptions) -> int:
    async with looked_up(said) as setup:
        found = [diagnosis for check in CHECKS for diagnosis in await check(setup)]
    code = int(any(diagnosis.level is Level.TROUBLE for diagnosis in found))
    console = Console(said)
    if console.wants_json:
        console.show_json({"diagnoses": [_in_json(diagnosis) for diagnosis in found], "exit_code": code})
    elif not said.quiet or code:
        _show(found, console)
    return code


def _in_json(diagnosis: Diagnosis) -> dict[str, str]:
    return {
        "check": diagnosis.check,
        "level": diagnosis.level.value,
        "found": redacted_text(diagnosis.found),
        "mend": redacted_text(diagnosis.mend),
    }


def _show(found: Sequence[Diagnosis], console: Console) -> None:
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("is", no_wrap=True)
    table.add_column("found", overflow="fold")
    table.add_column("what to do", overflow="fold")
    for diagnosis in found:
        table.add_row(
            Text(diagnosis.check),
            Text(diagnosis.level.value, style=_STYLES[diagnosis.level]),
            Text(redacted_text(diagnosis.found)),
            Text(redacted_text(diagnosis.mend)),
        )
    console.print(table)
