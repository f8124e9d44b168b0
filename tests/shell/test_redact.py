"""Whatever is written, secrets are not: those that were named, and those that look like one."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from launcher import redact
from launcher.redact import MARK, redacted, redacted_text, register, register_parts

SECRET = "v3ryD1st1nct1ve"
TOKEN = "t0kenT0kenT0ken"


@pytest.fixture(autouse=True)
def _only_this_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret of another test is known, and none of these to another test."""
    monkeypatch.setattr(redact, "_known", set())
    register(SECRET)


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"https://portal.example/rest/1/{SECRET}/batch",
        f"before {SECRET} after",
        f"{SECRET}{SECRET}",
        f"%2Frest%2F1%2F{SECRET}%2F",
        f"Cannot connect to host portal.example:443 ssl:default [{SECRET!r}]",
    ],
)
def test_a_secret_that_was_named_is_replaced_wherever_it_stands(text: str) -> None:
    assert SECRET not in redacted_text(text)
    assert MARK in redacted_text(text)


def test_only_the_secret_is_replaced() -> None:
    assert (
        redacted_text(f"row 17: /rest/1/{SECRET}/batch, HTTP 502") == f"row 17: /rest/1/{MARK}/batch, HTTP 502"
    )
    for innocent in (
        "LEAD_777 started as 66e81a641752f8.56521481",
        "https://portal.example/crm/lead/details/777/",
        "Запуск: Иванов, 12:30, row 17 of 5,000",
        "user@portal.example",
        "C:\\data\\leads.csv",
    ):
        assert redacted_text(innocent) == innocent


def test_a_text_too_short_to_be_a_secret_is_not_hunted_for() -> None:
    """A webhook of "a" would blank out every word."""
    for text in ("a", "", "short", "secret"):
        register(text)

    assert redacted_text("a short row") == "a short row"
    assert redacted_text("a secret row") == f"a {MARK} row"


@pytest.mark.parametrize(
    "text",
    [
        f"POST https://portal.example/rest/1/{TOKEN}/batch HTTP/1.1",
        f"/rest/17/{TOKEN}",
        f"https://oauth.bitrix.info/oauth/token/?grant_type=refresh_token&refresh_token={TOKEN}&client_id=x",
        f"https://portal.example/rest/batch?auth={TOKEN}",
        f"https://our.example/oauth?code={TOKEN}&state=1",
        f"https://our.example/oauth?state=1&code={TOKEN}",
        f'{{"access_token": "{TOKEN}", "expires_in": 3600}}',
        f"{{'refresh_token': '{TOKEN}'}}",
        f"client_secret={TOKEN}",
        f"https://portal.example/rest/batch?AUTH={TOKEN}",
        f"Authorization: Bearer {TOKEN}",
        f"authorization: bearer {TOKEN}",
        f"{{'Authorization': 'Basic {TOKEN}'}}",
        f'{{"Authorization": "Bearer {TOKEN}"}}',
        f"Authorization:  Bearer  {TOKEN}",
        f"authorization:{TOKEN}",
        f"authorization={TOKEN}",
        f"<CIMultiDict('Accept': '*/*', 'Authorization': 'Bearer {TOKEN}')>",
        f"postgresql://launcher:{TOKEN}@db.example/ledger",
        f"postgresql+asyncpg://launcher:{TOKEN}@127.0.0.1:5432/ledger?ssl=require",
        f"http://proxy-user:{TOKEN}@proxy.example:3128",
    ],
)
def test_what_looks_like_a_secret_is_replaced_though_nobody_named_it(text: str) -> None:
    assert "0ken" not in redacted_text(text)  # nor is any part of it left
    assert MARK in redacted_text(text)


def test_what_stands_around_a_secret_stays_readable() -> None:
    assert (
        redacted_text(f"postgresql://launcher:{TOKEN}@db.example/ledger")
        == f"postgresql://launcher:{MARK}@db.example/ledger"
    )
    assert redacted_text(f"/oauth/token/?refresh_token={TOKEN}&client_id=local.1") == (
        f"/oauth/token/?refresh_token={MARK}&client_id=local.1"
    )
    assert redacted_text(f"{{'Authorization': 'Bearer {TOKEN}'}} gave HTTP 502") == (
        f"{{'Authorization': 'Bearer {MARK}'}} gave HTTP 502"
    )
    assert redacted_text(f"Authorization: Bearer {TOKEN} gave HTTP 502") == (
        f"Authorization: Bearer {MARK} gave HTTP 502"
    )


