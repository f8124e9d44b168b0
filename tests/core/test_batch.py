"""Starts as the portal's `batch` takes them. What PHP makes of a command, PHP itself says."""

import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from launcher.core.batch import (
    LONGEST_BATCH,
    MAX_COMMANDS,
    batch_size_for,
    encode,
    encode_call,
    encode_command,
    encode_single,
    length_of,
    needs_single_call,
)
from launcher.core.documents import KINDS, kind_named
from launcher.core.model import Document, Start, Value
from tests.core.making import lead, leads
from tests.support import tools
from tests.support.examples import examples

READER = r"""
function exact($value) {
    if (!is_array($value)) return base64_encode($value);
    $pairs = [];
    foreach ($value as $key => $inner) $pairs[] = [base64_encode((string) $key), exact($inner)];
    return $pairs;
}
while (($line = fgets(STDIN)) !== false) {
    $url = parse_url(json_decode($line));
    parse_str($url['query'] ?? '', $query);
    unset($url['query']);
    echo json_encode([exact($url), exact($query)]), "\n";
}
"""

Pairs = list[tuple[str, Any]]
"""A PHP array: keys and values in their order; a value is a text or again such a list."""

Read = Callable[[str], tuple[Pairs, Pairs]]
"""What parse_url leaves of a command without its query, and what parse_str makes of the query."""


