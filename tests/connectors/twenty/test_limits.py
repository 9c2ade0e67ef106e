"""Request limits of both lines (contracts/twenty/FACTS.md section 11), with clocks that only the tests move."""

from __future__ import annotations

import pytest

from connectors.budget import LocalBudget, Rate
from connectors.errors import Rejected
from connectors.twenty.destination import TwentyDestination
from connectors.twenty.fake import FakeTwenty
from connectors.twenty.refusals import DEFAULT_RATE, limit_of

from .stand import LINES, Line, connect


class Time:
    """A clock for server and client; sleeping moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(params=LINES)
def line(request: pytest.FixtureRequest) -> Line:
    chosen: Line = request.param
    return chosen


def connected(fake: FakeTwenty, time: Time, rate: Rate = DEFAULT_RATE) -> TwentyDestination:
    twenty = connect(fake, budget=LocalBudget(rate, clock=time))
    twenty._api.client._sleep = time.sleep
    twenty.catalogue()
    return twenty


def test_with_default_limits_one_request_at_most_is_refused(line: Line, time: Time) -> None:
    twenty = connected(FakeTwenty(line, clock=time), time)
    started = time.now
    for _ in range(300):
        twenty.count("person")
    assert twenty.calls["refused"] <= 1
    assert time.now - started < 200 * 0.65


def test_where_limits_are_lifted_nothing_is_refused_and_soon_nothing_waits(line: Line, time: Time) -> None:
    twenty = connected(FakeTwenty(line, long_limit=None, short_limit=None, clock=time), time)
    started = time.now
    for _ in range(300):
        twenty.count("person")
    assert twenty.calls["refused"] == 0
    assert time.now == started


def test_a_limit_of_another_size_is_learned_from_its_refusal(line: Line, time: Time) -> None:
    twenty = connected(FakeTwenty(line, long_limit=(10, 5000), short_limit=None, clock=time), time)
    for _ in range(40):
        twenty.count("person")
    assert twenty.calls["refused"] <= 1
    rate = twenty._api.client.rate
    assert rate.capacity == 10
    assert rate.interval == pytest.approx(0.5165)


def test_metadata_is_not_counted(line: Line, time: Time) -> None:
    twenty = connected(FakeTwenty(line, long_limit=(1, 60_000), clock=time), time)
    started = time.now
    for _ in range(20):
        twenty.catalogue()
    assert twenty.calls["refused"] == 0
    assert time.now == started


def test_the_limit_inside_a_graphql_answer_is_waited_out(line: Line, time: Time) -> None:
    """It comes with status 200 and no other sign than its sub-code."""
    twenty = connected(FakeTwenty(line, long_limit=(2, 2000), short_limit=None, clock=time), time)
    for _ in range(5):
        assert twenty.find("company", keys={"name": ["odd, name"]}) == []
    assert 1 <= twenty.calls["refused"] <= 2


@pytest.mark.parametrize(
    ("message", "current", "learned"),
    [
        ("Limit reached (100 tokens per 60000 ms)", DEFAULT_RATE, Rate(100, 0.6198)),
        ("Limit reached (5 tokens per 1000 ms)", DEFAULT_RATE, Rate(5, 0.2066)),
        ("Limit reached (100 tokens per 1000 ms)", DEFAULT_RATE, Rate(100, 0.62)),
        ("Limit reached (100 tokens per 60000 ms)", Rate.unlimited(), Rate(100, 0.6198)),
        ("Limit reached (5 tokens per 1000 ms)", Rate(100, 0.62), None),
        ("Too many requests", DEFAULT_RATE, None),
    ],
)
def test_what_a_refusal_says_about_the_rate(message: str, current: Rate, learned: Rate | None) -> None:
    """Either of the two buckets may be named; the faster one of the defaults cannot have been the empty one."""
    found = limit_of(message, current)
    assert (found is None) == (learned is None)
    if found and learned:
        assert found.capacity == learned.capacity
        assert found.interval == pytest.approx(learned.interval)


def test_a_refusal_that_is_no_limit_is_not_taken_for_one(line: Line, time: Time) -> None:
    fake = FakeTwenty(line, clock=time)
    twenty = connected(fake, time)
    fake.faults.add("/graphql", status=200, body={"errors": [{"message": "No", "extensions": {"code": "BAD"}}]})
    with pytest.raises(Rejected, match="No"):
        twenty.find("company", keys={"name": ["odd, name"]})
    assert twenty.calls["refused"] == 0
