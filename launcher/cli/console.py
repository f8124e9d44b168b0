"""What a person sees: progress on stderr, results on stdout."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import rich.box
from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.live import Live
from rich.protocol import rich_cast
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from launcher.cli.params import GlobalOptions, shown_path
from launcher.core.catalogue import cause_text
from launcher.core.forecast import eta_s
from launcher.core.model import State, Value
from launcher.core.notices import NO_ROWS, headline, next_steps
from launcher.core.summary import Cause, Ending, Exit, Summary
from launcher.core.words import duration, pluralize
from launcher.redact import one_line, visible, visible_json
from launcher.report import STDOUT, failed_file

if TYPE_CHECKING:
    from launcher.app.runs import RunPlan
    from launcher.engine.progress import Progress
    from launcher.ledger.notices import UnsentMessage
    from launcher.report.results import RowStream

STYLES = {
    "started": "green", "failed": "red", "invalid": "red", "unknown": "yellow", "deferred": "yellow",
    "pending": "cyan", "skipped": "dim",
}  # fmt: skip
"""A colour for each state; a word always says the same."""


_WIDTH = 120


class _Terminal(RichConsole):
    """Rich, with nothing printed that a terminal obeys but what rich says itself, and no markup in any text."""

    def __init__(self, *, stderr: bool, width: int | None = None, soft_wrap: bool = False) -> None:
        super().__init__(
            stderr=stderr, width=width, soft_wrap=soft_wrap, highlight=False, emoji=False, markup=False
        )

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """All that is printed comes here, the cells of tables too, before its width is reckoned."""
        renderable = rich_cast(renderable)
        if isinstance(renderable, str):
            renderable = visible(renderable)
        elif isinstance(renderable, Text) and (shown := visible(renderable.plain)) != renderable.plain:
            renderable = renderable.copy()
            renderable.plain = shown
        yield from super().render(renderable, options)


class Console:
    """Shows as much as the person asked for: with --json one document, with --quiet only trouble."""

    def __init__(self, options: GlobalOptions, *, results_on_stdout: bool = False) -> None:
        """With `results_on_stdout`, nothing else may stand there: what is shown goes to stderr."""
        self._options = options
        self.show_step: Callable[[str], None] = _nowhere
        """Where a step of a use case is shown: nowhere unless `steps` says so."""
        stream = sys.stderr if results_on_stdout else sys.stdout
        # A file or a mail is as wide as it needs to be; only a terminal has an edge.
        width = None if stream.isatty() else _WIDTH
        self._out = _Terminal(stderr=results_on_stdout, width=width, soft_wrap=True)
        self._err = _Terminal(stderr=True)

    def tell(self, text: str) -> None:
        """One message on stderr."""
        indented = text.replace("\n", "\n  ")  # only a line of ours begins at the margin
        self._err.print(Text(f"launcher: {indented}"), soft_wrap=True)

    def show_json(self, document: object) -> None:
        """The one document on stdout."""
        sys.stdout.write(visible_json(json.dumps(document, ensure_ascii=False, indent=2)) + "\n")

    @property
    def wants_json(self) -> bool:
        return self._options.json

    def show(self, document: object, *lines: str | Text | Table) -> None:
        """The result of a command: with --json its document, else these lines."""
        if self.wants_json:
            self.show_json(document)
            return
        for line in lines:
            self.print(line)

    def print(self, what: str | Text | Table) -> None:
        """A result on stdout."""
        self._out.print(what)

    @contextmanager
    def showing(self, progress: Progress) -> Iterator[None]:
        """Show the progress of a run while the block goes on; on a terminal only."""
        if not self._err.is_terminal or self._options.quiet:
            yield
            return
        view = _ProgressView(progress)
        with Live(view, console=self._err, refresh_per_second=5, transient=True, redirect_stdout=False):
            yield

    @contextmanager
    def line(self, *, everywhere: bool) -> Iterator[Callable[[str], None]]:
        """A line on stderr, renewed on a terminal; with `everywhere`, elsewhere a new one where it changes."""
        if self._options.quiet or not (everywhere or self._err.is_terminal):
            yield _nowhere
        elif self._err.is_terminal:
            with Live(console=self._err, auto_refresh=False, transient=True, redirect_stdout=False) as live:
                yield lambda text: live.update(Text(text), refresh=True)
        else:
            last = ""

            def tell_change(text: str) -> None:
                nonlocal last
                if text != last:
                    last = text
                    self.tell(text)

            yield tell_change

    @contextmanager
    def steps(self) -> Iterator[None]:
        """Show the steps of a use case on such a line, on a terminal only, while the block runs."""
        with self.line(everywhere=False) as show:
            self.show_step = show
            try:
                yield
            finally:
                self.show_step = _nowhere

    def show_summary(self, summary: Summary) -> None:
        """What a run came to."""
        if self.wants_json:
            self.show_json(summary.to_dict())
            return
        if self._options.quiet and summary.exit_code is Exit.ALL_STARTED:
            return
        self._out.print(Text(str(headline(summary)), style="bold"))
        self._out.print(_counts(summary))
        self._show_causes(summary.causes)
        if summary.pruned:
            self._out.print(Text("Pruned: its rows are gone, but for what protects against starting twice."))
        has_file = bool(summary.results) and Path(summary.results) != STDOUT
        if has_file:
            self._out.print(Text(_results(summary)))
        failed = shown_path(failed_file(summary.results, summary.failed)) if has_file else ""
        for step in next_steps(summary, failed):
            self._out.print(Text(str(step)))

    def show_plan(self, plan: RunPlan) -> None:
        """What a run would do."""
        if self.wants_json:
            self.show_json(plan.to_dict())
            return
        summary, examples = plan.summary, plan.examples
        would = summary.counts[State.PENDING]
        if not summary.counts.total:
            self._out.print(Text(str(NO_ROWS)))
        self._out.print(
            Text(
                f"A run would start {pluralize(would, 'row')} on {summary.portal}. Nothing was started.",
                style="bold",
            )
        )
        for start in examples:
            values = ", ".join(f"{name}={_shown(value)}" for name, value in start.parameters.items())
            document = start.document.element_id
            self._out.print(f"  row {start.row_number}: template {start.template_id} on {document}  {values}")
        if would > len(examples):
            self._out.print("  …")
        self._out.print(_counts(summary))
        self._show_causes(summary.causes)

    def _show_causes(self, causes: Sequence[Cause]) -> None:
        if not causes:
            return
        table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("rows", justify="right")
        table.add_column("state")
        table.add_column("cause", overflow="fold")
        table.add_column("first row", justify="right")
        for cause in causes:
            table.add_row(
                f"{cause.rows:,}",
                Text(cause.state.value, style=STYLES.get(cause.state.value, "")),
                Text(cause_text(cause.code, cause.text)),
                str(cause.first_row),
            )
        self._out.print(table)


def _nowhere(_text: str) -> None:
    """Show nothing."""


def _shown(value: Value) -> str:
    return one_line(value if isinstance(value, str) else "; ".join(value))


class _ProgressView:
    """Rows done of total, started and failed, rate, time left, and what the run waits for."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._began = time.monotonic()

    def __rich__(self) -> Text:
        progress = self._progress
        seconds = time.monotonic() - self._began
        done, total = progress.done, max(progress.expected_rows, progress.rows)
        text = Text(f"{done:,} of {pluralize(total, 'row')}")
        for state in (State.STARTED, State.FAILED, State.INVALID, State.UNKNOWN, State.SKIPPED):
            if number := progress.settled[state]:
                text.append(f" · {number:,} {state.value}", style=STYLES[state.value])
        sent = done - progress.settled_before
        if seconds >= 1 and sent > 0:
            text.append(f" · {sent / seconds:,.0f} rows/s")
            left_s = eta_s(done=sent, left=total - done, seconds=seconds)
            if left_s:
                text.append(f" · {duration(left_s)} left")
        if progress.waiting:
            text.append(f" · waiting: {progress.waiting}", style="yellow")
        return text


