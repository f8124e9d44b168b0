"""`launcher demo`: the main job with nothing configured."""

from __future__ import annotations

from dataclasses import replace

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options


@click.command("demo")
@global_options
@async_command
async def command(options: GlobalOptions) -> int:
    """Show the main job: a simulated portal on this machine, 300 sample leads, a workflow on each.

    Nothing is configured and nothing leaves this machine.
    """
    from launcher.app.first_steps import demo_leads, run_demo, sample_config, simulated_portal
    from launcher.cli.render import end_run
    from launcher.cli.runtime import opened

    leads, config = demo_leads(), sample_config()
    options = replace(options, config=config, ledger=str(leads.with_name("launcher.db")))
    async with simulated_portal() as portal, opened(options) as (launcher, console):
        if not console.wants_json:
            console.tell(f"simulated portal on {portal.url}, job lead-followup of {config.name}, file {leads}")
        code = await end_run(options, launcher, await run_demo(launcher, leads, portal))
        if not console.wants_json:
            console.print(f"The portal counts {len(portal.started):,} workflows started.")
    return code
