"""What a transform makes is what the destination takes: no value that turned is refused later."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.catalogue import Field, FieldType
from connectors.twenty.checks import problem
from mapping.apply import apply
from mapping.rules import Action, FieldRule, ObjectRule
from tests.mapping.test_transforms import JSON, LIKELY

HOMES = [
    ("text", "", FieldType.TEXT),
    ("trim", "", FieldType.TEXT),
    ("country", "", FieldType.TEXT),
    ("number", "", FieldType.TEXT),
    ("email", "", FieldType.TEXT),
    ("number", "", FieldType.NUMBER),
    ("boolean", "", FieldType.BOOLEAN),
    ("date", "", FieldType.DATE),
    ("datetime", "", FieldType.DATE_TIME),
    ("json", "", FieldType.RAW_JSON),
    ("array", "", FieldType.ARRAY),
    ("email", "primaryEmail", FieldType.EMAILS),
    ("email", "additionalEmails", FieldType.EMAILS),
    ("phone", "primaryPhoneNumber", FieldType.PHONES),
    ("phone", "additionalPhones", FieldType.PHONES),
    ("url", "primaryLinkUrl", FieldType.LINKS),
    ("domain", "primaryLinkUrl", FieldType.LINKS),
    ("currency", "amountMicros", FieldType.CURRENCY),
    ("full_name", "", FieldType.FULL_NAME),
    ("address", "", FieldType.ADDRESS),
]
OPTIONS = st.fixed_dictionaries(
    {"default_country": st.sampled_from(["US", "DE", "FR", "JP", ""])},
    optional={
        "currency": st.sampled_from(["EUR", "usd", "nothing"]),
        "decimal": st.sampled_from([".", ",", ""]),
        "order": st.sampled_from(["day_first", "month_first"]),
        "separator": st.just(","),
        "from_email": st.booleans(),
        "percent": st.sampled_from(["as_written", "fraction"]),
        "unit": st.sampled_from(["seconds", "milliseconds"]),
    },
)


@pytest.mark.parametrize(("transform", "part", "type"), HOMES)
@given(value=LIKELY | JSON, options=OPTIONS)
def test_what_turned_is_taken(transform: str, part: str, type: FieldType, value: Any, options: dict[str, Any]) -> None:
    rule = FieldRule(
        source="a",
        action=Action.MAP,
        destination=f"home.{part}" if part else "home",
        type=type,
        transform=transform,
        options=options,
        raw_destination="aRaw",
    )
    made = apply(ObjectRule(source="person", destination="person", fields=(rule,)), {"a": value})
    if "home" in made.fields:
        assert problem(Field("home", "Home", type), made.fields["home"]) == ""
    assert problem(Field("aRaw", "Raw", FieldType.TEXT), made.fields.get("aRaw")) == ""
    assert made.fields or made.notes or value is None or (isinstance(value, str) and not value.strip())
