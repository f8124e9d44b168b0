"""What `launcher init` asks; each question again until its answer can be used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from launcher.app.first_steps import described
from launcher.cli.console import Console
from launcher.cli.params import CommandError, GlobalOptions, global_options
from launcher.cli.running import run_command
from launcher.core.columns import MappingError, column_named, document_column, folded
from launcher.core.documents import Kind
from launcher.core.templates import FILE, Parameter, Template, TemplateError
from launcher.errors import PortalError
from launcher.portal.access import Access, parse_webhook
from launcher.portal.address import AddressError
from launcher.redact import visible
from launcher.sheets import SheetError, Table, open_table

if TYPE_CHECKING:
    from launcher.app.first_steps import FirstFiles
    from launcher.cli.console import Console
    from launcher.core.templates import Template
    from launcher.portal.access import Access


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


@click.command("init")
@global_options
def command() -> None:
    """Ask for the webhook, a workflow template, a file and its columns, and write config.yaml and .env.

    Nothing is started, and no file is overwritten without asking.
    """
    run_command(_init)


async def _init(options: GlobalOptions) -> int:
    from launcher.app.first_steps import WEBHOOK_NAME, FirstFiles
    from launcher.cli.console import Console
    from launcher.cli.params import shown_path

    if not sys.stdin.isatty():
        raise CommandError(
            "init asks questions and needs a terminal; without one, put the webhook into "
            f"{WEBHOOK_NAME} and see: launcher templates --as-job"
        )
    console, files = Console(options), FirstFiles(options.config or Path("config.yaml"))
    url, template = await _webhook_and_template(console, files.config)
    file, name, entry = _ask_job(console, template)
    if url:
        _keep_webhook(console, files, url)
    shown = shown_path(files.config)
    if files.config.exists() and not click.confirm(f"{shown} is there already. Replace it?", err=True):
        console.tell(f"{files.config} is left as it was; this is the job, to be put below jobs: there")
        console.print(entry.rstrip())
        return 0
    files.write_config(entry)
    console.tell(f"{shown} is written")
    console.print(
        f"Check first; nothing is started: launcher check {shown_path(file)} --job {_shell_word(name)}"
    )
    return 0


async def _webhook_and_template(console: Console, config: Path) -> tuple[str, Template]:
    """Return the webhook, empty if it is configured already, and the template that the job is for.

    The webhook is tried out by listing the portal's templates.
    """

    from launcher.app.first_steps import configured_access

    url, access = "", configured_access(config)
    if access is not None and not click.confirm(
        f"Use the webhook of {access.portal} that is configured already?", default=True, err=True
    ):
        access = None
    while True:
        if access is None:
            url, access = ask_webhook(console)
        try:
            return url, await _template(console, access)
        except PortalError as error:
            console.tell(str(error))
            access = None


async def _template(console: Console, access: Access) -> Template:
    from launcher.app.templates import templates_at
    from launcher.cli.render import template_table

    found = await templates_at(access)
    if not found.listed:
        raise CommandError(
            f"{found.portal} has no workflow templates; make one first, in its business processes"
        )
    console.print(template_table(found))
    return ask_template(console, found.find)


def _ask_job(console: Console, template: Template) -> tuple[Path, str, str]:
    """Return a file with rows for the job, the job's name, and its entry in config.yaml."""

    from launcher.app.first_steps import job_entry, job_name

    file, table = ask_file(console)
    if template.kind is None:
        raise CommandError(f'template {template.id} "{template.name}" is for an unknown kind of document')
    document = ask_document_column(console, table.header, template.kind)
    columns = ask_columns(console, table.header, template.parameters)
    name = ask_job_name(console, job_name(template))
    return file, name, job_entry(template, name, document_column=document, columns=columns)


def _keep_webhook(console: Console, files: FirstFiles, url: str) -> None:
    """Put the webhook into .env, if the person agrees to what is lost."""

    from launcher.cli.params import shown_path

    if files.has_another_webhook(url) and not click.confirm(
        f"{files.env} has another webhook already. Replace it?", err=True
    ):
        console.tell(f"{files.env} is left as it was")
        return
    files.write_webhook(url)
    console.tell(f"{shown_path(files.env)} is written; it holds the webhook, and only you can read it")


def _shell_word(name: str) -> str:
    return f'"{name}"' if " " in name else name
