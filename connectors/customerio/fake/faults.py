"""Failures on order, so that a test can see what its caller makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass
class Fault:
    """What goes wrong, on which requests, how often."""

    match: str
    method: str | None = None
    status: int = 500
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    after: int = 0
    """How many matching requests go well first."""
    keep_bytes: int | None = None
    """Answer properly, but cut the body here while Content-Length promises all of it."""
    error: Exception | None = None
    """Raised out of the application, as a connection that breaks; only for use in one process."""


class Faults:
    """The failures that are still to come."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(
        self,
        match: str,
        *,
        method: str | None = None,
        status: int = 500,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        times: int = 1,
        after: int = 0,
        keep_bytes: int | None = None,
        error: Exception | None = None,
    ) -> Fault:
        """Order a failure; `match` is a path, with `*` for any text."""
        fault = Fault(match, method, status, body, dict(headers or {}), times, after, keep_bytes, error)
        self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Let everything go well again."""
        self._waiting.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The failure that this request meets, if any, used up by one."""
        for fault in self._waiting:
            if not fnmatchcase(path, fault.match) or fault.method not in (None, method):
                continue
            if fault.after:
                fault.after -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._waiting.remove(fault)
            return fault
        return None
