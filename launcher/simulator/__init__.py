"""A simulated Bitrix24 portal on loopback.

Law of this room: it knows only HTTP and imports nothing else of the launcher, so that one mistake cannot
pass its own test. It is strict where the real portal is strict. Its list `started` is the judge of all
tests: exactly what was executed, whatever the client heard of it.
"""

from launcher.simulator.faults import FAULTS
from launcher.simulator.server import Simulator, serve
from launcher.simulator.settings import Settings
from launcher.simulator.state import RequestLog, Started

__all__ = ["FAULTS", "RequestLog", "Settings", "Simulator", "Started", "serve"]
