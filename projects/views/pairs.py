"""A record side by side: what the source held, and what of it stands in the destination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.catalogue import FieldType
from mapping.exact import as_text, is_empty
from mapping.rules import Action, FieldRule, ObjectRule
from projects.models import Link, Record
from projects.pipeline.tags import TAGS
from projects.views.field_rows import place_of, shown, words_of


@dataclass(frozen=True, slots=True)
class Pair:
    """One source field and where its value went. `note` says what did not turn; `left`: it was not taken along."""

    source: str
    before: str
    place: str
    after: str
    note: str
    left: bool


def value_at(body: Mapping[str, Any], path: str) -> Any:
    """The value at a destination path such as `emails.primaryEmail`; None where there is none."""
    value: Any = body
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def title_of(record: Record) -> str:
    """A record's name for the eye: a name, else an e-mail address, else its key."""
    raw: Mapping[str, Any] = record.raw or {}
    whole = " ".join(str(raw[name]) for name in ("first_name", "last_name") if raw.get(name))
    for value in (whole, raw.get("name"), raw.get("full_name"), raw.get("title"), raw.get("email")):
        if value and isinstance(value, str):
            return value[:80]
    return record.key


def _landed(rule: FieldRule, value: Any) -> str:
    """A value as it landed; options by the label that people see."""
    labels = {choice.value: choice.label for choice in rule.choices}
    if rule.type == FieldType.RAW_JSON and value is not None:
        return as_text(value)
    if isinstance(value, list):
        return ", ".join(labels.get(item, shown(item)) if isinstance(item, str) else shown(item) for item in value)
    return labels.get(value, value) if isinstance(value, str) else shown(value)


def pairs_of(rule: ObjectRule | None, record: Record, link: Link | None = None) -> list[Pair]:
    """Every filled source field beside what landed of it; fields that are empty on both sides are left out."""
    if rule is None:
        return []
    landed: Mapping[str, Any] = record.mapped or (link.written if link else {}) or {}
    notes = {note["field"]: note["sentence"] for note in record.notes}
    raw: Mapping[str, Any] = record.fields
    pairs = []
    for field in rule.fields:
        left = field.action == Action.SKIP
        values = {name: raw.get(name) for name in (field.source, *field.also) if not is_empty(raw.get(name))}
        before = " · ".join(as_text(value) for value in values.values())
        after = "" if left else _landed(field, value_at(landed, field.destination))
        if not before and not after:
            continue
        name, part = place_of(field)
        place = f"{name} › {part}" if part else name
        source = "Segments" if field.source == TAGS else " + ".join((field.source, *field.also))
        pairs.append(Pair(source, before, "" if left else place, after, notes.get(field.source, ""), left))
        if field.raw_destination and (kept := landed.get(field.raw_destination)):
            pairs.append(Pair("", "", f"{words_of(field.raw_destination)} (as it came)", shown(kept), "", False))
    known = {name for field in rule.fields for name in (field.source, *field.also)}
    unmapped = [name for name in raw if name not in known and not is_empty(raw[name])]
    pairs += [Pair(name, as_text(raw[name]), "", "", "It is not in the confirmed map.", True) for name in unmapped]
    return pairs
