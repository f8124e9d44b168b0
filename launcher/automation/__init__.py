"""AUTOMATION: scheduled runs of all jobs that know their file, the daemon, notifications, installed schedules.

It calls the use cases of `launcher.app` as a terminal does, and needs nobody at one.
"""
