"""`launcher logout`: forgets what `launcher login` has stored."""

from __future__ import annotations

import click

from launcher.cli.main import run_command
from launcher.cli.params import GlobalOptions, global_options


@click.command("logout")
@click.option("--portal", metavar="NAME", help="Which of portals: in config.yaml.")
@global_options
def command(portal: str | None) -> None:
    """Remove a portal's webhook from the system keyring and its tokens file.

    In the portal both stay good: delete the webhook or the application there, under Developer resources.
    """
    run_command(lambda options: _logout(options, portal))


async def _logout(options: GlobalOptions, portal: str | None) -> int:
    from launcher.app.sign_in import sign_out
    from launcher.cli.console import Console
    from launcher.cli.runtime import opened

    async with opened(options) as launcher:
        done = await sign_out(launcher, portal)
    console = Console(options)
    if console.wants_json:
        console.show_json(done.to_dict())
    else:
        console.print(f"Removed: {', '.join(done.removed)}." if done.removed else "Nothing was stored.")
    return 0
