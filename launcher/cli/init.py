"""`launcher init`: asks what is needed and writes config.yaml and .env."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import click

from launcher.cli import questions
from launcher.cli.access import access_of
from launcher.cli.console import Console
from launcher.cli.job_entry import job_entry, job_name
from launcher.cli.options import GlobalOptions, Refused, global_options
from launcher.cli.paths import shown_path
from launcher.cli.private_files import env_value, write_config, write_env
from launcher.cli.session import carry_out
from launcher.cli.templates import template_said, template_table
from launcher.core.pacing import PLANS, Pacing
from launcher.core.templates import Template
from launcher.engine.asking import Asker
from launcher.engine.templates import list_templates, smart_process_names
from launcher.errors import PortalError
from launcher.portal.access import Access
from launcher.portal.address import AddressError
from launcher.portal.client import Portal
from launcher.portal.tokens import TokensError
from launcher.settings import SettingsError, load_settings

_NAME = "BITRIX24_WEBHOOK_URL"

_HEAD = """\
# How the launcher reaches your portal, and what it starts there.

portal:
  # Its address is a password: it stands in .env beside this file, and nowhere else.
  webhook_url: ${BITRIX24_WEBHOOK_URL}
  # standard, enterprise or self-hosted: sets the portal's limits.
  plan: standard

jobs:
"""


@click.command("init")
@global_options
def command() -> None:
    """Ask for the webhook, a workflow template, a file and its columns, and write config.yaml and .env.

    Nothing is started, and no file is overwritten without asking.
    """
    carry_out(_init)


@dataclass(frozen=True, slots=True)
class _Webhook:
    access: Access
    url: str
    """Empty where it is configured already."""


async def _init(said: GlobalOptions) -> int:
    if not sys.stdin.isatty():
        raise Refused(
            "init asks questions and needs a terminal; without one, put the webhook into "
            f"{_NAME} and see: launcher templates --as-job"
        )
    console = Console(said)
    config = said.config or Path("config.yaml")
    webhook, template = await _webhook_and_template(console, config)
    file, table = questions.ask_file(console)
    kind = template.kind
    if kind is None:
        raise Refused(f'template {template.id} "{template.name}" is for an unknown kind of document')
    document = questions.ask_document_column(console, table.header, kind)
    columns = questions.ask_columns(console, table.header, template.parameters)
    name = questions.ask_job_name(console, job_name(template))
    entry = job_entry(template, name, document_column=document, columns=columns)
    if webhook.url:
        _keep_webhook(console, config.parent / ".env", webhook.url)
    if config.exists() and not click.confirm(f"{shown_path(config)} is there already. Replace it?", err=True):
        console.tell(f"{config} is left as it was; this is the job, to be put below jobs: there")
        console.print(entry.rstrip())
        return 0
    write_config(config, _HEAD + entry)
    console.tell(f"{shown_path(config)} is written")
    console.print(
        f"Check first; nothing is started: launcher check {shown_path(file)} --job {_shell_word(name)}"
    )
    return 0


async def _webhook_and_template(console: Console, config: Path) -> tuple[_Webhook, Template]:
    """The webhook, tried out by listing the portal's templates, and the one of them that the job is for."""
    webhook = _configured(config)
    if webhook is not None and not click.confirm(
        f"Use the webhook of {webhook.access.portal} that is configured already?", default=True, err=True
    ):
        webhook = None
    while True:
        if webhook is None:
            url, access = questions.ask_webhook(console)
            webhook = _Webhook(access, url)
        try:
            return webhook, await _template(console, webhook.access)
        except PortalError as error:
            console.tell(str(error))
            webhook = None


async def _template(console: Console, access: Access) -> Template:
    async with Portal(access) as portal:
        asker = Asker(portal, Pacing(limits=PLANS["standard"]))
        templates = [each for each in await list_templates(asker) if each.kind is not None]
        names = await smart_process_names(asker)
    if not templates:
        raise Refused(f"{portal.name} has no workflow templates; make one first, in its business processes")
    console.print(template_table(templates, names))
    return questions.ask_template(console, lambda text: template_said(templates, text, portal.name))


def _configured(config: Path) -> _Webhook | None:
    """The access that the environment, .env or the configuration names already."""
    try:
        portal = load_settings(config if config.exists() else None).portal(None)
        return _Webhook(access_of(portal), "")
    except (SettingsError, AddressError, TokensError):
        return None


def _keep_webhook(console: Console, path: Path, url: str) -> None:
    """Put the webhook into .env, where the person agrees to what is lost."""
    known = env_value(path, _NAME)
    if known not in (None, "", url) and not click.confirm(
        f"{path} has another webhook already. Replace it?", err=True
    ):
        console.tell(f"{path} is left as it was")
        return
    write_env(path, _NAME, url)
    console.tell(f"{shown_path(path)} is written; it holds the webhook, and only you can read it")


def _shell_word(name: str) -> str:
    return f'"{name}"' if " " in name else name
