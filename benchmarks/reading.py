"""How fast tables are read, and with how much memory, beside csv.reader and pandas.

`python benchmarks/reading.py [ROWS]`. Each way is measured in a process of its own, on the same file, in the
same run. "first" is the time until the first rows can be used, with imports and all checks of the whole file.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import xlsxwriter

HEAD = ["ID", "Title", "Phone", "Name", "Comment", "Amount", "Stage", "Created", "Email", "Source"]
REST = ["+7 900 000-00-00", "Ольга Петрова", "some text", "12.50", "NEW", "2026-01-05", "a@example.org", "Сайт"]
XLSX_ROWS = 100_000

OURS = """
from pathlib import Path
from launcher.sheets import open_table
chunks = open_table(Path(path)).chunks()
rows = len(next(chunks)); first()
rows += sum(map(len, chunks))
"""
READER = """
import csv
with open(path, encoding="utf-8", newline="") as file:
    reader = csv.reader(file); next(reader); next(reader); first()
    rows = 1 + sum(1 for row in reader)
"""
PANDAS = """
import pandas
frame = pandas.read_csv(path, dtype=str, keep_default_na=False); first()
rows = len(frame)
"""
CALAMINE = """
from python_calamine import CalamineWorkbook
sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0); first()
rows = sum(1 for row in sheet.iter_rows()) - 1
"""
PANDAS_EXCEL = """
import pandas
frame = pandas.read_excel(path, dtype=str, engine="calamine", na_filter=False); first()
rows = len(frame)
"""
PROGRAM = """
import re, sys, time
path, began = sys.argv[1], time.perf_counter()
def first():
    print(f"{{time.perf_counter() - began:.2f}}", end=" ")
{way}
# Not ru_maxrss: a child begins with its parent's.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024
print(f"{{time.perf_counter() - began:.2f}} {{peak}} {{rows}}")
"""


def rows_of(count: int) -> list[list[object]]:
    """A row of texts for each number, all different."""
    return [[number, f"Lead {number}", *REST] for number in range(1, count + 1)]


def write_csv(path: Path, count: int, quoting: int) -> None:
    """The table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL if quoting else csv.QUOTE_MINIMAL)
        writer.writerow(HEAD)
        for start in range(0, count, 10_000):
            writer.writerows(
                [number, f"Lead {number}", *REST] for number in range(start + 1, min(start + 10_000, count) + 1)
            )


def write_xlsx(path: Path, count: int) -> None:
    """The table as XLSX with shared texts, as Excel writes it."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Leads")
        for down, row in enumerate([HEAD, *rows_of(count)]):
            sheet.write_row(down, 0, row)


def measure(label: str, way: str, path: Path) -> None:
    """Print one line of the table."""
    program = PROGRAM.format(way=way)
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    first, whole, peak, rows = done.stdout.split()
    print(f"| {label} | {int(rows):,} | {first} | {whole} | {peak} |", flush=True)


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print("| way | rows | first, s | whole, s | peak, MB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, rows, quoted in (("CSV", count // 10, 0), ("CSV", count, 0), ("CSV, all quoted", count, 1)):
            path = Path(folder) / "table.csv"
            write_csv(path, rows, quoted)
            for label, way in (("launcher", OURS), ("csv.reader", READER), ("pandas whole", PANDAS)):
                measure(f"{name}: {label}", way, path)
        path = Path(folder) / "table.xlsx"
        write_xlsx(path, XLSX_ROWS)
        for label, way in (("launcher", OURS), ("calamine", CALAMINE), ("pandas whole", PANDAS_EXCEL)):
            measure(f"XLSX: {label}", way, path)


if __name__ == "__main__":
    main()
