"""Containerfile: what it copies is all that the package is built from, and what it calls is there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.support import ports
from tests.support.tools import skip_unless_ci

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")


def test_the_package_is_built_from_what_is_copied(tmp_path: Path) -> None:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}") or shutil.which("uv")
    if uv is None:
        skip_unless_ci("uv is not installed: it builds the package")
    source = tmp_path / "source"
    source.mkdir()
    for line in re.findall(r"^COPY (?!--from)(.+)$", TEXT, re.MULTILINE):
        *names, target = line.split()
        for name in names:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, source / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, source / target)
    kept = set(re.findall(r"^!(.+)$", (ROOT / ".containerignore").read_text(encoding="utf-8"), re.MULTILINE))
    assert {path.name for path in source.iterdir()} == kept

    done = subprocess.run(
        [uv, "build", "--quiet", "--wheel", "--out-dir", str(tmp_path)],
        cwd=source,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    [wheel] = tmp_path.glob("*.whl")
    assert {"launcher/cli/commands/daemon.py", "launcher/samples/leads.csv"} <= set(
        zipfile.ZipFile(wheel).namelist()
    )


def test_it_runs_as_somebody_without_rights_and_says_whether_it_is_well() -> None:
    final = TEXT.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*$", final, re.MULTILINE)
    assert "VOLUME /work" in final
    check = re.search(r"^HEALTHCHECK .*CMD \[(.+)\]$", final, re.MULTILINE)
    assert check is not None
    name, *arguments = [word.strip(' "') for word in check[1].split(",")]
    with ports.kept() as port:
        done = subprocess.run(
            [str(Path(sys.executable).parent / name), *arguments, "--listen", f"127.0.0.1:{port}"],
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
