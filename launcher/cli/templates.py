"""`launcher templates`: the portal's workflow templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import click
import rich.box
from rich.table import Table
from rich.text import Text

from launcher.cli.access import access_of, portal_of
from launcher.cli.console import Console
from launcher.cli.job_entry import described, job_entry, job_name
from launcher.cli.options import GlobalOptions, Refused, global_options
from launcher.cli.session import carry_out, opened_ledger, settings_of
from launcher.core.documents import kind_named
from launcher.core.templates import Parameter, Template, TemplateError, template_named
from launcher.engine.asking import Asker
from launcher.engine.templates import list_templates, smart_process_names


@click.command("templates")
@click.option("--kind", metavar="KIND", help="Only those for this kind of document: lead, deal, dynamic:147, …")
@click.option(
    "--as-job",
    metavar="TEMPLATE",
    help="Print a job for this template, by its ID or exact name, to paste into config.yaml.",
)
@click.option("--portal", metavar="NAME", help="Which of portals: in the configuration.")
@global_options
def command(kind: str | None, as_job: str | None, portal: str | None) -> None:
    """List the portal's workflow templates: their IDs, kinds and parameters."""
    carry_out(lambda said: _templates(said, kind, as_job, portal))


async def _templates(said: GlobalOptions, kind: str | None, as_job: str | None, portal_name: str | None) -> int:
    console = Console(said)
    if as_job is not None and console.wants_json:
        raise Refused("--as-job prints YAML: leave --json out")
    wanted = None if kind is None else kind_named(kind)
    settings = settings_of(said)
    config = settings.portal(portal_name)
    access = access_of(config)
    async with opened_ledger(said, settings) as ledger, portal_of(ledger, access) as portal:
        asker = Asker(portal, config.pacing())
        found = await list_templates(asker)
        names = await smart_process_names(asker) if _has_smart_process(found) else {}
    if as_job is not None:
        template = template_said(found, as_job, portal.name)
        console.print(f"jobs:\n{job_entry(template, job_name(template), document_column='ID')}".rstrip())
        return 0
    shown = [each for each in found if wanted is None or each.is_for(wanted)]
    if console.wants_json:
        console.show_json([_as_json(template, names) for template in shown])
    elif not shown:
        console.print(f"{portal.name} has no template{f' for the kind {kind}' if kind else ''}.")
    else:
        console.print(template_table(shown, names))
    return 0


def template_said(templates: Sequence[Template], said: str, portal: str) -> Template:
    """The template of that ID or exact name. Raises TemplateError."""
    text = said.strip()
    if not (text.isascii() and text.isdigit()):
        return template_named(templates, text, portal)
    found = next((each for each in templates if each.id == int(text)), None)
    if found is None:
        raise TemplateError(f"no template {text} on {portal}; see: launcher templates")
    return found


def template_table(templates: Sequence[Template], smart_processes: Mapping[str, str]) -> Table:
    """One row for each template, one line for each parameter."""
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("ID", justify="right", no_wrap=True)
    table.add_column("name", overflow="fold", min_width=12)
    table.add_column("kind", overflow="fold", min_width=10)
    table.add_column("parameters", overflow="fold")
    for template in templates:
        lines = [f"{_called(each)}: {described(each)}" for each in template.parameters]
        table.add_row(
            str(template.id),
            Text(template.name),
            Text(_kind(template, smart_processes)),
            Text("\n".join(lines)),
        )
    return table


def _called(parameter: Parameter) -> str:
    return parameter.name if parameter.title == parameter.name else f'{parameter.name} "{parameter.title}"'


def _kind(template: Template, smart_processes: Mapping[str, str]) -> str:
    if template.kind is None:
        return template.document_type
    name = smart_processes.get(template.kind.name, "")
    return f"{template.kind.name} {name}".rstrip()


def _has_smart_process(templates: Sequence[Template]) -> bool:
    return any(each.kind is not None and each.kind.name.startswith("dynamic:") for each in templates)


def _as_json(template: Template, smart_processes: Mapping[str, str]) -> dict[str, object]:
    kind = template.kind.name if template.kind is not None else None
    return asdict(template) | {"kind": kind, "kind_name": smart_processes.get(kind or "", kind)}
