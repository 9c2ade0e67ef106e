"""Breakage on demand: chosen answers fail, are lost after the effect, or come back cut in half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = Any


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next `times` requests whose path contains `match`."""

    match: str
    method: str | None = None
    status: int | None = None
    body: Json = None
    times: int = 1
    after_effect: bool = False
    truncate: bool = False
    error: BaseException | None = None

    def applies(self, method: str, target: str) -> bool:
        return self.times > 0 and self.match in target and self.method in (None, method)


class Faults:
    """The faults still to come, in the order in which they were added."""

    def __init__(self) -> None:
        self.planned: list[Fault] = []

    def add(
        self,
        match: str,
        method: str | None = None,
        *,
        status: int | None = None,
        body: Json = None,
        times: int = 1,
        after_effect: bool = False,
        truncate: bool = False,
        error: BaseException | None = None,
    ) -> Fault:
        """Plan a fault: an answer (`status`, `body`), a cut body (`truncate`) or a raised `error`.

        With `after_effect` the request is executed first, so that only its answer is lost.
        """
        fault = Fault(match, method, status, body, times, after_effect or truncate, truncate, error)
        self.planned.append(fault)
        return fault

    def clear(self) -> None:
        self.planned.clear()

    def next(self, method: str, target: str) -> Fault | None:
        """The fault that hits this request, counted down."""
        for fault in self.planned:
            if fault.applies(method, target):
                fault.times -= 1
                return fault
        return None
