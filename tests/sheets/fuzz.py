"""Damaged files of every format: `python -m tests.sheets.fuzz 20000` reads that many.

Each is read as a person's file would be, in a process with a limit of memory. Whatever comes out of it
must be a table or a SheetError, within five seconds of the processor.
"""

from __future__ import annotations

import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path
from types import FrameType

from launcher.sheets import SheetError, csv_rows, open_table

SAMPLES = Path(__file__).parents[1] / "samples"
MAX_SECONDS = 5
MAX_BYTES = 1 << 30
MAX_ROWS = 200_000
"""A repeated row may stand for a million; no more than these are looked at."""


class HungError(BaseException):
    """Reading took too long; no Exception, so that nothing takes it for its own."""


def seeds() -> list[bytes]:
    """The samples: every format."""
    files = sorted(path for path in SAMPLES.iterdir() if path.suffix not in (".json", ".py") and path.is_file())
    return [path.read_bytes() for path in files if path.stat().st_size < 200_000]


def damaged(dice: random.Random, files: list[bytes]) -> bytes:
    """One file that no program wrote."""
    data = bytearray(dice.choice(files))
    match dice.randrange(6):
        case 0:
            return dice.randbytes(dice.randrange(1, 3_000))
        case 1:
            return bytes(data[: dice.randrange(len(data) + 1)])
        case 2:
            return bytes(data[: dice.randrange(1, 60)]) + dice.randbytes(dice.randrange(2_000))
        case 3:
            start = dice.randrange(len(data))
            del data[start : start + dice.randrange(1, 200)]
            return bytes(data)
        case 4 if data[:4] == b"PK\x03\x04":
            return _inside(dice, bytes(data))
        case _:
            for _ in range(dice.choice((1, 1, 3, 20))):
                data[dice.randrange(len(data))] = dice.randrange(256)
            return bytes(data)


def _inside(dice: random.Random, data: bytes) -> bytes:
    """A whole archive whose parts are damaged: a flip outside only spoils the check sum."""
    stream = BytesIO()
    try:
        with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
            names = old.namelist()
            hurt = dice.choice(names) if names else ""
            for name in names:
                part = bytearray(old.read(name))
                if name == hurt and part:
                    if dice.random() < 0.5:
                        _change_number(dice, part)
                    else:
                        for _ in range(dice.choice((1, 1, 5))):
                            part[dice.randrange(len(part))] = dice.choice(b"0129<>/&\"='A\xff\x00 ")
                new.writestr(name, bytes(part))
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError):  # the last: under a password
        return data
    return stream.getvalue()


def _change_number(dice: random.Random, part: bytearray) -> None:
    """Put another number in the place of one: a row, a count, an index."""
    places = [at for at, byte in enumerate(part) if 48 <= byte < 58]
    if places:
        at = dice.choice(places)
        part[at : at + 1] = dice.choice((b"0", b"-1", b"99999999999", b"1048577", b"16385", b"1e400", b"NaN"))


def read(path: Path) -> str:
    """Read the file; says what came out. Raises whatever is no SheetError."""
    try:
        seen = 0
        for chunk in open_table(path).chunks():
            seen += len(chunk)
            if seen > MAX_ROWS:
                break
    except SheetError:
        return "refused"
    return "read"


def _hung(_signal: int, _frame: FrameType | None) -> None:
    raise HungError


def fuzz(count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Read `count` damaged files; gives what came out of them, and the troubles."""
    files, dice = seeds(), random.Random(seed)
    outcomes: Counter[str] = Counter()
    problems: list[str] = []
    slowest = 0.0
    before = signal.signal(signal.SIGPROF, _hung)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input.csv"
        for number in range(count):
            data = damaged(dice, files)
            csv_rows.QUICK_ROWS = (
                1 if number % 2 else 2_000
            )  # most samples are short, and pandas is to see them too
            path.write_bytes(data)
            began = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, MAX_SECONDS)
            try:
                outcomes[read(path)] += 1
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                outcomes["trouble"] += 1
                kept = Path(tempfile.gettempdir()) / f"fuzz-{seed}-{number}"
                kept.write_bytes(data)
                problems.append(f"{kept}: {traceback.format_exc(limit=-3)}")
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            slowest = max(slowest, time.process_time() - began)
    signal.signal(signal.SIGPROF, before)
    outcomes["slowest, ms"] = round(slowest * 1000)
    return outcomes, problems


def main() -> int:
    """Read as many files as were asked for, within the limit of memory."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    # Of the address space, which the libraries that are loaded take half of already.
    resource.setrlimit(resource.RLIMIT_AS, (3 * MAX_BYTES, 3 * MAX_BYTES))
    outcomes, problems = fuzz(count, seed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(dict(outcomes), f"peak {peak >> 20} MB")
    print(*problems[:20], sep="\n")
    return int(bool(problems) or peak > MAX_BYTES)


if __name__ == "__main__":
    sys.exit(main())
