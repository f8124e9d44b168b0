"""The catalogue of errors: what it recognises, what it says, and that nothing is missing from it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

import launcher
from launcher.core import catalogue
from launcher.core.catalogue import (
    BUSY,
    ENTRIES,
    Action,
    Entry,
    Started,
    Who,
    answers_lost_text,
    cause_text,
    entries,
    found,
    given_up_text,
    is_busy,
    lost_text,
    row_text,
    stop_text,
    suggestion,
)
from launcher.core.catalogue.entries import LOST, PARAMETERS, ROWS, RUNS
from launcher.core.verdict import Limit
from launcher.portal.client import NEVER_LEFT
from tests.core import messages

# As portals in these languages say it, with the number that the portal fills in.
BUSY_TEXTS = {
    "Russian": "Для каждого документа может одновременно быть запущено не более {} процесса(ов)",
    "English": "Every document can be handled by {} processes at most",
    "German": "Für jedes Dokument können maximal {} Workflows gleichzeitig ausgeführt werden",
    "Ukrainian": "Для кожного документа може одночасно бути запущено не більше {} процесу(ів)",
    "Polish": "Każdy dokument może być obsługiwany co najwyżej przez {} procesów",
    "Spanish": "Cada documento puede ser manejado por {} procesos como máximo",
    "Italian": "Ogni documento può essere gestito al massimo da {} processi",
}


def test_each_language_of_the_table_has_its_text_here() -> None:
    assert len(entries._BUSY_TEXTS) == len(BUSY_TEXTS)


@pytest.mark.parametrize("number", [1, 2, 5, 10, 100])
@pytest.mark.parametrize("language", BUSY_TEXTS)
def test_a_busy_item_is_recognised_in_each_language_whatever_its_portal_allows(
    language: str, number: int
) -> None:
    text = BUSY_TEXTS[language].format(number)

    assert is_busy(text)
    assert is_busy(text.upper())
    assert is_busy(f"<br>\n{text}.")


@pytest.mark.parametrize("language", BUSY_TEXTS)
def test_a_text_without_the_number_is_another_text(language: str) -> None:
    assert not is_busy(BUSY_TEXTS[language].format("N"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
        "Wrong DOCUMENT_ID!",
        "Incorrect document type!",
        "Template type and DOCUMENT_ID mismatch!",
        "Элемент заблокирован",
        "Нет прав на запуск бизнес-процесса",
        "Превышено количество одновременных процессов <b>2</b>",
        "Нельзя запустить 2 процесса: не заполнено поле",
        "Одновременно может быть не более 2 пользователей",
        "Too many requests",
        "The element is handled by another user",
        "2 processes at most",
        "Das Dokument ist gesperrt, maximal 2 Versuche",
        "Елемент заблоковано, не більше 2 спроб",
        "Dokument jest zablokowany przez 2 osoby",
        "El documento está bloqueado por 2 usuarios",
        "Il documento è bloccato, al massimo 2 tentativi",
    ],
)
def test_an_ordinary_refusal_is_not_taken_for_it(text: str) -> None:
    assert not is_busy(text)


def test_the_code_for_it_is_none_of_the_portals_own() -> None:
    assert BUSY.upper() not in catalogue.PORTAL_CODES


@pytest.mark.parametrize("code", sorted(catalogue.STOPPING))
def test_every_mend_is_a_sentence_that_says_what_to_do(code: str) -> None:
    assert code == code.upper()
    assert len(catalogue.explained(code).split()) >= 5
    assert not catalogue.explained(code).endswith(".")


def test_every_message_is_one_that_was_read_and_approved() -> None:
    approved = (Path(messages.__file__).parent / "messages.md").read_text(encoding="utf-8")

    assert messages.document() == approved, "read it aloud, then: python -m tests.core.messages > messages.md"


def test_no_two_entries_share_a_name() -> None:
    names = [name.casefold() for entry in ENTRIES for name in entry.names]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_is_found_by_each_of_its_names_whatever_their_case(entry: Entry) -> None:
    for name in entry.names:
        for asked in (name, name.upper(), name.lower(), f"  {name} "):
            assert found(asked) is entry


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_where_somebody_has_to_mend_it_the_entry_says_what_to_do(entry: Entry) -> None:
    if entry.does not in (Action.SKIPS, Action.SETTLES):
        assert entry.remedy or entry.who is Who.NOBODY
    for clause in (entry.meaning, entry.remedy):
        assert not clause.endswith(".")
        assert "  " not in clause


def test_a_code_with_a_number_in_it_is_found_with_any_number() -> None:
    for status in (200, 301, 404, 502, 504):
        assert found(f"HTTP {status} without JSON") is found("HTTP 502 without JSON")
        assert found(f"http {status}") is found("HTTP 500")
    assert found("HTTP 502 without JSON") is not found("HTTP 500")
    assert found("HTTP") is None


def test_a_mistyped_code_is_answered_with_the_nearest() -> None:
    assert found("NO_AUT_FOUND") is None
    assert suggestion("no_aut_found") == ' (did you mean "NO_AUTH_FOUND"?)'
    assert suggestion("wrong documentid") == ' (did you mean "Wrong DOCUMENT_ID!"?)'


def test_a_rows_text_is_the_portals_own_words_and_then_the_mend() -> None:
    wrong = row_text("", "Wrong DOCUMENT_ID!")
    assert wrong.startswith("Wrong DOCUMENT_ID! (no such document: ")
    assert row_text("", "Нет прав на запуск") == "Нет прав на запуск"
    assert row_text("BRAND_NEW", "words").startswith("words (look at the document")
    assert row_text("ERROR_CORE", "").startswith(
        "the portal's core broke down while it worked on the request ("
    )
    assert row_text("", "") == ""


def test_a_stop_names_what_is_wrong_what_to_do_what_the_portal_said_and_where_to_read_more() -> None:
    text = stop_text("no_auth_found", "Wrong\n  authorization data" + "!" * 500)

    assert text.startswith("the portal does not know this webhook: ")
    assert "Developer resources" in text
    assert "BITRIX24_WEBHOOK_URL. The portal answered: Wrong authorization data!!!" in text
    assert text.endswith("!… More: launcher explain NO_AUTH_FOUND")
    assert "The portal answered: Access denied! More:" in stop_text("ACCESS_DENIED", "Access denied!")
    assert "The portal answered: No. More:" in stop_text("ACCESS_DENIED", "No")
    assert "The portal said" not in stop_text("ACCESS_DENIED")
    assert "\n" not in text
    assert len(text) < 700


def test_every_code_that_the_launcher_gives_a_row_is_in_the_catalogue_and_the_other_way_round() -> None:
    ours = {entry.code for entry in (*LOST, *ROWS, *PARAMETERS) if entry.code not in _library_names()}

    produced = {code: found(code) for code in given_codes()}

    assert [code for code, entry in produced.items() if entry is None] == []
    assert ours - {entry.code for entry in produced.values() if entry} == set()


def test_each_limit_for_which_a_run_waits_says_what_to_do_when_it_waits_for_too_long() -> None:
    assert {entry.code for entry in RUNS} == {limit.value for limit in Limit} | {"answers lost"}
    for entry in RUNS:
        assert entry.remedy in (given_up_text(entry.code, "30 min") + answers_lost_text(10))


def test_every_error_of_the_network_library_is_in_the_catalogue_under_what_it_means() -> None:
    for kind in _subclasses(aiohttp.ClientError):
        entry = found(kind.__name__)
        assert entry is not None, kind.__name__
        if issubclass(kind, NEVER_LEFT):
            assert entry.started is Started.NO, kind.__name__
        if not issubclass(kind, NEVER_LEFT) and kind.__name__ in RAISED_AFTER_SENDING:
            assert entry.started is Started.MAYBE, kind.__name__
    for kind in (TimeoutError, OSError, ConnectionResetError, BrokenPipeError, ValueError):
        assert found(kind.__name__) is not None


def test_no_sentence_says_the_name_of_a_librarys_error() -> None:
    for name in (*_library_names(), "OSError", "ConnectionResetError", "token server: ServerDisconnectedError"):
        entry = found(name)
        assert entry is not None
        for text in (lost_text(name, ""), cause_text(name, lost_text(name, "")), cause_text(name, "")):
            assert text
            assert "Error" not in text
        assert entry.remedy in cause_text(name, "")


def test_a_code_of_the_portals_is_said_and_a_code_that_nobody_knows_too() -> None:
    assert cause_text("ACCESS_DENIED", "no").startswith("ACCESS_DENIED: no (")
    assert cause_text("BRAND_NEW", "no").startswith("BRAND_NEW: no (")
    assert cause_text("", "Wrong DOCUMENT_ID!").startswith("Wrong DOCUMENT_ID! (")
    assert lost_text("HTTP 502 without JSON", "").endswith("no JSON (HTTP 502 without JSON)")
    assert lost_text("BrandNewError", "it was lost") == "it was lost (BrandNewError)"


RAISED_AFTER_SENDING = {
    "ServerDisconnectedError",
    "ClientOSError",
    "ClientConnectionResetError",
    "ServerTimeoutError",
    "SocketTimeoutError",
    "ClientPayloadError",
    "ClientResponseError",
}


def _subclasses(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


def _library_names() -> set[str]:
    return {kind.__name__ for kind in (*_subclasses(aiohttp.ClientError), TimeoutError)}


def given_codes() -> Iterator[str]:
    """The codes that our source gives to rows and runs, as they stand in it; a number in one is 7."""
    root = Path(launcher.__file__).parent
    for file in sorted(root.rglob("*.py")):
        if not {"simulator", "catalogue"} & set(file.relative_to(root).parts):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            constants = {
                target.id: node.value
                for node in tree.body
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(tree):
                if isinstance(node, ast.Call | ast.Return):
                    for value in _code_values(node):
                        yield from _literal(
                            constants.get(value.id, value) if isinstance(value, ast.Name) else value
                        )
    yield BUSY


AT = {"Abort": 0, "_lost": 1, "Invalid": 1, "ResponseLost": 0, "NotSent": 0}
"""Which argument of what is a code, where it goes without its name."""


def _code_values(node: ast.Call | ast.Return) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        yield from _code_arguments(node)
    elif isinstance(node.value, ast.Tuple) and len(node.value.elts) == 2:
        yield from _pairs(*node.value.elts)


def _pairs(code: ast.expr, reason: ast.expr) -> Iterator[ast.expr]:
    """A code that is given back with its reason."""
    if isinstance(reason, ast.JoinedStr):
        yield code


def _code_arguments(call: ast.Call) -> Iterator[ast.expr]:
    yield from (keyword.value for keyword in call.keywords if keyword.arg in ("code", "error_code"))
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name in AT and len(call.args) > AT[name]:
        yield call.args[AT[name]]
    elif name.endswith("Error") and len(call.args) == 2:
        # An error of a row's: its code and its text.
        yield call.args[0]


def _literal(value: ast.expr) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(text)) if text:
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)
        case ast.Tuple(elts=[first, *_]):
            yield from _literal(first)
