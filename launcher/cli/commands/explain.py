"""`launcher explain [CODE]`: what an error means, and how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from launcher.cli.params import CommandError, GlobalOptions, global_options, options_of

if TYPE_CHECKING:
    from launcher.core.catalogue import Entry

_QUESTIONS: dict[Literal["also", "means", "started", "launcher", "who", "mend", "page"], str] = {
    "also": "Also called",
    "means": "It means",
    "started": "Did the row start?",
    "launcher": "The launcher",
    "who": "Who can fix it",
    "mend": "What to do",
    "page": "Read more",
}
"""What is answered of one code, in the order in which a person asks."""


@click.command("explain")
@click.argument("code", nargs=-1)
@global_options
def command(code: tuple[str, ...]) -> None:
    """Say what CODE means, whether anything was started, and how to fix it; without CODE, list all.

    CODE is what stands in the column launch_error_code, or the text in launch_error where that is empty.
    """
    options = options_of(click.get_current_context())
    if code:
        # A code or a text of several words, with or without quotation marks around it.
        _show(options, _entry(" ".join(code)))
    else:
        _show_all(options)


def _entry(code: str) -> Entry:
    from launcher.core.catalogue import found, suggestion

    entry = found(code)
    if entry is None:
        raise CommandError(
            f'no code "{code}" in the catalogue{suggestion(code)}. A code that it does not know makes its rows '
            "unknown, but with HTTP 401 or 403 it stops the run; a text without a code makes its row failed. "
            "See all: launcher explain"
        )
    return entry


def _show(options: GlobalOptions, entry: Entry) -> None:
    from rich.table import Table
    from rich.text import Text

    from launcher.cli.console import Console

    answers = entry.to_dict()
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for key, question in _QUESTIONS.items():
        if key in answers:
            table.add_row(question, Text(answers[key]))
    Console(options).show(answers, Text(entry.name, style="bold"), table)


def _show_all(options: GlobalOptions) -> None:
    import rich.box
    from rich.table import Table
    from rich.text import Text

    from launcher.cli.console import Console
    from launcher.core.catalogue import ENTRIES

    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("code or text", overflow="fold", min_width=20)
    table.add_column("started?")
    table.add_column("means", overflow="fold")
    for entry in ENTRIES:
        table.add_row(Text(entry.name), entry.started.value, Text(entry.meaning))
    every = [entry.to_dict() for entry in ENTRIES]
    Console(options).show(every, table, "What to do about one: launcher explain CODE")
