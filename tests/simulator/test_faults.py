"""Every fault does what it says. The judge: the true list of starts, and what the client sees."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from launcher.simulator import FAULTS
from tests.support.clocks import LoopClock, until

LONG_S = 3600.0
"""The client's time-out: it comes where a test puts the clock forward by so much."""


async def send(http, portal, params, method="batch"):
    """Post without following redirects; the status and the body as bytes, or the client's exception."""
    limit = aiohttp.ClientTimeout(total=LONG_S)
    try:
        async with http.post(
            portal.webhook_url + method, json=params, allow_redirects=False, timeout=limit
        ) as response:
            return response.status, await response.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        return error, b""


REFUSALS = {
    "query limit": (503, "QUERY_LIMIT_EXCEEDED"),
    "operating limit": (429, "OPERATION_TIME_LIMIT"),
    "overload": (503, "OVERLOAD_LIMIT"),
    "expired token": (401, "expired_token"),
    "no auth": (401, "NO_AUTH_FOUND"),
    "portal deleted": (403, "PORTAL_DELETED"),
    "access denied": (403, "ACCESS_DENIED"),
    "insufficient scope": (403, "insufficient_scope"),
    "https required": (400, "INVALID_REQUEST"),
    "internal error before": (500, "INTERNAL_SERVER_ERROR"),
    "internal error after": (500, "INTERNAL_SERVER_ERROR"),
    "unexpected answer after": (500, "ERROR_UNEXPECTED_ANSWER"),
    "core error after": (500, "ERROR_CORE"),
}
PAGES = {
    "502 before": 502,
    "502 after": 502,
    "503 html before": 503,
    "504 before": 504,
    "504 after": 504,
    "html after": 200,
}
BODIES = {"empty after": b"", "list after": b"[]", "null after": b"null"}
LOST = {
    "reset before": ConnectionResetError,
    "reset after": ConnectionResetError,
    "reset during": ConnectionResetError,
    "close after": aiohttp.ServerDisconnectedError,
    "cut body after": aiohttp.ClientPayloadError,
}


def executed(name: str, commands: int = 3) -> int:
    """How many of the commands are executed under this fault."""
    if name == "reset during":
        return 1
    return commands if name.endswith("after") else 0


@pytest.mark.parametrize("name", REFUSALS)
async def test_refusals_have_their_status_and_code(portal, http, batch, name):
    portal.script(name)

    status, body = await send(http, portal, batch(1, 2, 3))

    assert (status, json.loads(body)["error"]) == REFUSALS[name]
    assert len(portal.started) == executed(name)
    assert (portal.requests[0].fault, portal.requests[0].code) == (name, REFUSALS[name][1])
    assert (await send(http, portal, batch(4)))[0] == 200


@pytest.mark.parametrize("name", PAGES)
async def test_pages_are_html(portal, http, batch, name):
    portal.script(name)

    status, body = await send(http, portal, batch(1, 2, 3))

    assert status == PAGES[name]
    assert b"<html>" in body
    assert len(portal.started) == executed(name)


@pytest.mark.parametrize("name", BODIES)
async def test_bodies_are_complete_and_wrong(portal, http, batch, name):
    portal.script(name)

    assert await send(http, portal, batch(1, 2, 3)) == (200, BODIES[name])
    assert len(portal.started) == 3


@pytest.mark.parametrize("name", LOST)
async def test_lost_answers_are_lost_in_their_own_way(portal, http, batch, name):
    portal.script(name)

    error, _ = await send(http, portal, batch(1, 2, 3))

    causes = (error, error.__cause__, getattr(error, "os_error", None))
    assert any(isinstance(each, LOST[name]) for each in causes), repr(error)
    assert len(portal.started) == executed(name)
    assert portal.requests[0].status == (200 if name == "cut body after" else 0)
    assert (await send(http, portal, batch(4)))[0] == 200


async def test_a_cut_json_answer_is_complete_for_http_and_broken_for_json(portal, http, batch):
    portal.script("cut json after")

    status, body = await send(http, portal, batch(1, 2, 3))

    assert status == 200
    assert body.startswith(b'{"result"')
    with pytest.raises(ValueError, match=r"\w"):
        json.loads(body)
    assert len(portal.started) == 3


