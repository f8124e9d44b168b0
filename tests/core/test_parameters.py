"""From a cell's text to the value as the portal takes it, by the template's own type."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.core.model import Value
from launcher.core.parameters import Conversion, DateFormat, DateFormatError, Reading, Surroundings, person_key
from launcher.core.templates import Parameter
from launcher.errors import RowError

PEOPLE = {
    "vera@acme.example": ("14",),
    "vera orlova": ("14",),
    "ivan ivanov": ("3", "8"),
    "nobody at all": (),
}
CHANNELS = {"mail": "E-mail", "phone": "Telephone", "42": "Other", "a": "Twice", "b": "Twice"}


def conversion(type_: str, reading: Reading | None = None, **more: Any) -> Conversion:
    parameter = Parameter(name="P", type=type_, **more)
    return Conversion(parameter, reading or Reading(), Surroundings(offset="+03:00", people=PEOPLE))


def sent(type_: str, text: str, letter: str = "t", reading: Reading | None = None, **more: Any) -> Value | None:
    return conversion(type_, reading, **more).convert(text, letter).value


def misfit(type_: str, text: str, letter: str = "t", reading: Reading | None = None, **more: Any) -> RowError:
    with pytest.raises(RowError) as raised:
        conversion(type_, reading, **more).convert(text, letter)
    return raised.value


@pytest.mark.parametrize("type_", ["string", "text", "uf:something-new", "internalselect"])
@pytest.mark.parametrize("text", [" Анна & Co ", "1,50", "03/04/2026", "a;b", "", "  "])
def test_texts_and_types_that_nobody_knows_go_as_they_are(type_: str, text: str) -> None:
    if type_ in ("string", "text") or text.strip():
        assert sent(type_, text) == text


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        *(("bool", yes, "Y") for yes in ("yes", "Да", "1", "true", "Y", " TRUE ", "ja", "on", "ИСТИНА")),
        *(("bool", no, "N") for no in ("no", "нет", "0", "FALSE", "n", "Nein", "off", "ЛОЖЬ")),
        ("int", "5", "5"),
        ("int", " -17 ", "-17"),
        ("int", "+5", "5"),
        ("int", "5.0", "5"),
        ("int", "5,00", "5"),
        ("int", "1 234 567", "1234567"),
        ("int", "1\u00a0234", "1234"),
        ("int", "1,234,567", "1234567"),
        ("int", "007", "007"),
        ("double", "1.50", "1.50"),
        ("double", "1,50", "1.50"),
        ("double", "-0,5", "-0.5"),
        ("double", "\u22120,5", "-0.5"),
        ("double", ".5", "0.5"),
        ("double", "0,125", "0.125"),
        ("double", "1234,567", "1234.567"),
        ("double", "1.234,56", "1234.56"),
        ("double", "1,234.56", "1234.56"),
        ("double", "1.234.567", "1234567"),
        ("double", "1 234,56", "1234.56"),
        ("double", "1'234.5", "1234.5"),
        ("double", "12", "12"),
        ("select", "mail", "mail"),
        ("select", " MAIL ", "mail"),
        ("select", "Telephone", "phone"),
        ("select", "telephone", "phone"),
        ("select", "42", "42"),
        ("user", "14", "user_14"),
        ("user", "014", "user_14"),
        ("user", "14.0", "user_14"),
        ("user", " user_14 ", "user_14"),
        ("user", "Vera Orlova [14]", "user_14"),
        ("user", "Vera@Acme.example", "user_14"),
        ("user", "  vera   ORLOVA ", "user_14"),
        ("uf:crm", "L_777", "L_777"),
        ("uf:crm", "co_4", "CO_4"),
        ("uf:crm", "DEAL_5", "D_5"),
        ("uf:crm", "T93_5", "T93_5"),
        ("uf:crm", "DYNAMIC_147_5", "T93_5"),
        ("date", "2026-01-05", "2026-01-05T00:00:00+03:00"),
        ("date", "2026-01-05 10:30:00", "2026-01-05T00:00:00+03:00"),
        ("date", "05.01.2026", "2026-01-05T00:00:00+03:00"),
        ("date", "5.1.2026", "2026-01-05T00:00:00+03:00"),
        ("date", "2026/1/5", "2026-01-05T00:00:00+03:00"),
        ("date", "13/04/2026", "2026-04-13T00:00:00+03:00"),
        ("date", "04/13/2026", "2026-04-13T00:00:00+03:00"),
        ("date", "04/04/2026", "2026-04-04T00:00:00+03:00"),
        ("datetime", "2026-01-05", "2026-01-05T00:00:00+03:00"),
        ("datetime", "2026-01-05 10:30:00", "2026-01-05T10:30:00+03:00"),
        ("datetime", "05.01.2026 10:30", "2026-01-05T10:30:00+03:00"),
        ("datetime", "2026-01-05T10:30:00+05:00", "2026-01-05T10:30:00+05:00"),
        ("datetime", "2026-01-05T10:30:00.250Z", "2026-01-05T10:30:00+00:00"),
        ("datetime", "1/13/2026 3:05 PM", "2026-01-13T15:05:00+03:00"),
        ("datetime", "1/13/2026 12:05 am", "2026-01-13T00:05:00+03:00"),
    ],
)
def test_a_cell_becomes_the_value_that_the_portal_takes(type_: str, text: str, value: str) -> None:
    assert sent(type_, text, options=CHANNELS if type_ == "select" else None) == value


@pytest.mark.parametrize(
    ("type_", "text", "code", "words"),
    [
        ("bool", "maybe", "bad yes or no", '"maybe" is neither yes nor no'),
        ("int", "1.5", "bad number", "not a whole number"),
        ("int", "five", "bad number", '"five"'),
        ("int", "1,234", "unclear number", "1234 or 1.234"),
        ("int", "9" * 25, "bad number", "too large"),
        ("double", "1,234", "unclear number", 'decimal: ","'),
        ("double", "1.234", "unclear number", "1234 or 1.234"),
        ("double", "-12.345", "unclear number", "-12345 or -12.345"),
        ("double", "1,2,3", "bad number", "not a number"),
        ("double", "1.234,56,7", "bad number", "not a number"),
        ("double", "12 %", "bad number", "not a number"),
        ("double", "1 23", "bad number", "not a number"),
        ("double", "1e5", "bad number", "not a number"),
        ("double", "٣", "bad number", "not a number"),
        ("select", "Telefone", "bad option", 'did you mean "Telephone"'),
        ("select", "Twice", "unclear option", "a, b"),
        ("user", "Ivan Ivanov", "unclear person", "3, 8"),
        ("user", "Nobody at all", "bad person", "nobody active"),
        ("user", "Somebody Else", "bad person", "could not be looked up"),
        ("user", "12,5", "bad person", "no person"),
        ("user", "0", "bad person", "no person"),
        ("uf:crm", "777", "bad binding", "L_777"),
        ("uf:crm", "X_777", "bad binding", "kind of element"),
        ("uf:crm", "DYNAMIC_0_777", "bad binding", "kind of element"),
        ("uf:crm", "Acme", "bad binding", "not a CRM element"),
        ("date", "03/04/2026", "unclear date", "DD/MM/YYYY"),
        ("date", "03-04-2026", "unclear date", "MM/DD/YYYY"),
        ("date", "31.02.2026", "bad date", "there is not"),
        ("date", "13/13/2026", "bad date", "there is not"),
        ("date", "05.01.26", "bad date", "date_format"),
        ("date", "tomorrow", "bad date", '"tomorrow" is not a date'),
        ("datetime", "2026-01-05 25:00", "bad date", "there is not"),
        ("datetime", "2026-01-05 10:00+99:00", "bad date", "time zone"),
        ("datetime", "1/13/2026 13:05 PM", "bad date", "no time"),
    ],
)
def test_a_cell_that_does_not_fit_says_why_and_what_to_do(type_: str, text: str, code: str, words: str) -> None:
    error = misfit(type_, text, options=CHANNELS if type_ == "select" else None)

    assert error.kind == code
    assert words in str(error)


def test_a_long_cell_is_quoted_short_and_on_one_line() -> None:
    text = str(misfit("bool", "Просит счёт;\nоплата в два этапа " * 40))

    assert "\n" not in text
    assert len(text) < 120


@pytest.mark.parametrize("letter", ["d", "D"])
def test_a_date_of_the_spreadsheets_own_is_read_whatever_format_is_configured(letter: str) -> None:
    reading = Reading(date_format="DD/MM/YYYY")

    assert sent("date", "2026-01-05 10:00:00", letter, reading) == "2026-01-05T00:00:00+03:00"
    assert sent("datetime", "2026-01-05", letter, reading) == "2026-01-05T00:00:00+03:00"


def test_a_number_of_the_spreadsheets_own_is_not_unclear() -> None:
    assert sent("double", "1.234", "n") == "1.234"
    assert sent("double", "1.234", "n", Reading(decimal=",")) == "1.234"
    assert sent("double", "1e-12", "n") == "1e-12"
    assert misfit("int", "1.234", "n").kind == "bad number"


def test_a_number_in_a_column_of_dates_asks_for_a_date_format_in_the_spreadsheet() -> None:
    assert "date format in the spreadsheet" in str(misfit("date", "46027", "n"))


@pytest.mark.parametrize(
    ("decimal", "text", "value"),
    [(",", "1,234", "1.234"), (".", "1,234", "1234"), (".", "1.234", "1.234"), (",", "1.234", "1234")],
)
def test_the_configured_decimal_mark_decides(decimal: str, text: str, value: str) -> None:
    assert sent("double", text, reading=Reading(decimal=decimal)) == value


def test_a_number_that_contradicts_the_configured_decimal_mark_is_invalid() -> None:
    assert misfit("double", "1.5", reading=Reading(decimal=",")).kind == "bad number"
    assert misfit("double", "1,5", reading=Reading(decimal=".")).kind == "bad number"


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        ("DD.MM.YYYY", "3.4.2026", "2026-04-03T00:00:00"),
        ("DD/MM/YYYY", "03/04/2026", "2026-04-03T00:00:00"),
        ("mm/dd/yyyy", "03/04/2026", "2026-03-04T00:00:00"),
        ("YYYYMMDD", "20260403", "2026-04-03T00:00:00"),
        ("DD.MM.YY", "03.04.26", "2026-04-03T00:00:00"),
        ("DD.MM.YY", "03.04.71", "1971-04-03T00:00:00"),
        ("DD.MM.YYYY HH:MI:SS", "03.04.2026 9:05:07", "2026-04-03T09:05:07"),
        ("MM/DD/YYYY HH:MM AM", "03/04/2026 9:05 pm", "2026-03-04T21:05:00"),
        ("HH:MM DD.MM.YYYY", "09:05 03.04.2026", "2026-04-03T09:05:00"),
        ("YYYY-MM-DDTHH:MI", "2026-04-03T09:05", "2026-04-03T09:05:00"),
    ],
)
def test_a_configured_date_format_is_read(form: str, text: str, value: str) -> None:
    assert sent("datetime", text, reading=Reading(date_format=form)) == value + "+03:00"


def test_a_date_in_another_format_than_the_configured_one_is_invalid() -> None:
    error = misfit("date", "2026-04-03", reading=Reading(date_format="DD.MM.YYYY"))

    assert "DD.MM.YYYY" in str(error)


@pytest.mark.parametrize(
    "form", ["", "DD.MM", "DD.MM.YYYY DD", "TT.MM.JJJJ", "%d.%m.%Y", "DD.MM.YYYY YY", "date"]
)
def test_a_date_format_that_says_no_date_is_refused(form: str) -> None:
    with pytest.raises(DateFormatError, match="expected"):
        DateFormat.parse(form)


def test_a_parameter_that_takes_several_gets_a_list() -> None:
    assert sent("user", "14; Vera Orlova;", multiple=True) == ("user_14", "user_14")
    assert sent("string", "one", multiple=True) == ("one",)
    assert sent("double", "1.234", "n", multiple=True, reading=Reading(split=".")) == ("1.234",)
    assert sent("date", "2026-01-05;2026-01-06", multiple=True) == (
        "2026-01-05T00:00:00+03:00",
        "2026-01-06T00:00:00+03:00",
    )
    assert sent("string", "a;b|c", multiple=True, reading=Reading(split="|")) == ("a;b", "c")
    assert misfit("int", "1;x", multiple=True).kind == "bad number"


def test_several_values_are_split_only_where_the_parameter_takes_several() -> None:
    assert sent("string", "a;b") == "a;b"


def test_a_blank_cell_is_left_out_so_that_the_portal_takes_the_templates_default() -> None:
    assert sent("int", " ") is None
    assert sent("bool", "", default="N") is None
    assert sent("string", "", default="as always") is None
    assert sent("string", "", multiple=True) is None
    assert sent("string", "", required=True, default="as always") is None


def test_a_blank_cell_that_the_template_requires_is_invalid() -> None:
    for type_ in ("string", "user", "date"):
        assert misfit(type_, " ", required=True).kind == "blank parameter"
    assert misfit("string", " ; ", multiple=True, required=True).kind == "blank parameter"


def test_the_jobs_own_default_stands_in_for_a_blank_cell_and_is_read_as_one() -> None:
    reading = Reading(default="1,5")

    assert sent("double", "", reading=reading) == "1.5"
    assert sent("double", " ", "n", reading=reading, required=True) == "1.5"
    assert sent("double", "2", reading=reading) == "2"
    assert misfit("int", "", reading=reading).kind == "bad number"


def test_a_start_is_the_same_in_summer_and_in_winter() -> None:
    """The portal's offset changes with the season; what is started must not start again for that."""
    parameter = Parameter(name="P", type="date")
    summer, winter = (
        Conversion(parameter, Reading(), Surroundings(offset=offset)).convert("05.01.2026")
        for offset in ("+02:00", "+01:00")
    )

    assert summer.value != winter.value
    assert summer.identity == winter.identity


