"""Other people's clients of the portal, each in a process and an environment of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.peers.peer import Peer
from tests.support import tools
from tests.support.certificates import Certificates
from tests.support.environments import failure_of, python_with

HERE = Path(__file__).parent
CLIENTS = HERE / "clients"


@pytest.fixture
def settings(certificate_files: Certificates) -> Settings:
    """A portal with https and without a rate limit."""
    return Settings(burst=0, tls_certificate=certificate_files.portal)


@pytest.fixture
async def portal(settings: Settings) -> AsyncIterator[Simulator]:
    """It listens."""
    async with Simulator(settings) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def peers_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python with exactly the packages of this folder's lock file."""
    return python_with(HERE / "requirements.lock", tmp_path_factory.mktemp("peers") / "venv")


@pytest.fixture(scope="session")
def node_script(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Node, and a script beside which exactly the packages of package-lock.json are installed."""
    npm = tools.need("npm")
    node = shutil.which("node")
    assert node is not None, "npm is there, and node is not"
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", "with_b24jssdk.mjs"):
        shutil.copy(CLIENTS / name, folder)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000"]
    failure = failure_of([npm, "ci", *options], folder)
    if failure:
        tools.skip_unless_ci(f"npm does not answer: {failure}")
    return node, str(folder / "with_b24jssdk.mjs")


@pytest.fixture
def fast_bitrix24(peers_python: str, certificate_files: Certificates) -> Peer:
    return Peer((peers_python, str(CLIENTS / "with_fast_bitrix24.py")), certificate_files.authority)


@pytest.fixture
def b24pysdk(peers_python: str, certificate_files: Certificates) -> Peer:
    return Peer((peers_python, str(CLIENTS / "with_b24pysdk.py")), certificate_files.authority)


@pytest.fixture
def b24jssdk(node_script: tuple[str, str], certificate_files: Certificates) -> Peer:
    return Peer(node_script, certificate_files.authority)


@pytest.fixture(params=["fast_bitrix24", "b24pysdk", "b24jssdk"])
def peer(request: pytest.FixtureRequest) -> Peer:
    """Each of them in turn."""
    found: Peer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def leads() -> Callable[[int], list[str]]:
    """So many leads, with IDs that are not their places."""
    return lambda count: [f"LEAD_{7 * number + 3}" for number in range(1, count + 1)]
