"""How many requests a connection may make: one bucket per connection, shared by all workers.

The bucket refills by whole requests only and restarts its clock with each request let through. That is
how Twenty's own bucket counts (contracts/twenty/FACTS.md section 11: requests closer together than one
refill interval never earn anything back). A client that counts more generously than the server runs
into refusals; this one is exact for Twenty and a little careful for everyone else. The usual libraries
count in windows, which lets a burst through that Twenty then refuses.

A declared rate may be a guess (`Rate.assumed`): self-hosted servers often lift their limits. The guess is
tested in passing, at the price of at most one refused request: once the assumed burst is used up, one
single request goes early. If the server takes it, there is no pacing until a refusal names the limit.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import redis

from connectors.errors import Transient


@dataclass(frozen=True, slots=True)
class Rate:
    """`capacity` requests at once, then one every `interval` seconds. An interval of 0 means no limit.

    `assumed`: a default that this server may have raised or lifted; a budget may put it to the test.
    `steady`: the server counts by the clock, so being late for one request does not delay all later ones;
    else each request restarts the interval, as in Twenty's bucket.
    """

    capacity: int
    interval: float
    assumed: bool = False
    steady: bool = False

    @classmethod
    def unlimited(cls) -> Rate:
        """No pacing at all."""
        return cls(capacity=1, interval=0.0)

    @property
    def is_limited(self) -> bool:
        """Whether requests are paced."""
        return self.interval > 0

    @property
    def per_minute(self) -> float:
        """The sustained rate in requests a minute; 0 when unlimited."""
        return 60 / self.interval if self.is_limited else 0.0


class Budget(Protocol):
    """A shared allowance of requests."""

    def take(self) -> float:
        """Takes one request out of the bucket: 0.0 when it may go now, else the seconds to wait and ask again."""
        ...

    def refused(self, wait: float, rate: Rate | None = None) -> None:
        """The server said no: nothing goes for `wait` seconds; `rate` is the limit if its answer named one."""
        ...

    def passed(self) -> None:
        """The server answered this thread's last request: if that was the test of an assumed rate, it is lifted."""
        ...

    @property
    def rate(self) -> Rate:
        """The rate now in force."""
        ...


TEST_SECONDS = 60.0
"""How long a test of an assumed rate may be without an answer (its worker may have died) before another is made."""


class LocalBudget:
    """The bucket of a single process, for when there is no Redis. Safe for threads."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._declared = self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = rate.capacity
        self._last = clock()
        self._blocked_until = 0.0
        self._tester = 0
        self._tested_at = -TEST_SECONDS

    @property
    def rate(self) -> Rate:
        """The rate now in force."""
        return self._rate

    def take(self) -> float:
        """See `Budget.take`."""
        with self._lock:
            now = self._clock()
            if self._tester == threading.get_ident():
                self._tester = 0  # the test never got an answer, or this would not be its thread's next request
            if now < self._blocked_until:
                return self._blocked_until - now
            if not self._rate.is_limited:
                return 0.0
            # The epsilon keeps a wait of exactly one interval from falling short by a rounding error.
            earned = int((now - self._last) / self._rate.interval + 1e-9)
            tokens = min(self._rate.capacity, self._tokens + earned)
            if tokens < 1:
                if self._rate.assumed and now - self._tested_at >= TEST_SECONDS:
                    self._tester, self._tested_at, self._last = threading.get_ident(), now, now
                    return 0.0
                return max(self._rate.interval - (now - self._last), 0.001)
            self._tokens = tokens - 1
            self._last = self._last + earned * self._rate.interval if self._rate.steady else now
            return 0.0

    def refused(self, wait: float, rate: Rate | None = None) -> None:
        """See `Budget.refused`."""
        with self._lock:
            now = self._clock()
            # What was assumed holds from now on, where the refusal names nothing better.
            known = rate or (self._rate if self._rate.is_limited else self._declared)
            self._rate = Rate(known.capacity, known.interval, steady=known.steady)
            self._tokens, self._last, self._tester = 0, now, 0
            self._blocked_until = max(self._blocked_until, now + wait)

    def passed(self) -> None:
        """See `Budget.passed`."""
        with self._lock:
            if self._tester and self._tester == threading.get_ident():
                self._rate, self._tester = Rate.unlimited(), 0


_TAKE = """
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local state = redis.call('HMGET', KEYS[1], 'tokens', 'last', 'blocked', 'capacity', 'interval', 'tested')
local capacity = tonumber(state[4] or ARGV[1])
local interval = tonumber(state[5] or ARGV[2])
local blocked = tonumber(state[3] or '0')
if now < blocked then return tostring(blocked - now) end
if interval <= 0 then return '0' end
local tokens = tonumber(state[1] or capacity)
local last = tonumber(state[2] or now)
local earned = math.floor((now - last) / interval + 1e-9)
tokens = math.min(capacity, tokens + earned)
if tokens < 1 then
  local guess = ARGV[3] == '1' and not state[5]
  if not guess or now - tonumber(state[6] or '-1e9') < tonumber(ARGV[5]) then
    return tostring(math.max(interval - (now - last), 0.001))
  end
  redis.call('HSET', KEYS[1], 'tester', ARGV[4], 'tested', string.format('%.6f', now))
  tokens = 1
