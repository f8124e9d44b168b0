"""Schedules in other schedulers' words: systemd and cron judge them themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import click
import pytest

from launcher.app.context import Event, Notice
from launcher.app.launcher import Launcher
from launcher.automation.schedules.cron import CronTable, cron_lines
from launcher.automation.schedules.entries import Entry, Place, SchedulingError, entries_of, is_machines_zone
from launcher.automation.schedules.installing import SystemdUser, unit_folder
from launcher.automation.schedules.managing import show_schedules
from launcher.automation.schedules.systemd import calendars, units
from launcher.automation.schedules.windows import NAMESPACE, tasks
from launcher.cli.commands import nightly
from launcher.core.schedules import Schedule
from launcher.messages import Message
from launcher.settings import JobConfig
from tests.support import tools

PLACE = Place(("/opt/launcher/bin/launcher",), Path("/srv/crm/config.yaml"))
AWKWARD = Place(("/opt/my launcher/bin/launcher",), Path('/srv/клиенты 100% "neu"/$HOME/config.yaml'))
SCHEDULES = [
    "0 2 * * *",
    "30 2 * * 1-5",
    "*/20 3 * * 7",
    "5/15 1,3 1,15 * *",
    "0 0 1 JAN,JUL *",
    "0 4 1 * MON",
    "15 */6 */2 * WED",
    "0 3 L * *",
    "@hourly",
]


def entry(schedule: str = "0 2 * * *", timezone: str = "", *jobs: str) -> Entry:
    return Entry(jobs or ("leads",), Schedule.parse(schedule), timezone)


def job(**keys: object) -> JobConfig:
    return JobConfig.model_validate({"template": 1, "kind": "lead"} | keys, strict=False)


def systemd(*arguments: str) -> str:
    done = subprocess.run([tools.need("systemd"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_jobs_that_are_due_together_are_one_entry_and_others_are_none() -> None:
    found = entries_of(
        {
            "leads": job(template="1", file="a.csv", schedule="0 2 * * *"),
            "deals": job(template="1", file="b.csv", schedule="0  2 * * *"),
            "berlin": job(template="1", file="c.csv", schedule="0 2 * * *", timezone="Europe/Berlin"),
            "unscheduled": job(template="1", file="d.csv"),
            "fileless": job(template="1", schedule="0 2 * * *"),
        }
    )
    assert [one.jobs for one in found] == [("leads", "deals"), ("berlin",)]


@pytest.mark.parametrize("folder", ["plain", "100% клиенты", 'der "neue" $HOME'])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_systemd_itself_takes_the_units(schedule: str, folder: str, tmp_path: Path) -> None:
    """It also looks whether the program is there, so a path that it does not read as it is would show."""
    tools.need("systemd")
    program = tmp_path / folder / "launcher"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    place = Place((str(program),), program.parent / "config.yaml")
    made = units([entry(schedule, "Europe/Berlin", "leads", 'Сделки "neu" 50%')], place)
    SystemdUser(tmp_path).verify(made)
    broken = [type(unit)(unit.name, unit.text.replace("OnCalendar=", "OnCalendar=x")) for unit in made]
    with pytest.raises(SchedulingError, match="systemd-analyze"):
        SystemdUser(tmp_path).verify(broken)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_systemd_is_due_when_we_are(schedule: str, zone: str) -> None:
    """From a day without a change of clocks: systemd leaves out a time that the clock leaps over."""
    found, now = set(), datetime(2026, 5, 1, tzinfo=UTC)
    for calendar in calendars(entry(schedule, zone)):
        out = systemd("calendar", "--base-time=2026-05-01 00:00:00 UTC", "--iterations=6", calendar)
        # In a machine whose zone is UTC the line "(in UTC)" is left out.
        found |= {
            datetime.strptime(line.split(":", 1)[1].strip(), "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
            for line in _utc_lines(out)
        }
    assert found
    expected, at = [], now.timestamp()
    for _ in range(6):
        at = Schedule.parse(schedule).next_after(at, ZoneInfo(zone))
        expected.append(datetime.fromtimestamp(at, UTC))
    assert sorted(found)[:6] == expected


def _utc_lines(out: str) -> list[str]:
    lines = out.splitlines()
    labelled = [line for line in lines if line.strip().startswith("(in UTC)")]
    return labelled or [
        line
        for line in lines
        if line.strip().startswith(("Next elapse", "Iteration", "Iter.")) and "UTC" in line
    ]


@pytest.mark.parametrize("place", [PLACE, AWKWARD])
@pytest.mark.parametrize("schedule", [text for text in SCHEDULES if "L" not in text.replace("JUL", "")])
def test_cron_itself_takes_the_lines(schedule: str, place: Place, tmp_path: Path) -> None:
    tools.need("cron")
    table = CronTable("").with_lines(cron_lines([entry(schedule)], place), place)
    done = subprocess.run(["crontab", "-n", "-"], input=table.text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_cron_or_windows_cannot_say_is_refused_with_what_to_do() -> None:
    for schedule, words in (("0 3 L * *", "last day of a month"), ("0 3 * * 5#2", "launcher daemon only")):
        with pytest.raises(SchedulingError, match=words):
            cron_lines([entry(schedule)], PLACE)
    far = next(name for name in ("Asia/Kolkata", "America/New_York") if not is_machines_zone(name))
    with pytest.raises(SchedulingError, match=f"timezone: {far} is another"):
        cron_lines([entry("0 2 * * *", far)], PLACE)
    with pytest.raises(SchedulingError, match="48 times a day"):
        tasks([entry("*/5 * * * *")], PLACE, "vera")


OTHERS = "MAILTO=root\n# mine\n0 5 * * 1 tar -czf /backup/`date +\\%F`.tgz /srv\n"


@pytest.mark.parametrize("others", ["", OTHERS, OTHERS.rstrip("\n")])
def test_a_crontab_keeps_all_that_is_not_ours(others: str) -> None:
    lines = cron_lines([entry()], PLACE)
    once = CronTable(others).with_lines(lines, PLACE)
    assert once.with_lines(lines, PLACE) == once
    assert once.block(PLACE).splitlines() == lines
    both = once.with_lines(["0 4 * * * true"], AWKWARD)
    assert both.with_lines([], AWKWARD) == once
    assert once.with_lines([], PLACE).text.rstrip("\n") == others.rstrip("\n")


def days_of(text: str) -> Sequence[ElementTree.Element]:
    return ElementTree.fromstring(text).findall(f".//{{{NAMESPACE}}}CalendarTrigger")


@pytest.mark.parametrize(
    ("schedule", "triggers", "by"),
    [
        ("0 2 * * *", 1, "ScheduleByDay"),
        ("0,30 2 * * 1-5", 2, "ScheduleByWeek"),
        ("0 2 1,L * *", 1, "ScheduleByMonth"),
        ("0 2 * 6 FRI", 1, "ScheduleByMonthDayOfWeek"),
        ("0 2 1 * MON", 2, "ScheduleByWeek"),
    ],
)
def test_a_windows_task_has_a_trigger_for_each_time(schedule: str, triggers: int, by: str) -> None:
    [task] = tasks([entry(schedule)], PLACE, "CRM\\vera")
    found = days_of(task.text)
    assert len(found) == triggers
    assert found[0][-1].tag == f"{{{NAMESPACE}}}{by}"
    assert [child.tag.partition("}")[2] for child in ElementTree.fromstring(task.text)] == [
        "RegistrationInfo", "Triggers", "Principals", "Settings", "Actions",
    ]  # fmt: skip
    assert [child.tag.partition("}")[2] for child in found[0]][:2] == ["StartBoundary", "Enabled"]
    assert "<WorkingDirectory>/srv/crm</WorkingDirectory>" in task.text


NAMES = ["-rf", "a\nb", "a\x01b", "сделки 'neu' 50%"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("made", [cron_lines, units, lambda entries, place: tasks(entries, place, "vera")])
def test_a_job_is_called_by_its_name_or_refused_whatever_it_is(
    name: str, made: Callable[[list[Entry], Place], list[object]]
) -> None:
    if any(ord(letter) < 32 for letter in name):
        with pytest.raises(SchedulingError, match="control character"):
            made([entry("0 2 * * *", "", name)], PLACE)
        return
    assert made([entry("0 2 * * *", "", name)], PLACE)
    words = PLACE.call(entry("0 2 * * *", "", name))
    with click.Context(nightly.command, info_name="launcher"):
        parsed = nightly.command.make_context("nightly", list(words[2:]), resilient_parsing=True)
    assert parsed.params["jobs"] == (name,)


def test_two_configurations_in_one_folder_have_files_of_their_own() -> None:
    other = Place(PLACE.command, PLACE.folder / "other.yaml")
    files = [task.file for place in (PLACE, other) for task in tasks([entry()], place, "vera")]
    assert len(set(files)) == 2


def test_what_systemctl_edit_has_added_is_no_unit_of_ours(tmp_path: Path) -> None:
    made = units([entry()], PLACE)
    (tmp_path / f"{made[0].name}.d").mkdir()
    (tmp_path / made[0].name).write_text(made[0].text)
    assert list(SystemdUser(tmp_path).installed(PLACE)) == [made[0].name]


@dataclass(frozen=True, slots=True)
class Systemctl:
    """A script in the place of systemctl: nobody's own systemd is given units by a test."""

    folder: Path

    def says(self, script: str) -> None:
        path = self.folder / "systemctl"
        path.write_text(f'#!/bin/sh\necho "$@" >> "{self.folder}/asked"\n{script}\n')
        path.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemctl:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return Systemctl(folder)


