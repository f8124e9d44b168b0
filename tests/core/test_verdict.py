"""Of every answer, and of every missing one: did it start?"""

from enum import Enum
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from launcher.core.answers import (
    Blocked,
    NoAnswer,
    NotSent,
    Outcome,
    Redirected,
    Response,
    ResponseLost,
    TooLong,
    answer_of,
)
from launcher.core.batch import length_of
from launcher.core.catalogue import (
    BUSY,
    PORTAL_CODES,
    STOPPING,
    found,
    refused_caller_text,
    stop_text,
)
from launcher.core.model import State
from launcher.core.verdict import (
    Abort,
    Backoff,
    BatchOutcome,
    Limit,
    Verdict,
    given_twice,
    judge_batch,
    judge_single,
)
from tests.core.making import batch_body, error, lead, leads
from tests.support.examples import examples

ROWS = leads(3)
ID = "66e81a641752f8.56521481"


class Means(Enum):
    """What the documentation says of a code."""

    WAIT_FOR_RATE = "nothing started, slow down"
    WAIT_FOR_OPERATING_TIME = "nothing started, wait for the reset"
    STOP = "nothing started, and nothing will"
    UNKNOWN = "nobody knows"


# Official REST documentation, "Error codes" and "bizproc.workflow.start".
TABLE = [
    (503, "QUERY_LIMIT_EXCEEDED", Means.WAIT_FOR_RATE),
    (429, "OPERATION_TIME_LIMIT", Means.WAIT_FOR_OPERATING_TIME),
    (401, "expired_token", Means.STOP),  # where it could be renewed, the portal's border has done it
    (400, "invalid_grant", Means.STOP),
    (401, "invalid_client", Means.STOP),
    (402, "PAYMENT_REQUIRED", Means.STOP),
    (401, "NO_AUTH_FOUND", Means.STOP),
    (401, "invalid_token", Means.STOP),
    (403, "insufficient_scope", Means.STOP),
    (403, "INVALID_CREDENTIALS", Means.STOP),
    (403, "user_access_error", Means.STOP),
    (403, "ACCESS_DENIED", Means.STOP),
    (403, "PORTAL_DELETED", Means.STOP),
    (500, "PORTAL_DELETED", Means.STOP),
    (503, "OVERLOAD_LIMIT", Means.STOP),
    (404, "ERROR_METHOD_NOT_FOUND", Means.STOP),
    (400, "INVALID_REQUEST", Means.STOP),
    (401, "invalid_grant", Means.STOP),  # these three of the authorisation server
    (401, "invalid_client", Means.STOP),
    (402, "PAYMENT_REQUIRED", Means.STOP),
    (400, "ERROR_WRONG_WORKFLOW_ID", Means.STOP),
    (400, "ERROR_BATCH_LENGTH_EXCEEDED", Means.STOP),
    (405, "ERROR_BATCH_METHOD_NOT_ALLOWED", Means.STOP),
    (500, "INTERNAL_SERVER_ERROR", Means.UNKNOWN),
    (500, "ERROR_UNEXPECTED_ANSWER", Means.UNKNOWN),
    (500, "ERROR_CORE", Means.UNKNOWN),
]
STOPS = {code.upper() for _, code, means in TABLE if means is Means.STOP}

# Fixed in the server's code, and one as a template of a Russian portal may say it.
REFUSALS = [
    "Wrong DOCUMENT_ID!",
    "Incorrect document type!",
    "Template type and DOCUMENT_ID mismatch!",
    "Превышено количество одновременных процессов <b>2</b>",
]


def states(judgement: BatchOutcome) -> list[State]:
    return [verdict.state for verdict in judgement.verdicts]


def assert_all_unknown_and_lost(judgement: BatchOutcome, rows: int = 3) -> None:
    assert states(judgement) == [State.UNKNOWN] * rows
    assert judgement.lost
    assert judgement.hold is None
    assert judgement.halt is None
    for verdict in judgement.verdicts:
        assert verdict.code
        assert verdict.text
        assert not verdict.workflow_id


