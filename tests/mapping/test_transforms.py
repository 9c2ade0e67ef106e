"""Every transform does what its examples say, and never fails in any other way than with a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.lexicon import NETWORKS
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
@given(value=JSON | LIKELY, options=st.sampled_from(GIVEN))
def test_a_transform_returns_json_or_says_why_not(name: str, value: Any, options: dict[str, Any]) -> None:
    reason = "is"
    try:
        made = turn(name, value, options)
    except Unturned as problem:
        made, reason = problem.part, problem.reason
    assert reason.split()[0] in {"is", "has", "holds", "lies", "names", "cannot", "does"}
    text = json.dumps(made, allow_nan=False, ensure_ascii=False)
    assert "\x00" not in text
    assert json.loads(text) == made
    text.encode()


@pytest.mark.parametrize("name", ["trim", "email", "url", "domain", "date", "datetime", "number"])
@given(value=LIKELY)
def test_turning_what_was_turned_changes_nothing(name: str, value: str) -> None:
    try:
        once = turn(name, value)
    except Unturned:
        return
    assert turn(name, once) == once


def test_an_unknown_transform_is_named() -> None:
    with pytest.raises(Unturned, match="no such transform"):
        turn("magic", "x")


@pytest.mark.parametrize(
    "value",
    ["007", "30e00001", "9007199254740993", "1,000", "1.", ".5", "0x10", "NaN", "٣", "0.1000000000000000055511151"],
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
