"""Sending a field elsewhere: whatever place is offered, the rule that comes of it can be carried out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.catalogue import FieldType, ObjectType
from connectors.registry import get_connector
from mapping.checks import contradictions
from mapping.profile import FieldProfile
from mapping.retarget import MAKEABLE, Impossible, Wish, places, resettled, retarget
from mapping.rules import Action, FieldRule, MapSpec, ObjectRule, OnError
from mapping.transforms import TRANSFORMS

TWENTY = get_connector("twenty")
NAMING = TWENTY.naming
STOCK = TWENTY.stock

VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["a@b.example", "+1 202 224 3441", "2024-05-01", "12.50 EUR", "true", "https://x.example", "[1]"]),
)
COLUMNS = st.lists(VALUES, min_size=1, max_size=30)


def target(name: str = "person") -> ObjectType:
    assert STOCK is not None
    found = STOCK().object(name)
    assert found is not None
    return found


def rule(**other: object) -> FieldRule:
    given = {"source": "x", "action": Action.CREATE, "destination": "xTrait", "type": FieldType.TEXT, **other}
    return FieldRule.model_validate(given)


def owner(*fields: FieldRule) -> ObjectRule:
    return ObjectRule(source="person", destination="person", fields=fields)


@given(COLUMNS, st.sampled_from(OnError), st.sampled_from(["", *TRANSFORMS]))
@settings(max_examples=60, deadline=None)
def test_every_place_that_is_offered_can_be_gone_to(values: list[str], on_error: OnError, transform: str) -> None:
    assert NAMING is not None
    before, profile = rule(), FieldProfile.of_values("x", values)
    whole = owner(before)
    for place in places(whole, before, target(), profile, "US"):
        wish = Wish(destination=place.destination, transform=transform, on_error=on_error)
        made = retarget(whole, before, target(), profile, NAMING, wish, "US")
        assert made.destination == place.destination
        assert contradictions(MapSpec(objects=(owner(made),))) == []
        assert bool(made.raw_destination) <= (on_error is OnError.KEEP_RAW)


@given(COLUMNS, st.sampled_from(MAKEABLE), st.text(max_size=70))
@settings(max_examples=80, deadline=None)
def test_every_field_that_can_be_made_has_a_legal_free_name(values: list[str], kind: FieldType, label: str) -> None:
    assert NAMING is not None
    before, profile = rule(), FieldProfile.of_values("x", values)
    wish = Wish(label=label, type=kind)
    if kind is FieldType.SELECT and not profile.values and profile.filled:
        with pytest.raises(Impossible, match="Make it a text field"):
            retarget(owner(before), before, target(), profile, NAMING, wish, "US")
        return
    made = retarget(owner(before), before, target(), profile, NAMING, wish, "US")
    assert (made.action, made.type) == (Action.CREATE, kind)
    assert target().field(made.destination) is None
    assert made.raw_destination != made.destination
    assert contradictions(MapSpec(objects=(owner(made),))) == []


def test_a_rule_that_is_sent_where_it_is_stays_the_same() -> None:
    assert NAMING is not None
    before = rule(label="X", description="Customer.io person attribute x", transform="trim")
    profile = FieldProfile.of_values("x", ["a", "b"])
    wish = Wish(destination="xTrait", label="X", transform="trim")
    assert retarget(owner(before), before, target(), profile, NAMING, wish, "US") == before


def test_places_that_fit_come_first_and_the_others_say_what_they_lose() -> None:
    profile = FieldProfile.of_values("x", ["+1 202 224 3441", "+1 202 224 3442", "call the office"] * 5)
    found = places(owner(rule()), rule(), target(), profile, "US")
    fits = [place.fits for place in found]
    assert fits == sorted(fits, reverse=True)
    phones = next(place for place in found if place.destination == "phones.primaryPhoneNumber")
    assert "would fit" in phones.loses
    assert "call the office" in phones.loses


def test_a_place_that_is_taken_says_by_whom() -> None:
    other = rule(source="title", destination="jobTitle", action=Action.MAP)
    found = places(owner(rule(), other), rule(), target(), FieldProfile.of_values("x", ["a"]), "US")
    assert {place.destination: place.taken_by for place in found}["jobTitle"] == "title"


def test_a_place_that_is_not_there_is_impossible() -> None:
    assert NAMING is not None
    with pytest.raises(Impossible, match="no field “wings”"):
        retarget(owner(rule()), rule(), target(), FieldProfile.of_values("x", []), NAMING, Wish("wings"), "US")


def test_fields_follow_their_object_type_to_another_object() -> None:
    assert NAMING is not None
    fields = (
        rule(source="mail", destination="emails.primaryEmail", type=FieldType.EMAILS, action=Action.MAP),
        rule(source="title", destination="title", description="Ours."),
    )
    moved = resettled(owner(*fields).model_copy(update={"destination": "note"}), target("note"), {}, NAMING, "US")
    mail, title = moved.fields
    assert (mail.action, mail.type) == (Action.CREATE, FieldType.EMAILS)
    assert title.destination != "title"
    assert contradictions(MapSpec(objects=(moved,))) == []