def assert_means(means: Means, code: str, verdict: Verdict, judgement: BatchOutcome) -> None:
    assert verdict.workflow_id == ""
    assert not verdict.later
    match means:
        case Means.WAIT_FOR_RATE | Means.WAIT_FOR_OPERATING_TIME:
            rate = means is Means.WAIT_FOR_RATE
            assert verdict == Verdict(State.DEFERRED, code=code, text="the portal's words")
            assert judgement.hold == Backoff(Limit.RATE if rate else Limit.OPERATING)
            assert judgement.halt is None
        case Means.STOP:
            assert verdict == Verdict(State.PENDING)
            assert judgement.halt is not None
            assert judgement.halt.code == code
            assert judgement.halt.text == stop_text(code, "the portal's words")
            assert judgement.hold is None
        case Means.UNKNOWN:
            assert verdict == Verdict(State.UNKNOWN, code=code, text="the portal's words")
            assert judgement.hold is None
            assert judgement.halt is None


def spellings(code: str) -> list[str]:
    return [code, code.lower(), code.upper()]


@pytest.mark.parametrize(("status", "code", "means"), TABLE)
def test_a_documented_code_decides_on_every_row_of_its_request(status: int, code: str, means: Means) -> None:
    for spelling in spellings(code):
        judgement = judge_batch(ROWS, Response(status, error(spelling, "the portal's words")))

        assert len(judgement.verdicts) == 3
        assert judgement.lost == (means is Means.UNKNOWN)
        for verdict in judgement.verdicts:
            assert_means(means, spelling, verdict, judgement)


@pytest.mark.parametrize(("status", "code", "means"), TABLE)
def test_a_documented_code_decides_on_a_start_that_went_alone(status: int, code: str, means: Means) -> None:
    for spelling in spellings(code):
        judgement = judge_single(ROWS[0], Response(status, error(spelling, "the portal's words")))

        [verdict] = judgement.verdicts
        assert judgement.lost == (means is Means.UNKNOWN)
        assert_means(means, spelling, verdict, judgement)


@pytest.mark.parametrize(("status", "code", "means"), TABLE)
def test_a_documented_code_of_one_command_decides_on_its_row_alone(
    status: int, code: str, means: Means
) -> None:
    for spelling in spellings(code):
        body = batch_body({"r2": "id of 2", "r4": "id of 4"}, {"r3": error(spelling, "the portal's words")})

        judgement = judge_batch(ROWS, Response(200, body))

        before, verdict, after = judgement.verdicts
        assert before == Verdict(State.STARTED, workflow_id="id of 2")
        assert after == Verdict(State.STARTED, workflow_id="id of 4")
        assert_means(means, spelling, verdict, judgement)
        assert not judgement.lost


@pytest.mark.parametrize("code", spellings("ERROR_WRONG_WORKFLOW_ID"))
def test_where_each_row_says_its_own_template_a_wrong_one_is_that_rows_fault_alone(code: str) -> None:
    wrong = error(code, "Template not found")
    body = batch_body({"r2": "id of 2", "r4": "id of 4"}, {"r3": wrong})
    failed = Verdict(State.FAILED, code=code, text="Template not found")

    judgement = judge_batch(ROWS, Response(200, body), own_templates=True)
    alone = judge_single(ROWS[1], Response(400, wrong), own_templates=True)

    assert [verdict.state for verdict in judgement.verdicts] == [State.STARTED, State.FAILED, State.STARTED]
    assert judgement.verdicts[1] == alone.verdicts[0] == failed
    assert judgement.halt is None
    assert alone.halt is None


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((status, code) for status, code, _ in TABLE if code != "ERROR_WRONG_WORKFLOW_ID"),
        (400, "SOMETHING_NEW"),
        (400, ""),
    ],
)
def test_where_each_row_says_its_own_template_other_errors_mean_what_they_mean(status: int, code: str) -> None:
    told = error(code, "the portal's words")
    one = Response(200, batch_body({"r2": "id of 2", "r4": "id of 4"}, {"r3": told}))

    for outcome in (one, Response(status, told)):
        assert judge_batch(ROWS, outcome, own_templates=True) == judge_batch(ROWS, outcome)
    alone = Response(status, told)
    assert judge_single(ROWS[0], alone, own_templates=True) == judge_single(ROWS[0], alone)


def test_every_code_that_is_judged_stands_in_the_table_and_the_other_way_round() -> None:
    assert set(PORTAL_CODES) == {code.upper() for _, code, _ in TABLE}


def test_every_code_that_stops_a_run_has_a_remedy_and_no_other_has() -> None:
    assert STOPPING == STOPS
    for code in STOPPING:
        assert len(PORTAL_CODES[code].remedy.split()) >= 4


