"""What the portal says when an item has as many workflows running as it may have."""

import pytest

from launcher.core import catalogue
from launcher.core.catalogue import BUSY, is_busy

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
    assert len(catalogue._BUSY_TEXTS) == len(BUSY_TEXTS)


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
    assert BUSY.upper() not in catalogue.MENDS


@pytest.mark.parametrize("code", catalogue.MENDS)
def test_every_mend_is_a_sentence_that_says_what_to_do(code: str) -> None:
    assert code == code.upper()
    assert len(catalogue.MENDS[code].split()) >= 5
    assert not catalogue.MENDS[code].endswith(".")
