"""EVERY NIGHT: all jobs that know their file, with nobody watching."""

from launcher.nightly.files import chosen_files, named_by_job, names
from launcher.nightly.job_night import Hands, JobNight, NightJob, StepError, Taken, shared_by

__all__ = [
    "Hands",
    "JobNight",
    "NightJob",
    "StepError",
    "Taken",
    "chosen_files",
    "named_by_job",
    "names",
    "shared_by",
]