@pytest.mark.parametrize("code", ["SOMETHING_NEW", "ERROR_ARGUMENT", "NOT_FOUND", " ", "0", "ошибка"])
@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_a_code_that_nothing_recognises_is_unknown(status: int, code: str) -> None:
    body = error(code, "words")

    assert_all_unknown_and_lost(judge_batch(ROWS, Response(status, body)))
    assert_all_unknown_and_lost(judge_single(ROWS[0], Response(status, body)), rows=1)
    in_batch = judge_batch(ROWS, Response(200, batch_body({"r2": "a", "r4": "b"}, {"r3": body})))
    assert states(in_batch) == [State.STARTED, State.UNKNOWN, State.STARTED]
    assert in_batch.verdicts[1] == Verdict(State.UNKNOWN, code=code, text="words")


REFUSED_CALLERS = [
    (401, "authorization_error"),
    (401, "ERROR_OAUTH"),
    (401, "METHOD_CONFIRM_WAITING"),
    (401, "SOMETHING_NEW"),
    (403, "ALLOWED_ONLY_INTRANET_USER"),
    (403, "WRONG_CLIENT"),
    (403, "SOMETHING_NEW"),
]


@pytest.mark.parametrize(("status", "code"), REFUSED_CALLERS)
def test_a_whole_request_refused_for_who_sent_it_started_nothing(status: int, code: str) -> None:
    body = error(code, "words")

    for judgement, rows in (
        (judge_batch(ROWS, Response(status, body)), 3),
        (judge_single(ROWS[0], Response(status, body)), 1),
    ):
        assert judgement.verdicts == (Verdict(State.PENDING),) * rows
        assert judgement.halt == Abort(code, refused_caller_text(code, "words"))
        assert judgement.hold is None
        assert not judgement.lost
    answer = answer_of(Response(status, body))
    assert answer == NoAnswer(refused_caller_text(code, "words"), refused=True)


@pytest.mark.parametrize(("status", "code"), REFUSED_CALLERS)
def test_one_command_with_such_a_code_says_nothing_certain(status: int, code: str) -> None:
    judgement = judge_batch(
        ROWS, Response(200, batch_body({"r2": "a", "r4": "b"}, {"r3": error(code, "words")}))
    )

    assert states(judgement) == [State.STARTED, State.UNKNOWN, State.STARTED]
    assert judgement.halt is None


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("code", ["", " ", "SOMETHING_NEW"])
def test_a_whole_request_refused_with_401_or_403_stops_the_run_and_blames_no_row(
    status: int, code: str
) -> None:
    for judgement in (
        judge_batch(ROWS, Response(status, error(code, "words"))),
        judge_single(ROWS[0], Response(status, error(code, "words"))),
    ):
        assert {verdict.state for verdict in judgement.verdicts} == {State.PENDING}
        assert judgement.halt is not None


def test_a_page_with_403_says_nothing_certain() -> None:
    """A server in front may put its page in place of an answer, after the portal has executed the request."""
    assert_all_unknown_and_lost(judge_batch(ROWS, ResponseLost("HTTP 403 without JSON")))


@pytest.mark.parametrize("code", [None, 0, 7, False, True, ["NO_AUTH_FOUND"], {"NO_AUTH_FOUND": 1}, {}])
def test_a_code_that_is_no_text_is_unknown(code: object) -> None:
    body = error(code, "words")

    assert_all_unknown_and_lost(judge_batch(ROWS, Response(400, body)))
    assert_all_unknown_and_lost(judge_single(ROWS[0], Response(400, body)), rows=1)
    in_batch = judge_batch(ROWS, Response(200, batch_body({"r2": "a", "r4": "b"}, {"r3": body})))
    assert states(in_batch) == [State.STARTED, State.UNKNOWN, State.STARTED]


@pytest.mark.parametrize("text", REFUSALS)
def test_an_empty_code_fails_the_row_and_keeps_the_portals_words(text: str) -> None:
    body = batch_body({"r2": "a", "r4": "b"}, {"r3": error("", text)})

    assert judge_batch(ROWS, Response(200, body)).verdicts == (
        Verdict(State.STARTED, workflow_id="a"),
        Verdict(State.FAILED, code="", text=text),
        Verdict(State.STARTED, workflow_id="b"),
    )
    alone = judge_single(ROWS[0], Response(400, error("", text)))
    assert alone == BatchOutcome((Verdict(State.FAILED, code="", text=text),))


