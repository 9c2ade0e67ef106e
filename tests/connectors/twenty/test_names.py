from __future__ import annotations

import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.twenty.fake.errors import Refusal
from connectors.twenty.fake.metadata import create_field
from connectors.twenty.fake.metadata_objects import create_object
from connectors.twenty.fake.schema import Line
from connectors.twenty.fake.workspace import Settings, Workspace
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
        ("and", "andTrait"),
        ("OR", "orTrait"),
        ("not", "notTrait"),
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
        ("created_by_name", []),
        ("phones", ["phonesPrimaryPhoneNumber"]),
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


SPELLINGS = st.sampled_from(["first_name", "First Name", "firstName", "first-name", "FIRST_NAME", "prénom", "prenom"])
TRAPS = st.sampled_from(
    ["phones", "phones primary phone number", "created by name", "company", "company_id", "plan", "plan trait", "1st_x"]
)


@given(st.lists(TEXTS | SPELLINGS | TRAPS, max_size=12), st.lists(TEXTS, max_size=4), st.randoms(use_true_random=False))
def test_names_do_not_depend_on_the_order_of_discovery(sources: list[str], taken: list[str], random: Random) -> None:
    names = NAMING.fields(sources, taken)
    assert names.keys() == set(sources)
    assert len(set(names.values())) == len(names)
    random.shuffle(sources)
    assert NAMING.fields(sources, taken[::-1]) == names


def test_the_plainest_spelling_gets_the_plain_name() -> None:
    assert NAMING.fields(["First Name", "first_name", "firstName"], []) == {
        "first_name": "firstName",
        "firstName": "firstNameTrait",
        "First Name": "firstNameTrait2",
    }
    assert NAMING.fields(["first_name", "First Name"], ["firstName"])["first_name"] == "firstNameTrait"


@pytest.mark.parametrize("word", ["and", "or", "not"])
def test_the_server_refuses_the_words_of_its_filters(word: str) -> None:
    workspace = Workspace("2.x", time.monotonic, Settings())
    body = {"objectMetadataId": workspace.schema.objects["person"].id, "name": word, "label": word, "type": "TEXT"}
    with pytest.raises(Refusal):
        create_field(workspace, body)
    create_field(workspace, {**body, "name": NAMING.field(word, [])})


COMPOSITES = ("TEXT", "PHONES", "EMAILS", "LINKS", "ADDRESS", "CURRENCY", "FULL_NAME")


@pytest.mark.parametrize("line", ["1.x", "2.x"])
@settings(max_examples=30)
@given(
    sources=st.lists(TEXTS | SPELLINGS | TRAPS, max_size=8),
    shift=st.integers(0, 6),
    object=st.sampled_from(["person", "company"]),
)
def test_the_server_takes_every_name_whatever_its_type(line: Line, sources: list[str], shift: int, object: str) -> None:
    workspace = Workspace(line, time.monotonic, Settings())
    kind = workspace.schema.objects[object]
    taken = {*kind.fields, *kind.columns}
    for number, name in enumerate(NAMING.fields(sources, taken).values()):
        body = {"objectMetadataId": kind.id, "name": name, "label": name, "type": COMPOSITES[(number + shift) % 7]}
        try:
            create_field(workspace, body)
        except Refusal as refusal:
            pytest.fail(f"{name}: {refusal.body}")


@pytest.mark.parametrize("line", ["1.x", "2.x"])
@settings(max_examples=30)
@given(label=TEXTS | TRAPS, plural=TEXTS)
def test_the_server_takes_every_object_name(line: Line, label: str, plural: str) -> None:
    workspace = Workspace(line, time.monotonic, Settings())
    taken = {name for kind in workspace.schema.objects.values() for name in (kind.singular, kind.plural)}
    one, many = NAMING.object(label, plural, taken)
    labels = {"labelSingular": f"{one} one", "labelPlural": f"{many} many"}
    create_object(workspace, {"nameSingular": one, "namePlural": many, **labels})


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


@given(st.lists(TEXTS, max_size=8), st.randoms(use_true_random=False))
def test_option_values_do_not_depend_on_the_order_of_the_records(labels: list[str], random: Random) -> None:
    values = NAMING.options(labels, ["FREE"])
    assert len({*values.values(), "FREE"}) == len(set(labels)) + 1
    random.shuffle(labels)
    assert NAMING.options(labels, ["FREE"]) == values


def test_option_labels_keep_their_words() -> None:
    assert NAMING.option_label("Acme, Inc.\n Ltd") == "Acme; Inc. Ltd"
