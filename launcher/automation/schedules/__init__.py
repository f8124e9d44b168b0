"""Schedules of jobs as other schedulers have them: systemd, cron and Windows."""

from launcher.automation.schedules.cron import CronTable, cron_lines
from launcher.automation.schedules.entries import (
    Entry,
    Place,
    SchedulingError,
    entries_of,
    is_machines_zone,
    place_of,
)
from launcher.automation.schedules.installing import Changes, Crontab, SystemdUser, lingers, unit_folder
from launcher.automation.schedules.managing import (
    ScheduleChanges,
    ScheduleFiles,
    are_installed,
    idle_timers,
    install_schedules,
    remove_schedules,
    show_schedules,
)
from launcher.automation.schedules.systemd import Unit, units
from launcher.automation.schedules.windows import Task, tasks

__all__ = [
    "Changes",
    "CronTable",
    "Crontab",
    "Entry",
    "Place",
    "ScheduleChanges",
    "ScheduleFiles",
    "SchedulingError",
    "SystemdUser",
    "Task",
    "Unit",
    "are_installed",
    "cron_lines",
    "entries_of",
    "idle_timers",
    "install_schedules",
    "is_machines_zone",
    "lingers",
    "place_of",
    "remove_schedules",
    "show_schedules",
    "tasks",
    "unit_folder",
    "units",
]
