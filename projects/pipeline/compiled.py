"""A confirmed map made ready for work, kept by this process: a map never changes, and a step is opened often."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from mapping.activities import Rulebook
from mapping.apply import Mapped, compile_rule
from mapping.models import FieldMap
from mapping.rules import MapSpec

KEPT = 4
"""Maps kept at once: a worker goes from run to run."""


class CompiledMap:
    """A map with its rules compiled, each on first use."""

    def __init__(self, spec: MapSpec) -> None:
        self.spec = spec
        self._mappers: dict[str, Callable[[dict[str, Any]], Mapped]] = {}

    @cached_property
    def activities(self) -> Rulebook:
        """Finds the rule of a happening."""
        return Rulebook(self.spec.activities)

    def mapper(self, object: str) -> Callable[[dict[str, Any]], Mapped]:
        """Turns records of one object type into drafts. LookupError when the map has no rule for it."""
        if object not in self._mappers:
            rule = self.spec.object(object)
            if rule is None:
                raise LookupError(f"The map has no rule for {object}.")
            self._mappers[object] = compile_rule(rule)
        return self._mappers[object]


_kept: dict[tuple[int, str], CompiledMap] = {}


def compiled(field_map: FieldMap) -> CompiledMap:
    """The map made ready; the same one again for the same version and digest."""
    key = (field_map.pk, field_map.digest)
    if key not in _kept:
        while len(_kept) >= KEPT:
            _kept.pop(next(iter(_kept)), None)
        _kept[key] = CompiledMap(field_map.spec)
    return _kept[key]
