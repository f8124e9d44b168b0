"""The file that a job knows, where the command line names none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from launcher.cli.job_options import RunOptions
from launcher.cli.options import Refused
from launcher.core.summary import Exit
from launcher.nightly import chosen_files
from launcher.settings import Settings


def folder_of(settings: Settings) -> Path:
    """Where relative paths of the configuration begin."""
    return Path() if settings.path is None else settings.path.resolve().parent


def with_file_of_job(settings: Settings, options: RunOptions) -> RunOptions:
    """The options with a FILE, that of the job where they name none.

    Raises Refused where the job has none either, or where there is no such file, with the job's own exit code.
    """
    if options.file is not None:
        return options
    name, job = settings.job(options.job) or ("", None)
    if job is None or not job.file:
        raise Refused("say which FILE, or give the job a file: in the configuration")
    files = chosen_files(job.file, folder_of(settings), job.choose)
    if not files:
        code = Exit.WRONG_USAGE if job.require_file else Exit.ALL_STARTED
        raise Refused(f"nothing to do: there is no file {job.file}", code)
    if len(files) > 1:
        raise Refused(
            f"{job.file} means {len(files)} files; name one of them, or run all with: launcher nightly {name}"
        )
    return replace(options, file=files[0], job=name)
