"""`launcher schedule`: the machine's own scheduler calls the installed command."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Desk, until
from tests.support import tools

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd and cron are Linux's schedulers")


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(burst=0)) as simulator:
        yield simulator


@pytest.fixture
def desk(tmp_path: Path, portal: Simulator) -> Desk:
    desk = Desk.at(tmp_path / "crm 100%")
    desk.configure(portal.webhook_url)
    scheduled(desk, "* * * * *")
    desk.write([(str(n), "Anna") for n in range(1, 21)])
    return desk


def scheduled(desk: Desk, schedule: str) -> None:
    path = desk.folder / "config.yaml"
    text = path.read_text(encoding="utf-8").partition("    file:")[0]
    path.write_text(f'{text}    file: leads.csv\n    schedule: "{schedule}"\n', encoding="utf-8")


# What a process may see of cron is bound to folders of the test, in a view of the files that ends with it.
_OWN_CRON = """
set -e
mkdir -p spool run none
chmod 1730 spool
: > table
mount --bind spool /var/spool/cron/crontabs
mount --bind none /etc/cron.d
mount --bind table /etc/crontab
mount --bind run /run
"""


def own_cron(then: str) -> list[str]:
    """A command in a view of the machine in which cron has nothing to do but what the command gives it."""
    tools.need("cron")
    unshare = tools.need("unshare")
    if os.getuid() != 0:
        tools.skip_unless_ci("only root may run a cron of its own")
    return [unshare, "--mount", "sh", "-c", f"{_OWN_CRON}\n{then}"]


@asynccontextmanager
async def going(command: list[str], folder: Path, environment: dict[str, str]) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


async def test_a_real_cron_runs_the_night_and_each_row_starts_once(
    tmp_path: Path, desk: Desk, portal: Simulator
) -> None:
    launcher = str(Path(sys.executable).parent / "launcher")
    command = own_cron(f'cd "$DESK"; "{launcher}" schedule install --for cron; exec cron -f')

    async with going(command, tmp_path, {**desk.environment, "DESK": str(desk.folder)}):
        # The next full minute, and the time that a night takes.
        await until((desk.folder / "leads.results.csv").exists)

    assert Counter(start.document[2] for start in portal.started) == {f"LEAD_{n}": 1 for n in range(1, 21)}
    assert (desk.folder / "launcher.log").exists()


async def in_own_cron(desk: Desk, folder: Path, then: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *own_cron(f'cd "$DESK"; {then}'),
        cwd=folder,
        env={**desk.environment, "DESK": str(desk.folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(), complained.decode()


async def test_installing_twice_changes_nothing_and_removing_leaves_the_crontab_as_it_was(
    tmp_path: Path, desk: Desk
) -> None:
    launcher = f'"{Path(sys.executable).parent / "launcher"}" schedule'
    code, said, complained = await in_own_cron(
        desk,
        tmp_path,
        "printf 'MAILTO=vera\\n0 5 * * 1 true\\n' | crontab -;"
        f"{launcher} install --for cron; crontab -l > once; {launcher} install --for cron; crontab -l > twice;"
        f"{launcher} remove --for cron; crontab -l > after",
    )
    assert code == 0, complained
    once = (desk.folder / "once").read_text()
    assert once.startswith("MAILTO=vera\n0 5 * * 1 true\n# launcher schedule: begin ")
    assert once == (desk.folder / "twice").read_text()
    assert (desk.folder / "after").read_text() == "MAILTO=vera\n0 5 * * 1 true\n"
    assert "cron: nothing to change, 1 entry as before" in said


async def test_show_prints_for_every_scheduler_and_holds_no_secret(desk: Desk, portal: Simulator) -> None:
    scheduled(desk, "0 2 * * *")
    for scheduler, words in (("systemd", "OnCalendar="), ("cron", "0 2 * * * cd "), ("windows", "<Task ")):
        plain = await desk.run("schedule", "show", "--for", scheduler)
        document = json.loads((await desk.run("schedule", "show", "--for", scheduler, "--json")).stdout)
        assert (plain.exit_code, words in plain.stdout) == (0, True), plain.stderr
        assert document["scheduler"] == scheduler
        assert all(text in plain.stdout for text in document["files"].values())
        assert portal.settings.secret not in plain.stdout + plain.stderr + str(document)


async def test_a_night_that_systemd_leaves_out_is_said_for_systemd_alone(desk: Desk) -> None:
    scheduled(desk, '30 2 * * *"\n    timezone: "Europe/Berlin')
    systemd = await desk.run("schedule", "show", "--for", "systemd")
    assert "systemd leaves that night out" in systemd.stderr
    scheduled(desk, '30 2 * * *"\n    timezone: "UTC')
    for scheduler in ("systemd", "cron"):
        ended = await desk.run("schedule", "show", "--for", scheduler)
        assert (ended.exit_code, "leaves" in ended.stderr) == (0, False), ended.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda desk: desk.configure("http://127.0.0.1:1/rest/1/abc/"), "nothing to schedule"),
        (lambda desk: scheduled(desk, "0 2 * *"), "five fields"),
        (lambda desk: (desk.folder / "config.yaml").unlink(), "there is no config.yaml here"),
    ],
)
async def test_what_cannot_be_scheduled_is_said(
    desk: Desk, change: Callable[[Desk], object], words: str
) -> None:
    change(desk)
    ended = await desk.run("schedule", "show", "--for", "cron")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert words in ended.stderr


async def test_lines_of_others_stay_byte_for_byte(tmp_path: Path, desk: Desk) -> None:
    """Also those in another encoding. Not those that end as on Windows: Debian's crontab -l changes them."""
    others = "# Москва\n0 5 * * 1 true".encode("cp1251")
    (desk.folder / "before").write_bytes(others + b"\n")
    launcher = f'"{Path(sys.executable).parent / "launcher"}" schedule'
    code, _, complained = await in_own_cron(
        desk,
        tmp_path,
        f"crontab before; {launcher} install --for cron; crontab -l > once;"
        f"{launcher} remove --for cron; crontab -l > after",
    )
    assert code == 0, complained
    assert (desk.folder / "once").read_bytes().startswith(others + b"\n# launcher schedule: begin ")
    assert (desk.folder / "after").read_bytes() == others + b"\n"


