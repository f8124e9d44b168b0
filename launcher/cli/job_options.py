"""The options of `run` that say what to start, and how they and the configuration become a job."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from launcher.cli.inputs import FileType, Input
from launcher.core.documents import kind_named
from launcher.core.sources import Fixed, FromColumn, Source
from launcher.settings import JobConfig, PortalConfig, Settings, SettingsError
from launcher.sheets import WebAddress

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the person said to `run`."""

    file: Path | WebAddress | Input | None = None
    """Without one, that of the job."""
    job: str | None = None
    template: str | None = None
    kind: str | None = None
    column: str | None = None
    parameters: dict[str, Source] = field(default_factory=dict)
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    results: Path | None = None
    limit: int | None = None
    ignore_launch_columns: bool = False
    """Start rows that the file reports as started by another ledger, like any other."""
    dry_run: bool = False
    wait: bool = False
    nightly: bool = False
    """Begun by `launcher nightly`, which then goes on with what is left of it."""


def run_options(function: Decorated) -> Decorated:
    """Give a command the options of `run`; it is called with one `options: RunOptions`."""

    @functools.wraps(function)
    def call(param: Sequence[str], value: Sequence[str], **said: Any) -> Any:
        parameters: dict[str, Source] = {
            name: FromColumn(column) for name, column in (_pair("--param", text) for text in param)
        }
        parameters.update((name, Fixed(text)) for name, text in (_pair("--value", text) for text in value))
        return function(options=RunOptions(parameters=parameters, **said))

    decorated: Any = call
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.UsageError(f"{option} {text}: NAME=… is expected, as in {option} Parameter1=Manager")
    return name.strip(), value.strip() if option == "--param" else value


_OPTIONS = (
    click.argument("file", type=FileType(), required=False),
    click.option("--job", metavar="NAME", help="Which of jobs: in the configuration."),
    click.option("--template", metavar="ID", help="Workflow template: its ID, or its exact name."),
    click.option(
        "--kind", metavar="KIND", help="Kind of document: lead, deal, contact, company, dynamic:147, …"
    ),
    click.option(
        "--column",
        metavar="HEADING",
        help="The column with the document's ID; without it, the one headed ID or the like.",
    ),
    click.option(
        "--param",
        multiple=True,
        metavar="NAME=COLUMN",
        help="The template's parameter from a column. Repeatable.",
    ),
    click.option(
        "--value", multiple=True, metavar="NAME=TEXT", help="The template's parameter, the same for all rows."
    ),
    click.option("--sheet", metavar="NAME", help="Sheet of a workbook; without it, the first."),
    click.option("--encoding", metavar="NAME", help="Encoding of a CSV file, where it is not recognised."),
    click.option("--delimiter", metavar="MARK", help="What separates the cells of a CSV file."),
    click.option(
        "--header-row",
        type=click.IntRange(min=1),
        metavar="N",
        help="Row with the headings, where it is not the first.",
    ),
    click.option(
        "--results",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="Results file, .csv or .xlsx, or - for standard output; without it, beside FILE.",
    ),
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Start N rows at most."),
    click.option(
        "--ignore-launch-columns",
        is_flag=True,
        help="Start rows like any other where FILE reports them as started and the ledger does not know it.",
    ),
    click.option("--wait", is_flag=True, help="Where another run holds this portal, wait for its end."),
    click.option("--dry-run", is_flag=True, help="Read and plan everything, start nothing."),
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A job as configured and asked for, before its template's name is looked up."""

    name: str
    config: JobConfig
    portal: PortalConfig


def choose_job(settings: Settings, options: RunOptions, portal: PortalConfig | None = None) -> Chosen:
    """The configured job with what the command line says instead. Raises SettingsError, KindError.

    `portal` stands in for the configured one.
    """
    alone = options.job is None and options.template is not None and options.kind is not None
    configured = None if alone else settings.job(options.job)
    name, config = configured or ("", None)
    if config is None:
        _check_said(options)
    said: dict[str, Any] = {} if config is None else config.model_dump(by_alias=True)
    said |= {
        key: value
        for key, value in (("template", options.template), ("kind", options.kind))
        if value is not None
    }
    if options.column is not None:
        said["columns"] = said.get("columns", {}) | {"document": options.column}
    chosen = JobConfig.model_validate(said)
    if chosen.kind:
        kind_named(chosen.kind)
    return Chosen(name, chosen, portal or settings.portal(chosen.portal))


def _check_said(options: RunOptions) -> None:
    """Raises SettingsError where the command line alone does not say what to start."""
    missing = [
        text
        for text, value in (("--template ID", options.template), ("--kind lead (or deal, …)", options.kind))
        if value is None
    ]
    if missing:
        raise SettingsError(f"say what to start: {' and '.join(missing)}, or --job NAME of config.yaml")