def test_a_row_whose_item_has_all_its_workflows_waits_and_holds_up_no_other() -> None:
    text = "Для каждого документа может одновременно быть запущено не более 2 процесса(ов)"
    waits = Verdict(State.DEFERRED, code=BUSY, text=text, later=True)

    judgement = judge_batch(ROWS, Response(200, batch_body({"r2": "a", "r4": "b"}, {"r3": error("", text)})))

    assert states(judgement) == [State.STARTED, State.DEFERRED, State.STARTED]
    assert judgement.verdicts[1] == waits
    assert (judgement.hold, judgement.halt) == (None, None)
    assert judge_single(ROWS[0], Response(400, error("", text))) == BatchOutcome((waits,))


def test_a_row_that_fails_without_words_still_has_some() -> None:
    alone = judge_single(ROWS[0], Response(400, {"error": ""}))

    assert states(alone) == [State.FAILED]
    assert "without a reason" in alone.verdicts[0].text


def test_one_command_that_fails_with_an_empty_code_is_no_success() -> None:
    """There is nothing but the key in result_error to tell it by."""
    judgement = judge_batch(ROWS[:1], Response(200, batch_body({}, {"r2": error("", "Wrong DOCUMENT_ID!")})))

    assert judgement == BatchOutcome((Verdict(State.FAILED, text="Wrong DOCUMENT_ID!"),))


@pytest.mark.parametrize("status", [200, 404, 405, 429, 500, 502, 503])
def test_an_empty_code_with_another_status_than_400_is_nothing_that_the_start_says(status: int) -> None:
    for text in ("words", ""):
        alone = judge_single(ROWS[0], Response(status, error("", text)))
        assert_all_unknown_and_lost(alone, rows=1)
        assert text in alone.verdicts[0].text


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_batch_that_is_refused_without_a_code_is_unknown(status: int) -> None:
    for text in ("words", ""):
        judgement = judge_batch(ROWS, Response(status, error("", text)))
        assert_all_unknown_and_lost(judgement)
        assert text in judgement.verdicts[0].text


def test_wherever_one_of_fifty_fails_each_other_row_keeps_its_own_id() -> None:
    """Whoever counts answers instead of reading keys puts the IDs after it on wrong rows."""
    starts = leads(50)
    for place in range(50):
        failed = f"r{starts[place].row_number}"
        results = {f"r{start.row_number}": f"id of {start.row_number}" for start in reversed(starts)}
        del results[failed]

        judgement = judge_batch(starts, Response(200, batch_body(results, {failed: error("", "no such lead")})))

        assert judgement == BatchOutcome(
            tuple(
                Verdict(State.FAILED, text="no such lead")
                if start is starts[place]
                else Verdict(State.STARTED, workflow_id=f"id of {start.row_number}")
                for start in starts
            )
        )


@given(st.permutations(range(2, 52)), st.sets(st.integers(2, 51)))
@settings(max_examples=examples(50))
def test_in_whatever_order_an_answer_comes_each_row_gets_its_own(order: list[int], failed: set[int]) -> None:
    results = {f"r{row}": f"id of {row}" for row in order if row not in failed}
    errors = {f"r{row}": error("", f"refusal of {row}") for row in order if row in failed}

    verdicts = judge_batch(leads(50), Response(200, batch_body(results, errors))).verdicts

    assert verdicts == tuple(
        Verdict(State.FAILED, text=f"refusal of {row}")
        if row in failed
        else Verdict(State.STARTED, workflow_id=f"id of {row}")
        for row in range(2, 52)
    )


def test_where_the_operating_time_ends_within_a_batch_what_started_stays_started() -> None:
    starts = leads(50)
    results = {f"r{start.row_number}": f"id of {start.row_number}" for start in starts[:19]}
    errors = {f"r{start.row_number}": error("OPERATION_TIME_LIMIT", "wait") for start in starts[19:]}

    judgement = judge_batch(starts, Response(200, batch_body(results, errors)))

    assert states(judgement) == [State.STARTED] * 19 + [State.DEFERRED] * 31
    assert judgement.hold == Backoff(Limit.OPERATING)
    assert judgement.halt is None


