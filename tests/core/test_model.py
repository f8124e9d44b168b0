"""The start key: equal exactly when the same thing would be started."""

from collections.abc import Mapping

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from launcher.core.model import Document, State, Value, start_key
from tests.support.examples import examples

LEAD = Document("crm", "CCrmDocumentLead", "LEAD_777")


def key(
    portal: str = "acme.bitrix24.com",
    job: str = "follow-up",
    template_id: int = 7,
    document: Document = LEAD,
    parameters: Mapping[str, Value] | None = None,
) -> str:
    return start_key(
        portal=portal,
        job=job,
        template_id=template_id,
        document=document,
        parameters={"Manager": "Анна"} if parameters is None else parameters,
    )


def test_the_key_of_a_start_is_the_same_in_every_version() -> None:
    """Ledgers outlive versions: with another key, everything that was started would be started again."""
    assert key() == "34f610ca0b15bc73140769608e258b85"
    assert key(parameters={"b": ("1", "2"), "a": "😀"}) == "bb5aa248c3265c5854a1328a06e4ec74"


def test_a_key_is_32_hexadecimal_digits() -> None:
    assert len(key()) == 32
    assert set(key()) <= set("0123456789abcdef")


def test_each_of_the_five_parts_makes_another_key() -> None:
    others = [
        key(portal="other.bitrix24.com"),
        key(job="another"),
        key(template_id=8),
        key(document=Document("lists", "CCrmDocumentLead", "LEAD_777")),
        key(document=Document("crm", "CCrmDocumentDeal", "LEAD_777")),
        key(document=Document("crm", "CCrmDocumentLead", "LEAD_778")),
        key(parameters={"Manager": "анна"}),
        key(parameters={"manager": "Анна"}),
        key(parameters={"Manager": ("Анна",)}),
        key(parameters={"Manager": "Анна", "Comment": ""}),
        key(parameters={}),
    ]

    assert len({key(), *others}) == len(others) + 1


def test_the_order_of_the_parameters_does_not_matter() -> None:
    assert key(parameters={"a": "1", "b": "2"}) == key(parameters={"b": "2", "a": "1"})


def test_the_order_within_a_list_does_matter() -> None:
    assert key(parameters={"a": ("1", "2")}) != key(parameters={"a": ("2", "1")})


Identity = tuple[str, str, int, Document, Mapping[str, Value]]

few_letters = st.text(alphabet='a"\\,[]:', max_size=3)
values = few_letters | st.lists(few_letters, max_size=2).map(tuple)
identities = st.tuples(
    few_letters,
    few_letters,
    st.integers(0, 2),
    st.builds(Document, few_letters, few_letters, few_letters),
    st.dictionaries(few_letters, values, max_size=2),
)


@given(identities, identities)
@settings(max_examples=examples(200))
@example(("a", "b", 1, LEAD, {}), ("ab", "", 1, LEAD, {}))
@example(("a", '","', 1, LEAD, {}), ('a","', "", 1, LEAD, {}))
@example(("a", "b", 1, LEAD, {"a": '","b'}), ("a", "b", 1, LEAD, {"a": ("", "b")}))
@example(("a", "b", 1, LEAD, {"a": "1", "b": "2"}), ("a", "b", 1, LEAD, {"a": "1b2"}))
def test_no_text_in_a_part_makes_it_pass_for_another(one: Identity, other: Identity) -> None:
    """Marks of the format inside a cell do not move the borders between the parts."""
    assume(one != other)

    assert key(*one) != key(*other)


def test_texts_that_no_encoding_allows_have_keys_of_their_own() -> None:
    assert key(parameters={"a": "\ud83d\ude00"}) != key(parameters={"a": "😀"})


def test_states_have_the_names_that_ledgers_and_results_files_hold() -> None:
    """By another name a row of an older ledger would stand nowhere, and be neither sent nor told."""
    assert [state.value for state in State] == [
        *("pending", "sent", "deferred", "started", "failed", "unknown", "invalid", "skipped")
    ]
