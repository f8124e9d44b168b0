"""A table to read: a file, an https:// address, or bytes that came once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from launcher.errors import InputError
from launcher.sheets import (
    SheetError,
    Source,
    Table,
    WebAddress,
    content_fingerprint,
    fetch,
    fingerprint,
    is_address,
    open_table,
)

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Input:
    """A table's bytes, all of them on this machine, and what they are called."""

    source: Source
    origin: str
    """As the ledger keeps it: the file's whole path, the address without its secrets, or `standard input`."""
    beside: Path
    """The file, or the name of one in the current folder, beside which the results go."""
    shown: str
    """As the person wrote it, without secrets."""
    fingerprint: str
    """Tells whether it is still what was read; empty of what comes once."""
    table: Table | None = None
    """What is in it, if it needs no reading."""

    @property
    def is_file(self) -> bool:
        """Whether it is a file of the person's own, there to be read again."""
        return bool(self.fingerprint) and not is_address(self.origin)


File = Path | WebAddress | Input | Callable[[], Input]
"""What may stand for a file: a path, an https:// address, an input, or what gives one when it is needed."""


async def load_input(file: File | None, folder: Path = Path()) -> Input:
    """Return the input, fetched if it is an address. Raises SheetError; InputError if there is none.

    `folder`: where the results of an address go.
    """
    if file is None:
        raise InputError("say which FILE, or give the job a file: in the configuration")
    if isinstance(file, Input):
        return file
    if callable(file):
        return file()
    if isinstance(file, WebAddress):
        source = await fetch(file)
        content = await asyncio.to_thread(content_fingerprint, source)
        return Input(source, file.shown, folder / file.name, file.shown, content)
    try:
        str(file).encode()
        before = fingerprint(file)
    except UnicodeEncodeError:
        shown = str(file).encode("utf-8", "replace").decode()
        raise SheetError(f"{shown}: the file's name is not UTF-8. Rename it and run again.") from None
    except (OSError, ValueError):
        before = ""  # opening it says what is wrong
    return Input(Source(file, file.name), str(file.resolve()) if before else str(file), file, str(file), before)


async def open_input(
    given: Input,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    header_row: int | None = None,
) -> Table:
    """Return the input's table; what is given overrules what the file shows. Raises SheetError.

    Opening looks at the whole of a CSV file. Other work of the loop goes on meanwhile.
    """
    if given.table is not None:
        return given.table
    return await _in_thread(
        lambda: open_table(
            given.source, sheet=sheet, encoding=encoding, delimiter=delimiter, header_row=header_row
        )
    )


async def _in_thread(work: Callable[[], Done]) -> Done:
    # Not asyncio.to_thread: whoever is interrupted would wait for the thread's end, however large the file is.
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Done] = loop.create_future()

    def finish(result: Done | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(cast("Done", result))
        else:
            done.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as caught:  # noqa: BLE001  raised again where it is waited for
            error = caught
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(finish, result, error)

    threading.Thread(target=run, name="open-input", daemon=True).start()
    return await done
