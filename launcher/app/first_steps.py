"""First steps: the demo, the first configuration, and a template as an entry of it."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

import launcher
from launcher.app.context import Context
from launcher.app.portals import access_of
from launcher.app.requests import RunRequest
from launcher.app.runs import run
from launcher.core.summary import Summary
from launcher.core.templates import FILE, Parameter, Template, TemplateError
from launcher.portal.access import Access
from launcher.portal.address import AddressError
from launcher.portal.oauth import TokensError
from launcher.private import env_value, write_config, write_env
from launcher.settings import PortalConfig, SettingsError, load_settings
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


def demo_leads() -> Path:
    """Return a copy of the sample leads in a new temporary folder, where the demo's other files go too."""
    return Path(shutil.copy(samples() / "leads.csv", tempfile.mkdtemp(prefix="launcher-demo-")))


def simulated_portal() -> Simulator:
    """Return a portal for this machine, on a free port, for `async with`."""
    return Simulator(Settings(start_seconds=START_S))


async def run_demo(opened: Context, leads: Path, portal: Simulator) -> Summary:
    """Start a workflow on each of these leads."""
    configured = opened.settings.config.portal or PortalConfig.model_validate({})
    simulated = configured.model_copy(update={"webhook_url": SecretStr(portal.webhook_url)})
    return await run(opened, RunRequest(file=leads, job="lead-followup"), portal=simulated)


WEBHOOK_NAME = "BITRIX24_WEBHOOK_URL"

_HEAD = f"""\
# How the launcher reaches your portal, and what it starts there.

portal:
  # Its address is a password: it stands in .env beside this file, and nowhere else.
  webhook_url: ${{{WEBHOOK_NAME}}}
  # standard, enterprise or self-hosted: sets the portal's limits.
  plan: standard

jobs:
"""


def configured_access(config: Path) -> Access | None:
    """Return the access that the environment, .env or that file names already; None if none does."""
    try:
        return access_of(load_settings(config if config.exists() else None).portal(None))
    except (SettingsError, AddressError, TokensError):
        return None


@dataclass(frozen=True, slots=True)
class FirstFiles:
    """The two files. Neither is overwritten unless somebody calls for it."""

    config: Path

    @property
    def env(self) -> Path:
        """The file with the webhook."""
        return self.config.parent / ".env"

    def has_another_webhook(self, url: str) -> bool:
        """Return whether a webhook would be lost if this one is written. Raises SettingsError."""
        return env_value(self.env, WEBHOOK_NAME) not in (None, "", url)

    def write_webhook(self, url: str) -> None:
        """Put the webhook into .env; what else is there stays. Raises SettingsError."""
        write_env(self.env, WEBHOOK_NAME, url)

    def write_config(self, job_entry: str) -> None:
        """Write a configuration with that job. Raises SettingsError."""
        write_config(self.config, _HEAD + job_entry)


_PLAIN = re.compile(r"\w+(?:[ -]\w+)*")
_SHOWN_OPTIONS = 12


def job_name(template: Template) -> str:
    """Return the template's name as a job is called: `lead-follow-up`."""
    return "-".join(re.findall(r"\w+", template.name.casefold())) or f"template-{template.id}"


def job_entry(
    template: Template, name: str, *, document_column: str = "", columns: Mapping[str, str] | None = None
) -> str:
    """Return the lines of the job below `jobs:`. Raises TemplateError.

    `columns`: which parameter comes from which column. Without it, every parameter from the column that has its
    title, and what is not required stands in comments.
    """
    if template.kind is None:
        raise TemplateError(
            "template-of-unknown-kind",
            id=template.id,
            name=template.name,
            document_type=template.document_type,
            entity=template.entity,
        )
    lines = [
        f"  {_word(name)}:",
        f"    # {_one_line(template.name)}",
        f"    template: {template.id}",
        f"    kind: {_word(template.kind.name)}",
    ]
    if document_column:
        lines += ["    columns:", f"      document: {_word(document_column)}"]
    if template.parameters:
        lines += _parameters(template, columns)
    return "\n".join(lines) + "\n"


def _parameters(template: Template, columns: Mapping[str, str] | None) -> Iterator[str]:
    active = {
        parameter.name
        for parameter in template.parameters
        if (parameter.must_be_given if columns is None else parameter.name in columns)
        and parameter.type != FILE
    }
    yield "    parameters:" if active else "    # parameters:"
    for parameter in template.parameters:
        yield f"      # {_one_line(parameter.title)}: {described(parameter)}"
        if parameter.type == FILE:
            continue
        column = (columns or {}).get(parameter.name, parameter.title)
        source = f"{_word(parameter.name)}: {{column: {_quoted(column)}}}"
        yield f"      {source}" if parameter.name in active else f"      # {source}"


def described(parameter: Parameter) -> str:
    """Return the parameter in one line after its title: type, and what else must be known to fill it."""
    parts = [parameter.type]
    if parameter.type == FILE:
        parts.append("which a spreadsheet cannot hold")
    if parameter.multiple:
        parts.append('several, parted by ";"')
    if parameter.required:
        parts.append("required")
    if parameter.default:
        default = parameter.default if isinstance(parameter.default, str) else "; ".join(parameter.default)
        parts.append(f"default {default}")
    text = ", ".join(parts)
    if parameter.type == "select" and parameter.options:
        shown = [f"{title} ({key})" if title != key else key for key, title in parameter.options.items()]
        text += f"; {' | '.join(shown[:_SHOWN_OPTIONS])}{' | …' if len(shown) > _SHOWN_OPTIONS else ''}"
    return _one_line(text)


def _word(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    # A text of JSON is one of YAML too.
    return json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return " ".join(text.split())