def _results(summary: Summary) -> str:
    """Where the results are; of a run that has ended, only where the file is there."""
    path = Path(summary.results)
    where = f"Results: {shown_path(summary.results)}"
    if summary.ending is Ending.RUNNING or summary.pruned or path.exists():
        return where
    return f"{where}, which is not there. To write it: launcher results {summary.run}"


def _counts(summary: Summary) -> Text:
    shown = summary.counts.shown(running=summary.ending is Ending.RUNNING)
    parts = [Text(f"{summary.counts.total:,} rows")]
    parts += [Text(f"{n:,} {state}", style=STYLES.get(state, "")) for state, n in shown.items() if n]
    if summary.requests:
        parts.append(Text(f"{pluralize(summary.requests, 'request')} in {duration(summary.seconds)}"))
    return Text(" · ").join(parts)


@contextmanager
def stdout_rows() -> Iterator[RowStream]:
    """Standard output as a place for rows."""
    from launcher.report.results import RowStream

    sys.stdout.flush()
    # A handle of its own: what a reader that went away leaves in the buffer must not come up again at the end.
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    try:
        yield RowStream(stream, "standard output", is_terminal=sys.stdout.isatty())
    finally:
        with suppress(OSError):  # whoever has written has flushed, or has said why not
            stream.close()


def unsent_lines(unsent: Sequence[UnsentMessage]) -> list[str]:
    """Return a line for each."""
    return [
        f"not sent: {one.channel}: {one.subject}: {one.error or 'it waits for its first try'}" for one in unsent
    ]