def test_a_command_that_stops_the_run_takes_nothing_from_those_that_started() -> None:
    errors = {
        "r3": error("ACCESS_DENIED", "no"),
        "r4": error("QUERY_LIMIT_EXCEEDED", "slow"),
        "r5": error("PORTAL_DELETED", "gone"),
    }

    judgement = judge_batch(leads(4), Response(200, batch_body({"r2": "a"}, errors)))

    assert states(judgement) == [State.STARTED, State.PENDING, State.DEFERRED, State.PENDING]
    assert judgement.halt is not None
    assert judgement.halt.code == "ACCESS_DENIED"
    assert judgement.hold == Backoff(Limit.RATE)


GOOD = batch_body({"r2": "a", "r3": "b", "r4": "c"})
NOT_THE_ANSWER_TO_A_BATCH: list[object] = [
    *([], {}, None, "", "a", 7, 0, 1.5, True, False, [GOOD]),
    *({"result": value} for value in (None, [], {}, "", ID, 7, True, ["a", "b", "c"])),
    {"time": {"operating": 0}},
    {"result": {"r2": "a", "r3": "b", "r4": "c"}},
    {"result": {"result": {"r2": "a", "r3": "b", "r4": "c"}}},
    {"result": {"result_error": []}},
    {"result": {"result_error": {"r2": error("", "no")}}},
    {"result": {"result": None, "result_error": []}},
    {"result": {"result": {"r2": "a"}, "result_error": None}},
    {"result": {"result": ["a", "b", "c"], "result_error": []}},
    {"result": {"result": {"r2": "a", "r3": "b"}, "result_error": [error("", "no")]}},
    {"result": {"result": [], "result_error": [error("", "no"), error("", "no"), error("", "no")]}},
    {"result": {"result": "abc", "result_error": []}},
    {"result": {"result": {"r2": "a", "r3": "b", "r4": "c"}, "result_error": "no"}},
    {"result": {"result": {"r2": "a", "r3": "b", "r4": "c"}, "result_error": False}},
    {"RESULT": GOOD["result"]},
]


@pytest.mark.parametrize("body", NOT_THE_ANSWER_TO_A_BATCH, ids=repr)
def test_what_is_not_the_answer_to_a_batch_leaves_every_row_unknown(body: object) -> None:
    assert_all_unknown_and_lost(judge_batch(ROWS, Response(200, body)))


@pytest.mark.parametrize("status", [100, 201, 202, 204, 206, 400, 404, 500, 502, 503, 504])
def test_a_good_answer_with_another_status_than_200_is_not_believed(status: int) -> None:
    assert_all_unknown_and_lost(judge_batch(ROWS, Response(status, GOOD)))
    assert_all_unknown_and_lost(judge_single(ROWS[0], Response(status, {"result": ID})), rows=1)


@pytest.mark.parametrize(
    "workflow_id", [7, 0, 1.5, True, False, None, "", " ", "\n\t", [], {}, [ID], {"ID": ID}], ids=repr
)
def test_what_is_no_workflow_id_leaves_its_row_unknown(workflow_id: object) -> None:
    judgement = judge_batch(ROWS, Response(200, batch_body({"r2": "a", "r3": workflow_id, "r4": "c"})))

    assert states(judgement) == [State.STARTED, State.UNKNOWN, State.STARTED]
    assert judgement.verdicts[1].text
    assert not judgement.verdicts[1].workflow_id
    assert not judgement.lost
    assert_all_unknown_and_lost(judge_single(ROWS[0], Response(200, {"result": workflow_id})), rows=1)


def test_a_command_in_neither_map_leaves_its_row_unknown() -> None:
    judgement = judge_batch(ROWS, Response(200, batch_body({"r2": "a"}, {"r4": error("", "no")})))

    assert states(judgement) == [State.STARTED, State.UNKNOWN, State.FAILED]
    assert judgement.verdicts[1].code == "unexpected answer"


def test_a_command_in_both_maps_leaves_its_row_unknown() -> None:
    body = batch_body({"r2": "a", "r3": "b", "r4": "c"}, {"r3": error("QUERY_LIMIT_EXCEEDED", "slow")})

    judgement = judge_batch(ROWS, Response(200, body))

    assert states(judgement) == [State.STARTED, State.UNKNOWN, State.STARTED]
    assert judgement.hold is None