@pytest.mark.parametrize(
    ("day", "sent_as"),
    [
        ("05.01.2026", "2026-01-05T00:00:00+01:00"),
        ("06.07.2026", "2026-07-06T00:00:00+02:00"),
        ("06.07.1870", "1870-07-06T00:00:00+09:00"),
    ],
)
def test_with_the_portals_time_zone_a_day_has_the_offset_of_its_own_season(day: str, sent_as: str) -> None:
    """With the summer's offset a day in winter would begin on the day before."""
    surroundings = Surroundings(offset="+09:00", zone=ZoneInfo("Europe/Berlin"))

    assert Conversion(Parameter(name="P", type="date"), Reading(), surroundings).convert(day).value == sent_as


def test_what_is_left_out_is_as_a_blank_to_the_start_key() -> None:
    assert conversion("int").convert("").identity == ""


def test_only_people_who_are_named_must_be_looked_up() -> None:
    assert list(conversion("user").names("Vera Orlova")) == ["Vera Orlova"]
    assert list(conversion("user", multiple=True).names("14; vera@acme.example; user_3; Oleg ")) == [
        "vera@acme.example",
        "Oleg",
    ]
    assert list(conversion("user", Reading(default="Oleg")).names(" ")) == ["Oleg"]
    assert list(conversion("string").names("Vera Orlova")) == []
    assert person_key("Vera Orlova [14]") == ""


