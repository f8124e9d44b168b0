"""A throw-away PostgreSQL from the system's binaries; works as root too."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.support import tools

PATIENCE_S = "600"
"""Nothing that a server does takes so long: a test's own time-out comes first."""


class Server:
    """A server that listens on a socket in its own folder, and can be killed and started again."""

    def __init__(self, commands: Path, folder: str) -> None:
        self._commands = commands
        self.folder = folder
        # PostgreSQL refuses to run as root.
        nobody = pwd.getpwnam("nobody")
        self._who: dict[str, object] = (
            {"user": "nobody", "group": nobody.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        if os.geteuid() == 0:
            os.chown(folder, nobody.pw_uid, -1)
        self._run(
            "initdb", "-D", f"{folder}/data", "-U", "t", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"
        )

    def start(self) -> None:
        """It answers when this returns."""
        options = f"-k {self.folder} -h '' -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
        self._run(
            "pg_ctl",
            "-D",
            f"{self.folder}/data",
            "-w",
            "-t",
            PATIENCE_S,
            "-l",
            f"{self.folder}/log",
            "-o",
            options,
            "start",
        )

    def kill(self) -> None:
        """It is gone at once, connections and all, as after a power cut."""
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "-t", PATIENCE_S, "stop")

    def make_database(self, name: str, *, like: str = "template1") -> str:
        """A new database, a copy of that one; gives its URL."""
        self._run("createdb", "-h", self.folder, "-U", "t", "-T", like, name)
        return f"postgresql://t@/{name}?host={self.folder}"

    def _run(self, command: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._commands / command), *arguments],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            **self._who,  # type: ignore[call-overload]
        )


@contextlib.contextmanager
def temporary_server() -> Iterator[Server]:
    """A started server; nothing of it is left when the block ends. Skips where PostgreSQL is not installed."""
    commands = Path(tools.need("postgresql")).resolve().parent
    folder = tempfile.mkdtemp(prefix="pg", dir="/tmp")  # short: a socket's path has 107 bytes at most
    server = Server(commands, folder)
    server.start()
    try:
        yield server
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)
