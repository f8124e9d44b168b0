"""Control over HTTP: what a test in another process can read and change."""

import asyncio
import math

from launcher.simulator import Settings, Simulator, serve
from tests.support.clocks import until


async def get(http, portal, path):
    async with http.get(f"{portal.url}/simulator/{path}") as response:
        return await response.json()


async def post(http, portal, path, body):
    async with http.post(f"{portal.url}/simulator/{path}", json=body) as response:
        return response.status, await response.json()


async def test_the_true_list_can_be_read_in_parts(simulate, ask, http, batch):
    portal = await simulate(runs_seconds=math.inf)
    await ask(portal, "batch", batch(1, 2, 3))

    answer = await get(http, portal, "started?after=1")

    assert answer["total"] == 3
    assert [each["document"] for each in answer["started"]] == [
        ["crm", "CCrmDocumentLead", "LEAD_2"],
        ["crm", "CCrmDocumentLead", "LEAD_3"],
    ]
    first = answer["started"][0]
    assert first["workflow_id"] == portal.started[1].workflow_id
    assert (first["key"], first["request"], first["ends_at"]) == ("r1", 1, "inf")


async def test_the_log_tells_of_every_request(portal, ask, http, batch):
    await ask(portal, "batch", batch(1, 0))
    portal.script("reset after")
    await asyncio.gather(ask(portal, "profile"), return_exceptions=True)

    answer = await get(http, portal, "requests")

    assert answer["total"] == 2
    first, second = answer["requests"]
    assert (first["number"], first["method"], first["commands"], first["started"]) == (1, "batch", 2, 1)
    assert (first["status"], first["code"], first["fault"], first["source"]) == (200, "", None, "127.0.0.1")
    assert (second["status"], second["fault"]) == (0, "reset after")
    assert (await get(http, portal, "requests?after=1"))["requests"] == [second]


async def test_settings_change_while_the_portal_runs(portal, ask, http, lead):
    changes = {
        "missing": ["LEAD_1"],
        "runs_seconds": "inf",
        "start_seconds_of": {"1": 0.001},
        "scopes": ["bizproc"],
    }

    status, answer = await post(http, portal, "settings", changes)

    assert status == 200
    assert {name: answer[name] for name in changes} == changes
    assert await get(http, portal, "settings") == answer
    assert portal.settings.start_seconds_of == {1: 0.001}
    assert portal.settings.burst == 0
    assert (await ask(portal, "bizproc.workflow.start", lead(1)))[0] == 400
    status, answer = await post(http, portal, "settings", {"brst": 1})
    assert status == 400
    assert "'burst'" in answer["error"]


async def test_faults_are_scripted_and_what_is_left_is_told(portal, ask, http):
    entries = [
        {"fault": "slow", "seconds": 0.0, "times": 2, "method": "profile"},
        {"fault": ["overload", "no auth"], "rate": 0.5, "times": None},
    ]

    assert (await post(http, portal, "script", entries))[0] == 200
    await ask(portal, "profile")

    left = (await get(http, portal, "script"))["script"]
    assert left[0] == {
        "fault": "slow",
        "method": "profile",
        "skip": 0,
        "times": 1,
        "rate": None,
        "seconds": 0.0,
    }
    assert left[1]["fault"] == ["overload", "no auth"]
    assert portal.requests[0].fault == "slow"


async def test_a_wrong_script_is_refused_as_a_whole(portal, http):
    status, answer = await post(http, portal, "script", [{"fault": "overload"}, {"fault": "overlod"}])

    assert status == 400
    assert "overload" in answer["error"]
    assert portal.faults.entries == []


async def test_running_workflows_are_ended_by_name_or_all(simulate, ask, http, batch):
    portal = await simulate(runs_seconds=math.inf)
    await ask(portal, "batch", batch(1, 2, 3))

    assert await post(http, portal, "end", {"workflow_ids": [portal.started[1].workflow_id, "x"]}) == (
        200,
        {"ended": 1},
    )
    assert (await ask(portal, "bizproc.workflow.instances"))[1]["total"] == 2
    assert await post(http, portal, "end", {"workflow_ids": "all"}) == (200, {"ended": 2})
    assert all(started.ends_at < math.inf for started in portal.started)


async def test_tokens_expire_and_notifications_are_told(portal, ask, http):
    await ask(portal, "im.notify.system.add", {"USER_ID": 3, "MESSAGE": "m"})

    assert (await get(http, portal, "notifications"))["notifications"][0]["message"] == "m"
    await post(http, portal, "expire", {})
    async with http.post(portal.url + "/rest/profile", json={"auth": portal.settings.access_token}) as response:
        assert (await response.json())["error"] == "expired_token"


async def test_control_requests_count_for_no_limit_and_stand_in_no_log(simulate, ask, http):
    portal = await simulate(burst=1, per_second=0.0)
    portal.script("overload", skip=1)
    for _ in range(5):
        await get(http, portal, "started")

    assert (await ask(portal, "profile"))[0] == 200
    assert len(portal.requests) == 1


async def test_serve_runs_until_it_is_told_to_stop(http):
    ready: list[Simulator] = []
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(Settings(), ready.append, stop))
    await until(lambda: ready)

    assert (await get(http, ready[0], "started"))["total"] == 0
    stop.set()
    await serving