@pytest.fixture(scope="module")
def php() -> Iterator[Read]:
    """One PHP that reads commands as the portal does."""
    program = tools.need("php")
    options = ["-n", "-d", "memory_limit=-1", "-d", "max_input_vars=1000", "-d", "display_errors=stderr"]
    with subprocess.Popen(
        [program, *options, "-r", READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        stdin, stdout = reader.stdin, reader.stdout
        assert stdin is not None
        assert stdout is not None

        def read(command: str) -> tuple[Pairs, Pairs]:
            stdin.write(json.dumps(command).encode() + b"\n")
            stdin.flush()
            url, query = json.loads(stdout.readline())
            return exact(url), exact(query)

        yield read
        stdin.close()
        assert reader.wait(10) == 0


def exact(value: Any) -> Any:
    if isinstance(value, str):
        return base64.b64decode(value).decode()
    return [(base64.b64decode(key).decode(), exact(inner)) for key, inner in value]


def as_php_should_read(start: Start) -> Pairs:
    module, entity, element_id = start.document.module, start.document.entity, start.document.element_id
    parameters = [
        (name, value if isinstance(value, str) else [(str(place), text) for place, text in enumerate(value)])
        for name, value in start.parameters.items()
    ]
    return [
        ("TEMPLATE_ID", str(start.template_id)),
        ("DOCUMENT_ID", [("0", module), ("1", entity), ("2", element_id)]),
        *([("PARAMETERS", parameters)] if parameters else []),
    ]


def assert_read_back(php: Read, start: Start) -> None:
    url, query = php(encode_command(start))
    assert url == [("path", "bizproc.workflow.start")]
    assert query == as_php_should_read(start)


MARKS = "&=#?+%[]{}()<>'\"`\\|/:;,.!@^*~-_ \t\r\n\0$"
texts = st.one_of(
    st.text(),
    st.text(alphabet=MARKS),
    st.text(alphabet=MARKS + "абвгдеёжзЯЮ€😀👨‍👩‍👧012"),
    st.sampled_from(
        ["", "0", "null", "%00", "%5B", "+7 495 123-45-67", "a=b&c[]=d", "https://x/?a=1#b", "\ufeff"]
    ),
)
names = st.one_of(
    st.sampled_from(
        ["Parameter1", "a.b", "Имя клиента", "x y", "1", "05", "-1", "a&b=c", "_", "a.b.c d", "Ü+%"]
    ),
    st.text(alphabet=MARKS + "абвЯё😀12AZ", min_size=1),
    st.text(min_size=1),
)
values = st.one_of(texts, texts, st.lists(texts, min_size=1, max_size=5).map(tuple))
parameters = st.dictionaries(names, values, max_size=8)


@given(parameters, st.integers(1, 10**9))
@settings(max_examples=examples(1500), suppress_health_check=[HealthCheck.too_slow])
@example({}, 1)
@example({"A": "&=#?+%[]"}, 1)
@example({"A": "a'b\"c`d\\"}, 1)
@example({"A": "первая\r\nвторая\n\nтретья"}, 1)
@example({"A": "👨‍👩‍👧 😀", "Б": "\0", "C": ""}, 1)
@example({"a.b": "1", "a_b": "2", "a b": "3"}, 1)
@example({"List": ("", "&", "[0]", "Анна")}, 1)
def test_php_reads_back_exactly_the_values_that_were_encoded(
    php: Read, parameters: dict[str, Value], template_id: int
) -> None:
    start = Start(
        row_number=2,
        template_id=template_id,
        document=Document("crm", "CCrmDocumentLead", "LEAD_777"),
        parameters=parameters,
        start_key="",
    )

    if not needs_single_call(start):
        assert_read_back(php, start)


@pytest.mark.parametrize("unit", ["a", "Ж", "%", "😀", "&=[]", "\n"])
def test_php_reads_back_a_value_of_100_kilobytes(php: Read, unit: str) -> None:
    text = unit * (100_000 // len(unit.encode()))

    assert_read_back(php, lead(2, {"Before": "1", "Long": text, "List": (text, "2"), "After": "3"}))


@pytest.mark.parametrize("name", [*KINDS, "dynamic:147"])
def test_php_reads_back_the_document_of_every_kind(php: Read, name: str) -> None:
    document = kind_named(name).document("777")

    assert_read_back(
        php, Start(row_number=2, template_id=7, document=document, parameters={"A": "1"}, start_key="")
    )


def test_php_reads_back_every_row_of_a_whole_batch(php: Read) -> None:
    starts = [lead(row_number, {"Row": f"[{row_number}]&"}) for row_number in range(2, 52)]

    commands = encode(starts)["cmd"]

    assert isinstance(commands, dict)
    for start in starts:
        _, query = php(commands[f"r{start.row_number}"])
        assert query == as_php_should_read(start)


@pytest.mark.parametrize(
    "many",
    [
        lambda count: {f"P{number}": "v" for number in range(count)},
        lambda count: {"P": ("v",) * count},
        lambda count: {f"P{number}": ("v",) * 10 for number in range(count // 10)},
    ],
    ids=["parameters", "values of one parameter", "both"],
)
def test_php_drops_nothing_of_a_start_that_may_go_in_a_batch(
    php: Read, many: Callable[[int], dict[str, Value]]
) -> None:
    """parse_str drops what comes after a thousand values, in silence."""
    counts = [count for count in range(100, 1100) if not needs_single_call(lead(2, many(count)))]

    assert counts
    assert max(counts) < 1099
    for count in (max(counts), 100):
        assert_read_back(php, lead(2, many(count)))


def test_a_batch_does_not_halt_at_a_failed_command_and_names_each_by_its_row() -> None:
    body = encode(leads(3))

    assert set(body) == {"halt", "cmd"}
    assert body["halt"] == 0
    assert isinstance(body["cmd"], dict)
    assert list(body["cmd"]) == ["r2", "r3", "r4"]


def test_no_command_has_a_key_that_php_would_count_as_a_number() -> None:
    """With numeric keys the maps come back as lists, and with some commands failed nobody knows which."""
    commands = encode([lead(row_number) for row_number in (1, 2, 10, 1_048_576)])["cmd"]

    assert isinstance(commands, dict)
    assert len(commands) == 4
    for key in commands:
        assert key[0].isalpha()
        assert key.isascii()


def test_fifty_commands_fit_in_a_batch_and_fifty_one_do_not() -> None:
    commands = encode(leads(50))["cmd"]
    assert isinstance(commands, dict)
    assert len(commands) == 50

    with pytest.raises(ValueError, match="51"):
        encode(leads(51))


def test_two_starts_of_one_row_are_a_mistake_and_not_one_command() -> None:
    """Under one key the second would take the place of the first, which would never be sent."""
    with pytest.raises(ValueError, match="2 starts for 1 commands"):
        encode([lead(2, key="a"), lead(2, key="b")])


# The portal replaces these after decoding, so no escaping keeps them.
REPLACED = ["$result", "$next", "$total", "$time", "$error"]


@pytest.mark.parametrize("word", REPLACED)
@pytest.mark.parametrize(
    "text",
    [
        "{}[r2]",
        "{}[r2][ID]",
        "see {}[0] there",
        "a\n{}[x]",
        "{}[]",
        "{}[",
        "$${}[r2]",
        "price $5 {}[r2]",
        "{}s.of[r2]",
    ],
)
def test_a_text_that_the_portal_would_replace_goes_alone(word: str, text: str) -> None:
    for cell in (text.format(word), text.format(word.upper()), text.format(word.title())):
        assert needs_single_call(lead(2, {"A": "harmless", "B": cell}))
        assert needs_single_call(lead(2, {"A": ("harmless", cell)}))


@given(
    st.text(),
    st.sampled_from(REPLACED).flatmap(lambda word: st.tuples(*[st.sampled_from([c, c.upper()]) for c in word])),
    st.text(alphabet=st.characters(exclude_categories=["Z", "C"]), max_size=5),
    st.text(),
)
@settings(max_examples=examples(300))
def test_so_it_does_in_any_case_and_amid_any_text(
    before: str, word: tuple[str, ...], between: str, after: str
) -> None:
    assert needs_single_call(lead(2, {"A": f"{before}{''.join(word)}{between}[{after}"}))


def test_a_parameter_named_so_goes_alone() -> None:
    assert needs_single_call(lead(2, {"$result.x": "1"}))


@pytest.mark.parametrize(
    "name", ["", "a[b]", "[", "]", "a]b", "Список[0]", " ", "\t", "\v", "\0", "a\0b", "__Host-a", "__Secure-a"]
)
def test_a_name_that_php_cannot_keep_goes_alone(name: str) -> None:
    assert needs_single_call(lead(2, {"A": "1", name: "2"}))


def test_an_empty_list_which_a_command_cannot_say_goes_alone() -> None:
    assert needs_single_call(lead(2, {"A": "1", "B": ()}))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "$",
            "$100",
            "100 $",
            "US$ total",
            "result[1]",
            "[r2]",
            "$ result[1]",
            "$name[1]",
            "$(time)",
            "{=A}",
        ),
        *("total: $5", "time$", "&=#?+%[]", "Цена $ 5 [шт]"),
    ],
)
def test_an_ordinary_text_does_not_cost_a_call_of_its_own(text: str) -> None:
    assert not needs_single_call(lead(2, {"A": text, "B": (text, text)}))
    assert not needs_single_call(lead(2))


@given(st.dictionaries(st.text(), values, max_size=5))
@example({"": "1", "a[b]": "2", "A": "$result[r1]", "B": (), "C": ("", "\0")})
def test_a_single_call_keeps_every_name_and_value_exactly(parameters: dict[str, Value]) -> None:
    body = json.loads(json.dumps(encode_single(lead(2, parameters))))

    assert set(body) == {"TEMPLATE_ID", "DOCUMENT_ID", "PARAMETERS"}
    assert body["TEMPLATE_ID"] == 7
    assert body["DOCUMENT_ID"] == ["crm", "CCrmDocumentLead", "LEAD_1002"]
    assert body["PARAMETERS"] == {
        name: value if isinstance(value, str) else list(value) for name, value in parameters.items()
    }


def test_as_many_go_together_as_are_asked_for_and_as_there_are() -> None:
    assert [batch_size_for(leads(60), size) for size in (1, 2, 50)] == [1, 2, 50]
    assert [batch_size_for(leads(count), 50) for count in (1, 2, 49)] == [1, 2, 49]


ALONE = {"A": "$result[r2]"}


@pytest.mark.parametrize("place", [1, 2, 10, 49])
def test_a_start_that_must_go_alone_ends_the_batch_before_it(place: int) -> None:
    starts = [lead(row_number, ALONE if row_number == place + 2 else None) for row_number in range(2, 52)]

    assert batch_size_for(starts, MAX_COMMANDS) == place


def test_a_start_that_must_go_alone_goes_when_it_is_the_first_and_nothing_with_it() -> None:
    assert batch_size_for([lead(2, ALONE), *leads(40)[1:]], MAX_COMMANDS) == 1
    assert batch_size_for([lead(2, ALONE), lead(3, ALONE)], MAX_COMMANDS) == 1


@pytest.mark.parametrize("unit", ["a", "%", "Ж", "😀"])
def test_no_more_go_together_than_a_web_server_takes(unit: str) -> None:
    starts = [lead(row_number, {"A": unit * 5_000}) for row_number in range(2, 52)]

    count = batch_size_for(starts, MAX_COMMANDS)

    assert 1 < count < MAX_COMMANDS
    assert len(json.dumps(encode(starts[:count])).encode()) < LONGEST_BATCH + count * 200


def test_lists_count_for_the_length_too() -> None:
    starts = [lead(row_number, {"A": ("Ж" * 1_000,) * 20}) for row_number in range(2, 52)]

    assert batch_size_for(starts, MAX_COMMANDS) == LONGEST_BATCH // (20 * 1_000 * 12)


def test_a_start_that_is_longer_than_any_batch_goes_all_the_same_and_nothing_with_it() -> None:
    long = lead(2, {"A": "a" * LONGEST_BATCH})

    assert batch_size_for([long, lead(3), lead(4)], MAX_COMMANDS) == 1
    assert batch_size_for([lead(3), long, lead(4)], MAX_COMMANDS) == 1
    assert batch_size_for([lead(3), lead(4), long], MAX_COMMANDS) == 2


def test_no_more_go_together_than_a_server_has_not_refused() -> None:
    starts = [lead(row_number, {"A": "Ж" * 100}) for row_number in range(2, 52)]
    length = sum(map(length_of, starts))

    assert batch_size_for(starts, MAX_COMMANDS, length) == 50
    assert batch_size_for(starts, MAX_COMMANDS, length - 1) == 49
    assert 23 <= batch_size_for(starts, MAX_COMMANDS, length // 2) <= 25
    assert batch_size_for(starts, MAX_COMMANDS, 1) == 1
    assert len(json.dumps(encode(starts)).encode()) - length < 50 * 20


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "a", "&", "Ж", "😀", "$time[0]"]), st.sampled_from([1, 1000, 30_000])),
        min_size=1,
        max_size=60,
    ),
    st.integers(1, MAX_COMMANDS),
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_waiting_at_least_one_goes_and_several_only_where_a_batch_keeps_them(
    cells: list[tuple[str, int]], size: int
) -> None:
    starts = [lead(row_number, {"A": unit * times}) for row_number, (unit, times) in enumerate(cells, start=2)]

    count = batch_size_for(starts, size)

    assert 1 <= count <= min(size, len(starts))
    if count > 1:
        assert not any(needs_single_call(start) for start in starts[:count])
        commands = encode(starts[:count])["cmd"]
        assert isinstance(commands, dict)
        assert sum(len(command) for command in commands.values()) < LONGEST_BATCH + count * 200


