"""What blocks a map and what only warns, each with the row to look at."""

from __future__ import annotations

from dataclasses import replace

from connectors.catalogue import Catalogue, Field, FieldType, ObjectType
from mapping.checks import Finding, findings, map_problems
from mapping.profile import FieldProfile
from mapping.rules import Action, Choice, FieldRule, MapSpec, ObjectRule, OnError

PERSON = ObjectType("person", "Person", "People", "id", (
    Field("emails", "Emails", FieldType.EMAILS),
    Field("jobTitle", "Job title", FieldType.TEXT),
    Field("score", "Score", FieldType.NUMBER),
))  # fmt: skip


def field(source: str, destination: str, type: FieldType = FieldType.TEXT, **other: object) -> FieldRule:
    given = {"action": Action.CREATE, "transform": "text", **other}
    return FieldRule(source=source, destination=destination, type=type, **given)  # type: ignore[arg-type]


def found(*fields: FieldRule, target: ObjectType = PERSON, **profiles: FieldProfile) -> list[Finding]:
    spec = MapSpec(objects=(ObjectRule(source="person", destination="person", fields=fields),))
    return findings(spec, Catalogue((target,)), {"person": profiles})


def blocking(*fields: FieldRule, target: ObjectType = PERSON, **profiles: FieldProfile) -> list[tuple[str, str]]:
    return [(one.field, one.sentence) for one in found(*fields, target=target, **profiles) if one.blocks]


def test_a_map_that_is_fine_is_not_complained_of() -> None:
    assert (
        found(field("nick", "nick"), field("email", "emails.primaryEmail", FieldType.EMAILS, action=Action.MAP)) == []
    )


def test_two_fields_in_one_place_block_and_the_second_is_named() -> None:
    assert blocking(field("a", "nick"), field("b", "nick")) == [
        ("b", "person: “a” and “b” both go to nick: one would overwrite the other.")
    ]


def test_a_type_that_the_place_does_not_have_blocks() -> None:
    [(source, sentence)] = blocking(field("points", "score", FieldType.TEXT, action=Action.MAP))
    assert source == "points"
    assert "is sent as TEXT, but person.score is NUMBER" in sentence


def test_a_transform_that_makes_something_else_than_the_field_takes_blocks() -> None:
    [(source, sentence)] = blocking(field("points", "points", FieldType.NUMBER, transform="text"))
    assert (source, "“text”, which a field of type NUMBER does not take" in sentence) == ("points", True)
    [(source, _)] = blocking(field("nick", "nick", FieldType.TEXT, transform="json"))
    assert source == "nick"


def test_an_unknown_transform_blocks_at_its_field() -> None:
    assert [source for source, _ in blocking(field("a", "a"), field("b", "b", transform="magic"))] == ["b"]


def test_too_many_fields_block_and_many_warn() -> None:
    def with_fields(count: int) -> list[Finding]:
        return [one for one in found(*(field(f"f{n}", f"f{n}") for n in range(count))) if "fields" in one.sentence]

    assert with_fields(100) == []
    assert [one.blocks for one in with_fields(160)] == [False]
    assert [one.blocks for one in with_fields(360)] == [True]


def test_a_field_that_the_destination_keeps_in_every_record_warns_until_something_goes_there() -> None:
    demanding = replace(PERSON, fields=(*PERSON.fields, Field("code", "Code", FieldType.TEXT, nullable=False)))
    [warning] = found(field("nick", "nick"), target=demanding)
    assert ("keeps “Code” in every record" in warning.sentence, warning.blocks) == (True, False)
    assert found(field("nick", "code", action=Action.MAP), target=demanding) == []


def test_records_that_nothing_would_recognise_block() -> None:
    lost = ObjectRule(source="person", destination="person", match_on="emails.primaryEmail", hold_without_match=True,
                      fields=(field("nick", "nick"),))  # fmt: skip
    assert map_problems(MapSpec(objects=(lost,))) == [
        "person: no field goes to emails.primaryEmail, so every record would be held."
    ]


PLAN = FieldProfile.of_values("plan", ["pro"] * 5 + ["free"] * 4 + ["trial"])
CHOICES = (Choice(source="pro", value="PRO", label="pro"), Choice(source="free", value="FREE", label="free"))


def test_values_without_an_option_block_when_they_would_be_lost_and_warn_when_they_are_kept() -> None:
    plan = field("plan", "planTrait", FieldType.SELECT, transform="select", choices=CHOICES)
    [lost] = [one for one in found(plan, plan=PLAN) if one.blocks]
    assert (lost.field, lost.example) == ("plan", "trial")
    for kept in ({"raw_destination": "planRaw"}, {"on_error": OnError.HOLD}, {"on_error": OnError.EMPTY}):
        [warning] = [one for one in found(plan.model_copy(update=kept), plan=PLAN) if one.example]
        assert not warning.blocks


def test_a_field_that_hardly_anybody_fills_only_warns() -> None:
    rare = FieldProfile.of_values("nick", ["Chuck", *[None] * 99])
    [warning] = [one for one in found(field("nick", "nick"), nick=rare) if "filled" in one.sentence]
    assert not warning.blocks


def test_what_blocks_comes_first() -> None:
    rare = FieldProfile.of_values("a", ["x", *[None] * 99])
    assert [one.blocks for one in found(field("a", "nick"), field("b", "nick"), a=rare)] == [True, False]


def test_a_map_that_moves_nothing_blocks() -> None:
    assert map_problems(MapSpec()) == ["The map moves nothing: it needs at least one object type with fields."]
