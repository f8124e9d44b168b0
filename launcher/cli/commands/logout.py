"""`launcher logout`: forgets what `launcher login` has stored."""

from __future__ import annotations

import click

from launcher.cli.main import async_command
from launcher.cli.params import GlobalOptions, global_options


@click.command("logout")
@click.option("--portal", metavar="NAME", help="Which of portals: in config.yaml.")
@global_options
@async_command
async def command(options: GlobalOptions, portal: str | None) -> None:
    """Remove a portal's webhook from the system keyring and its tokens file.

    In the portal both stay good: delete the webhook or the application there, under Developer resources.
    """
    from launcher.app.sign_in import sign_out
    from launcher.cli.runtime import opened

    async with opened(options) as (launcher, console):
        done = await sign_out(launcher, portal)
    console.show(
        done.to_dict(), f"Removed: {', '.join(done.removed)}." if done.removed else "Nothing was stored."
    )
