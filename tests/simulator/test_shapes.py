"""The shapes of a batch's answer, as real portals were recorded to write them: PHP arrays made JSON."""

import re

import pytest

EMPTY = {"result": [], "result_error": [], "result_total": [], "result_next": [], "result_time": []}
NUMBERS = ["start", "finish", "duration", "processing"]
DATES = ["date_start", "date_finish"]
OPERATING = ["operating_reset_at", "operating"]


@pytest.fixture
def maps(portal, ask):
    """The five maps of a batch of these commands."""

    async def answered(commands):
        status, answer = await ask(portal, "batch", {"halt": 0, "cmd": commands})
        assert status == 200
        return answer["result"]

    return answered


async def test_a_map_without_entries_is_an_empty_list(maps, start_command):
    """Of a command that succeeds and counts nothing only the result and its time are left."""
    answered = await maps({"order0": start_command(1)})

    assert list(answered) == list(EMPTY)
    assert {name: list(each) for name, each in answered.items() if each != []} == {
        "result": ["order0"],
        "result_time": ["order0"],
    }


async def test_where_all_commands_fail_results_and_times_are_empty_lists(maps, start_command):
    answered = await maps({"a": start_command(0), "b": "bizproc.workflow.start"})

    assert {**answered, "result_error": []} == EMPTY
    assert answered["result_error"] == {
        "a": {"error": "", "error_description": "Wrong DOCUMENT_ID!"},
        "b": {"error": "ERROR_WRONG_WORKFLOW_ID", "error_description": "Empty TEMPLATE_ID"},
    }


async def test_a_failed_command_has_no_time_and_the_others_keep_theirs(maps, start_command):
    answered = await maps({"a": start_command(1), "b": start_command(0), "c": start_command(2)})

    assert list(answered["result"]) == list(answered["result_time"]) == ["a", "c"]
    assert list(answered["result_error"]) == ["b"]


async def test_each_map_becomes_a_list_by_its_own_keys(maps, start_command):
    """Keys 0 and 1 failed and 35943 succeeded: a list of errors beside a map of results, so who knows which?"""
    answered = await maps({"35943": start_command(1), "0": start_command(0), "1": "bizproc.workflow.start"})

    assert [each["error"] for each in answered["result_error"]] == ["", "ERROR_WRONG_WORKFLOW_ID"]
    assert list(answered["result"]) == list(answered["result_time"]) == ["35943"]


async def test_a_single_command_with_key_0_gives_lists_of_one(maps):
    answered = await maps({"0": "bizproc.workflow.template.list?SELECT[]=ID&FILTER[ID]=1"})

    assert answered["result"] == [[{"ID": "1"}]]
    assert answered["result_total"] == [1]
    assert [list(each) for each in answered["result_time"]] == [[*NUMBERS, *DATES, *OPERATING]]


async def test_a_list_that_is_empty_has_the_total_0_and_no_next(maps):
    answered = await maps({"order0": "bizproc.workflow.instances?SELECT[]=ID"})

    assert (answered["result"], answered["result_total"]) == ({"order0": []}, {"order0": 0})
    assert answered["result_next"] == []


async def test_times_are_numbers_and_dates_of_the_portals_own_zone(portal, ask, start_command):
    _, answer = await ask(portal, "batch", {"cmd": {"order0": start_command(1)}})

    whole, command = answer["time"], answer["result"]["result_time"]["order0"]
    for block in (whole, command):
        assert list(block) == [*NUMBERS, *DATES, *OPERATING]
        assert [type(block[name]) for name in NUMBERS] == [float] * 4
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+03:00", block[name]) for name in DATES)
        assert block["processing"] <= block["duration"]
        # No seconds used: the whole number 0, and the end of a basket that would be opened now.
        assert (block["operating"], type(block["operating"])) == (0, int)
        assert block["operating_reset_at"] - int(block["finish"]) == 600
    assert whole["start"] <= command["start"] <= command["finish"] <= whole["finish"]


async def test_the_whole_batch_tells_the_seconds_of_the_last_command(simulate, ask, start_command):
    portal = await simulate(burst=0, start_seconds=0.01)

    _, answer = await ask(portal, "batch", {"cmd": {"a": start_command(1), "b": start_command(2)}})

    used = [answer["result"]["result_time"][key]["operating"] for key in "ab"]
    assert used == [pytest.approx(0.01), pytest.approx(0.02)]
    assert answer["time"]["operating"] == used[1]
