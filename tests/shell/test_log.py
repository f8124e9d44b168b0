"""Logs: lines for people on a terminal, JSON elsewhere and in the log file, and no secret in either."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import structlog

from launcher import redact
from launcher.cli import log
from launcher.log import get_logger
from launcher.redact import MARK, register

SECRET = "v3ryD1st1nct1ve"
TOKEN = "t0kenT0kenT0ken"


class Stream(io.StringIO):
    """A stderr that is a terminal, or is none."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def lines(self) -> list[str]:
        return self.getvalue().splitlines()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines()]


@pytest.fixture(autouse=True)
def _own_logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process's logs are as they were when the test is over."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(redact, "_known", set())
    register(SECRET)
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)


Configured = Callable[..., Stream]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Configured:
    """Configures the logs for a stderr that is a terminal or is none; gives that stderr."""

    def configure(*, terminal: bool = False, quiet: bool = False) -> Stream:
        stream = Stream(terminal=terminal)
        # Here, and not while the fixture is made: pytest puts its own stderr in place in between.
        monkeypatch.setattr(sys, "stderr", stream)
        log.configure(quiet=quiet, log_file=None)
        return stream

    return configure


def test_where_stderr_is_no_terminal_each_line_is_json(configured: Configured) -> None:
    stderr = configured()
    get_logger().info("run begins", file="leads.csv", rows=5000, job=None)
    get_logger().warning("ответ потерян", first_row=17)

    first, second = stderr.events()
    assert (first["event"], first["level"], first["file"], first["rows"], first["job"]) == (
        "run begins", "info", "leads.csv", 5000, None,
    )  # fmt: skip
    assert first["timestamp"].endswith("Z")
    assert (second["event"], second["level"], second["first_row"]) == ("ответ потерян", "warning", 17)
    assert "ответ потерян" in stderr.getvalue(), "readable with grep"


def test_what_is_only_for_the_log_file_is_not_on_stderr(configured: Configured) -> None:
    stderr = configured()
    get_logger().debug("request", rows=50)

    assert stderr.getvalue() == ""


def test_quiet_leaves_the_warnings(configured: Configured) -> None:
    stderr = configured(quiet=True)
    get_logger().info("run begins")
    get_logger().warning("answer lost")

    assert [event["event"] for event in stderr.events()] == ["answer lost"]


@pytest.mark.parametrize("quiet", [False, True])
def test_a_terminal_gets_the_warnings_as_lines_for_people(configured: Configured, quiet: bool) -> None:
    stderr = configured(terminal=True, quiet=quiet)
    get_logger().info("run begins")
    get_logger().warning("answer lost", rows=50, outcome="lost: ServerDisconnectedError")

    [line] = stderr.lines()
    assert not line.startswith("{")
    assert "\x1b" not in line
    for words in ("warning", "answer lost", "rows=50", "ServerDisconnectedError"):
        assert words in line


def test_what_was_bound_stands_in_every_line_and_in_none_afterwards(configured: Configured) -> None:
    stderr = configured()
    with structlog.contextvars.bound_contextvars(run_id="r7"):
        with structlog.contextvars.bound_contextvars(request_id=3):
            get_logger().info("refused", row_number=17)
        get_logger().info("run ends")
    get_logger().info("bye")

    inner, outer, after = stderr.events()
    assert (inner["run_id"], inner["request_id"], inner["row_number"]) == ("r7", 3, 17)
    assert (outer["run_id"], "request_id" in outer) == ("r7", False)
    assert "run_id" not in after


@pytest.mark.parametrize("terminal", [False, True])
def test_no_secret_in_any_value_is_written(configured: Configured, terminal: bool) -> None:
    stream = configured(terminal=terminal)
    get_logger().warning(
        f"calling /rest/1/{SECRET}/",
        url=f"https://portal.example/rest/1/{SECRET}/batch",
        deep={"a": [{"b": (SECRET,)}]},
        body=SECRET.encode(),
        error=OSError(f"/rest/1/{SECRET}/"),
        header=f"Authorization: Bearer {TOKEN}",
    )

    assert MARK in stream.getvalue()
    assert SECRET not in stream.getvalue()
    assert TOKEN not in stream.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_an_exception_is_logged_with_its_traceback_and_without_the_secret(
    configured: Configured, terminal: bool
) -> None:
    stream = configured(terminal=terminal)
    try:
        try:
            raise ConnectionError(f"Cannot connect to /rest/1/{SECRET}/batch")
        except ConnectionError as error:
            raise RuntimeError(f"auth={TOKEN}") from error
    except RuntimeError:
        get_logger().exception("unexpected")

    written = stream.getvalue()
    assert "Traceback" in written
    assert "ConnectionError: Cannot connect to /rest/1/" in written
    assert "test_log.py" in written
    assert SECRET not in written
    assert TOKEN not in written


def test_what_a_library_logs_goes_the_same_way(configured: Configured) -> None:
    stderr = configured()
    with structlog.contextvars.bound_contextvars(run_id="r7"):
        logging.getLogger("asyncio").error("Unclosed %s at %s", "connection", f"/rest/1/{SECRET}/batch")

    [event] = stderr.events()
    assert (event["library"], event["level"], event["run_id"]) == ("asyncio", "error", "r7")
    assert event["event"] == f"Unclosed connection at /rest/1/{MARK}/batch"


