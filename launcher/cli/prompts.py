"""What `launcher init` and `launcher login` ask. No secret is shown, or an argument that others could read."""

from __future__ import annotations

import asyncio
import sys
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from launcher.app.first_steps import described
from launcher.app.sign_in import ApplicationAnswers
from launcher.cli.console import Console
from launcher.cli.params import CommandError
from launcher.core.columns import MappingError, column_named, document_column, folded
from launcher.core.documents import Kind
from launcher.core.templates import FILE, Parameter, Template, TemplateError
from launcher.portal.access import Access, parse_webhook
from launcher.portal.address import AddressError
from launcher.redact import visible
from launcher.sheets import SheetError, Table, open_table

Answer = TypeVar("Answer")

_NONE = "-"
"""The answer that leaves a parameter out, where a column is proposed."""


def ask_webhook(console: Console) -> tuple[str, Access]:
    """The incoming webhook's URL, which is not shown while it is typed."""
    console.tell(
        "the incoming webhook: in the portal, Applications > Developer resources > Common use cases > Other > "
        "Inbound webhook (it is not shown while you type)"
    )

    def read(text: str) -> tuple[str, Access]:
        return text.strip(), parse_webhook(text)

    return _asked(console, "Webhook's address", read, AddressError, hidden=True)


def ask_template(console: Console, find: Callable[[str], Template]) -> Template:
    """One of the portal's templates."""
    return _asked(console, "Workflow template (ID or name)", find, TemplateError)


def ask_file(console: Console) -> tuple[Path, Table]:
    """A file with rows as the job is to take them."""

    def read(text: str) -> tuple[Path, Table]:
        path = Path(text.strip()).expanduser()
        return path, open_table(path)

    return _asked(console, "A file with the rows, such as leads.csv", read, SheetError)


def ask_document_column(console: Console, header: Sequence[str], kind: Kind) -> str:
    """The heading of the column with the document's ID."""
    try:
        proposed = document_column(header, kind).heading
    except MappingError:
        proposed = ""
    return _column(console, header, f"Column with the {kind.name}'s ID", "for the document's ID", proposed)


def ask_columns(console: Console, header: Sequence[str], parameters: Sequence[Parameter]) -> dict[str, str]:
    """Which parameter comes from which column."""
    columns: dict[str, str] = {}
    for parameter in parameters:
        if parameter.type == FILE:
            continue
        same = {folded(parameter.title), folded(parameter.name)}
        proposed = next((heading for heading in header if folded(heading) in same), _NONE)
        question = f'Column for "{parameter.title}" ({described(parameter)}), {_NONE} for none'
        while True:
            heading = _column(console, header, question, f'for "{parameter.title}"', proposed)
            if heading != _NONE or not parameter.must_be_given:
                break
            console.tell(f'"{parameter.title}" is required: say its column')
        if heading != _NONE:
            columns[parameter.name] = heading
    return columns


def ask_job_name(console: Console, proposed: str) -> str:
    """How the job is called in config.yaml and after --job."""

    def read(text: str) -> str:
        if not text.strip():
            raise ValueError("a name is expected")
        return " ".join(text.split())

    return _asked(console, "The job's name", read, ValueError, proposed=proposed)


def _column(console: Console, header: Sequence[str], question: str, purpose: str, proposed: str) -> str:
    def read(text: str) -> str:
        if text.strip() == _NONE and proposed:
            return _NONE
        return column_named(header, text.strip(), purpose, "its heading").heading

    return _asked(console, question, read, MappingError, proposed=proposed)


def _asked(
    console: Console,
    question: str,
    read: Callable[[str], Answer],
    trouble: type[Exception],
    *,
    proposed: str = "",
    hidden: bool = False,
) -> Answer:
    while True:
        shown = visible(f"{question} [{proposed}]" if proposed else question)
        text = click.prompt(shown, default=proposed or None, show_default=False, hide_input=hidden, err=True)
        try:
            return read(text)
        except trouble as error:
            console.tell(str(error))


def application_answers(console: Console, *, stdin: bool, browser: bool) -> ApplicationAnswers:
    """Return what asks the person on this terminal.

    `stdin`: the secret is on standard input. `browser`: open one.
    """

    async def open_page(url: str) -> None:
        if browser and await asyncio.to_thread(webbrowser.open, url):
            console.tell(f"your browser opens the portal; where it does not, open: {url}")
        else:
            console.tell(f"open in a browser, sign in and agree: {url}")

    return ApplicationAnswers(
        address=lambda: _ask("The portal's address"),
        client_id=lambda: _ask("The application's ID (client_id)"),
        client_secret=lambda: ask_secret("The application's secret (client_secret)", stdin=stdin),
        open_page=open_page,
        end_address=_ask_end_address,
    )


def ask_secret(what: str, *, stdin: bool) -> str:
    """Return what the person types unseen, or what is on stdin. Raises CommandError if there is neither."""
    if stdin:
        text = sys.stdin.readline().strip()
    elif sys.stdin.isatty():
        text = str(click.prompt(what, hide_input=True, default="", show_default=False, err=True)).strip()
    else:
        raise CommandError(f"{what} is asked for on a terminal; here, give it on stdin and say --stdin")
    if not text:
        raise CommandError(f"{what} is empty; nothing was stored")
    return text


def _ask(what: str) -> str:
    if not sys.stdin.isatty():
        raise CommandError(f"{what} is asked for on a terminal; here, say it with an option or in config.yaml")
    return str(click.prompt(what, err=True))


def _ask_end_address() -> str:
    """Return the address where the browser ended; without a terminal, the next line of stdin."""
    what = "The address where the browser ended (within 30 seconds)"
    if sys.stdin.isatty():
        return str(click.prompt(what, default="", show_default=False, err=True))
    return sys.stdin.readline()
