"""Types are inferred from values that are all text, and never at the price of a lost character."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.catalogue import FieldType
from mapping.inference import Inferred, infer
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
        ("price", ["$12.50", "$1,299.00"], FieldType.CURRENCY),
        ("price", ["1.234,56 €", "99 €"], FieldType.CURRENCY),
        ("price", ["$12.50", "call us"], FieldType.TEXT),
        ("size", ["1.234,56", "3,5", "1.234"], FieldType.NUMBER),
        ("size", ["1,234.56", "1,234", "7"], FieldType.NUMBER),
        ("size", ["1,234", "7"], FieldType.TEXT),
        ("size", ["1.234,56", "1,234.56"], FieldType.TEXT),
        ("size", ["3,5", "3.5"], FieldType.TEXT),
        ("share", ["12 %", "3.5%"], FieldType.NUMBER),
        ("share", ["12 %", "3.5"], FieldType.TEXT),
        ("dni", ["12.345.678"], FieldType.TEXT),
        ("born", ["31.12.1980", "01.02.1990"], FieldType.DATE),
        ("born", ["12/31/1980", "01/02/1990"], FieldType.DATE),
        ("born", ["31/12/1980", "12/31/1980"], FieldType.DATE),
        ("born", ["31/12/1980", "12/31/1980", "01/02/1990"], FieldType.TEXT),
        ("born", ["Dec 31, 2024", "3. März 2024"], FieldType.DATE),
        ("seen", ["31.12.2024 14:30", "01.02.2024"], FieldType.DATE_TIME),
        ("cc", ["a@x.org, b@x.org", "<c@x.org>"], FieldType.EMAILS),
        ("home", ['{"street": "1 Main St", "city": "Bonn", "zip": 53113}'], FieldType.ADDRESS),
        ("home", ['{"street": "1 Main St", "colour": "red"}'], FieldType.RAW_JSON),
        ("wants_it", ["ja", "Nein"], FieldType.BOOLEAN),
        ("wants_it", ["sí", "no"], FieldType.BOOLEAN),
        ("wants_it", ["ja"], FieldType.TEXT),
        ("sex", ["m", "f"], FieldType.TEXT),
        ("size", ["S", "M", "L"], FieldType.TEXT),
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


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        (["31.12.1980", "01.02.1990"], {"order": "day_first"}),
        (["12/31/1980", "01/02/1990"], {"order": "month_first"}),
        (["2024/12/31", "Dec 31, 2024"], {}),
        (["3,5", "1.234"], {"decimal": ","}),
        (["1,234.5", "1,234"], {"decimal": "."}),
        (["12,5 %", "3 %"], {"percent": "as_written", "decimal": ","}),
    ],
)
def test_the_column_decides_how_its_values_are_read(values: list[str], settings: dict[str, str]) -> None:
    assert inferred("column", *values).settings == settings


def test_a_country_decides_about_money_that_may_be_read_in_two_ways() -> None:
    profile = FieldProfile.of_values("price", ["1.234 €"])
    german, american = infer(profile, "DE"), infer(profile, "US")
    assert turn("currency", "1.234 €", german.settings)["amountMicros"] == 1_234_000_000
    assert turn("currency", "1.234 €", american.settings)["amountMicros"] == 1_234_000
    assert "as is usual in DE" in german.reason


def test_a_plain_fraction_of_three_digits_is_no_number_where_it_may_be_a_thousand() -> None:
    profile = FieldProfile.of_values("size", ["1.234", "12.345", "7"])
    assert infer(profile, "DE").type is FieldType.TEXT
    assert "decimal mark" in infer(profile, "DE").reason
    assert infer(profile, "US").type is FieldType.NUMBER


def test_one_odd_day_does_not_decide_about_hundreds() -> None:
    days = [f"{day:02}/{month:02}/{year}" for day in range(1, 13) for month in range(1, 13) for year in (2023, 2024)]
    found = inferred("born", *days, "12/13/2024")
    assert found.type is FieldType.TEXT
    assert "may be two different days" in found.reason


def test_lists_of_few_entries_become_a_multi_select() -> None:
    lists = ["red; green", "green; blue", "red; blue", "red", "red; green; blue"] * 8
    found = inferred("colours", *lists)
    assert (found.type, found.options) == (FieldType.MULTI_SELECT, ("red", "blue", "green"))
    assert found.settings == {"separator": ";"}
    found = inferred("colours", *['["red", "green"]', '["red"]'] * 12)
    assert (found.type, found.options) == (FieldType.MULTI_SELECT, ("red", "green"))


def test_a_place_with_a_comma_is_no_list() -> None:
    assert inferred("place", *["Bonn, Germany", "Rome, Italy", "Nice, France"] * 12).type is FieldType.SELECT


def test_a_name_beside_the_address_is_kept() -> None:
    found = inferred("contact", "Ada <ada@x.org>", "b@x.org")
    assert (found.type, found.misfits) == (FieldType.EMAILS, ("Ada <ada@x.org>",))


VALUES = st.lists(
    st.sampled_from(
        ["1", "0", "true", "no", "42", "007", "1.5", "2024-05-01", "1672704000", "a@x.org", "https://x.org/a"]
    )
    | st.sampled_from(
        ['["a"]', '{"a": 1}', "x.org", "USD 5", "202-228-0769", "2024-05-01T10:00:00.123456Z", "Ada", " 7 "]
    )
    | st.sampled_from(
        ["1.234,5", "3,5", "1,234", "1.234", "31.12.2024", "12/31/2024", "01/02/2024", "Dec 31, 2024", "12 %", "$5"]
    )
    | st.sampled_from(
        ["1.234 €", "ja", "nein", "a@x.org, b@x.org", "Ada <a@x.org>", "red; green", "red", '{"city": "x", "zip": 1}']
    )
    | st.sampled_from(["31.12.2024 14:30", "12/31/2024 2:30 PM", "$1,234", "1,234.5", "no", "si"]),
    min_size=1,
    max_size=40,
)


NAMES = st.sampled_from(["score", "created_at", "is_ok", "phone", "website", "id", "label"])


@given(NAMES, VALUES, st.sampled_from(["US", "DE", "FR"]))
def test_a_value_that_does_not_turn_is_announced_and_as_many_turn_as_is_claimed(
    name: str, values: list[str], country: str
) -> None:
    profile = FieldProfile.of_values(name, values)
    found = infer(profile, country)
    options = {**found.settings, "choices": dict.fromkeys(found.options, "X")}
    refused, lost = [], 0
    for value in values:
        try:
            turn(found.transform, value, options)
        except Unturned as problem:
            refused.append(value)
            lost += problem.part is None
    assert not refused or found.misfits
    assert len(values) - lost >= found.fit * len(values) - 1e-6


@given(VALUES)
def test_the_order_of_the_records_does_not_change_the_type(values: list[str]) -> None:
    one, other = (infer(FieldProfile.of_values("score", some)) for some in (values, values[::-1]))
    assert (one.type, one.settings, one.options) == (other.type, other.settings, other.options)