@pytest.mark.parametrize(("name", "starts"), [("hang before", 0), ("hang after", 3)])
async def test_a_hanging_portal_answers_nothing_until_the_client_leaves(
    portal, http, batch, name, starts, monkeypatch
):
    portal.script(name)
    clock = LoopClock(monkeypatch)
    hanging = asyncio.create_task(send(http, portal, batch(1, 2, 3)))
    await until(lambda: portal.requests and len(portal.started) == starts)

    clock.put_forward(LONG_S)
    error, _ = await hanging

    assert isinstance(error, TimeoutError)
    assert len(portal.started) == starts
    assert (await send(http, portal, batch(4)))[0] == 200


async def test_a_hang_of_some_seconds_ends_without_an_answer(portal, http, batch):
    portal.script("hang after", seconds=0.02)

    error, _ = await send(http, portal, batch(1))

    assert isinstance(error, aiohttp.ServerDisconnectedError)


@pytest.mark.parametrize("commands", [0, 2, 3, 9])
async def test_a_reset_during_a_batch_leaves_what_came_before_it(portal, http, batch, commands):
    portal.script("reset during", commands=commands)

    error, _ = await send(http, portal, batch(1, 2, 3))

    assert isinstance(error, aiohttp.ClientError)
    assert len(portal.started) == min(commands, 3)


async def test_a_slow_answer_is_a_right_one(portal, ask, batch):
    portal.script("slow", seconds=0.03)

    _, answer = await ask(portal, "batch", batch(1))

    assert answer["result"]["result"]["r0"] == portal.started[0].workflow_id


async def test_moved_leads_to_the_same_path_elsewhere(portal, http, batch):
    portal.script("moved", location="https://new.example/", times=None)

    url = portal.webhook_url + "batch?x=1"
    async with http.post(url, json=batch(1), allow_redirects=False) as response:
        assert response.status == 302
        assert response.headers["Location"] == "https://new.example/rest/1/simulated0secret/batch?x=1"
    assert portal.started == []


async def test_any_error_can_be_scripted(portal, ask, batch):
    portal.script("error", status=418, code="TEAPOT", text="short and stout")

    status, answer = await ask(portal, "batch", batch(1))

    assert (status, answer) == (418, {"error": "TEAPOT", "error_description": "short and stout"})
    assert portal.started == []


async def altered(portal, ask, batch, name, **arguments):
    portal.script(name, **arguments)
    _, answer = await ask(portal, "batch", batch(1, 2, 3))
    return answer.get("result"), [started.workflow_id for started in portal.started]


async def test_a_key_can_be_in_no_map(portal, ask, batch):
    maps, ids = await altered(portal, ask, batch, "drop key", index=1)

    assert maps["result"] == {"r0": ids[0], "r2": ids[2]}
    assert all("r1" not in each for each in maps.values())
    assert len(ids) == 3


async def test_a_key_can_be_in_both_maps(portal, ask, batch):
    maps, ids = await altered(portal, ask, batch, "both maps", index=2)

    assert maps["result"]["r2"] == ids[2]
    assert maps["result_error"]["r2"]["error"] == ""


async def test_the_result_can_be_missing(portal, ask, batch):
    maps, ids = await altered(portal, ask, batch, "drop result")

    assert maps is None
    assert len(ids) == 3


async def test_an_id_can_be_a_number_empty_or_given_twice(portal, ask, batch, lead):
    maps, _ = await altered(portal, ask, batch, "number id")
    assert isinstance(maps["result"]["r0"], int)
    maps, _ = await altered(portal, ask, batch, "empty id", index=1)
    assert maps["result"]["r1"] == ""
    maps, ids = await altered(portal, ask, batch, "id twice")
    assert maps["result"] == {"r0": ids[6], "r1": ids[6], "r2": ids[8]}
    assert len(set(ids)) == 9
    portal.script("empty id")
    assert (await ask(portal, "bizproc.workflow.start", lead(1)))[1]["result"] == ""


async def test_one_command_can_be_refused(portal, ask, batch, lead):
    maps, ids = await altered(portal, ask, batch, "command error", index=1, code="", text="Нельзя")

    assert maps["result"] == {"r0": ids[0], "r2": ids[1]}
    assert maps["result_error"] == {"r1": {"error": "", "error_description": "Нельзя"}}
    portal.script("command error", code="X", text="y")
    assert (await ask(portal, "bizproc.workflow.start", lead(1)))[0] == 400
    assert len(portal.started) == 2


