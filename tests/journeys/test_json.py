"""Every command with `--json`, on the simulator: its document is what its schema in docs/json says."""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from launcher.simulator import Settings, Simulator
from tests.journeys.chaos import Desk, Ended, until
from tests.journeys.conftest import Launcher
from tests.support import keyring_in_a_file, ports, schemas
from tests.support.receivers import MailServer, mail_server

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="a program cannot signal another one there")


def valid(name: str, ended: Ended) -> Any:
    """Return the document: all of stdout, as its schema says, with the exit code of the command."""
    document = json.loads(ended.stdout)
    schemas.adapter(name).validate_json(ended.stdout)
    # These two tell the exit codes of runs.
    if isinstance(document, dict) and name not in ("status", "runs"):
        assert document.get("exit_code", 0) == ended.exit_code, ended.stderr
    return document


@dataclass(frozen=True, slots=True)
class InJson:
    """A person's folder, in which every command is called with --json."""

    desk: Desk

    async def __call__(self, name: str, *arguments: str) -> Any:
        """Return the document of that command, which must fit the schema of that name."""
        return valid(name, await self.desk.run(*arguments, "--json"))


@pytest.fixture
async def portal() -> AsyncIterator[Simulator]:
    """A portal whose workflows run until they are stopped, and that has no lead 6."""
    async with Simulator(
        Settings(burst=0, runs_seconds=float("inf"), missing=frozenset({"LEAD_6"}))
    ) as simulator:
        yield simulator


@pytest.fixture
async def mails() -> AsyncIterator[MailServer]:
    """A mail server that refuses all messages for good."""
    async with mail_server() as server:
        server.refuses = "550 no such person"
        yield server


@pytest.fixture
def in_json(tmp_path: Path, portal: Simulator) -> InJson:
    """A job with a file of 12 rows: 10 start, one fails, one is invalid."""
    desk = Desk.at(tmp_path / "crm")
    desk.configure(portal.webhook_url)
    desk.write([*((str(number), "Anna") for number in range(1, 12)), ("abc", "Anna")])
    return InJson(desk)


def configure(desk: Desk, text: str) -> None:
    """Append to the configuration, which ends with the job."""
    with (desk.folder / "config.yaml").open("a", encoding="utf-8") as stream:
        stream.write(text)


async def test_a_run_from_its_check_to_its_pruning(in_json: InJson, portal: Simulator) -> None:
    assert await in_json("runs", "runs") == []
    assert (await in_json("check", "check", "leads.csv"))["would_start"] == 10
    assert (await in_json("dry-run", "run", "leads.csv", "--dry-run"))["pending"] == 11
    assert (await in_json("run", "run", "leads.csv"))["started"] == 10
    assert [run["run_id"] for run in await in_json("runs", "runs")] == ["r1"]
    assert "stopped_workflows" not in await in_json("status", "status")
    assert (await in_json("run", "retry", "r1"))["failed"] == 1
    await in_json("run", "reconcile", "r1")
    assert Path((await in_json("results", "results", "r1", "-o", "again.csv"))["results"]).is_file()
    assert Path((await in_json("report", "report", "r1", "-o", "page.html"))["report"]).is_file()
    assert (await in_json("watch", "watch", "r1", "--timeout", "0s"))["running"] == 10
    portal.settings = replace(portal.settings, unstoppable={"LEAD_9": "busy"})
    assert len((await in_json("stop", "stop", "r1", "--yes"))["errors"]) == 1
    assert (await in_json("status", "status", "r1"))["stopped_workflows"]["refused"] == 1
    assert (await in_json("backup", "backup", "copy.db"))["bytes"] > 0
    assert (await in_json("prune", "prune", "--older-than", "0s", "--dry-run"))["dry_run"] is True
    assert (await in_json("prune", "prune", "--older-than", "0s", "--yes"))["pruned"]
    await in_json("status", "status", "r1")


async def test_a_run_that_the_portal_stops_and_its_resumption(in_json: InJson, portal: Simulator) -> None:
    portal.script("access denied", method="batch")

    stopped = await in_json("run", "run", "leads.csv")
    left = await in_json("prune", "prune", "--older-than", "0s", "--dry-run")
    resumed = await in_json("run", "resume")

    assert (stopped["exit_code"], bool(stopped["stopped_because"])) == (3, True)
    assert [run["run_id"] for run in left["left"]] == ["r1"]
    assert resumed["started"] == 10


async def test_a_check_that_finds_what_stops_a_run(in_json: InJson, portal: Simulator) -> None:
    portal.settings = replace(portal.settings, admin=False)

    document = await in_json("check", "check", "leads.csv")

    assert {"stops", "rows"} <= {finding["severity"] for finding in document["findings"]}


async def test_the_demo(launcher: Launcher, tmp_path: Path) -> None:
    ended = await launcher("demo", "--json", cwd=tmp_path)

    assert valid("run", Ended(ended.exit_code, ended.stdout, ended.stderr))["started"] > 0


async def test_the_portals_templates_and_a_look_at_the_set_up(in_json: InJson, portal: Simulator) -> None:
    templates = await in_json("templates", "templates")
    healthy = await in_json("doctor", "doctor")
    await portal.__aexit__(None, None, None)
    ill = await in_json("doctor", "doctor")

    assert any(parameter["options"] for template in templates for parameter in template["parameters"])
    assert (healthy["exit_code"], ill["exit_code"]) == (0, 1)


