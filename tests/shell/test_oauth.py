"""A token that has expired is renewed once, stored before it is used, and nothing starts twice or is lost.

Real files, real sockets, real processes; the portal's list of starts and of token requests is the judge.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from launcher.core.answers import Blocked, NotSent, Response
from launcher.core.model import State
from launcher.core.summary import Exit
from launcher.ledger import Ledger
from launcher.portal.client import Portal
from launcher.portal.oauth import TokensFile
from launcher.simulator import Settings, Simulator
from tests.journeys.test_secrets import rendered
from tests.support.clocks import until
from tests.support.runs import Runs
from tests.support.signing_in import access_with, signed_in

WORKERS = 20


def start(number: int) -> dict[str, object]:
    return {
        "TEMPLATE_ID": 1,
        "DOCUMENT_ID": ["crm", "CCrmDocumentLead", f"LEAD_{number}"],
        "PARAMETERS": {},
    }


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """A portal without a rate limit."""
    async with Simulator(Settings(burst=0)) as portal:
        yield portal


@pytest.fixture
def tokens(simulator: Simulator, tmp_path: Path) -> TokensFile:
    """Signed in."""
    return signed_in(simulator, tmp_path / "tokens.json")


def on_disk(tokens: TokensFile) -> tuple[str, str]:
    found = json.loads(tokens.path.read_text())
    return found["access_token"], found["refresh_token"]


async def call(portal: Portal, number: int) -> object:
    return await portal.call("bizproc.workflow.start", start(number))


def started(simulator: Simulator) -> list[str]:
    return sorted(each.document[2] for each in simulator.started)


# Calling


async def test_a_token_goes_in_the_body_and_never_in_the_url(simulator: Simulator, tokens: TokensFile) -> None:
    async with Portal(access_with(tokens.path)) as portal:
        outcome = await call(portal, 1)

    assert isinstance(outcome, Response)
    assert outcome.status == 200
    assert portal.name == simulator.url.removeprefix("http://")
    assert started(simulator) == ["LEAD_1"]
    assert simulator.token_requests == [], "a token that is good is not renewed"


async def test_twenty_workers_whose_token_has_expired_renew_it_once_and_each_starts_once(
    simulator: Simulator, tokens: TokensFile
) -> None:
    simulator.script("slow", method="oauth.token", seconds=0.1)
    simulator.expire_tokens()

    async with Portal(access_with(tokens.path)) as portal:
        outcomes = await asyncio.gather(*(call(portal, number) for number in range(1, WORKERS + 1)))

    assert [type(outcome) for outcome in outcomes] == [Response] * WORKERS
    assert started(simulator) == sorted(f"LEAD_{number}" for number in range(1, WORKERS + 1))
    assert simulator.token_requests == ["refresh_token granted"]
    assert len(simulator.requests) == 2 * WORKERS


async def test_a_token_is_renewed_as_often_as_it_expires(simulator: Simulator, tokens: TokensFile) -> None:
    async with Portal(access_with(tokens.path)) as portal:
        for number in (1, 2, 3):
            simulator.expire_tokens()
            await call(portal, number)

    assert started(simulator) == ["LEAD_1", "LEAD_2", "LEAD_3"]
    assert simulator.token_requests == ["refresh_token granted"] * 3


async def test_the_new_token_is_on_disk_before_it_is_used(
    simulator: Simulator, tokens: TokensFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the portal sees in a request stands in the file already."""
    simulator.expire_tokens()
    seen: list[tuple[str, str]] = []
    post = Portal._post

    async def look(self: Portal, access: object, signature: object, *more: object) -> object:
        seen.append((signature.token.value, on_disk(tokens)[0]))  # type: ignore[attr-defined]
        return await post(self, access, signature, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Portal, "_post", look)
    async with Portal(access_with(tokens.path)) as portal:
        await call(portal, 1)

    assert len(seen) == 2
    assert all(used == stored for used, stored in seen)
    assert seen[0] != seen[1]


async def test_the_tokens_file_stays_its_owners_alone(simulator: Simulator, tokens: TokensFile) -> None:
    simulator.expire_tokens()
    async with Portal(access_with(tokens.path)) as portal:
        await call(portal, 1)

    assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o600
    assert sorted(path.name for path in tokens.path.parent.iterdir() if path.suffix != ".lock") == [
        "tokens.json"
    ]


async def test_a_portal_that_goes_on_saying_expired_is_not_asked_a_third_time(
    simulator: Simulator, tokens: TokensFile
) -> None:
    simulator.script("expired token", times=None)

    async with Portal(access_with(tokens.path)) as portal:
        outcome = await call(portal, 1)

    assert isinstance(outcome, Response)
    assert outcome.status == 401
    assert (len(simulator.requests), simulator.token_requests) == (2, ["refresh_token granted"])


