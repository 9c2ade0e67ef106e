"""The two limits of the API: requests per second for a workspace, and bodies per day (FACTS.md §1)."""

from __future__ import annotations

import math
from collections import deque

from connectors.customerio.fake.calls import ApiError

DAY = 86400


class PerSecond:
    """At most `rate` requests in any one second; None allows everything."""

    def __init__(self, rate: float | None) -> None:
        self.rate = rate
        self._served: deque[float] = deque()

    def admit(self, now: float) -> None:
        """Count a request, or refuse it with the whole seconds to wait."""
        if self.rate is None:
            return
        allowed = max(1, int(self.rate))
        window = allowed / self.rate
        while self._served and now - self._served[0] >= window:
            self._served.popleft()
        if len(self._served) >= allowed:
            wait = max(1, math.ceil(self._served[0] + window - now))
            raise ApiError(429, f"rate limited to {self.rate:g} requests per 1s", {"Retry-After": str(wait)})
        self._served.append(now)


class PerDay:
    """A daily quota. Refusals carry no Retry-After, which is how a caller tells it from the other limit."""

    def __init__(self, quota: int) -> None:
        self.quota = quota
        self._day = -1
        self._used = 0

    def admit(self, now: float) -> dict[str, str]:
        """Count a request and return the headers of its answer, or refuse it."""
        if (day := int(now // DAY)) != self._day:
            self._day, self._used = day, 0
        refused = self._used >= self.quota
        self._used += not refused
        headers = {
            "X-RateLimit-Limit": str(self.quota),
            "X-RateLimit-Remaining": str(self.quota - self._used),
        }
        if refused:
            raise ApiError(429, f"rate limited to {self.quota} request(s) per day", headers)
        return headers