async def test_a_scheduled_run_whose_notification_is_not_delivered(in_json: InJson, mails: MailServer) -> None:
    configure(
        in_json.desk,
        "    file: leads.csv\n"
        "notify: {email: {to: vera@company.example, from: launcher@company.example, "
        f"server: 'smtp://127.0.0.1:{mails.port}'}}}}\n",
    )

    shown = await in_json("notify", "notify")
    tested = await in_json("notify", "notify", "--test")
    night = await in_json("nightly", "nightly")
    status = await in_json("status", "status")
    again = await in_json("nightly", "nightly")

    assert [one["sent"] for one in (*shown["channels"], *tested["channels"])] == [False, False]
    assert "550 no such person" in tested["channels"][0]["error"]
    [run] = night["jobs"][0]["runs"]
    assert (run["step"], run["started"]) == ("run", 10)
    assert night["messages_not_sent"] == status["messages_not_sent"] != []
    assert again["jobs"][0]["outcome"] == "nothing to do"


async def test_a_scheduled_run_that_cannot_begin(in_json: InJson) -> None:
    configure(in_json.desk, "    file: leads.csv\n")
    text = (in_json.desk.folder / "config.yaml").read_text(encoding="utf-8")
    (in_json.desk.folder / "config.yaml").write_text(text.replace("webhook_url:", "webhook_file: none # "))

    document = await in_json("nightly", "nightly")

    assert (document["jobs"][0]["outcome"], document["jobs"][0]["portal"]) == ("could not begin", "")


@pytest.mark.parametrize("scheduler", ["systemd", "cron", "windows"])
async def test_schedules_that_would_be_installed(in_json: InJson, scheduler: str) -> None:
    configure(in_json.desk, '    file: leads.csv\n    schedule: "0 2 * * *"\n')

    assert (await in_json("schedule-show", "schedule", "show", "--for", scheduler))["files"]


async def test_schedules_that_are_installed_and_removed(in_json: InJson) -> None:
    """Those of Windows are files beside the configuration, on every system."""
    configure(in_json.desk, '    file: leads.csv\n    schedule: "0 2 * * *"\n')

    installed = await in_json("schedule-changes", "schedule", "install", "--for", "windows")
    removed = await in_json("schedule-changes", "schedule", "remove", "--for", "windows")

    assert (in_json.desk.folder / installed["written"][0]).is_file()
    assert removed["notes"]


async def test_signing_in_and_out(launcher: Launcher, simulator: Simulator, tmp_path: Path) -> None:
    folder, keyring = tmp_path / "folder", keyring_in_a_file.environment(tmp_path / "keyring.json")
    folder.mkdir()

    documents = []
    for name, more in (("login", ("--stdin",)), ("logout", ()), ("logout", ())):
        ended = await launcher(name, *more, "--json", cwd=folder, env=keyring, stdin=simulator.webhook_url)
        documents.append(valid(name, Ended(ended.exit_code, ended.stdout, ended.stderr)))

    assert documents[0]["administrator"] is True
    assert [len(document["removed"]) for document in documents[1:]] == [1, 0]


@needs_signals
async def test_a_daemon_that_is_asked_how_it_is_and_then_ended(in_json: InJson) -> None:
    configure(in_json.desk, '    file: leads.csv\n    schedule: "0 0 1 1 *"\n')
    assert (await in_json("run", "run", "leads.csv"))["started"] == 10
    async with in_json.desk.running("daemon", "--listen", "127.0.0.1:0", "--json") as command:
        listens = re.compile('"listens_at": ?"http://([^"]+)"')
        await until(lambda: listens.search(command.stderr) is not None, unless=command)
        [address] = listens.findall(command.stderr)
        while not (health := await in_json("daemon-health", "daemon", "--health", "--listen", address))["jobs"]:
            pass
        command.signal(signal.SIGTERM)
        at_end = valid("daemon", await command.ended())

    assert health["jobs"]["followup"]["portal"].startswith("127.0.0.1")
    assert {name: at_end[name] for name in health} == health


async def test_the_health_of_a_daemon_that_is_not_there(in_json: InJson) -> None:
    with ports.kept() as port:
        document = await in_json("daemon-health", "daemon", "--health", "--listen", f"127.0.0.1:{port}")

    assert "version" not in document


async def test_what_a_code_means_and_what_all_of_them_mean(in_json: InJson) -> None:
    one = await in_json("explain", "explain", "moved")

    assert one in await in_json("explain-all", "explain")


@needs_signals
async def test_the_simulator_says_where_it_is(in_json: InJson) -> None:
    async with in_json.desk.running("simulator", "--port", "0", "--json") as command:
        await until(lambda: command.stdout.endswith("}\n"), unless=command)
        command.signal(signal.SIGTERM)
        document = valid("simulator", await command.ended())

    assert document["webhook_url"].startswith(document["url"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("statsu",), 2),
        (("run", "none.csv"), 2),
        (("run",), 0),
        (("run", "leads.csv", "--results", "-"), 2),
        (("status", "r9"), 2),
        (("resume",), 2),
        (("init",), 2),
        (("explain", "no such code"), 2),
        (("templates", "--as-job", "1"), 2),
        (("check", "leads.csv", "--job", "none"), 2),
    ],
)
async def test_a_command_that_fails_prints_the_error_alone(
    in_json: InJson, arguments: tuple[str, ...], code: int
) -> None:
    configure(in_json.desk, "    file: exported.csv\n")

    document = await in_json("error", *arguments)

    assert (document["exit_code"], bool(document["error"]), bool(document["code"])) == (code, True, True)


async def test_a_portal_that_refuses_before_there_is_a_run(in_json: InJson, portal: Simulator) -> None:
    portal.script("access denied", times=None)

    assert (await in_json("error", "templates"))["exit_code"] == 3