@pytest.mark.parametrize("unreadable", [None, [], {}, "", "QUERY_LIMIT_EXCEEDED", 7, {"code": ""}], ids=repr)
def test_an_error_that_cannot_be_read_leaves_its_row_unknown(unreadable: object) -> None:
    judgement = judge_batch(ROWS, Response(200, batch_body({"r2": "a", "r4": "c"}, {"r3": unreadable})))

    assert states(judgement) == [State.STARTED, State.UNKNOWN, State.STARTED]


def test_one_id_for_two_rows_is_believed_of_neither() -> None:
    judgement = judge_batch(leads(4), Response(200, batch_body({"r2": ID, "r3": "b", "r4": ID, "r5": "d"})))

    assert states(judgement) == [State.UNKNOWN, State.STARTED, State.UNKNOWN, State.STARTED]
    assert judgement.verdicts[0] == judgement.verdicts[2] == given_twice(ID)
    assert ID in judgement.verdicts[0].text
    assert not judgement.verdicts[0].workflow_id


def test_an_id_that_another_row_of_the_run_has_is_believed_of_neither() -> None:
    judgement = judge_batch(ROWS, Response(200, batch_body({"r2": "a", "r3": ID}, {"r4": error("", "no")})))

    doubted = judgement.doubting({ID, "elsewhere"})

    assert doubted.verdicts == (judgement.verdicts[0], given_twice(ID), judgement.verdicts[2])
    assert not doubted.lost
    assert judge_single(ROWS[0], Response(200, {"result": ID})).doubting({ID}).lost
    assert judgement.doubting(set()) == judgement


def test_an_answer_to_rows_that_were_not_asked_about_tells_nothing() -> None:
    judgement = judge_batch(ROWS, Response(200, batch_body({"r20": "a", "R3": "b", "4": "c", "2": "d"})))

    assert_all_unknown_and_lost(judgement)


def test_an_answer_is_lost_only_where_it_was_understood_for_no_row_at_all() -> None:
    assert judge_batch(ROWS, Response(200, batch_body({"r2": 1, "r3": 2}))).lost
    assert not judge_batch(ROWS, Response(200, batch_body({"r2": 1}, {"r3": error("", "no")}))).lost


@pytest.mark.parametrize("cause", ["HTTP 502 without JSON", "ServerDisconnectedError", "TimeoutError"])
def test_an_answer_that_was_not_heard_leaves_every_row_unknown(cause: str) -> None:
    """HTML of a proxy, cut JSON, a reset, a time-out: the portal may have done it all."""
    for judgement, rows in (
        (judge_batch(ROWS, ResponseLost(cause)), 3),
        (judge_single(ROWS[0], ResponseLost(cause)), 1),
    ):
        assert_all_unknown_and_lost(judgement, rows)
        assert {verdict.code for verdict in judgement.verdicts} == {cause}


def test_a_request_that_never_left_is_sent_again_later() -> None:
    for judgement, rows in (
        (judge_batch(ROWS, NotSent("ClientConnectorError")), 3),
        (judge_single(ROWS[0], NotSent("ClientConnectorError")), 1),
    ):
        assert states(judgement) == [State.DEFERRED] * rows
        assert judgement.hold == Backoff(Limit.CONNECTION)
        assert judgement.halt is None
        assert not judgement.lost
        assert {verdict.code for verdict in judgement.verdicts} == {"ClientConnectorError"}
        assert all("could not be reached" in verdict.text for verdict in judgement.verdicts)


def test_a_request_that_is_too_long_goes_again_and_a_row_that_is_fails() -> None:
    judgement, alone = judge_batch(ROWS, TooLong()), judge_single(ROWS[0], TooLong())

    assert states(judgement) == [State.DEFERRED] * 3
    assert judgement.too_long == sum(map(length_of, ROWS))
    assert states(alone) == states(judge_batch(ROWS[:1], TooLong())) == [State.FAILED]
    assert alone.too_long == 0
    for one in (judgement, alone):
        assert {verdict.code for verdict in one.verdicts} == {"request too long"}
        assert not any(verdict.later for verdict in one.verdicts)
        assert (one.hold, one.halt, one.lost) == (None, None, False)
    answer = answer_of(TooLong())
    assert isinstance(answer, NoAnswer)
    assert answer.refused


