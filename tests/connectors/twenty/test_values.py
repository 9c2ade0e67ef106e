from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.catalogue import Field, FieldType, Option
from connectors.twenty.checks import problem
from connectors.twenty.links import canonical_url, link_problem
from connectors.twenty.values import SUBFIELDS, canonical, emptied

F = FieldType
US = {"primaryPhoneNumber": "5125550100", "primaryPhoneCallingCode": "+1", "primaryPhoneCountryCode": "US"}
STREET = {f"address{part}": "" for part in ("Street1", "Street2", "City", "State", "Postcode", "Country")}


@pytest.mark.parametrize(
    ("type", "sent", "stored", "rule"),
    [
        (F.TEXT, "", None, "empty value"),
        (F.TEXT, "  x ", "  x ", ""),
        (F.NUMBER, 1.0, 1, ""),
        (F.NUMBER, 2**60 + 1, 2**60, "number form"),
        (F.DATE, "2020-01-02T23:59:59-05:00", "2020-01-02", "date without time"),
        (F.DATE_TIME, "2020-01-02T03:04:05.1239+02:00", "2020-01-02T01:04:05.123Z", "time in UTC to the millisecond"),
        (F.DATE_TIME, "0999-01-01", "0999-01-01T00:00:00.000Z", "time in UTC to the millisecond"),
        (F.DATE_TIME, "2020-01-02T03:04:05.000Z", "2020-01-02T03:04:05.000Z", ""),
        (F.DATE_TIME, "yesterday", "yesterday", ""),
        (F.MULTI_SELECT, ["B", "A"], ["A", "B"], "multi-select order"),
        (F.MULTI_SELECT, [], None, "empty value"),
        (F.ARRAY, ["b", "a", "b", ""], ["b", "a", "b", ""], ""),
        (F.ARRAY, "a", ["a"], "single value as a list"),
        (F.RAW_JSON, {}, None, "empty value"),
        (F.RAW_JSON, '{"a": 1.0}', {"a": 1}, "JSON text"),
        (F.UUID, "AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA", "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "id case"),
        (F.EMAILS, {"primaryEmail": "A@B.c"}, {"primaryEmail": "a@b.c", "additionalEmails": []}, "e-mail case"),
        (F.EMAILS, {"primaryEmail": "", "additionalEmails": None}, None, "empty value"),
        (F.PHONES, {"primaryPhoneNumber": "+1 512 555 0100 ext. 5"}, {**US, "additionalPhones": []}, "phone form"),
        (F.PHONES, {**US, "primaryPhoneCallingCode": "1"}, {**US, "additionalPhones": []}, "phone form"),
        (F.PHONES, {"primaryPhoneNumber": "", "primaryPhoneCallingCode": ""}, None, "empty value"),
        (
            F.LINKS,
            {"primaryLinkUrl": "HTTPS://Acme.Example/In/X/"},
            {"primaryLinkUrl": "https://acme.example/In/X", "primaryLinkLabel": "", "secondaryLinks": []},
            "link slash and case",
        ),
        (
            F.LINKS,
            {"secondaryLinks": [{"url": "https://a.example", "label": "A"}]},
            {"primaryLinkUrl": "https://a.example", "primaryLinkLabel": "A", "secondaryLinks": []},
            "link moved up",
        ),
        (
            F.CURRENCY,
            {"amountMicros": 12.7, "currencyCode": "EUR"},
            {"amountMicros": 12, "currencyCode": "EUR"},
            "whole micros",
        ),
        (
            F.CURRENCY,
            {"amountMicros": "5", "currencyCode": ""},
            {"amountMicros": 5, "currencyCode": None},
            "whole micros",
        ),
        (F.CURRENCY, {"amountMicros": None, "currencyCode": None}, None, "empty value"),
        (
            F.ADDRESS,
            {"addressLat": "48.850", "addressLng": None},
            {**STREET, "addressLat": 48.85, "addressLng": None},
            "coordinates as numbers",
        ),
        (F.FULL_NAME, {"firstName": "A", "lastName": None}, {"firstName": "A", "lastName": ""}, ""),
        (F.RICH_TEXT, {"markdown": "x", "blocknote": "[…]"}, {"markdown": "x"}, "text of the note"),
        (
            F.ACTOR,
            {"source": "IMPORT", "name": "n", "context": {"a": 1}},
            {"source": "IMPORT", "name": "n", "workspaceMemberId": None},
            "author without context",
        ),
        (F.FILES, [{"fileId": "i", "label": "l", "url": "u"}], [{"fileId": "i", "label": "l"}], "file without address"),
        (F.TS_VECTOR, "'a':1", None, "computed by the server"),
    ],
)
def test_the_form_in_which_values_are_compared(type: FieldType, sent: Any, stored: Any, rule: str) -> None:
    assert canonical(type, sent) == (stored, rule)
    assert canonical(type, stored) == (stored, "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda child: st.lists(child, max_size=4) | st.dictionaries(st.text(max_size=6), child, max_size=4),
    max_leaves=8,
)
LIKELY = st.sampled_from(["+15125550100", "US", "+1", "0800 123", "https://A.b/%2541/?", "A@B.c", "48.1", "2020-01-01"])
PARTS = st.one_of(LIKELY, JSON, st.lists(st.dictionaries(st.sampled_from(["url", "label", "number"]), LIKELY | JSON)))
TYPED = st.sampled_from(FieldType).flatmap(
    lambda type: st.tuples(
        st.just(type), JSON | LIKELY | st.dictionaries(st.sampled_from(SUBFIELDS.get(type, ("x",))), PARTS, max_size=6)
    )
)


@settings(deadline=None)
@given(TYPED)
def test_any_json_has_a_form_and_its_form_is_its_own(typed: tuple[FieldType, Any]) -> None:
    type, value = typed
    form, _ = canonical(type, value)
    again, rule = canonical(type, form)
    assert repr(again) == repr(form)
    assert rule == ""


@settings(deadline=None)
@given(TYPED)
def test_any_json_is_taken_or_refused_with_a_sentence(typed: tuple[FieldType, Any]) -> None:
    type, value = typed
    answer = problem(Field("f", "Label", type), value)
    assert answer == "" or (answer.startswith("Label ") and answer.endswith("."))


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://a.example:443/x/../y/", "https://a.example/y"),
        ("https://Müller.example", "https://xn--mller-kva.example/"),
        ("https://a.example/b%20c", "https://a.example/b c"),
        ("https://a.example?q=1", "https://a.example/?q=1"),
        ("https://a.example/x?#F", "https://a.example/x#F"),
    ],
)
def test_addresses_that_the_server_stores_alike_compare_alike(url: str, same: str) -> None:
    assert canonical_url(url) == canonical_url(same)