async def test_what_cannot_be_scheduled_any_more_is_removed_all_the_same(tmp_path: Path, desk: Desk) -> None:
    launcher = f'"{Path(sys.executable).parent / "launcher"}" schedule'
    code, said, complained = await in_own_cron(
        desk,
        tmp_path,
        f"{launcher} install --for cron; sed -i 's/schedule: .*/schedule: \"0 2 * * MON#1\"/' config.yaml;"
        f"{launcher} remove --for cron; crontab -l > after; {launcher} remove --for cron",
    )
    assert code == 0, complained
    assert said.endswith("cron: nothing is scheduled for this configuration\n"), "not silence"
    assert (desk.folder / "after").read_text() == ""


async def test_the_ledger_of_whoever_installs_is_that_of_the_nights(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """cron has not this environment, and with another ledger each row would start a second time."""
    kept = desk.environment
    monkeypatch.setattr(Desk, "environment", kept | {"LAUNCHER_LEDGER": "other.db"})
    shown = await desk.run("schedule", "show", "--for", "cron")
    assert f"--ledger {shlex.quote(str(desk.folder / 'other.db'))} ".replace("%", r"\%") in shown.stdout
    url = "postgresql://vera:a-long-password@db.example/launcher"
    monkeypatch.setattr(Desk, "environment", kept | {"LAUNCHER_LEDGER": url})
    refused = await desk.run("schedule", "show", "--for", "cron")
    assert (refused.exit_code, "LAUNCHER_LEDGER" in refused.stderr) == (2, True)
    assert "a-long-password" not in refused.stdout + refused.stderr
