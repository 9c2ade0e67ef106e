"""A fake Twenty server with state, good enough to migrate into: real HTTP, both lines, faults on demand."""

from __future__ import annotations

from .app import FakeTwenty, Logged
from .faults import Fault, Faults

__all__ = ["FakeTwenty", "Fault", "Faults", "Logged"]
