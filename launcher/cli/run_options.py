"""The options of `run` and `check` that say what to start."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from launcher.cli.params import CommandError

if TYPE_CHECKING:
    from launcher.app.inputs import File, Input
    from launcher.core.sources import Source


Decorated = TypeVar("Decorated", bound=Callable[..., Any])


STANDARD_INPUT = "-"


class FileType(click.ParamType["File"]):
    """A Path, a WebAddress where the text is one, or standard input for `-`."""

    name = "file"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,  # noqa: ARG002  click's signature
        ctx: click.Context | None,  # noqa: ARG002
    ) -> File:
        from launcher.sheets import SheetError, is_address, parse_address

        if not isinstance(value, str):
            return cast("File", value)
        if value == STANDARD_INPUT:
            return standard_input
        try:
            # Not first as a path: that would make one slash of the two.
            return parse_address(value) if is_address(value) else Path(value)
        except SheetError as error:
            raise CommandError(str(error)) from None


def standard_input() -> Input:
    """Return what standard input has, read to its end. Raises SheetError."""
    from launcher.app.inputs import Input
    from launcher.sheets import from_standard_input

    return Input(from_standard_input(), "standard input", Path("stdin"), "standard input", "")


def run_options(function: Decorated) -> Decorated:
    """Give a command the options of `run`; it is called with `request` and `dry_run`."""

    @functools.wraps(function)
    def call(param: Sequence[str], value: Sequence[str], *, dry_run: bool = False, **given: Any) -> Any:
        from launcher.app.requests import RunRequest
        from launcher.core.sources import Fixed, FromColumn

        parameters: dict[str, Source] = {
            name: FromColumn(column) for name, column in (_pair("--param", text) for text in param)
        }
        parameters.update((name, Fixed(text)) for name, text in (_pair("--value", text) for text in value))
        return function(request=RunRequest(parameters=parameters, **given), dry_run=dry_run)

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
