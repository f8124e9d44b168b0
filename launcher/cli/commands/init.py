"""`launcher init`: asks what is needed and writes config.yaml and .env."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from launcher.cli.main import async_command
from launcher.cli.params import CommandError, GlobalOptions, global_options, shown_path
from launcher.errors import PortalError

if TYPE_CHECKING:
    from launcher.app.first_steps import FirstFiles
    from launcher.cli.console import Console
    from launcher.core.templates import Template
    from launcher.portal.access import Access


@click.command("init")
@global_options
@async_command
async def command(options: GlobalOptions) -> None:
    """Ask for the webhook, a workflow template, a file and its columns, and write config.yaml and .env.

    Nothing is started, and no file is overwritten without asking.
    """
    from launcher.app.first_steps import WEBHOOK_NAME, FirstFiles
    from launcher.cli.console import Console

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
        return
    files.write_config(entry)
    console.tell(f"{shown} is written")
    console.print(
        f"Check first; nothing is started: launcher check {shown_path(file)} --job {_shell_word(name)}"
    )


async def _webhook_and_template(console: Console, config: Path) -> tuple[str, Template]:
    """Return the webhook, empty if it is configured already, and the template that the job is for.

    The webhook is tried out by listing the portal's templates.
    """

    from launcher.app.first_steps import configured_access
    from launcher.cli import prompts

    url, access = "", configured_access(config)
    if access is not None and not click.confirm(
        f"Use the webhook of {access.portal} that is configured already?", default=True, err=True
    ):
        access = None
    while True:
        if access is None:
            url, access = prompts.ask_webhook(console)
        try:
            return url, await _template(console, access)
        except PortalError as error:
            console.tell(str(error))
            access = None


async def _template(console: Console, access: Access) -> Template:
    from launcher.app.templates import templates_at
    from launcher.cli import prompts
    from launcher.cli.render import template_table

    found = await templates_at(access)
    if not found.listed:
        raise CommandError(
            f"{found.portal} has no workflow templates; make one first, in its business processes"
        )
    console.print(template_table(found))
    return prompts.ask_template(console, found.find)


def _ask_job(console: Console, template: Template) -> tuple[Path, str, str]:
    """Return a file with rows for the job, the job's name, and its entry in config.yaml."""

    from launcher.app.first_steps import job_entry, job_name
    from launcher.cli import prompts

    file, table = prompts.ask_file(console)
    if template.kind is None:
        raise CommandError(f'template {template.id} "{template.name}" is for an unknown kind of document')
    document = prompts.ask_document_column(console, table.header, template.kind)
    columns = prompts.ask_columns(console, table.header, template.parameters)
    name = prompts.ask_job_name(console, job_name(template))
    return file, name, job_entry(template, name, document_column=document, columns=columns)


def _keep_webhook(console: Console, files: FirstFiles, url: str) -> None:
    """Put the webhook into .env, if the person agrees to what is lost."""
    if files.has_another_webhook(url) and not click.confirm(
        f"{files.env} has another webhook already. Replace it?", err=True
    ):
        console.tell(f"{files.env} is left as it was")
        return
    files.write_webhook(url)
    console.tell(f"{shown_path(files.env)} is written; it holds the webhook, and only you can read it")


def _shell_word(name: str) -> str:
    return f'"{name}"' if " " in name else name
