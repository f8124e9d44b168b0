"""`launcher demo`: the main job with nothing configured."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import click
from pydantic import SecretStr

import launcher
from launcher.cli.console import Console
from launcher.cli.job_options import RunOptions
from launcher.cli.options import GlobalOptions, global_options
from launcher.cli.run import run_file
from launcher.cli.session import carry_out
from launcher.settings import PortalConfig, load_settings
from launcher.simulator import Settings, Simulator

_START_S = 0.02
"""What a start costs on the demo's portal: long enough that one sees the rows go by."""


@click.command("demo")
@global_options
def command() -> None:
    """Show the main job: a simulated portal on this machine, 300 sample leads, a workflow on each.

    Nothing is configured and nothing leaves this machine.
    """
    carry_out(_demo)


async def _demo(said: GlobalOptions) -> int:
    samples = _samples()
    folder = Path(tempfile.mkdtemp(prefix="launcher-demo-"))
    leads = Path(shutil.copy(samples / "leads.csv", folder))
    config = _config(samples)
    settings = load_settings(config)
    said = replace(said, ledger=str(folder / "launcher.db"))
    console = Console(said)
    async with Simulator(Settings(start_seconds=_START_S)) as portal:
        if not console.wants_json:
            console.tell(f"simulated portal on {portal.url}, job lead-followup of {config.name}, file {leads}")
        configured = settings.config.portal or PortalConfig.model_validate({})
        simulated = configured.model_copy(update={"webhook_url": SecretStr(portal.webhook_url)})
        code = await run_file(said, settings, RunOptions(file=leads, job="lead-followup"), simulated)
        if not console.wants_json:
            console.print(f"The portal counts {len(portal.started):,} workflows started.")
    return code


def _samples() -> Path:
    """The folder of samples: inside the installed package, or at the top of a checkout."""
    package = Path(launcher.__file__).parent
    installed = package / "samples"
    return installed if installed.is_dir() else package.parent / "samples"


def _config(samples: Path) -> Path:
    inside = samples / "config.yaml"
    return inside if inside.is_file() else samples.parent / "config.yaml"
