"""The main job with nothing configured: sample leads on a simulated portal of this machine."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

import launcher
from launcher.app.context import Context
from launcher.app.requests import RunRequest
from launcher.app.runs import run
from launcher.core.summary import Summary
from launcher.settings import PortalConfig
from launcher.simulator import Settings, Simulator

START_S = 0.02
"""What a start costs on the demo's portal: long enough that one sees the rows go by."""


def samples() -> Path:
    """Return the folder of samples: inside the installed package, or at the top of a checkout."""
    package = Path(launcher.__file__).parent
    installed = package / "samples"
    return installed if installed.is_dir() else package.parent / "samples"


def sample_config() -> Path:
    """Return the sample configuration."""
    inside = samples() / "config.yaml"
    return inside if inside.is_file() else samples().parent / "config.yaml"


@dataclass(frozen=True, slots=True)
class DemoPlace:
    """A new folder with the sample leads, for the demo's ledger and results."""

    folder: Path
    leads: Path

    @property
    def ledger(self) -> str:
        """The path of the demo's ledger."""
        return str(self.folder / "launcher.db")

    @classmethod
    def make(cls) -> DemoPlace:
        """Make one among the system's temporary folders."""
        folder = Path(tempfile.mkdtemp(prefix="launcher-demo-"))
        return cls(folder, Path(shutil.copy(samples() / "leads.csv", folder)))


@asynccontextmanager
async def simulated_portal() -> AsyncIterator[Simulator]:
    """Give a portal of this machine on a free port."""
    async with Simulator(Settings(start_seconds=START_S)) as portal:
        yield portal


async def run_demo(opened: Context, place: DemoPlace, portal: Simulator) -> Summary:
    """Start a workflow on each sample lead."""
    configured = opened.settings.config.portal or PortalConfig.model_validate({})
    simulated = configured.model_copy(update={"webhook_url": SecretStr(portal.webhook_url)})
    return await run(opened, RunRequest(file=place.leads, job="lead-followup"), portal=simulated)
