"""Applying a map: composites whole, nothing dropped, and every record comes out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.catalogue import FieldType
from mapping.apply import Mapped, apply, compile_rule
from mapping.rules import Action, Choice, FieldRule, ObjectRule, OnError


def rule(*fields: FieldRule, **more: Any) -> ObjectRule:
    return ObjectRule(source="person", destination="person", fields=fields, **more)


def mapped(source: str, destination: str, type: FieldType, transform: str = "text", **more: Any) -> FieldRule:
    return FieldRule(source=source, action=Action.MAP, destination=destination, type=type, transform=transform, **more)


EMAIL = mapped("email", "emails.primaryEmail", FieldType.EMAILS, "email", raw_destination="emailRaw")
PHONE = mapped(
    "phone",
    "phones.primaryPhoneNumber",
    FieldType.PHONES,
    "phone",
    options={"default_country": "US"},
    raw_destination="phoneRaw",
)
AGE = mapped("age", "age", FieldType.NUMBER, "number")
FIRST = mapped("first", "name.firstName", FieldType.FULL_NAME, "trim")
LAST = mapped("last", "name.lastName", FieldType.FULL_NAME, "trim")


def codes(made: Mapped) -> list[tuple[str, str]]:
    return [(note.field, note.code) for note in made.notes]


def test_an_email_comes_with_its_empty_list_of_others() -> None:
    made = apply(rule(EMAIL), {"email": "Ada@Example.org"})
    assert made.fields == {"emails": {"primaryEmail": "ada@example.org", "additionalEmails": []}}
    assert not made.notes


def test_first_and_last_name_make_one_name() -> None:
    assert apply(rule(FIRST, LAST), {"first": "Ada", "last": "Lovelace"}).fields == {
        "name": {"firstName": "Ada", "lastName": "Lovelace"}
    }


def test_half_a_name_is_still_a_whole_composite() -> None:
    assert apply(rule(FIRST, LAST), {"last": "Lovelace"}).fields == {"name": {"firstName": "", "lastName": "Lovelace"}}


def test_empty_fields_are_left_out() -> None:
    assert apply(rule(EMAIL, AGE, FIRST), {"email": " ", "age": None, "first": ""}).fields == {}


def test_a_value_that_does_not_turn_goes_to_the_companion_field() -> None:
    made = apply(rule(EMAIL), {"email": "ada at example"})
    assert made.fields == {"emailRaw": "ada at example"}
    assert codes(made) == [("email", "kept_raw")]
    assert made.notes[0].raw == "ada at example"
    assert made.notes[0].sentence == "This value is not one e-mail address."


def test_without_a_companion_the_note_says_that_the_value_did_not_land() -> None:
    made = apply(rule(AGE), {"age": "unknown"})
    assert made.fields == {}
    assert codes(made) == [("age", "not_kept")]


def test_a_phone_with_extension_lands_in_both_fields() -> None:
    made = apply(rule(PHONE), {"phone": "202-225-2171 x5"})
    assert made.fields["phones"]["primaryPhoneNumber"] == "2022252171"
    assert made.fields["phoneRaw"] == "202-225-2171 x5"
    assert "the rest of it is written" in made.notes[0].sentence


def test_the_map_may_want_a_bad_value_left_out() -> None:
    made = apply(rule(AGE.model_copy(update={"on_error": OnError.EMPTY})), {"age": "unknown"})
    assert (made.fields, codes(made), made.hold) == ({}, [("age", "emptied")], "")


def test_the_map_may_want_the_record_held() -> None:
    made = apply(rule(AGE.model_copy(update={"on_error": OnError.HOLD})), {"age": "unknown"})
    assert (codes(made), made.hold) == ([("age", "held")], "unturned:age")


def test_what_is_left_behind_is_counted_by_field() -> None:
    emptied = AGE.model_copy(update={"source": "size", "destination": "size", "on_error": OnError.EMPTY})
    held = AGE.model_copy(update={"source": "rank", "destination": "rank", "on_error": OnError.HOLD})
    made = apply(rule(AGE, emptied, held, EMAIL), dict.fromkeys(["age", "size", "rank", "email", "new"], "x"))
    assert made.left_behind == {"not_kept.age": 1, "emptied.size": 1, "unmapped.new": 1}
    assert "no field that keeps it" in made.notes[0].sentence


def test_several_addresses_in_one_value_all_land() -> None:
    both = {"email": "a@x.org; b@x.org", "phone": "202-225-2171 / +49 30 22732152"}
    made = apply(rule(EMAIL, PHONE), both)
    assert made.fields["emails"] == {"primaryEmail": "a@x.org", "additionalEmails": ["b@x.org"]}
    assert made.fields["phones"]["additionalPhones"] == [
        {"number": "3022732152", "callingCode": "+49", "countryCode": "DE"}
    ]
    assert not made.notes
    more = mapped("more", "emails.additionalEmails", FieldType.EMAILS, "email")
    made = apply(rule(EMAIL, more), {"email": "a@x.org", "more": "b@x.org, c@x.org"})
    assert made.fields["emails"]["additionalEmails"] == ["b@x.org", "c@x.org"]


def test_a_text_field_takes_text_only() -> None:
    number = mapped("age", "note", FieldType.TEXT, "number")
    phone = mapped("phone", "note", FieldType.TEXT, "phone")
    assert apply(rule(number), {"age": "1,234.5"}).fields == {"note": "1234.5"}
    made = apply(rule(phone), {"phone": "+1 202-225-2171"})
    assert (made.fields, codes(made)) == ({}, [("phone", "not_kept")])


def test_two_fields_that_agree_share_a_destination() -> None:
    domain = mapped("domain", "domainName.primaryLinkUrl", FieldType.LINKS, "domain")
    website = mapped("website", "domainName.primaryLinkUrl", FieldType.LINKS, "domain", raw_destination="websiteRaw")
    made = apply(rule(domain, website), {"domain": "example.com", "website": "https://www.example.com/"})
    assert (made.fields["domainName"]["primaryLinkUrl"], codes(made)) == ("https://example.com", [])
    made = apply(rule(domain, website), {"website": "https://example.com/team"})
    assert made.fields["domainName"]["primaryLinkUrl"] == "https://example.com"
    assert made.fields["websiteRaw"] == "https://example.com/team"


def test_of_two_fields_that_contradict_the_first_wins_and_the_second_is_kept() -> None:
    domain = mapped("domain", "domainName.primaryLinkUrl", FieldType.LINKS, "domain")
    website = mapped("website", "domainName.primaryLinkUrl", FieldType.LINKS, "domain", raw_destination="websiteRaw")
    made = apply(rule(domain, website), {"domain": "example.com", "website": "https://other.org"})
    assert made.fields["domainName"]["primaryLinkUrl"] == "https://example.com"
    assert made.fields["websiteRaw"] == "https://other.org"
    assert codes(made) == [("website", "kept_raw")]


def test_further_addresses_are_collected() -> None:
    more = mapped("private", "emails.additionalEmails", FieldType.EMAILS, "email")
    other = mapped("old", "emails.additionalEmails", FieldType.EMAILS, "email")
    made = apply(rule(EMAIL, more, other), {"email": "a@x.org", "private": "b@x.org", "old": "B@x.org"})
    assert made.fields["emails"] == {"primaryEmail": "a@x.org", "additionalEmails": ["b@x.org"]}


def test_a_further_phone_takes_the_shape_of_the_list() -> None:
    more = mapped("home", "phones.additionalPhones", FieldType.PHONES, "phone", options={"default_country": "US"})
    made = apply(rule(more), {"home": "202-225-2171"})
    assert made.fields["phones"]["additionalPhones"] == [
        {"number": "2022252171", "callingCode": "+1", "countryCode": "US"}
    ]


def test_several_fields_combine_into_one() -> None:
    both = FieldRule(
        source="city",
        also=("zip",),
        action=Action.COMBINE,
        destination="place",
        type=FieldType.TEXT,
        transform="template",
        options={"template": "{zip} {city}"},
    )
    made = apply(rule(both), {"city": "Bonn", "zip": "53113"})
    assert (made.fields, codes(made)) == ({"place": "53113 Bonn"}, [])


def test_a_choice_gives_its_option() -> None:
    party = mapped(
        "party",
        "party",
        FieldType.SELECT,
        "select",
        choices=(Choice(source="Democrat", value="DEM", label="Democrat"),),
    )
    assert apply(rule(party), {"party": "Democrat"}).fields == {"party": "DEM"}
    assert codes(apply(rule(party), {"party": "Whig"})) == [("party", "not_kept")]


def test_a_skipped_field_is_known_and_a_new_one_is_noted() -> None:
    skip = FieldRule(source="old", action=Action.SKIP, reason="Not wanted.")
    made = apply(rule(skip), {"old": "x", "new": "y", "blank": ""})
    assert codes(made) == [("new", "unmapped")]


@pytest.mark.parametrize(
    "broken",
    [
        mapped("a", "a", FieldType.TEXT, "magic"),
        mapped("a", "emails.nothing", FieldType.EMAILS),
        mapped("a", "jobTitle.part", FieldType.TEXT),
        mapped("a", "a", FieldType.TEXT, also=("b",)),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused_before_the_first_record(broken: FieldRule) -> None:
    with pytest.raises(ValueError, match="The rule for “a”"):
        compile_rule(rule(broken))


VALUE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.lists(st.text(max_size=5))
ALL = rule(
    EMAIL,
    PHONE,
    AGE,
    FIRST,
    LAST,
    mapped("site", "site", FieldType.LINKS, "url", raw_destination="siteRaw"),
    mapped("full", "name", FieldType.FULL_NAME, "full_name"),
    mapped("address", "address", FieldType.ADDRESS, "address"),
    mapped("price", "price", FieldType.CURRENCY, "currency", options={"currency": "EUR"}),
    mapped("more", "emails.additionalEmails", FieldType.EMAILS, "email"),
)


@given(st.dictionaries(st.sampled_from([*(field.source for field in ALL.fields), "unknown"]), VALUE))
def test_every_value_lands_or_is_noted(fields: dict[str, Any]) -> None:
    made = apply(ALL, fields)
    text = json.dumps(made.fields, allow_nan=False, ensure_ascii=False)
    text.encode()
    noted = {note.field for note in made.notes}
    empty = {name for name, value in fields.items() if value is None or (isinstance(value, str) and not value.strip())}
    assert not noted & empty
    landed = {
        "email": made.fields.get("emails", {}).get("primaryEmail"),
        "age": "age" in made.fields,
        "first": made.fields.get("name", {}).get("firstName"),
        "site": "site" in made.fields,
        "unknown": False,
    }
    for name in fields.keys() & landed.keys() - empty:
        assert landed[name] or name in noted
