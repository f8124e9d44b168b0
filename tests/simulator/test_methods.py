"""Every other method: what it lists, tells and changes."""

import math
from datetime import datetime

import pytest

INSTANCES = "bizproc.workflow.instances"
TEMPLATES = "bizproc.workflow.template.list"


async def test_only_running_workflows_are_listed(simulate, ask, lead):
    portal = await simulate(runs_seconds=0.0)
    await ask(portal, "bizproc.workflow.start", lead(1))
    portal.settings = type(portal.settings)(runs_seconds=math.inf)
    await ask(portal, "bizproc.workflow.start", lead(2))

    _, answer = await ask(portal, INSTANCES)

    assert [row["ID"] for row in answer["result"]] == [portal.started[1].workflow_id]
    assert set(answer["result"][0]) == {"ID", "MODIFIED", "OWNED_UNTIL"}
    assert answer["total"] == 1
    assert "next" not in answer


async def test_instances_are_selected_filtered_and_ordered(simulate, ask, batch):
    portal = await simulate(runs_seconds=math.inf, user_id=7, clock_offset_seconds=3600)
    await ask(portal, "batch", batch(1, 2, 2, 3))
    for started in portal.started:  # in one second, by which the portal lists and compares
        started.at = portal.started[0].at
    fields = ["ID", "DOCUMENT_ID", "STARTED", "started_by", "TEMPLATE_ID", "MODULE_ID", "ENTITY", "NO_SUCH"]

    _, answer = await ask(portal, INSTANCES, {"select": fields, "filter": {"DOCUMENT_ID": "LEAD_2"}})
    assert [row["ID"] for row in answer["result"]] == [s.workflow_id for s in portal.started[1:3]]
    row = answer["result"][0]
    assert (row["DOCUMENT_ID"], row["STARTED_BY"], row["TEMPLATE_ID"]) == ("LEAD_2", "7", "1")
    assert abs(datetime.fromisoformat(row["STARTED"]).timestamp() - portal.started[1].at - 3600) <= 1
    assert row["STARTED"].endswith("+03:00")

    async def count(**rules):
        return (await ask(portal, INSTANCES, {"FILTER": rules}))[1]["total"]

    assert await count(**{"!DOCUMENT_ID": "LEAD_2"}) == 2
    assert await count(DOCUMENT_ID=["LEAD_1", "LEAD_3"]) == 2
    assert await count(TEMPLATE_ID=2) == 0
    assert await count(**{">=STARTED": row["STARTED"]}) == 4
    assert await count(**{"<STARTED": row["STARTED"]}) == 0
    assert await count(**{">MODIFIED": "2100-01-01T00:00:00+00:00"}) == 0
    assert await count(template_id=2) == 4, "field names count only in upper case; others are ignored"
    assert await count(**{"@ID": ["x"]}) == 4, "an unknown operation is ignored"

    _, answer = await ask(portal, INSTANCES, {"SELECT": ["ID"], "ORDER": {"ID": "DESC"}})
    assert [r["ID"] for r in answer["result"]] == sorted((s.workflow_id for s in portal.started), reverse=True)


async def test_lists_come_in_pages_of_fifty(simulate, ask, batch):
    portal = await simulate(runs_seconds=math.inf)
    for first in (1, 51, 101):
        await ask(portal, "batch", batch(*range(first, min(first + 50, 121))))

    seen, start = [], 0
    while start is not None:
        _, answer = await ask(portal, INSTANCES, {"SELECT": ["ID"], "ORDER": {"ID": "ASC"}, "start": start})
        seen += [row["ID"] for row in answer["result"]]
        start = answer.get("next")

    assert seen == sorted(started.workflow_id for started in portal.started)
    assert answer["total"] == len(seen) == 120


async def test_terminate_and_kill_end_a_workflow(simulate, ask, batch):
    portal = await simulate(runs_seconds=math.inf)
    await ask(portal, "batch", batch(1, 2))
    first, second = (started.workflow_id for started in portal.started)

    assert (await ask(portal, "bizproc.workflow.terminate", {"ID": first, "STATUS": "x"}))[1]["result"] is True
    assert (await ask(portal, "bizproc.workflow.kill", {"ID": second}))[1]["result"] is True
    assert (await ask(portal, INSTANCES))[1]["result"] == []
    status, answer = await ask(portal, "bizproc.workflow.terminate", {"ID": first})
    assert (status, answer["error"]) == (400, "")
    status, answer = await ask(portal, "bizproc.workflow.kill", {})
    assert (status, answer["error"]) == (400, "ERROR_WRONG_WORKFLOW_ID")


