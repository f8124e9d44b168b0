"""What a person sees first: help, version, options; at once, for nothing heavy is imported for it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from launcher import __version__
from launcher.cli.main import COMMANDS
from tests.journeys.conftest import Launcher

HEAVY = {"pandas", "numpy", "aiohttp", "sqlalchemy", "structlog", "pydantic", "rich", "asyncio"}

IMPORTED = """
import sys
from launcher.cli.main import main
sys.argv = ["launcher", *{arguments}]
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_help_imports_no_heavy_package(arguments: list[str], tmp_path: Path) -> None:
    assert not HEAVY & imported_by(arguments, tmp_path)


def test_the_help_of_no_command_imports_a_heavy_package(tmp_path: Path) -> None:
    """Help comes from the command's own module, which is imported here as it is then."""
    names = [f"launcher.cli.commands.{name}" for name in COMMANDS]
    code = f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\nprint(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )

    assert not HEAVY & {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    ("command", "without"),
    [
        ("explain", {"pandas", "numpy", "aiohttp", "sqlalchemy", "pydantic"}),
        ("runs", {"pandas", "numpy", "aiohttp", "structlog"}),
        ("status", {"pandas", "numpy", "aiohttp", "structlog"}),
        ("results", {"pandas", "numpy", "aiohttp"}),
    ],
)
def test_a_command_that_asks_no_portal_imports_nothing_for_it(
    command: str, without: set[str], tmp_path: Path
) -> None:
    arguments = (
        [command, "--ledger", str(tmp_path / "ledger.db")] if command != "explain" else [command, "moved"]
    )

    assert not without & imported_by(arguments, tmp_path)


def imported_by(arguments: list[str], cwd: Path) -> set[str]:
    """The packages that a command has imported by its end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED.format(arguments=arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        check=False,
    )
    loaded = {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()}
    assert "launcher" in loaded, done.stderr
    assert "click" in loaded
    return loaded


async def listed_commands(launcher: Launcher, cwd: Path) -> list[str]:
    """The commands that the help lists."""
    text = (await launcher("--help", cwd=cwd)).stdout
    return re.findall(r"^  ([a-z]+)  +\S", text.partition("\nCommands:\n")[2], re.MULTILINE)


async def test_every_command_that_help_lists_exists_and_helps(launcher: Launcher, tmp_path: Path) -> None:
    commands = await listed_commands(launcher, tmp_path)
    assert {"demo", "run", "resume", "runs", "status", "results", "simulator"} <= set(commands)

    helped = await asyncio.gather(*(launcher(name, "--help", cwd=tmp_path) for name in commands))

    for name, done in zip(commands, helped, strict=True):
        assert (done.exit_code, done.stderr) == (0, ""), name
        assert done.stdout.startswith(f"Usage: launcher {name} ")
        for option in ("--config", "--ledger", "--json", "--quiet", "--log-file"):
            assert f"{option}," in done.stdout, f"{name} does not name {option}"
        assert "launcher --help explains them" in " ".join(done.stdout.split()), name


async def test_the_global_options_are_explained_once(launcher: Launcher, tmp_path: Path) -> None:
    explained = "One JSON document on stdout"
    whole, one = await asyncio.gather(launcher("--help", cwd=tmp_path), launcher("run", "--help", cwd=tmp_path))
    assert explained in whole.stdout
    assert explained not in one.stdout


async def test_help_and_version_leave_nothing_behind(launcher: Launcher, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    short = await launcher("-h", cwd=folder)
    version = await launcher("--version", cwd=folder)

    assert short.stdout.startswith("Usage: launcher ")
    assert version.stdout.split() == ["launcher,", "version", __version__]
    assert (version.exit_code, version.stderr) == (0, "")
    assert list(folder.iterdir()) == []
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.parametrize("place", ["before", "after"])
async def test_global_options_are_accepted_before_and_after_the_commands_name(
    launcher: Launcher, tmp_path: Path, place: str
) -> None:
    (tmp_path / "other.yaml").write_text("jobs: {}\n")
    said = ("--config", "other.yaml", "--ledger", "here.db", "--json", "--quiet", "--log-file", "log.jsonl")

    done = await launcher(*((*said, "runs") if place == "before" else ("runs", *said)), cwd=tmp_path)

    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == []
    assert (tmp_path / "here.db").is_file()
    assert (tmp_path / "log.jsonl").is_file()


@pytest.mark.parametrize("arguments", [("--config", "none.yaml", "runs"), ("runs", "--config", "none.yaml")])
async def test_a_configuration_file_that_is_named_is_the_one_that_is_read(
    launcher: Launcher, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = await launcher(*arguments, cwd=tmp_path)

    assert (done.exit_code, done.stdout) == (2, "")
    assert "none.yaml" in done.stderr


async def test_a_mistyped_command_is_answered_with_the_nearest(launcher: Launcher, tmp_path: Path) -> None:
    done = await launcher("statsu", cwd=tmp_path)

    assert (done.exit_code, done.stdout) == (2, "")
    assert 'no command "statsu" (did you mean "status"?)' in done.stderr
