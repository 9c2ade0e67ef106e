"""Every transform does what its examples say, and never fails in any other way than with a reason."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from mapping.days import LANGUAGES
from mapping.lexicon import NETWORKS
from mapping.places import countries
from mapping.registry import Widget
from mapping.transforms import TRANSFORMS, Unturned, turn

EXAMPLES = [
    pytest.param(transform.name, *example, id=f"{transform.name}-{number}")
    for transform in TRANSFORMS.values()
    for number, example in enumerate(transform.examples)
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def written(pattern: str) -> st.SearchStrategy[str]:
    """Texts that look like the pattern from end to end."""
    return st.from_regex(pattern, fullmatch=True)


LIKELY = st.one_of(
    written(
        r"[0-9]{1,4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
    ),
    st.datetimes().map(lambda moment: moment.isoformat()),
    written(r"\+?[0-9() .-]{3,20}( ext\.? ?[0-9]{1,4})?"),
    written(r"-?[0-9]{1,25}(\.[0-9]{1,25})?"),
    written(r"[A-Z]{3} ?-?[0-9]{1,14}(\.[0-9]{1,7})?"),
    written(r"(https?://)?(www\.)?[\w.-]{1,20}\.\w{2,5}(:[0-9]{1,5})?(/\S{0,10})?"),
    written(r"@?[\w.-]{1,20}(@[\w.-]{1,20})?"),
    written(r"\w{1,8},? \w{1,8}( \w{1,8})?"),
    written(r"-?[0-9]{1,3}([.,' ][0-9]{3}){0,3}([.,][0-9]{1,4})?( ?[%€$])?"),
    written(r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}( [0-9]{1,2}:[0-9]{2}( [AP]M)?)?"),
    written(r"[0-9]{1,2}\.? (Dec|Mai|août|de março de|xyz) [0-9]{4}"),
    written(r"([\w ]{0,9}<?[a-z.]{1,9}@[a-z]{1,9}\.org>?[;, /]{0,2}){1,3}"),
    st.sampled_from(["Ja", "não", "Deutschland", "DEU", "Congo", "Mar 3, 2024", "12,-", "US$ 5"]),
    JSON.map(json.dumps),
)
OPTIONS: dict[str, Any] = {
    "default_country": "US",
    "choices": {"a": "A"},
    "template": "https://x.com/{handle}",
    "channel": "https://www.youtube.com/channel/{handle}",
    "federated": True,
    "separator": ",",
    "table": {"a": 1},
    "currency": "USD",
}
NAMED = sorted({option.name for transform in TRANSFORMS.values() for option in transform.takes})
SET = sorted({value for each in TRANSFORMS.values() for option in each.takes for value, _ in option.choices})
ANY_OPTIONS = st.dictionaries(
    st.sampled_from(NAMED), st.sampled_from([*SET, "DE", "EUR", "DD.MM.YYYY", "MMM D YYYY", "{x", True]) | JSON
)
"""Options of any name with any JSON for a value, likely ones among them."""


@pytest.mark.parametrize(("name", "value", "options", "expected"), EXAMPLES)
def test_a_transform_does_what_its_example_says(name: str, value: Any, options: dict[str, Any], expected: Any) -> None:
    assert turn(name, value, options) == expected


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_explains_itself(name: str) -> None:
    assert TRANSFORMS[name].doc.endswith(".")
    assert TRANSFORMS[name].examples


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("empty", [None, "", " ", "\n\t"])
def test_nothing_stays_nothing(name: str, empty: Any) -> None:
    assert turn(name, empty, OPTIONS) is None


GIVEN: list[dict[str, Any]] = [{}, OPTIONS, *map(dict, NETWORKS.values())]


@pytest.mark.parametrize("name", TRANSFORMS)
@given(value=JSON | LIKELY, options=st.sampled_from(GIVEN) | ANY_OPTIONS)
def test_a_transform_returns_json_or_says_why_not(name: str, value: Any, options: dict[str, Any]) -> None:
    reason = "is"
    try:
        made = turn(name, value, options)
    except Unturned as problem:
        made, reason = problem.part, problem.reason
    assert reason.split()[0] in {"is", "has", "holds", "lies", "names", "cannot", "does", "may"}
    text = json.dumps(made, allow_nan=False, ensure_ascii=False)
    assert "\x00" not in text
    assert json.loads(text) == made
    text.encode()


@pytest.mark.parametrize("name", ["trim", "email", "url", "domain", "date", "datetime", "country", "text"])
@given(value=LIKELY)
def test_turning_what_was_turned_changes_nothing(name: str, value: str) -> None:
    try:
        once = turn(name, value)
    except Unturned:
        return
    assert not isinstance(once, str) or turn(name, once) == once


def test_an_unknown_transform_is_named() -> None:
    with pytest.raises(Unturned, match="no such transform"):
        turn("magic", "x")


@pytest.mark.parametrize(
    "value",
    [
        "007",
        "30e00001",
        "9007199254740993",
        "1,000",
        "1.",
        ".5",
        "0x10",
        "NaN",
        "٣",
        "0.1000000000000000055511151",
        "1.2.3",
    ],
)
def test_a_number_that_would_change_is_not_a_number(value: str) -> None:
    with pytest.raises(Unturned):
        turn("number", value)


@pytest.mark.parametrize(
    "value", ['{"id": 9007199254740993}', '{"a": 1, "a": 2}', "[NaN]", '"text"', "12", '["\\u0000"]', "{oops"]
)
def test_json_that_would_lose_something_is_not_turned(value: str) -> None:
    with pytest.raises(Unturned):
        turn("json", value)


@pytest.mark.parametrize("value", ["not an email", "a@b@c", 'a"b@c.de', f"{'x' * 65}@example.org"])
def test_an_email_that_twenty_refuses_is_not_turned(value: str) -> None:
    with pytest.raises(Unturned):
        turn("email", value)


@pytest.mark.parametrize("value", ["1-800-FLOWERS", "12345", "+1 555 000", "call me", "555-0100"])
def test_a_phone_that_twenty_refuses_is_not_turned(value: str) -> None:
    with pytest.raises(Unturned):
        turn("phone", value, {"default_country": "US"})


def test_a_phone_with_an_extension_is_written_without_it_and_reported() -> None:
    with pytest.raises(Unturned, match="extension") as caught:
        turn("phone", "202-225-2171 ext. 12", {"default_country": "US"})
    assert caught.value.part["primaryPhoneNumber"] == "2022252171"


def test_a_national_number_needs_a_country() -> None:
    with pytest.raises(Unturned):
        turn("phone", "202-225-2171")


def test_a_page_below_a_host_gives_the_host_and_says_so() -> None:
    with pytest.raises(Unturned, match="below its host") as caught:
        turn("domain", "https://www.example.com/about?x=1")
    assert caught.value.part == "https://example.com"


def test_a_time_of_day_is_not_lost_in_a_date_field() -> None:
    with pytest.raises(Unturned, match="time of day") as caught:
        turn("date", "2024-05-01T10:00:00Z")
    assert caught.value.part == "2024-05-01"


@pytest.mark.parametrize(
    "value", ["2024-02-30", "2024-01-01T25:00:00Z", "5", "0001-01-01T00:00:00+05:00", "3000-01-01"]
)
def test_a_moment_that_does_not_exist_is_not_turned(value: str) -> None:
    with pytest.raises(Unturned):
        turn("datetime", value)


def test_microseconds_are_reported() -> None:
    with pytest.raises(Unturned, match="milliseconds") as caught:
        turn("datetime", "2024-05-01T10:00:00.123456Z")
    assert caught.value.part == "2024-05-01T10:00:00.123Z"


def test_a_handle_may_already_be_an_address() -> None:
    made = turn("handle", "https://twitter.com/SenSanders", {"template": "https://x.com/{handle}"})
    assert made["primaryLinkUrl"] == "https://twitter.com/SenSanders"


def test_a_mastodon_name_leads_to_its_own_server() -> None:
    made = turn("handle", "@RepAdams@mastodon.social", {"federated": True})
    assert made["primaryLinkUrl"] == "https://mastodon.social/@RepAdams"


def test_an_option_without_a_choice_is_reported() -> None:
    with pytest.raises(Unturned, match="options of the map"):
        turn("select", "Green", {"choices": {"Democrat": "DEMOCRAT"}})


def test_text_that_no_database_takes_is_reported() -> None:
    with pytest.raises(Unturned, match="cannot store") as caught:
        turn("text", "a\x00b")
    assert caught.value.part == "a\ufffdb"


@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=2),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", ".")]),
)
def test_a_number_is_the_same_in_every_country(number: Decimal, marks: tuple[str, str]) -> None:
    written = f"{number:,.2f}".translate(str.maketrans(",.", "".join(marks)))
    assert Decimal(repr(turn("number", written, {"decimal": marks[1]}))) == number
    assert turn("currency", written, {"decimal": marks[1], "currency": "EUR"})["amountMicros"] == number * 10**6


@given(st.dates(min_value=date(1000, 1, 1), max_value=date(2999, 12, 31)))
def test_a_day_is_the_same_in_every_way_of_writing(day: date) -> None:
    iso = day.isoformat()
    assert turn("date", f"{day:%d.%m.%Y}", {"order": "day_first"}) == iso
    assert turn("date", f"{day:%m/%d/%Y}", {"order": "month_first"}) == iso
    assert turn("date", f"{day:%Y/%m/%d}") == turn("date", f"{day:%B} {day.day}, {day:%Y}") == iso
    assert turn("date", f"{day:%d%m%Y}", {"format": "DDMMYYYY"}) == iso


@pytest.mark.parametrize("name", ["date", "datetime"])
def test_a_day_that_may_be_two_is_not_guessed(name: str) -> None:
    with pytest.raises(Unturned, match="day or the month"):
        turn(name, "01/02/2024")


def test_every_language_knows_its_months() -> None:
    for language in LANGUAGES:
        for number, month in Locale.parse(language).months["format"]["wide"].items():
            assert turn("date", f"1 {month} 2024") == f"2024-{number:02}-01"


def test_a_number_that_is_no_text_is_read_as_it_is() -> None:
    assert turn("number", 1.234, {"decimal": ","}) == 1.234
    assert turn("currency", 1.5, {"decimal": ",", "currency": "EUR"})["amountMicros"] == 1_500_000


@pytest.mark.parametrize("value", ["1,234", "1.234 $", "kr 5", "5", "1,2345678 €", "$5 €"])
def test_money_that_may_be_another_amount_is_not_turned(value: str) -> None:
    with pytest.raises(Unturned):
        turn("currency", value, {"default_country": "US"} if "$" in value else {})


def test_a_name_in_front_of_an_address_is_reported() -> None:
    with pytest.raises(Unturned, match="more than the e-mail address") as caught:
        turn("email", "Ada Lovelace <Ada@x.org>")
    assert caught.value.part == "ada@x.org"


def test_what_is_no_address_among_several_is_reported() -> None:
    with pytest.raises(Unturned, match="no e-mail address") as caught:
        turn("email", "ada@x.org; none; b@x.org")
    assert caught.value.part == {"primaryEmail": "ada@x.org", "additionalEmails": ["b@x.org"]}


def test_of_several_numbers_the_bad_one_is_reported() -> None:
    with pytest.raises(Unturned, match="holds a part") as caught:
        turn("phone", "202-225-2171 / 12", {"default_country": "US"})
    assert caught.value.part["primaryPhoneNumber"] == "2022252171"


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Ursula von der Leyen", "Ursula", "von der Leyen"),
        ("Martin Luther King Jr.", "Martin Luther", "King Jr."),
        ("Dr. Ada King Lovelace, PhD", "Dr. Ada King", "Lovelace, PhD"),
        ("John E Smith", "John E", "Smith"),
    ],
)
def test_a_name_splits_where_people_split_it(value: str, first: str, last: str) -> None:
    assert turn("full_name", value) == {"firstName": first, "lastName": last}


@given(st.text(max_size=40).filter(str.strip), st.sampled_from(["", "last_first"]))
def test_no_letter_of_a_name_is_lost(name: str, order: str) -> None:
    try:
        made = turn("full_name", name, {"order": order})
    except Unturned:
        return
    letters = sorted(char for char in name if char.isalnum())
    assert sorted(char for char in "".join(made.values()) if char.isalnum()) == letters


@pytest.mark.parametrize("value", ["ada@gmail.com", "ada@web.de"])
def test_a_free_mail_host_identifies_no_company(value: str) -> None:
    with pytest.raises(Unturned, match="no company") as caught:
        turn("domain", value, {"from_email": True})
    assert caught.value.part is None


def test_the_domain_of_an_address_is_taken_only_where_the_map_says_so() -> None:
    with pytest.raises(Unturned, match="only the domain") as caught:
        turn("domain", "ada@example.org")
    assert caught.value.part == "https://example.org"


@pytest.mark.parametrize(("code", "name"), countries())
def test_every_country_is_found_by_its_code_and_by_its_name(code: str, name: str) -> None:
    assert turn("country", code) == name
    assert name.startswith("Congo") or turn("country", name, {"form": "code"}) == code


def test_a_format_of_the_map_that_makes_no_sense_is_said() -> None:
    with pytest.raises(Unturned, match="format of the map"):
        turn("date", "31.12.2024", {"format": "whatever"})


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_form_can_be_built_from_what_a_transform_takes(name: str) -> None:
    for option in TRANSFORMS[name].takes:
        assert option.label
        assert option.help.endswith(".")
        assert bool(option.choices) == (option.widget is Widget.CHOICE)
    given = {name for _, options, _ in TRANSFORMS[name].examples for name in options}
    assert given <= {option.name for option in TRANSFORMS[name].takes}
