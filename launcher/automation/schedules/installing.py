"""Puts schedules where systemd and cron look for them, and takes them away again."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launcher.automation.documents import ScheduleChangesDocument
from launcher.automation.schedules.cron import CronTable
from launcher.automation.schedules.entries import Place, SchedulingError
from launcher.automation.schedules.systemd import MADE_BY, Unit, prefix

_LONGEST_S = 60
_SIGN_IN = "sign in as this user itself, over ssh or at the screen and not by su or sudo"
"""What to do where the user's own systemd does not answer: it runs while the user is signed in, or lingers."""
_AS_IT_IS = ("utf-8", "surrogateescape")
"""A crontab may hold lines of others in any encoding, and line ends of any kind."""
_CALLED = {"ActiveState": "active", "UnitFileState": "enabled", "NeedDaemonReload": "no"}
"""What systemd says of a timer that it calls, also after the machine's next start."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What installing or removing has changed: names of units or files, or lines of a crontab."""

    scheduler: str
    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What remains to be done, for people."""

    def to_dict(self) -> ScheduleChangesDocument:
        """Return the document of `--json`."""
        return {
            "scheduler": self.scheduler,
            "written": self.written,
            "removed": self.removed,
            "unchanged": self.unchanged,
            "notes": self.notes,
        }


def unit_folder() -> Path:
    """Return where a user's own units are. Raises SchedulingError."""
    try:
        return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
    except RuntimeError:
        raise SchedulingError("no-home-folder") from None


def write_file(path: Path, text: str, encoding: str) -> None:
    """Write the file, and its folder if there is none. Raises SchedulingError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding=encoding)
    except OSError as error:
        raise SchedulingError("folder-failed", folder=path, strerror=error.strerror) from None


@dataclass(frozen=True, slots=True)
class SystemdUser:
    """The user's own systemd."""

    folder: Path

    def installed(self, place: Place) -> dict[str, str]:
        """Return the units of that configuration as they stand there, by name."""
        found = {}
        for path in sorted(self.folder.glob(f"{prefix(place)}*")):
            # A folder of that name holds what systemctl edit has added.
            text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
            if text.startswith(MADE_BY):
                found[path.name] = text
        return found

    def install(self, units: Sequence[Unit], place: Place) -> Changes:
        """Write and enable these units of that configuration, and remove its others.

        systemd-analyze looks at them first; nothing is changed if it refuses one, or if the user's systemd
        does not answer. Raises SchedulingError.
        """
        self.verify(units)
        self._expect_an_answer(
            f"nothing was written and nothing is scheduled: {_SIGN_IN}, say once loginctl enable-linger, and "
            "then this again; or have cron call it: launcher schedule install --for cron"
        )
        before, changes = self.installed(place), Changes("systemd")
        gone = [name for name in before if name not in {unit.name for unit in units}]
        self._take_away(gone, changes)
        for unit in units:
            if before.get(unit.name) == unit.text:
                changes.unchanged.append(unit.name)
            else:
                write_file(self.folder / unit.name, unit.text, "utf-8")
                changes.written.append(unit.name)
        try:
            self._begin([unit.name for unit in units if unit.is_timer], changes)
        except SchedulingError as error:
            raise SchedulingError("units-not-called", reason=error, folder=self.folder) from None
        if units and not lingers():
            changes.notes.append(
                "user units run only while you are signed in; for the night, once: loginctl enable-linger"
            )
        return changes

    def remove(self, place: Place) -> Changes:
        """Remove all units of that configuration. Raises SchedulingError."""
        changes, there = Changes("systemd"), list(self.installed(place))
        if there:
            self._expect_an_answer(f"nothing was removed: {_SIGN_IN}, and then this again")
        self._take_away(there, changes)
        if changes.removed:
            _run(["systemctl", "--user", "daemon-reload"])
        return changes

    def idle(self, place: Place) -> list[str]:
        """Return the timers there that systemd does not call as they stand there. Raises SchedulingError.

        It may not know them, have them stopped or not enabled, or know what stood there before.
        """
        timers = [name for name in self.installed(place) if name.endswith(".timer")]
        if not timers:
            return []
        asked = ",".join(_CALLED)
        done = _run(["systemctl", "--user", "show", f"--property=Id,{asked}", *timers])
        blocks = [
            dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            for block in done.stdout.split("\n\n")
        ]
        called = {block.get("Id") for block in blocks if _CALLED.items() <= block.items()}
        return [name for name in timers if name not in called]

    def verify(self, units: Sequence[Unit]) -> None:
        """Raise SchedulingError if systemd-analyze does not take a unit as it is."""
        with tempfile.TemporaryDirectory() as scratch:
            paths = [Path(scratch, unit.name) for unit in units]
            for path, unit in zip(paths, units, strict=True):
                path.write_text(unit.text, encoding="utf-8")
            if paths:
                # It asks for a folder of the running manager, which it does not need to look at files.
                runtime = os.environ.get("XDG_RUNTIME_DIR") or scratch
                _run(
                    ["systemd-analyze", "--user", "verify", *map(str, paths)],
                    if_there=True,
                    XDG_RUNTIME_DIR=runtime,
                )

    def _expect_an_answer(self, otherwise: str) -> None:
        try:
            _run(["systemctl", "--user", "show", "--property=Version"])
        except SchedulingError as error:
            raise SchedulingError("systemd-silent", reason=error, otherwise=otherwise) from None

    def _begin(self, timers: Sequence[str], changes: Changes) -> None:
        _run(["systemctl", "--user", "daemon-reload"])
        for name in timers:
            _run(["systemctl", "--user", "enable", name])
            # restart, not start: a timer that is going takes a changed schedule only so.
            _run(["systemctl", "--user", "restart" if name in changes.written else "start", name])

    def _take_away(self, names: Sequence[str], changes: Changes) -> None:
        timers = [name for name in names if name.endswith(".timer")]
        if timers:
            _run(["systemctl", "--user", "disable", "--now", *timers])
        for name in names:
            (self.folder / name).unlink(missing_ok=True)
            changes.removed.append(name)


