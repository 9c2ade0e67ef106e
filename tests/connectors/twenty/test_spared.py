"""What no destroying request may reach: without ids nothing is sent, and other people's lines stay where they are."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from connectors.errors import Rejected
from connectors.twenty.destination import TwentyDestination

from .stand import LINES, Line, connect, id_of, people, unlimited


@pytest.fixture(params=LINES)
def destination(request: pytest.FixtureRequest) -> tuple[Any, TwentyDestination]:
    """A server of either line with three people."""
    line: Line = request.param
    fake = unlimited(line)
    made = connect(fake)
    made.write("person", people(3))
    return fake, made


def test_without_ids_nothing_is_destroyed(destination: tuple[Any, TwentyDestination]) -> None:
    fake, twenty = destination
    before, calls = fake.snapshot(), dict(twenty.calls)
    for object in ("person", "note", "timelineActivity"):
        twenty.remove(object, [])
        twenty.retire(object, [])
        assert twenty.hush(object, []) == 0
        assert twenty.echoes(object, []) == []
    assert fake.snapshot() == before
    assert twenty.calls.get("write", 0) == calls.get("write", 0)


def test_lines_about_others_stay(destination: tuple[Any, TwentyDestination]) -> None:
    fake, twenty = destination
    before = fake.snapshot()["records"]["timelineActivity"]
    gone = twenty.hush("person", [id_of("p0"), id_of("nobody")])
    left = fake.snapshot()["records"]["timelineActivity"]
    assert gone == 1
    assert left == {key: row for key, row in before.items() if row["targetPersonId"] != id_of("p0")}


def test_a_value_that_is_no_id_reaches_nothing(destination: tuple[Any, TwentyDestination]) -> None:
    fake, twenty = destination
    before = fake.snapshot()
    for wrong in ("", "]", "x],id[is]:NOT_NULL"):
        with suppress(Rejected):
            twenty.remove("person", [wrong])
    assert fake.snapshot() == before
