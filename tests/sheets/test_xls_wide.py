"""A damaged XLS file that says it is endless."""

import struct
from pathlib import Path

import pytest

from launcher.sheets import SheetError, open_table

SAMPLE = Path(__file__).parents[1] / "samples" / "libreoffice-values.xls"


def test_a_sheet_that_says_it_is_endless_is_refused_and_does_not_end_the_program(
    tmp_path: Path,
) -> None:
    """Calamine would ask for room for all of them, and end the whole program where there is none."""
    data = bytearray(SAMPLE.read_bytes())
    place = data.index(struct.pack("<HH", 0x0200, 14)) + 4
    struct.pack_into("<I", data, place, 0xDF000000)
    path = tmp_path / "endless.xls"
    path.write_bytes(data)

    with pytest.raises(SheetError, match=r"endless\.xls: the cells of a sheet stretch over .* places"):
        open_table(path)
