"""What the real servers of both lines refused, kept or changed when they were asked (2.21 and 1.17)."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.catalogue import Field, FieldType
from connectors.twenty.checks import problem
from connectors.twenty.names import TwentyNaming, camel
from connectors.twenty.phones import read_phone
from connectors.twenty.values import canonical

from .stand import LINES, Line, connect, draft, id_of, unlimited

F = FieldType


def field(type: FieldType) -> Field:
    return Field("f", "Field", type)


@pytest.mark.parametrize(
    ("type", "value"),
    [
        (F.NUMBER, 10**400),
        (F.RAW_JSON, {"deep": [{"n": 10**400}]}),
        (F.DATE_TIME, " 2020-01-31T12:00:00Z"),
        (F.DATE_TIME, "2020-01-31T12:00:00Z "),
        (F.DATE_TIME, "2020-01-31T12:00:00 Z"),
        (F.DATE_TIME, "2020-01-31T12:00:00 +01:00"),
        (F.DATE_TIME, "2020-01-31 12:00 +0100"),
        (F.EMAILS, {"primaryEmail": "\ufeffa@b.c"}),
        (F.EMAILS, {"primaryEmail": "a@b.c\n"}),
        (F.EMAILS, {"primaryEmail": "a@" + "😀" * 130}),
        (F.PHONES, {"primaryPhoneNumber": "   "}),
        (F.PHONES, {"primaryPhoneNumber": "1" * 20, "primaryPhoneCountryCode": "US"}),
        (F.PHONES, {"primaryPhoneNumber": "＋１５１２５５５０１００"}),
        (F.PHONES, {"primaryPhoneNumber": "412345678", "primaryPhoneCountryCode": "AX"}),
        (F.LINKS, {"primaryLinkUrl": "https://acme.example/%00"}),
        (F.LINKS, {"primaryLinkUrl": "https://a.example", "secondaryLinks": [{"url": "https://b.example/%2500"}]}),
    ],
)
def test_a_value_that_one_line_refuses_is_refused_here(type: FieldType, value: Any) -> None:
    assert problem(field(type), value).startswith("Field ")


@pytest.mark.parametrize(
    ("type", "value", "dropped"),
    [
        (F.PHONES, {"additionalPhones": [{"number": "+15125550101", "label": "home"}]}, "label"),
        (F.LINKS, {"secondaryLinks": [{"url": "https://b.example", "note": "x"}]}, "note"),
    ],
)
def test_what_twenty_would_drop_in_silence_is_named(type: FieldType, value: Any, dropped: str) -> None:
    assert f"“{dropped}”, which Twenty would drop" in problem(field(type), value)


@pytest.mark.parametrize(
    ("type", "value"),
    [
        (F.NUMBER, 1e308),
        (F.RAW_JSON, {"n": 10**300}),
        (F.DATE_TIME, "2020-01-31 12:00Z"),
        (F.DATE_TIME, "2020-01-31 12:00:00.123"),
        (F.EMAILS, {"primaryEmail": "😀" * 40 + "@b.c"}),
        (F.EMAILS, {"primaryEmail": "a\x85@b.c"}),
        (F.LINKS, {"primaryLinkUrl": "1.2.3"}),
        (F.PHONES, {"primaryPhoneNumber": "690001234", "primaryPhoneCountryCode": "BL"}),
        (F.PHONES, {"primaryPhoneNumber": "0412 345 678", "primaryPhoneCountryCode": "CX"}),
    ],
)
def test_a_value_that_both_lines_take_is_taken_here(type: FieldType, value: Any) -> None:
    assert problem(field(type), value) == ""


@pytest.mark.parametrize(
    ("number", "code", "country", "found"),
    [
        ("+590690001234", "", "", "GP"),
        ("690001234", "+590", "MF", "MF"),
        ("+393123456789", "", "", "IT"),
        ("123", "+49", "", "DE"),
        ("+5215512345678", "", "", "MX"),
        ("+14165550100", "", "", "CA"),
    ],
)
def test_a_phone_gets_the_country_that_twenty_gives_it(number: str, code: str, country: str, found: str) -> None:
    phone = read_phone(number, code, country)
    assert phone.problem == ""
    assert phone.country == found


def test_a_country_that_only_older_tables_know_is_no_difference() -> None:
    """Both servers put this number into Western Sahara; newer tables of the same library put it into Morocco."""
    kept = {"primaryPhoneNumber": "528812345", "primaryPhoneCallingCode": "+212", "primaryPhoneCountryCode": "EH"}
    assert canonical(F.PHONES, kept)[0] == canonical(F.PHONES, {"primaryPhoneNumber": "+212 5 28 81 23 45"})[0]
    other = {**kept, "primaryPhoneNumber": "528812346"}
    assert canonical(F.PHONES, kept)[0] != canonical(F.PHONES, other)[0]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("customerIOId", "customerIoId"),
        ("utm2source", "utm2Source"),
        ("htmlURL", "htmlUrl"),
        ("a b c", "aBc"),
        ("line2", "line2"),
        ("iPhone", "iPhone"),
    ],
)
def test_names_are_camel_case_as_1x_understands_it(source: str, name: str) -> None:
    """1.17 refuses "customerIOId" and "utm2source" with "Name should be in camelCase"; 2.21 takes both spellings."""
    assert TwentyNaming().field(source, []) == name
    assert camel(name, "x") == name


@pytest.mark.parametrize("source", ["x1" * 40, "a b" * 30, "field " * 20 + "7"])
def test_shortened_names_stay_camel_case(source: str) -> None:
    naming = TwentyNaming()
    for name in (naming.field(source, []), *naming.object(source, source + "s", [])):
        assert camel(name, "x") == name


def test_a_plural_made_of_a_number_is_camel_case() -> None:
    assert TwentyNaming().object("Line 2", "", []) == ("line2", "line2S")


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("empty", [None, {}])
def test_an_empty_rich_text_is_left_out_of_a_new_record(line: Line, empty: Any) -> None:
    """Both lines answer `null` there with "Cannot read properties of null", 1.x also an empty object."""
    fake = unlimited(line)
    twenty = connect(fake)
    assert twenty.write("note", [draft("n", title="T", bodyV2=empty)]) == [id_of("n")]
    bodies = [one.body for one in fake.requests if one.path == "/rest/batch/notes"]
    assert bodies == [[{"title": "T", "id": id_of("n")}]]
