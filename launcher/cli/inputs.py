"""What stands for FILE on the command line: a file's name, `-` for standard input, or an https:// address."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from launcher.cli.options import Refused
from launcher.sheets import (
    SheetError,
    Source,
    WebAddress,
    content_fingerprint,
    fetch,
    fingerprint,
    from_standard_input,
    is_address,
    parse_address,
)

STANDARD_INPUT = Path("-")


class FileType(click.ParamType[Path | WebAddress]):
    """A Path, or a WebAddress where the text is one."""

    name = "file"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,  # noqa: ARG002  click's signature
        ctx: click.Context | None,  # noqa: ARG002
    ) -> Path | WebAddress:
        if isinstance(value, Path | WebAddress):
            return value
        try:
            # Not first as a path: that would make one slash of the two.
            return parse_address(value) if is_address(value) else Path(value)
        except SheetError as error:
            raise Refused(str(error)) from None


@dataclass(frozen=True, slots=True)
class Input:
    """A table's bytes, all of them on this machine, and what they are called."""

    source: Source
    origin: str
    """As the ledger keeps it: the file's whole path, the address without its secrets, or standard input."""
    beside: Path
    """The file, or the name of one in the current folder, beside which the results go."""
    shown: str
    """As the person wrote it, without secrets."""
    fingerprint: str
    """Tells whether it is still what was read; empty of standard input, which comes once."""

    @property
    def is_file(self) -> bool:
        """Whether it is a file of the person's own, there to be read again."""
        return bool(self.fingerprint) and not is_address(self.origin)


async def taken(file: Path | WebAddress | Input | None, folder: Path = Path()) -> Input:
    """The input, read to its end where it is no file. Raises SheetError.

    `folder`: where the results of what is no file go.
    """
    if file is None:
        raise Refused("say which FILE, or give the job a file: in the configuration")
    if isinstance(file, Input):
        return file
    if isinstance(file, WebAddress):
        source = await fetch(file)
        content = await asyncio.to_thread(content_fingerprint, source)
        return Input(source, file.shown, folder / file.name, file.shown, content)
    if file == STANDARD_INPUT:
        return Input(from_standard_input(), "standard input", Path("stdin"), "standard input", "")
    try:
        str(file).encode()
        before = fingerprint(file)
    except UnicodeEncodeError:
        shown = str(file).encode("utf-8", "replace").decode()
        raise SheetError(f"{shown}: the file's name is not UTF-8. Rename it and run again.") from None
    except (OSError, ValueError):
        before = ""  # opening it says what is wrong
    return Input(Source(file, file.name), str(file.resolve()) if before else str(file), file, str(file), before)
