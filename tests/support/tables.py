"""Any table of any text, and how it looks as CSV."""

from __future__ import annotations

from hypothesis import strategies as st

from launcher.sheets import Dialect

UNICODE = st.characters(
    exclude_categories=["Cs", "Cc"], include_characters="\t\n\r", exclude_characters="\ufeff"
)
NEWLINES = ["\r\n", "\n"]
ENCODINGS = ["utf-8", "utf-16-le", "utf-16-be", "cp1251", "cp1252", "koi8-r", "cp866"]


def alphabet(encoding: str) -> st.SearchStrategy[str]:
    """What a cell may hold in that encoding, control characters aside."""
    if encoding.startswith("utf"):
        return UNICODE
    letters = bytes(range(32, 256)).decode(encoding, "ignore") + "\t\n\r"
    return st.sampled_from(sorted(set(letters) - {"\x7f"}))


@st.composite
def tables(draw: st.DrawFn) -> tuple[Dialect, list[list[str]], bool]:
    """A dialect, rows of which the first is the header, and whether every cell is quoted."""
    encoding = draw(st.sampled_from(ENCODINGS))
    dialect = Dialect(
        format="csv",
        encoding=encoding,
        bom=encoding.startswith("utf") and draw(st.booleans()),
        delimiter=draw(st.sampled_from(",;\t|")),
        newline=draw(st.sampled_from(NEWLINES)),
        sep_line=draw(st.booleans()),
    )
    text = st.text(alphabet(encoding), max_size=12)
    width = draw(st.integers(2, 5))
    row = st.lists(text, min_size=width, max_size=width)
    header = ["ID" + cell for cell in draw(row)]
    if encoding.startswith("utf"):  # as where two files were joined
        row = row | row.map(lambda cells: ["\ufeff" + cells[0], *cells[1:]])
    return dialect, [header, *draw(st.lists(row, max_size=6))], draw(st.booleans())


def as_csv(rows: list[list[str]], dialect: Dialect, *, quote_all: bool) -> bytes:
    """The rows as a CSV file in that dialect."""

    def quoted(cell: str) -> str:
        needed = quote_all or any(char in cell for char in f'"\r\n{dialect.delimiter}')
        return '"' + cell.replace('"', '""') + '"' if needed else cell

    hint = f"sep={dialect.delimiter}{dialect.newline}" * dialect.sep_line
    text = hint + "".join(dialect.delimiter.join(map(quoted, row)) + dialect.newline for row in rows)
    return ("\ufeff" * dialect.bom + text).encode(dialect.encoding)
