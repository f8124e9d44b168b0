"""`launcher templates`: the portal's workflow templates."""

from __future__ import annotations

import click

from launcher.cli.main import async_command
from launcher.cli.params import CommandError, GlobalOptions, global_options


@click.command("templates")
@click.option("--kind", metavar="KIND", help="Only those for this kind of document: lead, deal, dynamic:147, …")
@click.option(
    "--as-job",
    metavar="TEMPLATE",
    help="Print a job for this template, by its ID or exact name, to paste into config.yaml.",
)
@click.option("--portal", metavar="NAME", help="Which of portals: in the configuration.")
@global_options
@async_command
async def command(options: GlobalOptions, kind: str | None, as_job: str | None, portal: str | None) -> None:
    """List the portal's workflow templates: their IDs, kinds and parameters."""
    from launcher.app.first_steps import job_entry, job_name
    from launcher.app.templates import template_documents
    from launcher.cli.render import template_table
    from launcher.cli.runtime import opened

    if as_job is not None and options.json:
        raise CommandError("--as-job prints YAML: leave --json out")
    async with opened(options) as (launcher, console):
        found = await launcher.templates(portal=portal, kind=kind)
    if as_job is not None:
        template = found.find(as_job)
        console.print(f"jobs:\n{job_entry(template, job_name(template), document_column='ID')}".rstrip())
    elif console.wants_json:
        console.show_json(template_documents(found))
    elif not found.listed:
        console.print(f"{found.portal} has no template{f' for the kind {kind}' if kind else ''}.")
    else:
        console.print(template_table(found))