end
if ARGV[6] == '1' then last = last + earned * interval else last = now end
redis.call('HSET', KEYS[1], 'tokens', tokens - 1, 'last', string.format('%.6f', last))
redis.call('EXPIRE', KEYS[1], 86400)
return redis.call('HGET', KEYS[1], 'tester') == ARGV[4] and 'test' or '0'
"""

_REFUSED = """
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local state = redis.call('HMGET', KEYS[1], 'blocked', 'capacity', 'interval')
local capacity, interval = ARGV[2], ARGV[3]
if capacity == '' and tonumber(state[3] or '0') > 0 then capacity, interval = state[2], state[3] end
if capacity == '' then capacity, interval = ARGV[4], ARGV[5] end
redis.call('HSET', KEYS[1], 'tokens', 0, 'last', string.format('%.6f', now),
           'blocked', string.format('%.6f', math.max(tonumber(state[1] or '0'), now + tonumber(ARGV[1]))),
           'capacity', capacity, 'interval', interval)
redis.call('HDEL', KEYS[1], 'tester')
redis.call('EXPIRE', KEYS[1], 86400)
return '0'
"""

_PASSED = """
if redis.call('HGET', KEYS[1], 'tester') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'capacity', 1, 'interval', 0)
  redis.call('HDEL', KEYS[1], 'tester')
end
return '0'
"""


def _unreachable() -> Transient:
    return Transient(
        "The shared request budget (Redis) cannot be reached.",
        "Nothing is lost; the run goes on by itself once Redis answers again.",
        retry_after=5,
    )


class RedisBudget:
    """The same bucket in Redis, by Redis's clock: many workers on many machines share one allowance.

    Losing Redis loses nothing but the count: the next request starts a full bucket, and the server's
    own refusal corrects it.
    """

    def __init__(self, client: redis.Redis, key: str, rate: Rate) -> None:
        self._client = client
        self._key = f"budget:{key}"
        self._rate = rate
        self._mine = threading.local()
        self._take = client.register_script(_TAKE)
        self._refused = client.register_script(_REFUSED)
        self._passed = client.register_script(_PASSED)

    def _run(self, script: Any, arguments: list[Any]) -> Any:
        try:
            return script(keys=[self._key], args=arguments)
        except redis.RedisError as error:
            raise _unreachable() from error

    @property
    def rate(self) -> Rate:
        """The rate now in force: the one learned by whichever worker, else the declared one."""
        try:
            learned: Any = self._client.hmget(self._key, ["capacity", "interval"])
        except redis.RedisError as error:
            raise _unreachable() from error
        if learned[0] is None:
            return self._rate
        return Rate(int(learned[0]), float(learned[1]), steady=self._rate.steady)

    def take(self) -> float:
        """See `Budget.take`."""
        # A name for this one request: an answer counts as the test's only where the test was made.
        self._mine.test = uuid.uuid4().hex
        rate = self._rate
        limits = [rate.capacity, rate.interval, int(rate.assumed)]
        told = self._run(self._take, [*limits, self._mine.test, TEST_SECONDS, int(rate.steady)])
        text = told.decode() if isinstance(told, bytes) else str(told)
        if text == "test":
            return 0.0
        self._mine.test = ""
        return float(text)

    def refused(self, wait: float, rate: Rate | None = None) -> None:
        """See `Budget.refused`."""
        learned = [rate.capacity, rate.interval] if rate else ["", ""]
        self._mine.test = ""
        # What was assumed holds from now on, where the refusal names nothing better.
        self._run(self._refused, [wait, *learned, self._rate.capacity, self._rate.interval])

    def passed(self) -> None:
        """See `Budget.passed`."""
        if getattr(self._mine, "test", ""):
            self._run(self._passed, [self._mine.test])
            self._mine.test = ""
