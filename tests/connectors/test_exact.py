"""JSON from outside comes in without loss."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.budget import LocalBudget, Rate
from connectors.exact import loads
from connectors.http import ApiClient

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_what_json_can_say_comes_back_as_it_was(value: Any) -> None:
    assert loads(json.dumps(value)) == value
    assert loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9223372036854775808", 2**63),
        ("1" * 5000, "1" * 5000),
        ("0.1000000000000000055", "0.1000000000000000055"),
        ("1e400", "1e400"),
        ("0.1", 0.1),
        ("1234567890.123", 1234567890.123),
        ("NaN", "NaN"),
        ('{"a": 1, "a": 2, "a (2)": 3}', {"a": 1, "a (2)": 2, "a (2) (2)": 3}),
        ('"tab\tinside"', "tab\tinside"),
        ('"\\ud800"', "\ud800"),
        ("\ufeff[]", []),
    ],
)
def test_no_digit_and_no_key_is_lost(text: str, value: Any) -> None:
    found = loads(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", ["", "{", b"\xff\xfe\xfd", "[" * 100_000])
def test_what_is_no_json_is_an_error_and_no_crash(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        loads(text)


def test_a_number_of_an_answer_is_never_rounded() -> None:
    body = b'{"id": 9223372036854775809, "price": 0.30000000000000004441, "list": [[18446744073709551616]]}'
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=body))
    api = ApiClient("https://a.example", "k", LocalBudget(Rate.unlimited()), system="A", transport=transport)
    told = api.get("/").body
    assert told == {"id": 2**63 + 1, "price": "0.30000000000000004441", "list": [[2**64]]}