def test_a_sign_in_that_cannot_be_renewed_stops_the_run_and_blames_no_row() -> None:
    """The portal had refused the request for its token's age: nothing was executed."""
    for judgement, rows in (
        (judge_batch(ROWS, Blocked("invalid_grant", "sign in again")), 3),
        (judge_single(ROWS[0], Blocked("invalid_grant", "sign in again")), 1),
    ):
        assert judgement.verdicts == (Verdict(State.PENDING),) * rows
        assert judgement.halt == Abort("invalid_grant", "sign in again")
        assert judgement.hold is None
        assert not judgement.lost


def test_a_portal_that_moved_stops_the_run_blames_no_row_and_says_where_it_is() -> None:
    for judgement, rows in (
        (judge_batch(ROWS, Redirected("new.bitrix24.com")), 3),
        (judge_single(ROWS[0], Redirected("new.bitrix24.com")), 1),
    ):
        assert judgement.verdicts == (Verdict(State.PENDING),) * rows
        assert judgement.halt is not None
        assert judgement.halt.code == "moved"
        assert "new.bitrix24.com" in judgement.halt.text
        assert judgement.hold is None
        assert not judgement.lost


def test_a_start_that_went_alone_is_started_with_the_id_that_it_got() -> None:
    judgement = judge_single(ROWS[0], Response(200, {"result": ID, "time": {"operating": 0.1}}))

    assert judgement == BatchOutcome((Verdict(State.STARTED, workflow_id=ID),))


@pytest.mark.parametrize("body", [[], {}, None, "", ID, 7, [ID], {"time": {}}, {"result_error": []}], ids=repr)
def test_what_is_not_the_answer_to_a_start_leaves_the_row_unknown(body: object) -> None:
    assert_all_unknown_and_lost(judge_single(ROWS[0], Response(200, body)), rows=1)


# Any JSON at all, and JSON that is nearly an answer, where mistakes hide.
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
codes = st.sampled_from(["", *(code for _, code, _ in TABLE), "NEW"]) | anything
errors = st.fixed_dictionaries({}, optional={"error": codes, "error_description": anything})
ids = st.sampled_from(["a", "b", "c", " d ", "", " "]) | anything
keys = st.sampled_from(["r2", "r3", "r4", "r5", "2"])
maps: st.SearchStrategy[Any] = st.dictionaries(keys, ids | errors, max_size=4) | st.just([]) | anything
inner = st.fixed_dictionaries({}, optional={"result": maps, "result_error": maps, "result_time": anything})
whole = st.fixed_dictionaries({"result": st.fixed_dictionaries({"result": maps, "result_error": maps})})
near = st.fixed_dictionaries(
    {}, optional={"result": inner | ids, "error": codes, "error_description": anything}
)
bodies = st.one_of(anything, errors, near, whole)
statuses = st.sampled_from([200, 200, 200, 400, 401, 429, 500, 503]) | st.integers(100, 599)


def assert_lawful(judgement: BatchOutcome, count: int) -> None:
    """One verdict for each start, and none that its judgement contradicts."""
    assert len(judgement.verdicts) == count
    for verdict in judgement.verdicts:
        assert verdict.state in (
            State.STARTED,
            State.FAILED,
            State.DEFERRED,
            State.PENDING,
            State.UNKNOWN,
        )
        assert bool(verdict.workflow_id) == (verdict.state is State.STARTED)
        assert verdict.state is not State.DEFERRED or judgement.hold is not None
        assert verdict.state is not State.PENDING or judgement.halt is not None
        assert verdict.state is not State.FAILED or (verdict.code == "" and verdict.text)
    assert judgement.lost == all(verdict.state is State.UNKNOWN for verdict in judgement.verdicts)


@given(statuses, bodies, st.integers(1, 3))
@settings(max_examples=examples(400))
@example(200, GOOD, 3)
def test_no_answer_to_a_batch_is_taken_for_a_start_that_it_does_not_tell_of(
    status: int, body: Any, count: int
) -> None:
    starts = ROWS[:count]

    judgement = judge_batch(starts, Response(status, body))

    assert_lawful(judgement, count)
    for start, verdict in zip(starts, judgement.verdicts, strict=True):
        if verdict.state is State.STARTED:
            key = f"r{start.row_number}"
            assert status == 200
            assert "error" not in body
            assert body["result"]["result"][key] == verdict.workflow_id
            assert verdict.workflow_id.strip()
            assert key not in body["result"]["result_error"]
    told = [verdict.workflow_id for verdict in judgement.verdicts if verdict.workflow_id]
    assert len(told) == len(set(told))


