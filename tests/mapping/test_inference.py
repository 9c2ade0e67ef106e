"""Types are inferred from values that are all text, and never at the price of a lost character."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.catalogue import FieldType
from mapping.inference import TRANSFORM_OF, Inferred, infer
from mapping.profile import FieldProfile
from mapping.transforms import Unturned, turn


def inferred(name: str, *values: str) -> Inferred:
    return infer(FieldProfile.of_values(name, values))


@pytest.mark.parametrize(
    ("name", "values", "type"),
    [
        ("is_freshman", ["true", "false"], FieldType.BOOLEAN),
        ("newsletter", ["Yes", "no"], FieldType.BOOLEAN),
        ("is_admin", ["1", "0"], FieldType.BOOLEAN),
        ("children", ["1", "0"], FieldType.NUMBER),
        ("terms_served", ["6", "12"], FieldType.NUMBER),
        ("latitude", ["43.07506559999999", "-88.8199198"], FieldType.NUMBER),
        ("code", ["007", "12"], FieldType.TEXT),
        ("amount", ["007", "12"], FieldType.TEXT),
        ("zip", ["43215", "97501"], FieldType.TEXT),
        ("wikidata_id", ["22250", "22237"], FieldType.TEXT),
        ("counter", ["30e00001"], FieldType.TEXT),
        ("counter", ["9007199254740993"], FieldType.TEXT),
        ("birthday", ["1958-10-13"], FieldType.DATE),
        ("seen", ["2024-05-01T10:00:00Z", "2024-05-01"], FieldType.DATE_TIME),
        ("signed_up_at", ["1672704000"], FieldType.DATE_TIME),
        ("_last_emailed", ["1672704000"], FieldType.DATE_TIME),
        ("revenue", ["1672704000"], FieldType.NUMBER),
        ("joined", ["01/02/2024"], FieldType.TEXT),
        ("fec_ids", ['["S8WA00194"]', "[]"], FieldType.ARRAY),
        ("external_ids", ['{"a": 1}', "[1]"], FieldType.RAW_JSON),
        ("external_ids", ['{"a": 9007199254740993}'], FieldType.TEXT),
        ("feed", ["https://x.org/a", "http://y.org"], FieldType.LINKS),
        ("website", ["https://x.org/a", "example.com"], FieldType.LINKS),
        ("assistant", ["a@x.org", "b@x.org"], FieldType.EMAILS),
        ("fax", ["202-228-0769", "(202) 228-0026"], FieldType.PHONES),
        ("mobile", ["2022280769"], FieldType.PHONES),
        ("whatever", ["+1 202-228-0769"], FieldType.PHONES),
        ("ssn", ["078-05-1120"], FieldType.TEXT),
        ("price", ["USD 12.50", "USD 9"], FieldType.CURRENCY),
        ("price", ["$12.50"], FieldType.TEXT),
        ("bio", ["Born in 1815."], FieldType.TEXT),
        ("nothing", [], FieldType.TEXT),
    ],
)
def test_a_field_gets_the_type_that_keeps_all_of_it(name: str, values: Sequence[str], type: FieldType) -> None:
    assert inferred(name, *values).type is type


def test_few_values_that_repeat_make_a_select() -> None:
    found = inferred("party", *["Republican"] * 30, *["Democrat"] * 20)
    assert (found.type, found.options) == (FieldType.SELECT, ("Republican", "Democrat"))


def test_values_that_differ_in_spelling_only_stay_text() -> None:
    assert inferred("country", *["USA"] * 30, *["usa"] * 20).type is FieldType.TEXT


def test_a_handful_of_values_proves_no_select() -> None:
    assert inferred("caucus", "Democrat", "Republican", "Democrat").type is FieldType.TEXT


def test_a_few_misfits_are_named_and_kept() -> None:
    found = inferred("score", *(str(n) for n in range(99)), "n/a")
    assert (found.type, found.fit, found.misfits) == (FieldType.NUMBER, 0.99, ("n/a",))
    assert "n/a" in found.reason


def test_many_misfits_make_it_text_and_the_reason_says_so() -> None:
    found = inferred("score", *(str(n) for n in range(80)), *["n/a"] * 20)
    assert found.type is FieldType.TEXT
    assert "80 %" in found.reason


def test_phones_that_are_not_valid_are_named() -> None:
    found = inferred("phone", "202-228-0769", "202-228-0026", "555-0100")
    assert (found.type, found.misfits) == (FieldType.PHONES, ("555-0100",))


VALUES = st.lists(
    st.sampled_from(
        ["1", "0", "true", "no", "42", "007", "1.5", "2024-05-01", "1672704000", "a@x.org", "https://x.org/a"]
    )
    | st.sampled_from(
        ['["a"]', '{"a": 1}', "x.org", "USD 5", "202-228-0769", "2024-05-01T10:00:00.123456Z", "Ada", " 7 "]
    ),
    min_size=1,
    max_size=40,
)


@given(st.sampled_from(["score", "created_at", "is_ok", "phone", "website", "id", "label"]), VALUES)
def test_a_value_that_does_not_turn_is_announced_as_a_misfit(name: str, values: list[str]) -> None:
    found = infer(FieldProfile.of_values(name, values))
    options = {"default_country": "US", "choices": dict.fromkeys(found.options, "X")}
    refused = []
    for value in values:
        try:
            turn(TRANSFORM_OF[found.type], value, options)
        except Unturned:
            refused.append(value)
    assert not refused or found.misfits
