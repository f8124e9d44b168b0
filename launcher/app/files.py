"""Which files a job's `file:` means, and where they are put when they are done."""

from __future__ import annotations

import errno
import fnmatch
import glob
import itertools
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from launcher.sheets import WebAddress, is_address, parse_address

_OURS = ("*.results.*", "*.failed.*", ".*", "~$*")
"""What the launcher writes beside a file, and what is hidden or held open, is no input."""


def chosen_files(file: str, folder: Path, choose: str) -> list[Path | WebAddress]:
    """What `file:` means now: nothing where there is no such file. Raises SheetError for a wrong address.

    Of a pattern the newest file by its modification time, or all, the oldest first. `folder`: that of the
    configuration, which a relative path begins at.
    """
    if is_address(file):
        return [parse_address(file)]
    path = folder / Path(file).expanduser()
    if path.exists() or not glob.has_magic(file):
        return [path] if path.exists() else []
    by_age = _by_age(file, folder)
    return list(by_age if choose == "all" else by_age[-1:])


def older_files(file: str, folder: Path) -> list[Path]:
    """All files that a pattern means but the newest; the oldest first."""
    is_pattern = not is_address(file) and glob.has_magic(file)
    if not is_pattern or (folder / Path(file).expanduser()).exists():
        return []
    return _by_age(file, folder)[:-1]


def _by_age(pattern: str, folder: Path) -> list[Path]:
    found = [folder / name for name in glob.glob(pattern, root_dir=folder, recursive=True)]  # noqa: PTH207  absolute ones too
    inputs = [one for one in found if one.is_file() and not _is_ours(one.name)]
    return sorted(inputs, key=lambda one: (one.stat().st_mtime_ns, one.name))


def _is_ours(name: str) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in _OURS)


def names(file: str, folder: Path, origin: str) -> bool:
    """Whether a run's file, as the ledger has it, is one that `file:` means."""
    if is_address(file):
        return parse_address(file).shown == origin
    path = folder / Path(file).expanduser()
    same = str(path.resolve()) == origin or str(path) == origin
    pattern = str(Path(glob.escape(str(folder.resolve()))) / file)
    return same or (glob.has_magic(file) and fnmatch.fnmatch(origin, pattern))


def have_same_results(file: str, folder: Path, origin: str) -> bool:
    """Whether the results of a file that `file:` means go where those of that file go."""
    if is_address(file) and is_address(origin):
        return parse_address(file).name == parse_address(origin).name
    return names(file, folder, origin)


def named_by_job(file: Path, job: str) -> Path:
    """`leads.csv` as `leads.JOB.csv`, for the results of one of several jobs that take the file."""
    name = re.sub(r"[^\w.-]", "_", job)
    return file.with_name(f"{file.stem}.{name}{file.suffix}")


def move_away(file: Path, beside: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """Move a file, after those that stand beside it, into the folder; where each of them is now.

    Where one of the names is taken there, all get the same number: nothing is overwritten. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    present = [one for one in (*beside, file) if one.is_file()]
    for number in itertools.count(1):
        there = {one: folder / _numbered(one.name, file.stem, number) for one in present}
        if _reserved(list(there.values())):
            break
    for here, to in there.items():
        try:
            here.replace(to)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.copy2(here, to)
            here.unlink()
    return there


def _numbered(name: str, stem: str, number: int) -> str:
    """`leads.results.csv` as `leads-2.results.csv`."""
    if number == 1:
        return name
    if name.startswith(f"{stem}."):
        return f"{stem}-{number}{name.removeprefix(stem)}"
    path = Path(name)
    return f"{path.stem}-{number}{path.suffix}"


def _reserved(paths: Sequence[Path]) -> bool:
    """Whether all of these names were free; they are held by empty files then."""
    made: list[Path] = []
    for path in paths:
        try:
            path.open("x").close()
        except FileExistsError:
            for one in made:
                one.unlink()
            return False
        made.append(path)
    return True