def test_php_reads_back_lists_and_maps_of_a_question_to_any_depth(php: Read) -> None:
    command = encode_call(
        "bizproc.workflow.instances",
        {
            "SELECT": ["ID", "STARTED"],
            "FILTER": {
                ">=STARTED": "2026-11-22T02:00:00+03:00",
                "@ID": ("a&b", "c=d"),
                "IN": {"A": {"Б": "[0]"}},
            },
            "start": 50,
            "LEFT": -1,
        },
    )

    url, query = php(command)

    assert url == [("path", "bizproc.workflow.instances")]
    assert query == [
        ("SELECT", [("0", "ID"), ("1", "STARTED")]),
        (
            "FILTER",
            [
                (">=STARTED", "2026-11-22T02:00:00+03:00"),
                ("@ID", [("0", "a&b"), ("1", "c=d")]),
                ("IN", [("A", [("Б", "[0]")])]),
            ],
        ),
        ("start", "50"),
        ("LEFT", "-1"),
    ]


@pytest.mark.parametrize("value", [None, True, False, 1.5, b"bytes", {"a"}, object()])
def test_what_a_batch_cannot_say_is_a_mistake_and_not_another_value(value: object) -> None:
    for parameters in ({"A": value}, {"A": ["1", value]}, {"A": {"B": {"C": value}}}):
        with pytest.raises(TypeError, match="cannot stand in a batch"):
            encode_call("profile", parameters)


def test_a_call_without_parameters_is_its_method() -> None:
    assert encode_call("profile", {}) == "profile?"


@pytest.mark.parametrize("value", ["Иванов & Co", "", ("a b", "ü=1"), "plain"])
def test_a_command_says_the_same_as_a_single_call(value: str | tuple[str, ...]) -> None:
    start = Start(
        row_number=7,
        template_id=12,
        document=Document("crm", "CCrmDocumentLead", "LEAD_7"),
        parameters={"Manager's name": value, "Other": "1"},
        start_key="k",
    )

    assert encode_command(start) == encode_call("bizproc.workflow.start", encode_single(start))
