"""Every file of tests/samples reads as its truth says, cell by cell, or is refused in its words."""

import json
from pathlib import Path
from typing import Any

import pytest

from launcher.sheets import SheetError, csv_rows, open_table

SAMPLES = Path(__file__).parents[1] / "samples"
TRUTHS = sorted(SAMPLES.glob("*.json"))


@pytest.mark.parametrize("quick", [1, csv_rows.QUICK_ROWS], ids=["pandas from row 2", "as usual"])
@pytest.mark.parametrize("truth", TRUTHS, ids=lambda path: path.stem)
def test_a_file_reads_as_its_truth(truth: Path, quick: int, monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[str, Any] = json.loads(truth.read_text("utf-8"))
    path = truth.with_name(truth.name.removesuffix(".json"))
    options = said.get("options", {})
    if "error" in said:
        with pytest.raises(SheetError, match=said["error"]) as caught:
            open_table(path, **options)
        assert "\n" not in str(caught.value)
        return

    table = open_table(path, **options)
    monkeypatch.setattr(csv_rows, "QUICK_ROWS", quick)

    rows = [[row.number, list(row.cells), row.kinds] for chunk in table.chunks() for row in chunk]
    assert list(table.header) == said["header"]
    assert rows == said["rows"]
    assert table.row_count == len(rows)
    for part in said.get("notes", []):
        assert any(part in note for note in table.notes), table.notes
    if "notes" not in said:
        assert table.notes == ()


def test_there_are_as_many_samples_as_were_promised() -> None:
    assert len(TRUTHS) >= 60