def test_an_address_without_scheme_stays_another_one() -> None:
    """`dup.example`, `http://dup.example` and `https://dup.example` are three values to the server."""
    forms = {canonical_url(url) for url in ("dup.example", "http://dup.example", "https://dup.example/")}
    assert len(forms) == 3


@pytest.mark.parametrize("url", ["mailto:a@b.c", "shop.example:8080"])
def test_addresses_that_would_be_damaged_are_refused(url: str) -> None:
    assert "damaged" in link_problem(url)


def field(type: FieldType, **more: Any) -> Field:
    options = tuple(Option(value, value.title()) for value in ("FREE", "PRO")) if "SELECT" in type else ()
    return Field("field", "Field", type, options=options, **more)


@pytest.mark.parametrize(
    ("type", "value"),
    [
        (F.TEXT, "  é😀\n\t "),
        (F.NUMBER, -1.5),
        (F.BOOLEAN, False),
        (F.DATE, "2020-02-29"),
        (F.DATE_TIME, "2020-02-03 04:05:06.789-05:00"),
        (F.SELECT, "FREE"),
        (F.MULTI_SELECT, ["FREE", "PRO"]),
        (F.RATING, "RATING_5"),
        (F.ARRAY, ["a", ""]),
        (F.RAW_JSON, [{"a": None}]),
        (F.UUID, "886313e1-3b8a-5372-9b90-0c9aee199e5d"),
        (F.EMAILS, {"primaryEmail": "jürgen@müller", "additionalEmails": ["a,b@c"]}),
        (F.EMAILS, {"primaryEmail": ""}),
        (F.PHONES, US),
        (F.PHONES, {"primaryPhoneNumber": "+4915112345678", "additionalPhones": [{"number": "+15125550100"}]}),
        (F.LINKS, {"primaryLinkUrl": "acme.example", "secondaryLinks": []}),
        (F.LINKS, {"primaryLinkUrl": "http://127.0.0.1:3000/x"}),
        (F.ADDRESS, {"addressCity": "Paris", "addressLat": "48.85"}),
        (F.CURRENCY, {"amountMicros": 1, "currencyCode": "XXQ"}),
        (F.FULL_NAME, {"firstName": "A"}),
        (F.RICH_TEXT, {"markdown": "# x"}),
        (F.ACTOR, {"source": "IMPORT", "name": "x"}),
        (F.FILES, [{"fileId": "i", "label": "l"}]),
        (F.TEXT, None),
    ],
)
def test_good_values_have_no_problem(type: FieldType, value: Any) -> None:
    assert problem(field(type), value) == ""