def lingers() -> bool:
    """Return whether the user's units run while the user is not signed in; True if nobody can tell."""
    try:
        done = _run(["loginctl", "show-user", str(os.getuid()), "--property=Linger"])
    except SchedulingError:
        return True
    return "Linger=no" not in done.stdout


class Crontab:
    """The user's own crontab."""

    def read(self) -> CronTable:
        """Return it as it stands. Raises SchedulingError."""
        done = _run(["crontab", "-l"], or_code=1)
        if done.returncode != 0 and "no crontab" not in done.stderr.lower():
            raise SchedulingError("crontab-failed", last_line=_last_line(done))
        return CronTable(done.stdout if done.returncode == 0 else "")

    def put(self, lines: Sequence[str], place: Place) -> Changes:
        """Make these lines, and no others, that configuration's block. Raises SchedulingError."""
        table, changes = self.read(), Changes("cron")
        changed = table.with_lines(lines, place)
        before = table.block(place).splitlines()
        changes.written.extend(line for line in lines if line not in before)
        changes.unchanged.extend(line for line in lines if line in before)
        changes.removed.extend(line for line in before if line not in lines)
        if changed != table:
            _run(["crontab", "-"], given=changed.text)
        return changes


def _run(
    command: list[str], *, given: str | None = None, or_code: int = 0, if_there: bool = False, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Return how the command ended, with 0 or `or_code`. Raises SchedulingError."""
    # Messages in English: one of them is read above.
    environment = {**os.environ, "LC_ALL": "C.UTF-8", **variables}
    try:
        done = subprocess.run(  # noqa: S603  programs of the system, with arguments of ours
            command,
            input=None if given is None else given.encode(*_AS_IT_IS),
            capture_output=True,
            env=environment,
            timeout=_LONGEST_S,
            check=False,
        )
    except FileNotFoundError:
        if if_there:
            return subprocess.CompletedProcess(command, 0, "", "")
        raise SchedulingError("scheduler-not-installed", command=command[0]) from None
    except OSError as error:
        raise SchedulingError("command-failed", command=command[0], last_line=error.strerror) from None
    except subprocess.TimeoutExpired:
        raise SchedulingError(
            "command-timed-out", command=" ".join(command[:3]), longest_s=_LONGEST_S
        ) from None
    decoded = subprocess.CompletedProcess(
        command, done.returncode, done.stdout.decode(*_AS_IT_IS), done.stderr.decode("utf-8", "replace")
    )
    if decoded.returncode not in (0, or_code):
        raise SchedulingError("command-failed", command=" ".join(command[:3]), last_line=_last_line(decoded))
    return decoded


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
