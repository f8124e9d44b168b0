"""The samples are what their README says, and are made again byte for byte."""

import subprocess
import sys
from pathlib import Path

import pytest

from launcher.sheets import Dialect, open_table

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize(
    ("name", "rows", "dialect"),
    [
        ("leads.csv", 300, Dialect(format="csv", newline="\n")),
        ("leads-with-mistakes.csv", 60, Dialect(format="csv", newline="\n")),
        ("leads-cp1251.csv", 120, Dialect(format="csv", encoding="cp1251", delimiter=";")),
        ("deals.xlsx", 200, Dialect(format="xlsx", sheet="Deals")),
    ],
)
def test_each_sample_reads_as_what_it_is(name: str, rows: int, dialect: Dialect) -> None:
    table = open_table(SAMPLES / name)

    assert (table.row_count, table.dialect, table.header[0]) == (rows, dialect, "ID")


def test_the_samples_are_made_again_the_same(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SAMPLES / "make.py", tmp_path], check=True)

    for made in tmp_path.iterdir():
        if made.suffix == ".csv":
            assert made.read_bytes() == (SAMPLES / made.name).read_bytes(), made.name
    table, committed = open_table(tmp_path / "deals.xlsx"), open_table(SAMPLES / "deals.xlsx")
    assert list(table.chunks()) == list(committed.chunks())


def test_every_id_in_the_clean_samples_is_there_once() -> None:
    for name in ("leads.csv", "leads-cp1251.csv", "deals.xlsx"):
        ids = [row.cells[0] for chunk in open_table(SAMPLES / name).chunks() for row in chunk]
        assert len(set(ids)) == len(ids)
        assert all(text.isdigit() and int(text) < 10_000_000 for text in ids)