def test_a_binding_is_checked_against_the_kinds_that_the_parameter_takes() -> None:
    one, two = {"CONTACT": "Y"}, {"LEAD": "Y", "CONTACT": "Y", "DEAL": "N"}

    assert sent("uf:crm", "5", options=one) == "C_5"
    assert misfit("uf:crm", "L_5", options=one).kind == "other kind"
    assert sent("uf:crm", "L_5", options=two) == "L_5"
    assert misfit("uf:crm", "D_5", options=two).kind == "other kind"
    assert "L_5 or C_5" in str(misfit("uf:crm", "5", options=two))


def test_a_choice_without_known_options_goes_as_it_is() -> None:
    assert sent("select", "anything") == "anything"


ANY = [
    Parameter(name="P", type=type_, multiple=multiple, options=CHANNELS if type_ == "select" else None)
    for type_ in ("string", "bool", "int", "double", "date", "datetime", "select", "user", "uf:crm", "new")
    for multiple in (False, True)
]


@given(st.sampled_from(ANY), st.text(), st.sampled_from("tndDb"), st.sampled_from(["", ",", "."]))
def test_whatever_stands_in_a_cell_it_is_a_value_or_a_misfit(
    parameter: Parameter, text: str, letter: str, decimal: str
) -> None:
    bound = Conversion(parameter, Reading(decimal=decimal), Surroundings(offset="+03:00", people=PEOPLE))

    try:
        value = bound.convert(text, letter).value
    except RowError as error:
        value, told = None, error
    else:
        told = None

    assert told is None or (told.kind and "\n" not in str(told))
    assert isinstance(value, tuple if parameter.multiple else str) or value is None


@given(st.integers(-(10**15), 10**15), st.sampled_from([" ", "\u00a0", "'", "\u202f"]))
def test_a_grouped_whole_number_is_the_number(number: int, mark: str) -> None:
    assert sent("int", f"{number:,}".replace(",", mark)) == str(number)


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from([(",", "."), (".", ","), (" ", ","), ("", ",")]))
def test_a_fraction_with_two_digits_is_read_in_every_notation(number: Any, marks: tuple[str, str]) -> None:
    group, decimal = marks
    written = f"{number:,.2f}".replace(",", "g").replace(".", decimal).replace("g", group)

    assert sent("double", written) == f"{number:.2f}"


@given(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2999, 12, 31)))
def test_a_moment_comes_through_every_format_that_says_all_of_it(moment: dt.datetime) -> None:
    moment = moment.replace(microsecond=0)
    expected = moment.isoformat() + "+03:00"

    assert sent("datetime", moment.isoformat(sep=" ")) == expected
    assert sent("datetime", moment.strftime("%d.%m.%Y %H:%M:%S")) == expected
    american = Reading(date_format="MM/DD/YYYY HH:MI:SS AM")
    assert sent("datetime", moment.strftime("%m/%d/%Y %I:%M:%S %p"), reading=american) == expected