def test_a_librarys_traceback_goes_the_same_way(configured: Configured) -> None:
    stderr = configured()
    try:
        raise OSError(f"https://portal.example/rest/1/{SECRET}/")
    except OSError:
        logging.getLogger("aiohttp.client").exception("Task exception was never retrieved")

    [event] = stderr.events()
    assert event["event"] == "Task exception was never retrieved"
    assert "OSError: https://portal.example/rest/1/" in event["exception"]
    assert SECRET not in stderr.getvalue()


def test_what_a_library_says_below_a_warning_is_not_written(configured: Configured) -> None:
    stderr = configured()
    logging.getLogger("aiohttp.access").info("GET /")

    assert stderr.getvalue() == ""


LOGGING = """
import logging, structlog, sys
from pathlib import Path
from launcher import redact
from launcher.cli import log
from launcher.log import get_logger

redact.register({secret!r})
log.configure(quiet={quiet}, log_file=Path("log.jsonl"))
logger = get_logger()
with structlog.contextvars.bound_contextvars(run_id="r1", request_id=2):
    logger.debug("failed", row_number=17, url="/rest/1/{secret}/batch")
    logger.info("run begins")
    logging.getLogger("asyncio").warning("slow {secret}")
"""


@pytest.mark.parametrize("quiet", [False, True])
def test_the_log_file_has_everything_as_json_with_what_was_bound(tmp_path: Path, quiet: bool) -> None:
    (tmp_path / "log.jsonl").write_text('{"event": "an earlier run"}\n')
    script = LOGGING.format(secret=SECRET, quiet=quiet)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
        check=True,
    )

    written = (tmp_path / "log.jsonl").read_text(encoding="utf-8")
    earlier, failed, begins, slow = map(json.loads, written.splitlines())
    assert earlier == {"event": "an earlier run"}
    assert (failed["level"], failed["run_id"], failed["request_id"], failed["row_number"]) == (
        "debug",
        "r1",
        2,
        17,
    )
    assert (begins["event"], slow["library"]) == ("run begins", "asyncio")
    assert SECRET not in written
    on_stderr = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert on_stderr == [f"slow {MARK}"] if quiet else ["run begins", f"slow {MARK}"]
    assert done.stdout == ""


def test_a_log_file_that_cannot_be_written_is_said_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(log.LogFileError, match=r"--log-file .*nowhere.*log: cannot be written"):
        log.configure(quiet=False, log_file=tmp_path / "nowhere" / "log")


def test_a_library_that_mistypes_its_log_line_does_not_stop_the_run(configured):
    stderr = configured()
    logging.getLogger("some.library").warning("%d rows", "five")
    logging.getLogger("some.library").warning("%d rows", 6)
    assert "6 rows" in [event["event"] for event in stderr.events() if event["library"] == "some.library"]


def test_a_librarys_own_level_is_logged(configured):
    stderr = configured()
    logging.getLogger("some.library").log(35, "notice")
    assert "notice" in stderr.getvalue()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log files of 100 bytes."""
    monkeypatch.setattr(log, "MAX_BYTES", 100)


def test_a_full_log_file_is_put_aside_and_the_oldest_is_dropped(tmp_path: Path, small: None) -> None:
    with closing(log.LogFile(tmp_path / "log")) as file:
        for number in range(1, 13):
            file.write(f"{number:060}\n")

    aside = [(tmp_path / f"log.{number}").read_text() for number in range(1, log.KEEP + 1)]
    assert [int(text) for text in [(tmp_path / "log").read_text(), *aside]] == [*range(12, 2, -1)]
    assert not (tmp_path / "log.10").exists()


def test_a_log_file_whose_first_line_is_a_week_old_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "log").write_text('{"timestamp": "2020-01-01T00:00:00Z"}\n')
    with closing(log.LogFile(tmp_path / "log")) as file:
        file.write("new\n")
        file.write("newer\n")

    assert (tmp_path / "log").read_text() == "new\nnewer\n"
    assert "2020" in (tmp_path / "log.1").read_text()


WRITING = """
import sys
from pathlib import Path
from launcher.cli import log
log.MAX_BYTES, log.KEEP = 2000, 1000
file = log.LogFile(Path("log"))
for number in range(1000):
    file.write(f"{sys.argv[1]} {number}\\n")
"""


def test_of_two_processes_with_one_log_file_no_line_is_lost_or_cut(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITING, name], cwd=tmp_path) for name in ("first", "second")
    ]
    assert [process.wait() for process in processes] == [0, 0]

    files = [path for path in tmp_path.glob("log*") if path.suffix != ".lock"]
    lines = [line for path in files for line in path.read_text().splitlines()]
    assert sorted(lines) == sorted(f"{name} {number}" for name in ("first", "second") for number in range(1000))
    assert len(files) > 5


def test_a_log_file_that_the_disk_refuses_is_said_once_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(log.LogFile(tmp_path / "folder")) as file:
        (tmp_path / "folder").rename(tmp_path / "moved")
        (tmp_path / "folder").mkdir()
        file.write("one\n")
        file.write("two\n")

    assert capsys.readouterr().err.count("lines are missing there") == 1