@pytest.mark.parametrize(
    ("status", "code"), [(400, "expired_token"), (500, "expired_token"), (401, "invalid_token")]
)
async def test_only_401_expired_token_is_sent_again(
    simulator: Simulator, tokens: TokensFile, status: int, code: str
) -> None:
    """Nothing else proves that nothing was executed."""
    simulator.script("error", status=status, code=code)

    async with Portal(access_with(tokens.path)) as portal:
        outcome = await call(portal, 1)

    assert isinstance(outcome, Response)
    assert outcome.status == status
    assert (len(simulator.requests), simulator.token_requests) == (1, [])


# Refused, unanswered


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("invalid_grant", 400, "launcher login --oauth"),
        ("invalid_client", 401, "ID and secret"),
        ("PAYMENT_REQUIRED", 402, "licence has ended"),
        ("wrong_client", 400, "wrong_client"),
    ],
)
async def test_a_renewal_that_is_refused_says_what_to_do_and_is_asked_once(
    simulator: Simulator, tokens: TokensFile, code: str, status: int, words: str
) -> None:
    before = on_disk(tokens)
    simulator.script("error", method="oauth.token", status=status, code=code, times=None)
    simulator.expire_tokens()

    async with Portal(access_with(tokens.path)) as portal:
        outcomes = await asyncio.gather(*(call(portal, number) for number in range(1, 6)))
        later = await call(portal, 6)

    assert simulator.started == []
    for outcome in (*outcomes, later):
        assert isinstance(outcome, Blocked)
        assert outcome.code == code
        assert words in outcome.text
    assert len([each for each in simulator.requests if each.method == "bizproc.workflow.start"]) == 6
    assert on_disk(tokens) == before


async def test_a_refused_refresh_stops_the_run_and_leaves_every_row_pending(
    ledger: Ledger, simulator: Simulator, tmp_path: Path
) -> None:
    tokens = signed_in(simulator, tmp_path / "tokens.json", refresh="of0yesterday")
    simulator.expire_tokens()
    runs = Runs(ledger, simulator, tmp_path)

    summary = await runs.start_all([(str(n), "A") for n in range(1, 120)], access=access_with(tokens.path))

    assert summary.exit_code is Exit.STOPPED
    assert "sign in again: launcher login --oauth" in summary.stopped_because
    assert set((await runs.states(1)).values()) == {State.PENDING}
    assert simulator.started == []


async def test_a_run_whose_token_expires_on_the_way_starts_every_row_once(
    ledger: Ledger, simulator: Simulator, tmp_path: Path
) -> None:
    tokens = signed_in(simulator, tmp_path / "tokens.json")
    for answered in (1, 3, 6):
        simulator.script("expired token", skip=answered)
    runs = Runs(ledger, simulator, tmp_path)

    # One at a time: else a request that is sent again may meet the next refusal; a fresh token never does.
    summary = await runs.start_all(
        [(str(n), "A") for n in range(1, 400)], access=access_with(tokens.path), concurrency=1
    )

    assert summary.exit_code is Exit.ALL_STARTED
    assert sorted(runs.started_documents()) == sorted(f"LEAD_{n}" for n in range(1, 400))


@pytest.mark.parametrize(
    "fault", ["502 before", "reset before", "internal error before", "html after", "empty after"]
)
async def test_a_token_server_that_does_not_answer_leaves_the_row_to_be_sent_later(
    simulator: Simulator, tokens: TokensFile, fault: str
) -> None:
    """The portal has refused the request, so it is certain that nothing started."""
    simulator.script(fault, method="oauth.token")
    simulator.expire_tokens()

    async with Portal(access_with(tokens.path)) as portal:
        outcome = await call(portal, 1)

    assert isinstance(outcome, NotSent)
    assert outcome.cause.startswith("token server: ")
    assert simulator.started == []


async def test_a_redirecting_token_server_is_not_followed(simulator: Simulator, tokens: TokensFile) -> None:
    async with Simulator(Settings(burst=0)) as elsewhere:
        simulator.script("moved", method="oauth.token", location=elsewhere.url)
        simulator.expire_tokens()
        async with Portal(access_with(tokens.path)) as portal:
            assert await call(portal, 1) == NotSent("token server: HTTP 302")

    assert elsewhere.token_requests == []


