"""`launcher logout`: forgets what `launcher login` has stored."""

from __future__ import annotations

import click

from launcher.cli.console import Console
from launcher.cli.login import chosen_entry
from launcher.cli.options import GlobalOptions, global_options
from launcher.cli.session import carry_out, settings_of
from launcher.portal.tokens import TokensFile
from launcher.settings import OAuthConfig, Settings
from launcher.settings.keyrings import forget_webhook


@click.command("logout")
@click.option("--portal", metavar="NAME", help="Which of portals: in config.yaml.")
@global_options
def command(portal: str | None) -> None:
    """Remove a portal's webhook from the system keyring and its tokens file.

    In the portal both stay good: delete the webhook or the application there, under Developer resources.
    """
    carry_out(lambda said: _logout(said, settings_of(said), portal))


async def _logout(said: GlobalOptions, settings: Settings, portal: str | None) -> int:
    name, entry = chosen_entry(settings, portal)
    around = settings.surroundings(name)
    file = TokensFile(around.oauth(entry.oauth or OAuthConfig()).tokens_file or around.usual_tokens_file())
    removed = []
    if forget_webhook(name):
        removed.append("the webhook in the system keyring")
    if await file.remove():
        removed.append(f"the tokens in {file.path}")
    console = Console(said)
    if said.json:
        console.show_json({"removed": removed})
    else:
        console.print(f"Removed: {', '.join(removed)}." if removed else "Nothing was stored.")
    return 0