async def test_a_workflow_is_found_by_its_id_alone_and_by_no_part_of_it(simulate, ask, batch):
    portal = await simulate(runs_seconds=math.inf)
    await ask(portal, "batch", batch(1, 2, 3))
    wanted = portal.started[1].workflow_id

    async def found(workflow_id):
        return [r["ID"] for r in (await ask(portal, INSTANCES, {"FILTER": {"ID": workflow_id}}))[1]["result"]]

    assert await found(wanted) == [wanted]
    assert await found(wanted[:-1]) == []
    assert await found(wanted + "%") == []
    await ask(portal, "bizproc.workflow.terminate", {"ID": wanted})
    assert await found(wanted) == []


async def test_a_locked_workflow_says_until_when(simulate, ask, batch):
    portal = await simulate(runs_seconds=math.inf, clock_offset_seconds=3600)
    portal.settings = type(portal.settings)(
        runs_seconds=math.inf, clock_offset_seconds=3600, locked={"LEAD_1": 400, "LEAD_2": -60}
    )
    await ask(portal, "batch", batch(1, 2, 3))

    before = int(portal.state.clock.now())
    _, answer = await ask(portal, INSTANCES, {"SELECT": ["DOCUMENT_ID", "OWNED_UNTIL"]})
    after = portal.state.clock.now()
    until = {row["DOCUMENT_ID"]: row["OWNED_UNTIL"] for row in answer["result"]}

    assert until["LEAD_3"] is None
    assert before <= datetime.fromisoformat(until["LEAD_1"]).timestamp() + 400 <= after
    assert before <= datetime.fromisoformat(until["LEAD_2"]).timestamp() - 60 <= after


@pytest.mark.parametrize("way", ["terminate", "kill"])
async def test_a_workflow_that_cannot_be_ended_goes_on(simulate, ask, batch, way):
    portal = await simulate(runs_seconds=math.inf, unstoppable={"LEAD_1": "Не получилось"})
    await ask(portal, "batch", batch(1, 2))
    first, second = (started.workflow_id for started in portal.started)

    status, answer = await ask(portal, f"bizproc.workflow.{way}", {"ID": first})
    assert (status, answer["error"], answer["error_description"]) == (400, "", "Не получилось")
    assert (await ask(portal, f"bizproc.workflow.{way}", {"ID": second}))[1]["result"] is True
    assert [row["ID"] for row in (await ask(portal, INSTANCES))[1]["result"]] == [first]


async def test_templates_of_all_ten_kinds_are_listed(portal, ask):
    fields = ["ID", "NAME", "DOCUMENT_TYPE", "PARAMETERS"]

    _, answer = await ask(portal, TEMPLATES, {"SELECT": fields})
    assert [row["ID"] for row in answer["result"]] == [str(number) for number in range(1, 12)]
    by_id = {row["ID"]: row for row in answer["result"]}
    assert list(by_id["1"]["PARAMETERS"]) == ["Parameter1", "Comment"]
    assert by_id["3"]["PARAMETERS"] == []
    assert by_id["1"]["DOCUMENT_TYPE"] == "LEAD"
    assert by_id["3"]["DOCUMENT_TYPE"] == ["crm", "CCrmDocumentContact", "CONTACT"]
    flags = {repr(p["Required"]) for row in by_id.values() for p in (row["PARAMETERS"] or {}).values()}
    assert {"'0'", "'1'", "'Y'", "'N'", "True", "False"} <= flags
    types = {p["Type"] for p in by_id["11"]["PARAMETERS"].values()}
    assert {"string", "text", "int", "double", "bool", "date", "datetime", "select", "user", "file"} <= types

    _, answer = await ask(portal, TEMPLATES, {"FILTER": {"ENTITY": "CCrmDocumentLead"}})
    assert answer["result"] == [{"ID": "1"}, {"ID": "11"}]
    _, answer = await ask(portal, TEMPLATES, {"FILTER": {"DOCUMENT_TYPE": "CONTACT"}})
    assert answer["result"] == [{"ID": "3"}]


