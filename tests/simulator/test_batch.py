"""`batch`: maps, keys, halt, lengths, and references to earlier answers."""

from urllib.parse import quote

import pytest


async def test_an_answer_has_five_maps_keyed_as_the_commands_were(portal, ask, batch):
    _, answer = await ask(portal, "batch", batch(1, 2))

    maps = answer["result"]
    assert list(maps) == ["result", "result_error", "result_total", "result_next", "result_time"]
    assert maps["result"] == {f"r{place}": started.workflow_id for place, started in enumerate(portal.started)}
    assert [started.key for started in portal.started] == ["r0", "r1"]
    assert maps["result_error"] == maps["result_total"] == maps["result_next"] == []
    block = {
        "start",
        "finish",
        "duration",
        "processing",
        "date_start",
        "date_finish",
        "operating_reset_at",
        "operating",
    }
    assert set(answer["time"]) == set(maps["result_time"]["r0"]) == block


async def test_numeric_keys_come_back_as_lists_and_with_failures_nobody_knows_which(portal, ask, start_command):
    commands = [start_command(1), "bizproc.workflow.start?TEMPLATE_ID=1", start_command(2)]

    _, answer = await ask(portal, "batch", {"cmd": commands})
    assert list(answer["result"]["result"]) == ["0", "2"]
    assert answer["result"]["result_error"] == {"1": {"error": "", "error_description": "Wrong DOCUMENT_ID!"}}

    _, answer = await ask(portal, "batch", {"cmd": {"0": commands[1], "1": commands[0]}})
    assert answer["result"]["result_error"] == [{"error": "", "error_description": "Wrong DOCUMENT_ID!"}]
    assert list(answer["result"]["result"]) == ["1"]

    _, answer = await ask(portal, "batch", {"cmd": commands[::2]})
    assert answer["result"]["result"] == [started.workflow_id for started in portal.started[-2:]]


@pytest.mark.parametrize("halt", [1, "1", True, "false"])
async def test_halt_stops_at_the_first_failure(portal, ask, batch, halt):
    params = batch(1, 0, 3, halt=halt)

    _, answer = await ask(portal, "batch", params)

    assert list(answer["result"]["result"]) == ["r0"]
    assert list(answer["result"]["result_error"]) == ["r1"]
    assert len(portal.started) == 1


async def test_without_halt_a_failure_stops_nothing(portal, ask, batch):
    _, answer = await ask(portal, "batch", batch(1, 0, 3, halt="0"))

    assert list(answer["result"]["result"]) == ["r0", "r2"]


async def test_commands_past_the_fiftieth_are_refused_one_by_one(portal, ask, batch):
    _, answer = await ask(portal, "batch", batch(*range(1, 53)))

    assert len(answer["result"]["result"]) == len(portal.started) == 50
    refusal = {"error": "ERROR_BATCH_LENGTH_EXCEEDED", "error_description": "Max batch length exceeded"}
    assert answer["result"]["result_error"] == {"r50": refusal, "r51": refusal}
    assert portal.requests[0].commands == 52


async def test_a_batch_in_a_batch_is_not_allowed(portal, ask):
    _, answer = await ask(portal, "batch", {"cmd": {"a": "batch?cmd[x]=profile", "b": "Profile"}})

    assert answer["result"]["result_error"]["a"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"
    assert answer["result"]["result"]["b"]["ADMIN"] is True


async def test_a_batch_without_commands_answers_empty_lists(portal, ask):
    status, answer = await ask(portal, "batch", {"halt": 0})

    assert status == 200
    assert set(map(str, answer["result"].values())) == {"[]"}


async def test_batches_are_read_from_forms_too(portal, http, start_command):
    form = {"halt": "0", "cmd[r1]": start_command(4), "cmd[r2]": "server.time"}

    async with http.post(portal.webhook_url + "batch.json", data=form) as response:
        answer = await response.json()

    assert answer["result"]["result"]["r1"] == portal.started[0].workflow_id
    assert "T" in answer["result"]["result"]["r2"]


async def test_values_arrive_as_strings_decoded_once(portal, ask, start_command):
    value = "Ёж & co=100% +[a]#?/\n\"'😀 %20"

    await ask(portal, "batch", {"cmd": {"r1": start_command(1, Comment=value, Parameter1="")}})

    assert portal.started[0].parameters == {"Comment": value, "Parameter1": ""}


async def test_what_is_not_encoded_is_damaged_as_php_damages_it(portal, ask, start_command):
    await ask(
        portal,
        "batch",
        {"cmd": {"r1": start_command(1) + "&PARAMETERS[Comment]=a+b%zz\n#lost&PARAMETERS[x]=1"}},
    )

    assert portal.started[0].parameters == {"Comment": "a b%zz_"}


REFERENCES = [
    ("$result[a][NAME]", "Vera"),
    ("<$result[a][NAME]> tail", "Vera tail"),
    ("$result[a][NAME] and $result[a][LAST_NAME]", "Vera and Orlova"),
    ("costs $result[nobody][x] now", "costs  now"),
    ("$RESULT[a][NAME]", ""),
    ("$total[u]", 5),
    ("$error[bad][error_description]", "Method not found!"),
    ("$result and $next", "$result and $next"),
    ("$results [a]", "$results [a]"),
    ("$other[a]", "$other[a]"),
    ("$ 5", "$ 5"),
]


@pytest.mark.parametrize(("written", "arrives"), REFERENCES)
async def test_references_are_filled_in_after_decoding(portal, ask, start_command, written, arrives):
    commands = {
        "a": "profile",
        "bad": "no.such.method",
        "u": "user.get",
        "r": start_command(1, Comment=written),
    }

    await ask(portal, "batch", {"cmd": commands})

    if written.startswith("<"):
        arrives = f"<{arrives}"
    assert portal.started[0].parameters == {"Comment": arrives}


async def test_a_reference_can_be_a_whole_document(portal, ask):
    start = "bizproc.workflow.start?TEMPLATE_ID=$result[t][0][ID]&DOCUMENT_ID[0]=crm"
    start += "&DOCUMENT_ID[1]=CCrmDocumentLead&DOCUMENT_ID[2]=" + quote("LEAD_$total[t]")
    commands = {"t": "bizproc.workflow.template.list?SELECT[]=ID", "r": start}

    _, answer = await ask(portal, "batch", {"cmd": commands})

    assert answer["result"]["result_error"] == []
    assert portal.started[0].document[2] == "LEAD_11"


async def test_a_single_call_is_not_interpolated(portal, ask, lead):
    await ask(portal, "bizproc.workflow.start", lead(1, Comment="$result[a][b]"))

    assert portal.started[0].parameters == {"Comment": "$result[a][b]"}
