"""Runs the installed command in a fork of a process that has imported it already.

Theory of operation. Nearly all of a short command's time goes into imports, and a suite runs a thousand
commands. The server imports the command's modules once and never runs anything itself. For each call it forks
the command: a process of its own with the caller's descriptors, folder, environment and arguments, in a session
of its own, so that it has no terminal. It reports the command's exit code; if the caller goes away first, it
kills the command. The server ends with whoever started it, and its commands with it.

What differs from a process that begins anew: the modules are there already, and the server's memory counts as
the command's. Tests about imports, memory, signals, terminals and installation take real processes.
"""

from __future__ import annotations

import array
import asyncio
import atexit
import contextlib
import functools
import gc
import json
import os
import pkgutil
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

_DESCRIPTORS = 3
_IMPORTED_LATE = ("pandas", "alembic.command")
"""What the command imports inside its functions, and nearly always."""


@dataclass(frozen=True, slots=True)
class ForkServer:
    """Where a server listens."""

    address: str

    async def run(
        self, arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes
    ) -> tuple[int, bytes, bytes]:
        """Run the command to its end; its exit code as subprocess has it, stdout and stderr."""
        loop = asyncio.get_running_loop()
        caller = socket.socket(socket.AF_UNIX)
        pipes = [os.pipe() for _ in range(_DESCRIPTORS)]
        ours, theirs = [pipes[0][1], pipes[1][0], pipes[2][0]], [pipes[0][0], pipes[1][1], pipes[2][1]]
        request = json.dumps({"arguments": list(arguments), "cwd": str(cwd), "env": dict(env)}).encode()
        with caller:
            try:
                caller.connect(self.address)
                socket.send_fds(caller, [array.array("I", [len(request)]).tobytes()], theirs)
                caller.sendall(request)
            finally:
                for descriptor in theirs:
                    os.close(descriptor)
            caller.setblocking(False)
            _, stdout, stderr, code = await asyncio.gather(
                _give(ours[0], stdin), _all_of(ours[1]), _all_of(ours[2]), loop.sock_recv(caller, 16)
            )
        assert code, "the fork server is gone"
        return int(code), stdout, stderr


async def _all_of(descriptor: int) -> bytes:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    stream = os.fdopen(descriptor, "rb", 0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stream)
    try:
        return await reader.read()
    finally:
        transport.close()


async def _give(descriptor: int, content: bytes) -> None:
    loop = asyncio.get_running_loop()
    stream = os.fdopen(descriptor, "wb", 0)
    protocol = asyncio.StreamReaderProtocol(asyncio.StreamReader())
    transport, _ = await loop.connect_write_pipe(lambda: protocol, stream)
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    writer.write(content)
    with contextlib.suppress(ConnectionError):  # a command need not read what it is given
        await writer.drain()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@functools.cache
def shared() -> ForkServer | None:
    """This process's server, started at the first call; None where the system cannot fork."""
    if not hasattr(os, "fork"):
        return None
    folder = tempfile.mkdtemp(prefix="fork", dir="/tmp")  # short: a socket's path has 107 bytes at most
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, f"{folder}/socket"],
        cwd=Path(__file__).parents[2],
        env={**kept, "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,  # closed when this process ends, however it ends
        stdout=subprocess.PIPE,
    )
    atexit.register(_end, process, folder)
    assert process.stdout is not None
    assert process.stdout.readline() == b"listening\n", "the fork server did not start"
    return ForkServer(f"{folder}/socket")


def _end(process: subprocess.Popen[bytes], folder: str) -> None:
    process.communicate()
    shutil.rmtree(folder, ignore_errors=True)


def _serve(address: str) -> None:
    (script,) = entry_points(group="console_scripts", name="launcher")
    main = script.load()
    package = import_module("launcher")
    for module in pkgutil.walk_packages(package.__path__, "launcher."):
        if not module.name.endswith(("__main__", "migrations.env")):
            import_module(module.name)
    for name in _IMPORTED_LATE:
        import_module(name)
    # What is there now is shared with every fork, as long as nobody writes to it: not even a collection.
    gc.collect()
    gc.freeze()
    commands: dict[int, tuple[int, socket.socket]] = {}
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(64)
        print("listening", flush=True)
        while True:
            callers = [caller for _, caller in commands.values()]
            ready = select.select([listening, sys.stdin, *commands, *callers], [], [])[0]
            if sys.stdin in ready:
                for pid, _ in commands.values():
                    os.kill(pid, signal.SIGKILL)
                return
            for ended in commands.keys() & ready:
                _report(ended, *commands.pop(ended))
            for pid, caller in commands.values():
                if caller in ready:  # it has gone away
                    os.kill(pid, signal.SIGKILL)
            if listening in ready:
                caller, _ = listening.accept()
                ours = [listening.fileno(), *commands, *(other.fileno() for _, other in commands.values())]
                pid = _begin(caller, ours, main)
                commands[os.pidfd_open(pid)] = pid, caller


def _begin(caller: socket.socket, ours: Sequence[int], main: Callable[[], object]) -> int:
    """Fork the command that the caller asks for; its process ID."""
    head, descriptors, _, _ = socket.recv_fds(caller, 4, _DESCRIPTORS)
    (length,) = array.array("I", head)
    request = json.loads(caller.recv(length, socket.MSG_WAITALL))
    pid = os.fork()
    if pid == 0:
        caller.close()
        for descriptor in ours:
            os.close(descriptor)
        _become(descriptors, request)
        _run_to_its_end(main)
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _report(ended: int, pid: int, caller: socket.socket) -> None:
    os.close(ended)
    _, status = os.waitpid(pid, 0)
    with caller, contextlib.suppress(OSError):
        caller.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _run_to_its_end(main: Callable[[], object]) -> None:
    """Run the command and end as an interpreter does, but for taking itself to pieces; never returns.

    That would write to nearly every page that is shared with the server, and so copy it.
    """
    code: object = 0
    try:
        code = main()
    except SystemExit as error:
        code = error.code
    except BaseException:  # noqa: BLE001  as the interpreter does
        sys.excepthook(*sys.exc_info())
        code = 1
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = 120  # as the interpreter does
    os._exit(int(code or 0))


def _become(descriptors: Sequence[int], request: Mapping[str, object]) -> None:
    """This process is as if it had been started so."""
    os.setsid()
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(str(request["cwd"]))
    os.environ.clear()
    os.environ.update(request["env"])  # type: ignore[call-overload]
    time.tzset()
    sys.argv = ["launcher", *request["arguments"]]  # type: ignore[misc]
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr


if __name__ == "__main__":
    _serve(sys.argv[1])