@pytest.mark.parametrize(
    ("address", "secrets", "words"),
    [
        (f"https://hooks.example.org/send/{TOKEN}", [TOKEN], ["hooks.example.org", "send"]),
        (f"https://hooks.example.org/send?key={TOKEN}&chat={SECRET}", [TOKEN, SECRET], ["hooks.example.org"]),
        (f"https://person-1:{TOKEN}@hooks.example.org/send", [TOKEN, "person-1"], ["hooks.example.org"]),
        (f"tgram://{TOKEN}/{SECRET}/send", [TOKEN, SECRET], ["tgram", "send"]),
        (f"slack://sender-1@{TOKEN}", [f"sender-1@{TOKEN}", "sender-1"], ["slack"]),
        (f"https://hooks.example.org:8443/{TOKEN}", [TOKEN], ["hooks.example.org", "8443"]),
        ("https://hooks.example.org/8charact/7charac", ["8charact"], ["hooks.example.org", "7charac"]),
        *(
            (f"{scheme}://hooks.example.org/{TOKEN}", [TOKEN], ["hooks.example.org"])
            for scheme in ("http", "json", "jsons", "form", "forms", "xml", "xmls", "mailto", "mailtos")
        ),
    ],
    ids=str,
)
def test_of_an_address_each_part_that_may_be_a_token_is_hidden(
    monkeypatch: pytest.MonkeyPatch, address: str, secrets: list[str], words: list[str]
) -> None:
    """Those who send messages write parts of it into their errors; its host tells where the trouble is."""
    monkeypatch.setattr(redact, "_known", set())

    register_parts(address)

    for secret in (address, *secrets):
        assert redacted_text(f"refused: <{secret}>") == f"refused: <{MARK}>"
    for word in words:
        assert redacted_text(f"refused by {word}") == f"refused by {word}"


def test_what_an_object_prints_stays_readable_around_its_secret() -> None:
    assert redacted(_Talkative()) == f"<ClientResponse(https://portal.example/rest/1/{MARK}/batch) [200 OK]>"


def test_redacting_twice_changes_nothing_more() -> None:
    once = redacted_text(f"Authorization: Bearer {TOKEN}, /rest/1/{SECRET}/ and auth={TOKEN}")

    assert redacted_text(once) == once


class _Talkative:
    """Prints the secret, as aiohttp's requests and errors do."""

    def __repr__(self) -> str:
        return f"<ClientResponse(https://portal.example/rest/1/{SECRET}/batch) [200 OK]>"


@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        SECRET.encode(),
        b"\xff\xfe" + SECRET.encode(),
        bytearray(SECRET.encode()),
        [SECRET],
        (1, SECRET),
        {SECRET},
        frozenset({SECRET}),
        {"url": SECRET},
        {SECRET: 1},
        {"a": [{"b": ({"c": SECRET},)}]},
        {1: {2: [b"x", SECRET.encode()]}},
        _Talkative(),
        [_Talkative()],
        ValueError(f"at /rest/1/{SECRET}/"),
        ExceptionGroup("several", [ValueError(SECRET), OSError(5, "lost", SECRET)]),
        Path(f"rest/1/{SECRET}"),
        iter([SECRET]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_value_however_deep_keeps_a_secret(value: object) -> None:
    assert SECRET not in repr(redacted(value))


def test_values_without_a_secret_keep_their_shape() -> None:
    value = {"rows": 50, "share": 0.5, "dry": True, "nothing": None, "names": ["a", "b"], "kind": ("lead", 1)}

    assert redacted(value) == {**value, "kind": ["lead", 1]}


def test_a_traceback_through_several_causes_holds_no_secret() -> None:
    try:
        try:
            raise ConnectionError(f"https://portal.example/rest/1/{SECRET}/batch")
        except ConnectionError as error:
            raise RuntimeError(f"Authorization: Bearer {TOKEN}") from error
    except RuntimeError as error:
        text = redacted_text("".join(traceback.format_exception(error)))

    assert "ConnectionError: https://portal.example/rest/1/" in text
    assert SECRET not in text
    assert TOKEN not in text


@pytest.mark.parametrize(
    "key", ["Authorization", "authorization", "access_token", "refresh_token", "client_secret", "auth"]
)
def test_a_value_under_a_secrets_name_is_replaced(key):
    assert TOKEN not in repr(redacted({"headers": {key: TOKEN}}))
    assert TOKEN not in repr(redacted({key: "Bearer " + TOKEN}))


def test_of_two_secrets_the_longer_is_replaced_whole():
    for more in range(20):
        register("prefix")
        register("prefix" + "and" * more + "more")
    assert redacted_text("prefixandandmore") == MARK


def test_of_a_secret_within_another_nothing_of_the_other_is_left() -> None:
    register("one-of-two")
    register("a-token-with-one-of-two-in-it")
    assert redacted_text("<a-token-with-one-of-two-in-it>") == f"<{MARK}>"


def test_bytes_are_read_as_text_and_a_secret_in_any_letters_is_found() -> None:
    register("тайный-ключ")
    assert redacted("row 17: тайный-ключ".encode()) == f"row 17: {MARK}"


@pytest.mark.parametrize(
    "text", [f"postgresql://u:p@{TOKEN}@db/x", f"postgresql://u:{TOKEN}:x@db", f"redis://:{TOKEN}@db"]
)
def test_passwords(text):
    assert TOKEN not in redacted_text(text)


@pytest.mark.parametrize("scheme", ["Token", "Digest", "OAuth", "Bitrix24"])
def test_other_schemes(scheme):
    assert TOKEN not in redacted_text(f"Authorization: {scheme} {TOKEN}")


@pytest.mark.parametrize(
    "text",
    [
        "code = asyncio.run(work(options))",
        "error code: QUERY_LIMIT_EXCEEDED",
        "code=ERROR_CORE",
        "postcode: 123456",
        "Author: Tolstoy",
        "exit code: 1234567",
    ],
)
def test_no_secret_stays_readable(text):
    assert redacted_text(text) == text