async def test_the_applications_secret_goes_to_the_token_server_only(
    simulator: Simulator, tmp_path: Path
) -> None:
    """A portal that writes down all that it is sent."""
    sent: list[bytes] = []

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent.append(await reader.read(65536))
        body = b'{"error":"expired_token"}'
        writer.write(
            b"HTTP/1.1 401 No\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            + body
        )
        writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    async with server:
        tokens = signed_in(simulator, tmp_path / "tokens.json")
        port = server.sockets[0].getsockname()[1]
        text = json.loads(tokens.path.read_text()) | {"portal": f"http://127.0.0.1:{port}"}
        tokens.path.write_text(json.dumps(text))
        async with Portal(access_with(tokens.path)) as portal:
            await call(portal, 1)

    assert simulator.token_requests == ["refresh_token granted"]
    assert len(sent) == 2
    assert simulator.settings.client_secret.encode() not in b"".join(sent)
    assert simulator.settings.refresh_token.encode() not in b"".join(sent)


# The disk


async def test_where_the_next_token_could_not_be_stored_the_present_one_is_not_spent(
    simulator: Simulator, tokens: TokensFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    simulator.expire_tokens()
    async with Portal(access_with(tokens.path)) as portal:
        with monkeypatch.context() as patched:
            patched.setattr("os.fsync", full)
            refused = await call(portal, 1)
        again = await call(portal, 1)

    assert isinstance(refused, Blocked)
    assert "No space left on device" in refused.text
    assert simulator.token_requests == ["refresh_token granted"], "asked only once there was room"
    assert isinstance(again, Response)
    assert started(simulator) == ["LEAD_1"]


async def test_a_token_that_was_written_and_could_not_be_renamed_is_found_by_the_next(
    simulator: Simulator, tokens: TokensFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    simulator.expire_tokens()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refuse)
        async with Portal(access_with(tokens.path)) as portal:
            refused = await call(portal, 1)
    async with Portal(access_with(tokens.path)) as portal:
        again = await call(portal, 1)

    assert isinstance(refused, Blocked)
    assert "could not be stored" in refused.text
    assert isinstance(again, Response)
    assert (started(simulator), simulator.token_requests) == (["LEAD_1"], ["refresh_token granted"])


async def test_who_waits_for_another_process_may_be_interrupted(
    simulator: Simulator, tokens: TokensFile
) -> None:
    simulator.expire_tokens()

    async with tokens.held():
        async with Portal(access_with(tokens.path)) as portal:
            task = asyncio.create_task(call(portal, 1))
            await until(lambda: simulator.requests)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert simulator.token_requests == []


async def test_the_variables_of_a_call_with_a_token_hold_no_secret(
    simulator: Simulator, tokens: TokensFile
) -> None:
    """As error trackers write them: a body that JSON cannot say is a mistake of ours, and passes through."""
    with pytest.raises(TypeError) as caught:
        async with Portal(access_with(tokens.path)) as portal:
            await portal.call("batch", {"cmd": object()})

    frames = rendered(caught.value)
    assert any("client.py" in frame and " call " in frame for frame in frames)
    assert [frame for frame in frames if simulator.settings.access_token in frame] == []


async def test_whoever_stops_waiting_does_not_cut_off_the_renewal(
    simulator: Simulator, tokens: TokensFile
) -> None:
    """Between the token server's answer and the disk nothing may be lost but by a crash."""
    simulator.script("slow", method="oauth.token", seconds=0.2)
    simulator.expire_tokens()
    before = on_disk(tokens)

    async with Portal(access_with(tokens.path)) as portal:
        task = asyncio.create_task(call(portal, 1))
        await until(lambda: simulator.token_requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert on_disk(tokens) != before
    assert simulator.token_requests == ["refresh_token granted"]


async def test_tokens_that_another_process_has_renewed_are_taken_from_the_disk(
    simulator: Simulator, tokens: TokensFile
) -> None:
    async with Portal(access_with(tokens.path)) as early, Portal(access_with(tokens.path)) as late:
        simulator.expire_tokens()
        await call(early, 1)
        await call(late, 2)

    assert started(simulator) == ["LEAD_1", "LEAD_2"]
    assert simulator.token_requests == ["refresh_token granted"]


async def test_a_sign_in_to_another_portal_under_a_run_is_not_used_for_it(
    simulator: Simulator, tokens: TokensFile
) -> None:
    async with Simulator(Settings(burst=0)) as other, Portal(access_with(tokens.path)) as portal:
        simulator.expire_tokens()
        signed_in(other, tokens.path)
        outcome = await call(portal, 1)

    assert isinstance(outcome, Blocked)
    assert "another portal" in outcome.text
    assert (other.requests, simulator.token_requests, other.token_requests) == ([], [], [])


# Several processes, and the end of one

CALLER = """
import asyncio, os, signal, sys
from pathlib import Path
from launcher.core.answers import Blocked
from launcher.portal.access import Access
from launcher.portal.address import parse_address
from launcher.portal.client import Portal
from launcher.portal.oauth import OAuth
from launcher.portal.token_server import Application
from launcher.portal.oauth import TokensFile

def access_with(path):
    # As commands open it, without all else that they import.
    file = TokensFile(path)
    found = file.read()
    application = Application(found.client_id, found.client_secret, found.token_server)
    return Access(parse_address(found.portal), OAuth(file, application, found))

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

async def main(path, first, last, death):
    if death == "before writing":
        from launcher.private import Replacement
        Replacement.put = die
    if death == "before renaming":
        Path.replace = die
    async with Portal(access_with(Path(path))) as portal:
        print("ready", flush=True)
        sys.stdin.readline()
        outcomes = await asyncio.gather(*(
            portal.call("bizproc.workflow.start", {
                "TEMPLATE_ID": 1, "DOCUMENT_ID": ["crm", "CCrmDocumentLead", f"LEAD_{number}"]})
            for number in range(int(first), int(last))))
    for outcome in outcomes:
        print(outcome.text if isinstance(outcome, Blocked) else type(outcome).__name__)

asyncio.run(main(*sys.argv[1:]))
"""


async def caller(tokens: TokensFile, first: int, last: int, death: str = "") -> asyncio.subprocess.Process:
    """A process that has opened the portal, and calls once it is told to."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", CALLER, str(tokens.path), str(first), str(last), death),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def told(process: asyncio.subprocess.Process) -> list[str]:
    """What its calls came to."""
    stdout, _ = await process.communicate(b"go\n")
    return stdout.decode().splitlines()


async def test_processes_never_renew_at_once(simulator: Simulator, tokens: TokensFile) -> None:
    """Four processes of five calls each, all expired: one renewal, taken over by the others from the disk."""
    simulator.script("slow", method="oauth.token", seconds=0.3, times=None)
    processes = [await caller(tokens, first, first + 5) for first in range(1, 21, 5)]
    simulator.expire_tokens()

    ended = await asyncio.gather(*map(told, processes))

    assert ended == [["Response"] * 5] * 4
    assert started(simulator) == sorted(f"LEAD_{number}" for number in range(1, 21))
    assert simulator.token_requests == ["refresh_token granted"]


async def killed(process: asyncio.subprocess.Process) -> bool:
    return await process.wait() == -signal.SIGKILL


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
async def test_killed_before_the_answer_came_the_person_signs_in_again_and_nothing_has_started(
    simulator: Simulator, tokens: TokensFile
) -> None:
    """The server has given a new token, which nobody heard: what is on disk is spent."""
    before = on_disk(tokens)
    simulator.script("hang after", method="oauth.token")
    process = await caller(tokens, 1, 4)
    simulator.expire_tokens()
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    await until(lambda: simulator.token_requests)
    process.kill()
    assert await killed(process)
    process._transport.close()  # type: ignore[attr-defined]

    assert on_disk(tokens) == before
    assert simulator.started == []
    [told_next] = await told(await caller(tokens, 1, 2))
    assert "sign in again: launcher login --oauth" in told_next
    assert simulator.started == []
    assert simulator.token_requests == ["refresh_token granted", "refresh_token invalid_grant"]


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
async def test_killed_between_the_answer_and_the_disk_it_is_the_same(
    simulator: Simulator, tokens: TokensFile
) -> None:
    before = on_disk(tokens)
    process = await caller(tokens, 1, 4, "before writing")
    simulator.expire_tokens()

    assert await told(process) == []
    assert await killed(process)
    assert on_disk(tokens) == before
    [told_next] = await told(await caller(tokens, 1, 2))
    assert "sign in again: launcher login --oauth" in told_next
    assert simulator.started == []


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
async def test_killed_once_it_is_written_and_not_yet_renamed_the_new_token_is_found(
    simulator: Simulator, tokens: TokensFile
) -> None:
    process = await caller(tokens, 1, 4, "before renaming")
    simulator.expire_tokens()

    assert await told(process) == []
    assert await killed(process)
    assert simulator.started == []
    assert await told(await caller(tokens, 1, 4)) == ["Response"] * 3
    assert started(simulator) == ["LEAD_1", "LEAD_2", "LEAD_3"]
    assert simulator.token_requests == ["refresh_token granted"], "no second renewal"


async def test_a_killed_process_leaves_no_lock(simulator: Simulator, tokens: TokensFile) -> None:
    process = await caller(tokens, 1, 2, "before writing")
    simulator.expire_tokens()
    await told(process)
    signed_in(simulator, tokens.path, refresh=simulator.settings.refresh_token + ".1")

    assert await told(await caller(tokens, 1, 2)) == ["Response"]
