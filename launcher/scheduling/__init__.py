"""Schedules of jobs in the words of other schedulers: systemd, cron and Windows."""

from launcher.scheduling.cron import CronTable, cron_lines
from launcher.scheduling.entries import Entry, Place, SchedulingError, entries_of, is_machines_zone, leapt_over
from launcher.scheduling.installing import Changes, Crontab, SystemdUser, lingers, unit_folder
from launcher.scheduling.systemd import Unit, units
from launcher.scheduling.windows import Task, tasks

__all__ = [
    "Changes",
    "CronTable",
    "Crontab",
    "Entry",
    "Place",
    "SchedulingError",
    "SystemdUser",
    "Task",
    "Unit",
    "cron_lines",
    "entries_of",
    "is_machines_zone",
    "leapt_over",
    "lingers",
    "tasks",
    "unit_folder",
    "units",
]
