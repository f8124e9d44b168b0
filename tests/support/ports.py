"""Ports at which nobody answers, or nobody but whom the test tells of them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept(port: int = 0) -> Iterator[int]:
    """A port of loopback that no other program takes meanwhile: bound, and listened at by nobody.

    So connections to it are refused, until a server of the test's own listens there, and once that has stopped.
    """
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", port))
        yield place.getsockname()[1]
