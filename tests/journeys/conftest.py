"""The installed command as a person has it: a process of its own, in a folder, with an environment.

`await launcher(…)` runs it to its end in a fork of a process that has imported it (see support/fork_server);
`launcher.begun(…)` begins a real process, for signals, terminals, kills, and whatever concerns the interpreter.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.journeys.chaos import LONGEST_S, OURS
from tests.support import fork_server, held

OF_THE_INTERPRETER = ("PYTHON", "LD_", "SSL_")
"""Beginnings of what only a process that begins anew heeds."""
_NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
"""The person's own is not asked by tests."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def messages(self) -> list[str]:
        """What it told the person on stderr; log lines are not for people."""
        return [line for line in self.stderr.splitlines() if not line.startswith('{"')]


@dataclass(frozen=True, slots=True)
class Launcher:
    """Runs the command that stands beside this Python."""

    home: Path

    async def __call__(
        self,
        *arguments: str | Path,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        stdin: bytes | str = "",
    ) -> Ended:
        """Run it to its end in that folder; `env` is added to a clean environment. `stdin` is no terminal."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        needs_its_own = any(name.startswith(OF_THE_INTERPRETER) for name in env or ())
        server = None if needs_its_own else fork_server.shared()
        async with asyncio.timeout(LONGEST_S):
            if server is None:
                code, stdout, stderr = await self._in_its_own_process(arguments, cwd, env, given)
            else:
                said, environment = list(map(str, arguments)), {**self._clean(), **(env or {})}
                code, stdout, stderr = await server.run(said, cwd=cwd, env=environment, stdin=given)
        return Ended(code, stdout.decode("utf-8"), stderr.decode("utf-8"))

    async def _in_its_own_process(
        self, arguments: tuple[str | Path, ...], cwd: Path, env: Mapping[str, str] | None, stdin: bytes
    ) -> tuple[int, bytes, bytes]:
        process = await self.begun(*arguments, cwd=cwd, env=env)
        try:
            stdout, stderr = await process.communicate(stdin)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode is not None
        return process.returncode, stdout, stderr

    async def begun(
        self,
        *arguments: str | Path,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        stdin: int = asyncio.subprocess.PIPE,
    ) -> asyncio.subprocess.Process:
        """Begin it; whoever calls sees to its end."""
        command = shutil.which("launcher", path=str(Path(sys.executable).parent))
        assert command is not None, "the package is not installed: no launcher beside this Python"
        return await asyncio.create_subprocess_exec(
            command,
            *map(str, arguments),
            cwd=cwd,
            env={**self._clean(), **(env or {})},
            stdin=stdin,
            # With a terminal of the test's own, the one of whoever runs the tests is not asked.
            start_new_session=stdin is not asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    def _clean(self) -> dict[str, str]:
        self.home.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        return {**kept, "HOME": str(self.home), "USERPROFILE": str(self.home), "PYTHONUTF8": "1", **_NO_KEYRING}


@pytest.fixture(autouse=True)
def starts_can_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test may hold what a portal starts: see support/held."""
    held.allowed(monkeypatch)


@pytest.fixture
def launcher(tmp_path: Path) -> Launcher:
    """The command, with a home of its own in `tmp_path`."""
    return Launcher(tmp_path / "home")
