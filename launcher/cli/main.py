"""The entry of the command. Nothing heavier than click may be imported here at module level."""

from __future__ import annotations

import functools
import gc
import importlib
import io
import json
import sys
import traceback
from collections.abc import Callable, Coroutine
from typing import Any, TypedDict

import click

from launcher.cli.params import WRONG_USAGE, Work, echo, global_options
from launcher.redact import visible, visible_json

_SECTIONS = {
    "Commands": {
        "demo": "Show the main job with nothing configured.",
        "init": "Ask what is needed and write config.yaml and .env.",
        "login": "Sign in to a portal.",
        "logout": "Forget a sign-in.",
        "templates": "List the portal's workflow templates and their parameters.",
        "check": "Check a file, its job and the portal; start nothing.",
        "run": "Start a workflow on every row of a file.",
    },
    "To continue a run": {
        "resume": "Continue an interrupted or stopped run.",
        "retry": "Start the failed rows of a run again, or those that were corrected.",
        "reconcile": "Ask the portal about a run's unknown rows.",
    },
    "To see what became of it": {
        "runs": "List runs.",
        "status": "Show one run: counts, errors by cause, what is left.",
        "explain": "Say what an error means and how to fix it.",
        "results": "Write a run's results file again.",
        "report": "Write one run as a web page, to open, mail or print.",
    },
    "With nobody watching": {
        "nightly": "Run all jobs that know their file, with nobody watching.",
        "schedule": "Have systemd, cron or Windows run these jobs at their times.",
        "notify": "Say who is notified of nights, and send them a test message.",
        "daemon": "Wait for the jobs' schedules and run them, in the foreground.",
    },
    "To look after its workflows": {
        "watch": "Watch how many of a run's workflows still run.",
        "stop": "Terminate the workflows of a run that still run.",
    },
    "To keep house": {
        "doctor": "Look for what is wrong, and say how to fix it.",
        "backup": "Copy the ledger, also while a run writes it.",
        "prune": "Drop what nobody needs any more of old runs.",
        "simulator": "Serve a simulated portal on this machine.",
    },
}
"""What the list of commands says, in the order in which a person needs them."""

COMMANDS = [name for section in _SECTIONS.values() for name in section]
"""Every command; each is in the module of its name."""


class _LazyGroup(click.Group):
    """Imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return COMMANDS

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"launcher.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from launcher.core.words import nearest

            raise click.UsageError(f'no command "{args[0]}"{nearest(args[0], COMMANDS)}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        width = max(map(len, COMMANDS))
        for heading, commands in _SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), text) for name, text in commands.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@global_options
def cli() -> None:
    """Start a Bitrix24 workflow on every row of a spreadsheet.

    Never twice, never lost, and the truth about every row.

    \b
    launcher demo                                  see it work, nothing configured
    launcher run leads.csv --template 1 --kind lead --limit 5
    launcher run leads.csv --job lead-followup
    """


def main() -> None:
    """Run the command; exits with the contract's codes."""
    try:
        code = cli.main(prog_name="launcher", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        _show(error)
        _tell_in_json(error.format_message(), getattr(error, "code", WRONG_USAGE), error.exit_code)
        sys.exit(error.exit_code)
    except click.Abort:
        echo("launcher: interrupted", err=True)
        sys.exit(_INTERRUPTED)
    except Exception:  # noqa: BLE001  a fault of ours: its traceback is shown, without what must stay secret
        from launcher.redact import redacted_text

        echo(redacted_text(traceback.format_exc()), err=True)
        echo(f"launcher: {_OUR_FAULT}", err=True)
        _tell_in_json(_OUR_FAULT, "launcher-fault", _STOPPED)
        sys.exit(_STOPPED)


_MANY = (50_000, 20, 100)
"""The collector looks seldom: rows come and go by the hundred thousand and are never part of a cycle, and what
is imported stays."""

_STOPPED, _INTERRUPTED = 3, 4  # as in core.summary.Exit, which this module must not import
_OUR_FAULT = (
    "this is a fault of the launcher; please report it with the lines above. The ledger has the truth about "
    "every row: see launcher runs, and continue with launcher resume"
)


def async_command(work: Callable[..., Coroutine[Any, Any, int | None]]) -> Callable[..., None]:
    """Let click call an async function, which is given the global options first."""

    @functools.wraps(work)
    def call(**given: Any) -> None:
        run_command(lambda options: work(options, **given))

    return call


def run_command(work: Work, *, is_foreground_service: bool = False) -> None:
    """Do a command's work and exit with its code. Errors become messages.

    `is_foreground_service`: it has no progress and no summary, and logs to a terminal too what it does.
    """
    gc.set_threshold(*_MANY)
    from launcher.cli.runtime import run

    run(work, is_foreground_service=is_foreground_service)


def _show(error: click.ClickException) -> None:
    """As the error shows itself, on stderr, with nothing in it that a terminal obeys."""
    shown = io.StringIO()
    error.show(shown)
    click.echo(visible(shown.getvalue()), err=True, nl=False)


class ErrorDocument(TypedDict):
    """What a command prints instead of its own document when it fails."""

    error: str
    """For people; the same text as on stderr."""
    code: str
    """For programs; it stays when the text is reworded."""
    exit_code: int


def _tell_in_json(message: str, code: str, exit_code: int) -> None:
    """With --json, an error is the one document on stdout."""
    if "--json" in sys.argv[1:]:
        document: ErrorDocument = {"error": message, "code": code, "exit_code": exit_code}
        click.echo(visible_json(json.dumps(document, ensure_ascii=False)))
