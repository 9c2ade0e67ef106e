"""Twenty's token buckets with their rounding flaw (contracts/twenty/FACTS.md §11)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from .errors import Refusal

Limit = tuple[int, int]


@dataclass(slots=True)
class Bucket:
    """So many tokens per window; a success restarts the clock, so calls closer than one refill never refill."""

    tokens_per_window: int
    window_ms: int
    available: int = -1
    refilled_at: float = 0.0

    def take(self, now_ms: float) -> None:
        """Consume one token or refuse; a refused call leaves the clock alone, so waiting helps."""
        expired = now_ms - self.refilled_at > 2 * self.window_ms
        if self.available < 0 or expired:
            available = self.tokens_per_window
        else:
            elapsed = now_ms - self.refilled_at
            refill = math.floor(elapsed * self.tokens_per_window / self.window_ms)
            available = min(self.available + refill, self.tokens_per_window)
        if available < 1:
            raise limit_reached(self.tokens_per_window, self.window_ms)
        self.available = available - 1
        self.refilled_at = now_ms


class RateLimit:
    """The short and the long bucket of one workspace; None lifts a limit."""

    def __init__(self, short: Limit | None, long: Limit | None, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.short = Bucket(*short) if short else None
        self.long = Bucket(*long) if long else None

    def take(self) -> None:
        now_ms = self.clock() * 1000
        for bucket in (self.short, self.long):
            if bucket is not None:
                bucket.take(now_ms)


def limit_reached(tokens: int, window_ms: int) -> Refusal:
    """429 on REST without Retry-After; GraphQL turns it into HTTP 200 with LIMIT_REACHED."""
    message = f"Limit reached ({tokens} tokens per {window_ms} ms)"
    body = {"statusCode": 429, "error": "HttpException", "messages": [message]}
    extensions = {
        "subCode": "LIMIT_REACHED",
        "userFriendlyMessage": "Rate limit reached. Please try again later.",
        "code": "BAD_USER_INPUT",
    }
    return Refusal(429, body, message=message, extensions=extensions)
