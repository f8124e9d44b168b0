"""The installed command on a terminal, with somebody who answers its questions."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.journeys.chaos import LONGEST_S, OURS, Desk

# In a process of its own, since forking a test's process with its threads is not safe.
_SPAWN = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


async def answered(
    *arguments: str, answers: Sequence[tuple[str, str | None]], cwd: Path, env: dict[str, str] | None = None
) -> tuple[int, str]:
    """Run the command to its end; each answer is given once its question stands on the terminal, None: none.

    Gives the exit code and all that the terminal showed.
    """
    command = shutil.which("launcher", path=str(Path(sys.executable).parent))
    assert command is not None
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _SPAWN, command, *arguments),
        cwd=cwd,
        env={**clean, "HOME": str(cwd), "NO_COLOR": "1", "TERM": "dumb", **(env or {})},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    shown, seen = "", 0
    try:
        async with asyncio.timeout(LONGEST_S):
            for question, answer in answers:
                while question not in shown[seen:]:
                    some = await process.stdout.read(4096)
                    assert some, f"it ended before it asked {question!r}: {shown}"
                    shown += _COLOURS.sub("", some.decode())
                seen = shown.index(question, seen) + len(question)
                if answer is not None:
                    process.stdin.write(f"{answer}\n".encode())
                    await process.stdin.drain()
            shown += _COLOURS.sub("", (await process.stdout.read()).decode())
            return await process.wait(), shown
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Terminal:
    """A terminal of its own on which the command runs, until somebody closes it."""

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self._process = process
        self._master = master
        self._loop = asyncio.get_running_loop()
        self._is_open = True
        self.shown = ""
        self._loop.add_reader(master, self._read)

    def _read(self) -> None:
        try:
            self.shown += _COLOURS.sub("", os.read(self._master, 1 << 16).decode(errors="replace"))
        except OSError:  # the command has ended
            self._loop.remove_reader(self._master)

    @property
    def is_over(self) -> bool:
        return self._process.returncode is not None

    def close(self) -> None:
        """As a person closes its window: the system sends SIGHUP, and nothing can be written any more."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._master)
            os.close(self._master)

    async def exit_code(self) -> int:
        """How the command ended, once it has."""
        return await asyncio.wait_for(self._process.wait(), LONGEST_S)

    async def kill(self) -> None:
        """Nothing of it is left when this returns."""
        self.close()
        if not self.is_over:
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def on_terminal(
    desk: Desk, *arguments: str, preexec: Callable[[], None] = lambda: None
) -> AsyncIterator[Terminal]:
    """The command on a terminal; `preexec` is called in its process before it begins."""
    # Not above: Windows has none of these.
    import fcntl
    import pty
    import termios

    def begin() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # closing it ends the session, as with a real one
        preexec()

    master, slave = pty.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("launcher")),
            *arguments,
            cwd=desk.folder,
            env={**desk.environment, "TERM": "xterm"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=begin,
        )
    finally:
        os.close(slave)
    terminal = Terminal(process, master)
    try:
        yield terminal
    finally:
        await terminal.kill()
