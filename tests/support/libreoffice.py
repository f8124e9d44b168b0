"""LibreOffice without a window, as a judge of workbooks and CSV files."""

from __future__ import annotations

import subprocess
from pathlib import Path


def convert(command: str, file: Path, to: str, reading: str = "") -> Path:
    """Open the file and save it in the format `to` beside itself; gives the new file.

    `reading` names the filter that reads it, with its options, where the file does not show it.
    """
    subprocess.run(
        [
            command,
            # A profile of its own: beside a LibreOffice that runs already, a second one does nothing.
            f"-env:UserInstallation={(file.parent / 'profile').as_uri()}",
            "--headless",
            *([f"--infilter={reading}"] if reading else []),
            "--convert-to",
            to,
            "--outdir",
            str(file.parent),
            str(file),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return file.with_suffix(f".{to}")