REAL = Place((sys.executable,), PLACE.config)
NO_BUS = "echo 'Failed to connect to bus: No medium found' >&2; exit 1"


def test_without_a_systemd_that_answers_nothing_is_written_and_it_is_said_what_to_do(
    tmp_path: Path, systemctl: Systemctl
) -> None:
    systemctl.says(NO_BUS)
    user = SystemdUser(tmp_path / "units")
    with pytest.raises(SchedulingError, match="No medium found") as caught:
        user.install(units([entry()], REAL), REAL)
    for words in ("nothing was written", "loginctl enable-linger", "launcher schedule install --for cron"):
        assert words in str(caught.value)
    assert not user.folder.exists()


def test_what_systemd_refuses_after_the_units_are_written_is_said_with_what_is_done(
    tmp_path: Path, systemctl: Systemctl
) -> None:
    systemctl.says('test "$2" != enable || { echo "Unit is masked." >&2; exit 1; }')
    user = SystemdUser(tmp_path / "units")
    with pytest.raises(SchedulingError, match=r"masked.*written into .*units.*does not call") as caught:
        user.install(units([entry()], REAL), REAL)
    assert "launcher schedule install" in str(caught.value)
    assert len(user.installed(REAL)) == 2


def test_units_stay_where_systemd_cannot_be_told_that_they_go(tmp_path: Path, systemctl: Systemctl) -> None:
    user = SystemdUser(tmp_path / "units")
    systemctl.says("exit 0")
    user.install(units([entry()], REAL), REAL)
    systemctl.says(NO_BUS)
    with pytest.raises(SchedulingError, match="nothing was removed"):
        user.remove(REAL)
    assert len(user.installed(REAL)) == 2
    systemctl.says("exit 0")
    assert len(user.remove(REAL).removed) == 2