async def test_the_portal_tells_about_itself(simulate, ask):
    portal = await simulate(license="de_std", scopes=("bizproc", "crm"), utc_offset_hours=5.5)

    assert (await ask(portal, "scope"))[1]["result"] == ["bizproc", "crm"]
    assert (await ask(portal, "app.info"))[1]["result"] == {"SCOPE": ["bizproc", "crm"], "LICENSE": "de_std"}
    assert (await ask(portal, "server.time"))[1]["result"].endswith("+05:30")
    _, answer = await ask(portal, "profile")
    assert (answer["result"]["ID"], answer["result"]["ADMIN"]) == ("1", True)
    for name, exists, available in (
        ("bizproc.workflow.start", True, True),
        ("user.get", True, False),
        ("batch", True, True),
        ("x", False, False),
    ):
        _, answer = await ask(portal, "method.get", {"name": name})
        assert answer["result"] == {"isExisting": exists, "isAvailable": available}


async def test_existing_elements_are_told_by_their_ids(simulate, ask):
    portal = await simulate(documents=200, missing=frozenset({"DEAL_7", "DYNAMIC_147_3"}))

    async def listed(kind, ids, **more):
        _, answer = await ask(portal, "crm.item.list", {"entityTypeId": kind, "filter": {"@id": ids}, **more})
        return [item["id"] for item in answer["result"]["items"]], answer

    assert (await listed(2, [6, 7, 8, 201, 0]))[0] == [6, 8]
    assert (await listed(147, ["2", "3"]))[0] == [2]
    ids, answer = await listed(1, list(range(1, 61)))
    assert (len(ids), answer["next"], answer["total"]) == (50, 50, 60)
    ids, answer = await listed(1, list(range(1, 61)), start=50)
    assert ids == list(range(51, 61))
    assert "next" not in answer


async def test_all_elements_are_listed_page_by_page(simulate, ask):
    portal = await simulate(documents=120)

    _, answer = await ask(portal, "crm.item.list", {"entityTypeId": 1, "start": 100})
    assert [item["id"] for item in answer["result"]["items"]] == list(range(101, 121))
    _, answer = await ask(portal, "crm.item.list", {"entityTypeId": 1, "filter": {">id": 110}})
    assert (answer["total"], answer["result"]["items"][0]["id"]) == (10, 111)
    _, answer = await ask(portal, "crm.item.list", {"entityTypeId": 1, "filter": {">id": 110}, "start": -1})
    assert set(answer) == {"result", "time"}


async def test_an_unknown_crm_type_is_not_found(portal, ask):
    status, answer = await ask(portal, "crm.item.list", {"entityTypeId": 999})

    assert (status, answer["error"]) == (400, "NOT_FOUND")


async def test_smart_processes_are_named(portal, ask):
    _, answer = await ask(portal, "crm.type.list")

    assert 147 in [each["entityTypeId"] for each in answer["result"]["types"]]


@pytest.mark.parametrize(
    ("rules", "ids"),
    [
        ({"FILTER": {"EMAIL": "user2@portal.example"}}, ["2"]),
        ({"FILTER": {"NAME_SEARCH": "orlo"}}, ["1"]),
        ({"FILTER": {"ACTIVE": False}}, ["4"]),
        ({"ACTIVE": "Y", "ID": [3, 4]}, ["3"]),
        ({"ID": 5}, ["5"]),
        ({}, ["1", "2", "3", "4", "5"]),
    ],
)
async def test_people_are_found(portal, ask, rules, ids):
    _, answer = await ask(portal, "user.get", rules)

    assert [user["ID"] for user in answer["result"]] == ids


async def test_a_notification_is_kept(portal, ask):
    status, _ = await ask(portal, "im.notify.system.add", {"USER_ID": 2, "MESSAGE": "10 rows failed"})

    assert status == 200
    assert portal.notifications == [{"user_id": 2, "message": "10 rows failed", "tag": ""}]
    assert (await ask(portal, "im.notify.system.add", {"USER_ID": 2}))[0] == 400
    assert (await ask(portal, "user.current"))[1]["result"]["ID"] == "1"
