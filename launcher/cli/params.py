"""Options that every command takes, before and after its name, and how an error ends a command."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from launcher import __version__
from launcher.redact import one_line, visible

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """What every command takes."""

    config: Path | None = None
    ledger: str = ""
    json: bool = False
    quiet: bool = False
    log_file: Path | None = None
    metrics_file: Path | None = None


Work = Callable[[GlobalOptions], Coroutine[Any, Any, int | None]]
"""What a command does; returns its exit code, None for 0."""


WRONG_USAGE = "wrong-usage"
"""The code of an error that the command line itself finds."""


class CommandError(click.ClickException):
    """Ends the command with one message for the person and an exit code; no traceback."""

    def __init__(self, message: str, exit_code: int = 2, code: str = WRONG_USAGE) -> None:
        from launcher.redact import redacted_text

        super().__init__(redacted_text(message))
        self.code = code
        self.exit_code = exit_code  # type: ignore[misc]

    def show(self, file: Any = None) -> None:
        """Each line to stderr under our name."""
        for line in visible(self.message).split("\n"):
            click.echo(f"launcher: {line}", file=file, err=True)


def echo(text: str, *, err: bool = False) -> None:
    """One message, with nothing in it that a terminal obeys."""
    click.echo(visible(text), err=err)


def options_of(context: click.Context) -> GlobalOptions:
    """The global options of this call so far."""
    found = context.find_root().obj
    return found if isinstance(found, GlobalOptions) else GlobalOptions()


def global_options(function: Decorated) -> Decorated:
    """Give a command, or the group, the global options; they gather in the root context's `obj`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def _keep(context: click.Context, option: click.Parameter, value: object) -> None:
    if value not in (None, False, ""):
        changed: dict[str, Any] = {option.name: value}
        context.find_root().obj = replace(options_of(context), **changed)


class _GlobalOption(click.Option):
    """Explained once, by `launcher --help`; each command's own help only names them all, in one line."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        if ctx.parent is None:
            return super().get_help_record(ctx)
        if self.name != "config":
            return None
        names = ", ".join(option.opts[0] for option in ctx.command.params if isinstance(option, _GlobalOption))
        return names, "launcher --help explains them."


def _option(*names: str, **settings: Any) -> Callable[[Decorated], Decorated]:
    return click.option(
        *names, cls=_GlobalOption, expose_value=False, callback=_keep, is_eager=True, **settings
    )


_OPTIONS = (
    click.version_option(__version__, prog_name="launcher", cls=_GlobalOption),
    _option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="Configuration file; without it ./config.yaml where there is one.",
    ),
    _option("--ledger", metavar="URL", help="Path of an SQLite file, or postgresql://user@host/database."),
    _option("--json", is_flag=True, help="One JSON document on stdout, and nothing else there."),
    _option("--quiet", is_flag=True, help="No progress; a summary only where something did not start."),
    _option(
        "--log-file",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="Append the whole log to this file, as JSON lines; it is put aside at 10 MB or after a week.",
    ),
    _option(
        "--metrics-file",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="After each run, write figures of all jobs to this file, for Prometheus.",
    ),
)


def seconds_of(_context: click.Context, _option: click.Parameter, period: str | None) -> float | None:
    """The seconds of an option's period, such as 10s or 2h."""
    from launcher.core.words import period_s

    try:
        return None if period is None else period_s(period)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def shown_path(path: str | Path) -> str:
    """The path as the person would type it from here, in one line whatever its name holds."""
    try:
        return one_line(str(Path(path).relative_to(Path.cwd())))
    except ValueError:
        return one_line(str(path))