@given(statuses, bodies | st.fixed_dictionaries({"result": ids}))
@settings(max_examples=examples(400))
@example(200, {"result": ID})
def test_no_answer_to_a_single_call_is_taken_for_a_start_that_it_does_not_tell_of(
    status: int, body: Any
) -> None:
    judgement = judge_single(lead(2), Response(status, body))

    assert_lawful(judgement, 1)
    [verdict] = judgement.verdicts
    if verdict.state is State.STARTED:
        assert status == 200
        assert "error" not in body
        assert body["result"] == verdict.workflow_id
        assert verdict.workflow_id.strip()


@given(st.sampled_from([NotSent, ResponseLost, Redirected]), st.text(), st.integers(1, 50))
def test_nothing_is_started_or_failed_where_nothing_was_answered(
    kind: type[NotSent | ResponseLost | Redirected], cause: str, count: int
) -> None:
    judgement = judge_batch(leads(count), kind(cause))

    assert_lawful(judgement, count)
    assert not {State.STARTED, State.FAILED} & set(states(judgement))


def test_the_answer_to_a_question_is_its_whole_body() -> None:
    body = {"result": [{"ID": "7"}], "total": 1, "next": 50}

    assert answer_of(Response(200, body)) == body


@pytest.mark.parametrize(("status", "code", "means"), TABLE)
def test_a_question_that_is_refused_for_good_is_told_the_mend_and_any_other_may_be_asked_again(
    status: int, code: str, means: Means
) -> None:
    answer = answer_of(Response(status, error(code, "the portal's words")))

    assert isinstance(answer, NoAnswer)
    assert answer.refused == (means is Means.STOP)
    if means is Means.STOP:
        assert answer.text == stop_text(code, "the portal's words")
    else:
        assert code in answer.text
        assert "the portal's words" in answer.text


@pytest.mark.parametrize(
    ("outcome", "refused", "words"),
    [
        (Redirected("new.bitrix24.com"), True, "new.bitrix24.com"),
        (Blocked("invalid_grant", "sign in again"), True, "sign in again"),
        (NotSent("ClientConnectorError"), False, "could not be reached: connection refused"),
        (ResponseLost("TimeoutError"), False, "did not come within 90 seconds"),
        (ResponseLost("HTTP 502 without JSON"), False, "HTTP 502"),
        (NotSent("BrandNewError"), False, "could not be reached"),
        (ResponseLost("BrandNewError"), False, "answer was lost"),
        (Response(200, []), False, "understood"),
        (Response(200, {"time": {}}), False, "understood"),
        (Response(200, None), False, "understood"),
        (Response(200, {"result": []} | error("QUERY_LIMIT_EXCEEDED", "no")), False, "QUERY_LIMIT_EXCEEDED"),
    ],
    ids=repr,
)
def test_a_question_without_an_answer_says_why_and_whether_asking_again_helps(
    outcome: Outcome, refused: bool, words: str
) -> None:
    answer = answer_of(outcome)

    assert isinstance(answer, NoAnswer)
    assert answer.refused == refused
    assert words in answer.text
    if isinstance(outcome, NotSent | ResponseLost) and found(outcome.cause):
        assert "Error" not in answer.text


@given(statuses, bodies)
@settings(max_examples=examples(150))
def test_any_answer_to_a_question_is_an_answer_or_says_why_not(status: int, body: Any) -> None:
    answer = answer_of(Response(status, body))

    assert isinstance(answer, NoAnswer) or answer is body


@pytest.mark.parametrize("code", ["", "QUERY_LIMIT_EXCEEDED", "NO_AUTH_FOUND"])
@pytest.mark.parametrize("status", [200, 400, 503])
def test_an_answer_with_a_result_and_an_error_is_believed_in_neither(code: str, status: int) -> None:
    assert_all_unknown_and_lost(judge_batch(ROWS, Response(status, GOOD | error(code, "no"))))
    assert_all_unknown_and_lost(
        judge_single(ROWS[0], Response(status, {"result": ID} | error(code, "no"))), rows=1
    )
