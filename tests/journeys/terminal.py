"""The installed command on a terminal, with somebody who answers its questions."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.journeys.conftest import LONGEST_S, OURS

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
