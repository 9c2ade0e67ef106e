"""The rows of a map: fields, relations, object types and streams, each found, replaced and fingerprinted alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mapping.rules import ActivityRule, FieldRule, MapSpec, ObjectRule, RelationRule, decisions_of

BY_ITSELF = "Carryover"
"""Stands as the one who decided where no person has to: segments as tags, for example."""

RELATION = "→"
"""Stands before the attribute in the row of its relation, as the attribute's own field is another row."""

Part = FieldRule | RelationRule | ObjectRule | ActivityRule


@dataclass(frozen=True, slots=True)
class Row:
    """Names one row.

    A field is (`person`, `email`), a relation (`object:1`, `→owner`), an object type (`person`, ``) and a stream
    (``, `event:call`).
    """

    object: str
    source: str = ""

    def __str__(self) -> str:
        return self.source or self.object


def relation_row(owner: ObjectRule, relation: RelationRule) -> Row:
    """The row of a relation."""
    return Row(owner.source, f"{RELATION}{relation.source}")


def is_locked(owner: ObjectRule, rule: FieldRule) -> bool:
    """Whether a field always goes along, because records are recognised by it."""
    return rule.unique or bool(owner.match_on and rule.destination == owner.match_on)


def part_of(spec: MapSpec, row: Row) -> Part | None:
    """What the map says in that row; None when it has no such row."""
    if not row.object:
        return next((rule for rule in spec.activities if rule.key == row.source), None)
    owner = spec.object(row.object)
    if owner is None or not row.source:
        return owner
    return _relation_of(owner, row) or next((rule for rule in owner.fields if rule.source == row.source), None)


def _relation_of(owner: ObjectRule, row: Row) -> RelationRule | None:
    named = row.source.removeprefix(RELATION)
    return next((one for one in owner.relations if named != row.source and one.source == named), None)


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
        within = "relations" if isinstance(old, RelationRule) else "fields"
        rules = tuple(part if rule is old else rule for rule in getattr(owner, within))
        old, part = owner, owner.model_copy(update={within: rules})
    return spec.model_copy(update={"objects": tuple(part if rule is old else rule for rule in spec.objects)})


def load_part(row: Row, content: Mapping[str, Any]) -> Part:
    """The rule that was written down as JSON for that row."""
    kind: type[Part] = ActivityRule if not row.object else FieldRule if row.source else ObjectRule
    if "inverse_label" in content:
        kind = RelationRule
    return kind.model_validate(content)


def digest_of(spec: MapSpec, row: Row) -> str:
    """What a decision covers: what the row says, and for a field or relation also which object it stands on."""
    part = part_of(spec, row)
    if part is None:
        return ""
    owner = spec.object(row.object) if row.source else None
    return part_digest(part, owner.destination if owner else "")


def whole_digest(part: Part | None) -> str:
    """The digest of a rule with everything in it, an object type's fields too; empty for none."""
    return _sealed(decisions_of(part.model_dump(mode="json"))) if part is not None else ""


def part_digest(part: Part, destination: str = "") -> str:
    """The digest of a rule without its evidence; of an object type, fields and relations are rows of their own."""
    said = decisions_of(part.model_dump(mode="json", exclude={"fields", "relations"}))
    return _sealed([destination, said])


def _sealed(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