async def test_the_operating_limit_can_come_in_the_middle(portal, ask, batch):
    maps, ids = await altered(portal, ask, batch, "operating limit from", index=1)

    assert maps["result"] == {"r0": ids[0]}
    assert {error["error"] for error in maps["result_error"].values()} == {"OPERATION_TIME_LIMIT"}
    assert list(maps["result_error"]) == ["r1", "r2"]
    assert len(ids) == 1


def test_every_fault_has_a_test() -> None:
    """Names of faults are the vocabulary of other tests: each stands in this file."""
    text = Path(__file__).read_text(encoding="utf-8")

    assert [name for name in FAULTS if f'"{name}"' not in text] == []


async def test_entries_wait_count_and_choose_their_method(portal, ask, batch):
    portal.script("overload", method="batch", skip=1, times=2)

    seen = [
        (await ask(portal, method, batch(1)))[0] for method in ("batch", "profile", "batch", "batch", "batch")
    ]

    assert seen == [200, 200, 503, 503, 200]
    assert portal.faults.entries == []


async def test_the_first_matching_entry_wins(portal, ask):
    portal.script("overload", method="batch")
    portal.script("no auth", times=None)

    assert [(await ask(portal, method))[0] for method in ("batch", "batch", "profile")] == [503, 401, 401]


async def test_a_rate_is_drawn_from_the_entrys_own_seed(simulate, ask):
    async def hits(seed):
        portal = await simulate(burst=0)
        portal.script(["overload", "no auth"], rate=0.3, times=None, seed=seed)
        return [(await ask(portal, "profile"))[0] for _ in range(60)]

    first = await hits(5)
    assert first == await hits(5)
    assert first != await hits(6)
    assert set(first) == {200, 401, 503}
    assert 6 < 60 - first.count(200) < 32


async def test_an_unknown_fault_is_refused_with_the_nearest_names(portal):
    with pytest.raises(ValueError, match="'reset after'"):
        portal.script("reset aftr")
    with pytest.raises(ValueError, match="index"):
        portal.script("drop key", idx=1)
    with pytest.raises(ValueError, match="location"):
        portal.script("moved")


async def test_a_portal_goes_on_executing_when_the_client_has_left(simulate, http, batch):
    portal = await simulate(burst=0, start_seconds=0.01)
    leaving = asyncio.create_task(send(http, portal, batch(1, 2, 3, 4)))
    await until(lambda: portal.started)

    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving

    await until(lambda: len(portal.started) == 4)


async def test_a_half_written_request_executes_nothing_and_disturbs_nobody(portal, batch, caplog):
    body = json.dumps(batch(1)).encode()
    head = f"POST /rest/1/simulated0secret/batch HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: application/json\r\n\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", int(portal.url.rpartition(":")[2]))
    writer.write(head.encode() + body[:-1])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.02)

    assert portal.started == []
    assert portal.requests == []
    assert caplog.records == []


async def test_a_stopped_portal_ends_its_hanging_answers_and_can_start_again(simulate, http, batch, kept_port):
    portal = await simulate(burst=0, port=kept_port)
    portal.script("hang after")
    hanging = asyncio.create_task(send(http, portal, batch(1)))
    await until(lambda: portal.started)

    await portal.stop()
    error, _ = await hanging
    assert isinstance(error, aiohttp.ClientError)

    address = portal.url
    await portal.start()
    assert portal.url == address
    assert (await send(http, portal, batch(2)))[0] == 200
    assert len(portal.started) == 2


async def test_a_stopping_portal_executes_no_further(simulate, http, batch):
    portal = await simulate(burst=0, start_seconds=30.0)
    running = asyncio.create_task(send(http, portal, batch(1, 2)))
    await until(lambda: portal.started)

    await portal.stop()

    error, _ = await running
    assert isinstance(error, aiohttp.ClientError)
    assert len(portal.started) == 1


async def test_many_requests_are_executed_side_by_side(simulate, http, batch, monkeypatch):
    """All have begun before the first is over: no start ends before the clock is put forward."""
    portal = await simulate(burst=0, start_seconds=30.0)
    clock = LoopClock(monkeypatch)
    sending = asyncio.gather(*(send(http, portal, batch(number, number)) for number in range(1, 21)))
    await until(lambda: len(portal.started) == 20)

    portal.settings = replace(portal.settings, start_seconds=0.0)
    clock.put_forward(30.0)
    await sending

    assert len(portal.started) == 40
    assert len({started.workflow_id for started in portal.started}) == 40
