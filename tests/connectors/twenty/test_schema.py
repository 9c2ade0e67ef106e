"""Making and taking back the schema on both lines (contracts/twenty/FACTS.md section 8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.catalogue import FieldType, Option
from connectors.errors import Rejected, Transient
from connectors.plans import FieldPlan, ObjectPlan, SchemaChange, SchemaPlan
from connectors.twenty.destination import TwentyDestination
from connectors.twenty.fake import FakeTwenty

from .stand import LINES, Journal, Line, connect, draft, id_of, unlimited

F = FieldType
OPTIONS = (Option("FREE", "Free"), Option("PRO", "Pro", "green"))
TRIP = ObjectPlan("trip", "trips", "Trip", "Trips", "A journey")
CREATABLE = [
    type
    for type in FieldType
    if type not in (F.RELATION, F.MORPH_RELATION, F.POSITION, F.TS_VECTOR, F.NUMERIC, F.FILES)
]


@pytest.fixture(params=LINES)
def line(request: pytest.FixtureRequest) -> Line:
    chosen: Line = request.param
    return chosen


@pytest.fixture
def fake(line: Line) -> FakeTwenty:
    return unlimited(line, prefilled=False)


@pytest.fixture
def twenty(fake: FakeTwenty) -> TwentyDestination:
    return connect(fake)


@pytest.fixture
def journal() -> Journal:
    return Journal()


def plan(*fields: FieldPlan, objects: tuple[ObjectPlan, ...] = ()) -> SchemaPlan:
    return SchemaPlan(objects, fields)


def text(name: str = "tier", **more: Any) -> FieldPlan:
    return FieldPlan("person", name, name.title(), F.TEXT, **more)


def select(type: FieldType, *options: Option) -> FieldPlan:
    return FieldPlan("person", "level", "Level", type, options=options)


WHOLE = plan(
    *(
        FieldPlan("trip", f"a{type.title().replace('_', '')}", type, type, options=OPTIONS if "SELECT" in type else ())
        for type in CREATABLE
    ),
    text("customerioId", unique=True),
    FieldPlan("trip", "person", "Person", F.RELATION, target="person", inverse_label="Trips"),
    FieldPlan("trip", "guide", "Guide", F.RELATION, target="person", inverse_label="Trips"),
    objects=(TRIP,),
)


def test_a_whole_schema_is_made_once_and_journalled_before_and_after(
    twenty: TwentyDestination, journal: Journal
) -> None:
    assert twenty.plan_missing(WHOLE) == WHOLE
    twenty.ensure(WHOLE, journal)
    changes = len(WHOLE.objects) + len(WHOLE.fields)
    assert [one.done for one in journal] == [False, True] * changes
    assert all(one.id for one in journal if one.done)
    assert twenty.plan_missing(WHOLE) == SchemaPlan()
    twenty.ensure(WHOLE, journal)
    assert len(journal) == 2 * changes


def test_what_was_made_can_be_written_and_taken_back(twenty: TwentyDestination, journal: Journal) -> None:
    before = {(object.name, field.name) for object in twenty.catalogue().objects for field in object.fields}
    twenty.ensure(WHOLE, journal)
    twenty.write("person", [draft("p", customerioId="c1")])
    twenty.write("trip", [draft("t", name="T", personId=id_of("p"), aSelect="PRO", aRichText={"markdown": "x"})])
    with pytest.raises(Rejected, match="unique"):
        twenty.write("person", [draft("q", customerioId="c1")])
    assert [one.id for one in twenty.find("person", keys={"customerioId": ["c1"]})] == [id_of("p")]
    done = [one for one in journal if one.done]
    for change in [*reversed(done), *reversed(done)]:
        twenty.drop(change)
    assert twenty.plan_missing(WHOLE) == WHOLE
    after = {(object.name, field.name) for object in twenty.catalogue().objects for field in object.fields}
    assert after == before


def test_two_relations_to_one_object_get_inverses_of_their_own(twenty: TwentyDestination, journal: Journal) -> None:
    twenty.ensure(WHOLE, journal)
    person = twenty.catalogue().object("person")
    assert person is not None
    assert {"trips", "trips2"} <= {field.name for field in person.fields if field.references == "trip"}


@pytest.mark.parametrize("type", [F.SELECT, F.MULTI_SELECT])
def test_adding_an_option_keeps_every_record_s_value(
    fake: FakeTwenty, twenty: TwentyDestination, journal: Journal, type: FieldType
) -> None:
    """Options sent again without their ids would wipe the field in every record, with status 200."""
    value: Any = "PRO" if type is F.SELECT else ["PRO", "FREE"]
    twenty.ensure(plan(select(type, *OPTIONS)), journal)
    twenty.write("person", [draft("p", level=value)])
    more = plan(select(type, *OPTIONS, Option("MAX", "Max")))
    assert [option.value for option in twenty.plan_missing(more).fields[0].options] == ["MAX"]
    twenty.ensure(more, journal)
    assert twenty.read("person", [id_of("p")])[0].fields["level"] == value
    change = journal[-1]
    assert (change.verb, change.done, change.before["added"]) == ("add_options", True, ["MAX"])
    assert [option["value"] for option in change.before["options"]] == ["FREE", "PRO"]
    for _ in range(2):
        twenty.drop(change)
    assert twenty.plan_missing(more) == plan(select(type, Option("MAX", "Max")))
    assert twenty.read("person", [id_of("p")])[0].fields["level"] == value


def test_options_that_people_added_since_survive_the_way_back(twenty: TwentyDestination, journal: Journal) -> None:
    twenty.ensure(plan(select(F.SELECT, *OPTIONS)), journal)
    twenty.ensure(plan(select(F.SELECT, Option("MAX", "Max"))), journal)
    ours = journal[-1]
    twenty.ensure(plan(select(F.SELECT, Option("THEIRS", "Theirs"))), journal)
    twenty.drop(ours)
    person = twenty.catalogue().object("person")
    assert person is not None
    level = person.field("level")
    assert level is not None
    assert [option.value for option in level.options] == ["FREE", "PRO", "THEIRS"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (plan(text("jobTitle", unique=True)), "need not be unique"),
        (plan(replace(text("emails"), type=F.TEXT)), "type EMAILS"),
        (plan(FieldPlan("person", "company", "C", F.RELATION, target="opportunity")), "pointing to company"),
        (plan(objects=(ObjectPlan("person", "persons", "Person", "Persons"),)), "plural “people”"),
        (plan(objects=(ObjectPlan("human", "people", "Human", "Humans"),)), "plural of Twenty's “person”"),
        (plan(FieldPlan("nowhere", "x", "X", F.TEXT)), "no object “nowhere”"),
    ],
)
def test_a_plan_that_contradicts_what_is_there_is_refused(
    twenty: TwentyDestination, journal: Journal, wanted: SchemaPlan, words: str
) -> None:
    for ask in (twenty.plan_missing, lambda plan: twenty.ensure(plan, journal)):
        with pytest.raises(Rejected, match=words):
            ask(wanted)
    assert journal == []


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (text("plan"), "reserved"),
        (text("bad_name"), "camelCase|lowercase letter"),
        (replace(text("number"), type=F.NUMERIC), "NUMBER instead"),
        (select(F.SELECT, Option("lower", "x")), "UPPER_CASE"),
    ],
)
def test_the_reason_of_a_refusal_is_told_on_both_lines(
    twenty: TwentyDestination, journal: Journal, field: FieldPlan, words: str
) -> None:
    """1.x tells it by GraphQL only."""
    with pytest.raises(Rejected, match=words):
        twenty.ensure(plan(field), journal)
    assert [one.done for one in journal] == [False]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/rest/metadata/fields", plan(text())),
        ("/rest/metadata/objects", plan(objects=(TRIP,))),
    ],
)
@pytest.mark.parametrize("after_effect", [True, False])
def test_a_lost_answer_never_makes_a_thing_twice(
    fake: FakeTwenty, twenty: TwentyDestination, journal: Journal, path: str, wanted: SchemaPlan, after_effect: bool
) -> None:
    fake.faults.add(path, "POST", status=502, after_effect=after_effect)
    twenty.ensure(wanted, journal)
    assert [one.done for one in journal] == [False, True]
    assert journal[-1].id
    assert twenty.plan_missing(wanted) == SchemaPlan()
    made = [one for one in fake.requests if one.method == "POST" and one.path == path]
    assert len(made) == 1


@pytest.mark.parametrize("after_effect", [True, False])
def test_a_lost_answer_to_new_options_is_looked_up(
    fake: FakeTwenty, twenty: TwentyDestination, journal: Journal, after_effect: bool
) -> None:
    twenty.ensure(plan(select(F.SELECT, *OPTIONS)), journal)
    twenty.write("person", [draft("p", level="PRO")])
    fake.faults.add("/rest/metadata/fields", "PATCH", status=502, after_effect=after_effect)
    twenty.ensure(plan(select(F.SELECT, Option("MAX", "Max"))), journal)
    assert journal[-1].done
    assert twenty.read("person", [id_of("p")])[0].fields["level"] == "PRO"
    assert twenty.plan_missing(plan(select(F.SELECT, Option("MAX", "Max")))) == SchemaPlan()


def test_a_server_that_stays_away_leaves_the_intent_in_the_journal(
    fake: FakeTwenty, twenty: TwentyDestination, journal: Journal
) -> None:
    fake.faults.add("/rest/metadata/fields", "POST", status=502, times=9)
    with pytest.raises(Transient):
        twenty.ensure(plan(text()), journal)
    assert [one.done for one in journal] == [False]
    twenty.drop(journal[0])


def test_an_intent_that_was_carried_out_can_be_taken_back_by_name(twenty: TwentyDestination, journal: Journal) -> None:
    twenty.ensure(plan(text()), journal)
    twenty.drop(journal[0])
    assert twenty.plan_missing(plan(text())) == plan(text())


def test_what_belongs_to_twenty_is_never_dropped(twenty: TwentyDestination) -> None:
    for change in (
        SchemaChange("create_object", "company", "companies"),
        SchemaChange("create_field", "person", "phones"),
    ):
        with pytest.raises(Rejected, match="belongs to Twenty"):
            twenty.drop(change)


def test_a_new_object_s_records_are_known_without_asking_again(twenty: TwentyDestination, journal: Journal) -> None:
    twenty.ensure(plan(objects=(TRIP,)), journal)
    assert twenty.count("trip") == 0
    trip = twenty.catalogue().object("trip")
    assert trip is not None
    assert (trip.plural, trip.custom) == ("trips", True)


def test_both_answer_formats_of_metadata_are_understood(journal: Journal) -> None:
    twenty = connect(unlimited("2.x", direct_metadata=False))
    twenty.ensure(WHOLE, journal)
    assert twenty.plan_missing(WHOLE) == SchemaPlan()


def test_files_fields_are_made_where_the_server_has_them(journal: Journal) -> None:
    twenty = connect(unlimited("2.x"))
    twenty.ensure(plan(FieldPlan("person", "papers", "Papers", F.FILES)), journal)
    assert journal[-1].done
