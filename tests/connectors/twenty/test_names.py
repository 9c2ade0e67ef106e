from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.twenty.names import API_NAME, OPTION_VALUE, OWN_OBJECTS, RESERVED, TwentyNaming

NAMING = TwentyNaming()
TEXTS = st.one_of(
    st.text(max_size=90), st.from_regex(r"[a-z_ 0-9A-Z$.]{0,80}", fullmatch=True), st.sampled_from(sorted(RESERVED))
)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("first_name", "firstName"),
        ("First Name", "firstName"),
        ("firstName", "firstName"),
        ("HTTPServer", "httpServer"),
        ("email.address", "emailAddress"),
        ("$signup-date", "signupDate"),
        ("Customer's plan", "customersPlan"),
        ("prénom", "prenom"),
        ("Straße", "strasse"),
        ("Имя", "imya"),
        ("🎉 launch", "launch"),
        ("plan", "planTrait"),
        ("search", "searchTrait"),
        ("created_at", "createdAtTrait"),
        ("name", "nameTrait"),
        ("2fa", "trait2Fa"),
        ("", "trait"),
    ],
)
def test_field_names_are_legal_and_readable(source: str, name: str) -> None:
    assert NAMING.field(source, []) == name


@pytest.mark.parametrize(
    ("source", "taken"),
    [
        ("phonesPrimaryPhoneNumber", ["phones"]),
        ("created by source", []),
        ("companyId", ["company"]),
        ("company_id", []),
        ("jobTitle", ["jobTitle"]),
    ],
)
def test_fields_avoid_composite_columns_join_columns_and_taken_names(source: str, taken: list[str]) -> None:
    assert NAMING.field(source, taken).endswith("Trait")


def test_a_long_name_leaves_room_for_the_columns_of_a_composite() -> None:
    """PostgreSQL cuts names at 63 bytes: a PHONES field with a name of 63 is refused by the real server."""
    one, other = (NAMING.field("x" * 80 + end, []) for end in "ab")
    assert one != other
    assert len(one + "PrimaryPhoneCallingCode") <= 63


@given(TEXTS, st.lists(TEXTS, max_size=5))
def test_any_source_name_gives_a_legal_free_name_and_the_same_again(source: str, others: list[str]) -> None:
    taken = [NAMING.field(other, []) for other in others] + others
    name = NAMING.field(source, taken)
    assert API_NAME.match(name)
    assert len(name) <= 40
    assert name not in RESERVED
    assert name not in taken
    assert name == NAMING.field(source, taken)


@given(st.lists(TEXTS, max_size=8))
def test_names_given_one_after_the_other_never_collide(sources: list[str]) -> None:
    names: list[str] = []
    for source in sources:
        names.append(NAMING.field(source, names))
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("label", "plural", "taken", "names"),
    [
        ("Trip", "Trips", [], ("trip", "trips")),
        ("Trip", "", [], ("trip", "trips")),
        ("Message", "Messages", [], ("messageRecord", "messageRecords")),
        ("Person", "People", [], ("personRecord", "personRecords")),
        ("Event", "Events", [], ("eventRecord", "eventRecords")),
        ("Sheep", "Sheep", [], ("sheepRecord", "sheepRecords")),
        ("Trip", "Trips", ["trip", "trips"], ("tripRecord", "tripRecords")),
        ("Trip", "Trips", ["trip", "tripRecord"], ("tripRecord2", "tripRecords2")),
    ],
)
def test_object_names(label: str, plural: str, taken: list[str], names: tuple[str, str]) -> None:
    assert NAMING.object(label, plural, taken) == names


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=4))
def test_any_labels_give_legal_free_object_names(label: str, plural: str, taken: list[str]) -> None:
    names = NAMING.object(label, plural, taken)
    assert names[0].lower() != names[1].lower()
    for name in names:
        assert API_NAME.match(name)
        assert len(name) <= 63
        assert name not in RESERVED | OWN_OBJECTS | set(taken)


@pytest.mark.parametrize(
    ("label", "taken", "value"),
    [
        ("Free", [], "FREE"),
        ("Pro plan (2)", [], "PRO_PLAN_2"),
        ("a__b", [], "A_B"),
        ("Déjà vu!", [], "DEJA_VU"),
        ("24/7", [], "OPTION_24_7"),
        ("Free", ["FREE", "FREE_2"], "FREE_3"),
    ],
)
def test_option_values(label: str, taken: list[str], value: str) -> None:
    assert NAMING.option(label, taken) == value


@given(TEXTS, st.lists(TEXTS, max_size=4))
def test_any_label_gives_a_legal_option(label: str, others: list[str]) -> None:
    taken = [NAMING.option(other, []) for other in others]
    value = NAMING.option(label, taken)
    assert OPTION_VALUE.match(value)
    assert len(value) <= 63
    assert value not in taken
    shown = NAMING.option_label(label)
    assert shown
    assert "," not in shown


def test_option_labels_keep_their_words() -> None:
    assert NAMING.option_label("Acme, Inc.\n Ltd") == "Acme; Inc. Ltd"
