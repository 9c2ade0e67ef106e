"""The rows of a map: fields, object types and streams of happenings, each found, replaced and fingerprinted alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mapping.rules import ActivityRule, FieldRule, MapSpec, ObjectRule, decisions_of

BY_ITSELF = "Carryover"
"""Stands as the one who decided where no person has to: segments as tags, for example."""

Part = FieldRule | ObjectRule | ActivityRule


@dataclass(frozen=True, slots=True)
class Row:
    """Names one row: a field (`person`, `email`), an object type (`person`, ``) or a stream (``, `event:call`)."""

    object: str
    source: str = ""

    def __str__(self) -> str:
        return self.source or self.object


def part_of(spec: MapSpec, row: Row) -> Part | None:
    """What the map says in that row; None when it has no such row."""
    if not row.object:
        return next((rule for rule in spec.activities if rule.key == row.source), None)
    owner = spec.object(row.object)
    if owner is None or not row.source:
        return owner
    return next((rule for rule in owner.fields if rule.source == row.source), None)


def with_part(spec: MapSpec, row: Row, part: Part) -> MapSpec:
    """The map with one row saying something else. Raises KeyError when it has no such row."""
    old = part_of(spec, row)
    if old is None:
        raise KeyError(row)
    if not row.object:
        streams = tuple(part if rule is old else rule for rule in spec.activities)
        return spec.model_copy(update={"activities": streams})
    owner = spec.object(row.object)
    if row.source and owner is not None:
        fields = tuple(part if rule is old else rule for rule in owner.fields)
        old, part = owner, owner.model_copy(update={"fields": fields})
    return spec.model_copy(update={"objects": tuple(part if rule is old else rule for rule in spec.objects)})


def load_part(row: Row, content: Mapping[str, Any]) -> Part:
    """The rule that was written down as JSON for that row."""
    kind: type[Part] = ActivityRule if not row.object else FieldRule if row.source else ObjectRule
    return kind.model_validate(content)


def digest_of(spec: MapSpec, row: Row) -> str:
    """What a decision about a row covers: what it says, and for a field also which object it lands on."""
    part = part_of(spec, row)
    if part is None:
        return ""
    owner = spec.object(row.object) if row.source else None
    return part_digest(part, owner.destination if owner else "")


def whole_digest(part: Part | None) -> str:
    """The digest of a rule with everything in it, an object type's fields too; empty for none."""
    return _sealed(decisions_of(part.model_dump(mode="json"))) if part is not None else ""


def part_digest(part: Part, destination: str = "") -> str:
    """The digest of a rule without its evidence; of an object type, its fields are rows of their own."""
    said = decisions_of(part.model_dump(mode="json", exclude={"fields", "relations"}))
    return _sealed([destination, said])


def _sealed(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
