"""Schedules of jobs as other schedulers have them: systemd, cron and Windows."""
