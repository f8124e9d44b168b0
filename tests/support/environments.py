"""Environments of their own for other people's programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.tools import skip_unless_ci

INSTALLED_WITHIN_S = 240


def python_with(lock: Path, folder: Path) -> str:
    """A Python with exactly the packages of that lock file, in an environment made there."""
    uv = shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    if uv is None:
        skip_unless_ci("uv is not installed: it makes the environment")
    python = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
    for step in (
        ("venv", "--python", sys.executable, str(folder)),
        ("pip", "sync", "--python", python, "--require-hashes", str(lock)),
    ):
        failure = failure_of([uv, *step], lock.parent)
        if failure:
            skip_unless_ci(f"{lock.parent.name}: the packages cannot be installed: {failure}")
    return python


def failure_of(command: Sequence[str], folder: Path) -> str:
    """Run it; "" when it went well, else the last of what it said."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALLED_WITHIN_S)
    except subprocess.TimeoutExpired:
        return "no answer in time"
    return "" if done.returncode == 0 else (done.stderr.strip() or done.stdout.strip()).splitlines()[-1]