@pytest.mark.parametrize(
    ("active", "enabled", "stale", "is_called"),
    [
        ("active", "enabled", "no", True),
        ("inactive", "enabled", "no", False),
        ("active", "disabled", "no", False),
        ("active", "enabled", "yes", False),
        ("inactive", "", "no", False),
    ],
)
def test_a_timer_is_called_where_systemd_says_so_and_not_for_standing_there(
    tmp_path: Path, systemctl: Systemctl, active: str, enabled: str, stale: str, is_called: bool
) -> None:
    """As `systemctl show` answers: a block for each unit, also for one that it does not know."""
    user = SystemdUser(tmp_path / "units")
    made = units([entry(), entry("0 3 * * *", "", "deals")], REAL)
    timers = [unit.name for unit in made if unit.is_timer]
    systemctl.says(
        f"printf 'Id={timers[0]}\\nActiveState=active\\nUnitFileState=enabled\\nNeedDaemonReload=no\\n\\n"
        f"Id={timers[1]}\\nActiveState={active}\\nUnitFileState={enabled}\\nNeedDaemonReload={stale}\\n'"
    )
    assert user.idle(REAL) == [], "none is there"
    user.install(made, REAL)
    assert user.idle(REAL) == ([] if is_called else [timers[1]])
    assert set(timers) < set(systemctl.asked[-1].split())


def test_units_that_cannot_be_written_are_said(tmp_path: Path, systemctl: Systemctl) -> None:
    systemctl.says("exit 0")
    (tmp_path / "systemd").write_text("no folder")
    with pytest.raises(SchedulingError, match="systemd/user/launcher-"):
        SystemdUser(tmp_path / "systemd" / "user").install(units([entry()], REAL), REAL)


def test_a_user_without_a_home_has_no_units(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(SchedulingError, match="set HOME"):
        unit_folder()


def test_what_would_be_installed_is_shown_without_asking_for_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its place may be in the environment of whoever is called, and not of whoever installs."""
    monkeypatch.delenv("LAUNCHER_LEDGER", raising=False)
    file = tmp_path / "config.yaml"
    due = 'file: a.csv, schedule: "0 2 * * *"'
    file.write_text(
        f"ledger: ${{NOT_HERE}}\njobs:\n"
        f"  leads: {{template: 1, kind: lead, {due}}}\n  deals: {{template: 2, kind: deal}}\n"
    )
    events: list[Event] = []

    shown = show_schedules(Launcher.open(file, on_event=events.append), "cron")

    assert shown.to_dict() == {"scheduler": "cron", "files": shown.files}
    assert shown.files["crontab"].startswith("0 2 * * * cd ")
    assert " nightly --wait leads " in shown.files["crontab"]
    assert events == [Notice(Message("job-not-scheduled-without-file", name="deals"))]
