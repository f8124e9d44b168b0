"""Damaged files are refused in words, whatever is wrong with them."""

import subprocess
import sys
from pathlib import Path


def test_500_damaged_files_are_read_or_refused_and_nothing_else() -> None:
    """In a process of its own, because a library may take it down, and memory is counted for all of it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.sheets.fuzz", "500", "1"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