@pytest.mark.parametrize(
    ("type", "value", "words"),
    [
        (F.TEXT, 5, "must be a text"),
        (F.TEXT, "a\x00b", "NUL"),
        (F.TEXT, "\ud800", "half of a character"),
        (F.TEXT, "x" * 1_000_000, "too long"),
        (F.NUMBER, "5", "must be a number"),
        (F.NUMBER, True, "must be a number"),
        (F.NUMBER, float("nan"), "finite"),
        (F.BOOLEAN, "true", "true or false"),
        (F.DATE, "2020-01-02T00:00:00Z", "date like"),
        (F.DATE, "2021-02-29", "calendar"),
        (F.DATE_TIME, 1551675967, "time like"),
        (F.DATE_TIME, "2020-02-03T04:05:06+05", "time like"),
        (F.SELECT, "Free", "options"),
        (F.MULTI_SELECT, ["FREE", "x"], "options"),
        (F.RATING, 4, "options"),
        (F.ARRAY, [1], "list of texts"),
        (F.RAW_JSON, "text", "JSON"),
        (F.RAW_JSON, {"a": "\x00"}, "NUL"),
        (F.UUID, "018f3b0c-7b9a-7cc1-8a1b-2f2c6d0f3a11", "UUID"),
        (F.UUID, "00000000-0000-0000-0000-000000000000", "UUID"),
        (F.RELATION, "123", "UUID"),
        (F.EMAILS, {"primaryEmail": "not an email"}, "e-mail"),
        (F.EMAILS, {"primaryEmail": " a@b.c "}, "e-mail"),
        (F.EMAILS, {"primaryEmail": f"{'a' * 60}@{'b' * 200}"}, "e-mail"),
        (F.EMAILS, {"primaryEmail": "a@b", "additionalEmails": ["nope"]}, "additional"),
        (F.EMAILS, {"primary": "a@b.c"}, "no sub-field"),
        (F.EMAILS, "a@b.c", "object"),
        (F.PHONES, {"primaryPhoneNumber": "5125550100"}, "country code"),
        (F.PHONES, {"primaryPhoneNumber": "004915112345678"}, "country code"),
        (F.PHONES, {"primaryPhoneNumber": "call me"}, "letters"),
        (F.PHONES, {**US, "primaryPhoneCountryCode": "us"}, "country"),
        (F.PHONES, {**US, "primaryPhoneCallingCode": "+49"}, "does not belong"),
        (F.PHONES, {**US, "primaryPhoneCallingCode": "+999"}, "unknown calling code"),
        (F.PHONES, {"primaryPhoneNumber": "+4915112345678", "primaryPhoneCountryCode": "US"}, "belongs to DE"),
        (F.PHONES, {**US, "additionalPhones": ["+15125550100"]}, "not an object"),
        (F.LINKS, {"primaryLinkUrl": "nonsense words"}, "not a web address"),
        (F.LINKS, {"primaryLinkUrl": "nonsense"}, "not a web address"),
        (F.LINKS, {"primaryLinkUrl": "https://1.2.3"}, "not a web address"),
        (F.LINKS, {"secondaryLinks": [{"url": "mailto:a@b.c"}]}, "further link"),
        (F.ADDRESS, {"addressLat": "north"}, "number"),
        (F.ADDRESS, {"addressLat": ""}, "number"),
        (F.ADDRESS, {"street": "x"}, "no sub-field"),
        (F.CURRENCY, {"amountMicros": "much"}, "number"),
        (F.FULL_NAME, {"middleName": "x"}, "no sub-field"),
        (F.ACTOR, {"source": "CUSTOMERIO"}, "source"),
        (F.FILES, [{"fileId": "i"}], "label"),
        (F.TS_VECTOR, "x", "computed"),
    ],
)
def test_values_that_the_server_refuses_or_spoils_are_named(type: FieldType, value: Any, words: str) -> None:
    assert words in problem(field(type), value)


def test_unique_values_must_fit_the_index() -> None:
    assert "unique" in problem(field(F.TEXT, unique=True), "x" * 2700)
    assert problem(field(F.TEXT), "x" * 2700) == ""


def test_what_must_not_be_empty_or_cannot_be_written() -> None:
    assert problem(field(F.DATE_TIME, nullable=False), None) == "Field must not be empty."
    assert problem(field(F.TEXT, writable=False), "x") == "Field cannot be written."


def test_composites_are_emptied_part_by_part() -> None:
    """`null` for a composite changes nothing (contracts/twenty/FACTS.md section 2.1)."""
    assert emptied(F.EMAILS) == {"primaryEmail": "", "additionalEmails": []}
    assert emptied(F.CURRENCY) == {"amountMicros": None, "currencyCode": None}
    assert emptied(F.ADDRESS)["addressLat"] is None
    assert emptied(F.TEXT) is None
