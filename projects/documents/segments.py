"""Segments for the handoff: criteria in words and as they came, members, users, and the nearest View filter."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from mapping.criteria import parse, words
from mapping.rules import MapSpec
from mapping.view_filters import Landing, Translation, filter_json, filter_words, translate
from projects.documents.landing import landing_of
from projects.documents.rows import CAMPAIGN, NEWSLETTER, Configuration, newest_memberships
from projects.grading import rules
from projects.models import Profile
from projects.pipeline.phases import SEGMENT

RECEIVES = "receives newsletter"

SHOWS = {
    "same": "shows the same people",
    "more": "shows everybody who is in the segment, and some more",
    "fewer": "shows only people who are in the segment, but not all of them",
}


@dataclass(frozen=True, slots=True)
class SegmentItem:
    """One segment. `how` says how it can become a View: exactly, partly, quoted, or by hand (its tag)."""

    key: str
    name: str
    description: str
    type: str
    state: str
    members: int
    words: str
    criteria: str
    how: str
    shows: str
    view: str
    view_filter: dict[str, Any] | None
    left_out: tuple[str, ...]
    tag: str
    used_by: tuple[str, ...]
    hours: float


def segment_items(read: Configuration, spec: MapSpec, people: Profile | None) -> tuple[SegmentItem, ...]:
    """Every segment that is listed, as it was last read."""
    landing = landing_of(read, spec, people)
    rows = read.rows(SEGMENT)
    names = {str(row["key"]): str(row.get("name") or f"Segment {row['key']}") for row in rows}
    members = Counter(
        {one["group"]: one["n"] for one in newest_memberships(read.project).values("group").annotate(n=Count("id"))}
    )
    used = used_by(read)
    return tuple(_item(row, landing, names, members, used) for row in rows)


def translation_of(row: Mapping[str, Any], landing: Landing) -> Translation | None:
    """The View filter of a segment with criteria; None for one that was filled by hand or does not tell."""
    return translate(parse(row["conditions"]), landing) if row.get("conditions") else None


def _item(
    row: Mapping[str, Any],
    landing: Landing,
    names: Mapping[str, str],
    members: Counter[str],
    used: Mapping[str, list[str]],
) -> SegmentItem:
    key = str(row["key"])
    made = translation_of(row, landing)
    tag = landing.tags.get(key, "")
    return SegmentItem(
        key=key,
        name=names[key],
        description=str(row.get("description") or ""),
        type=str(row.get("type") or ""),
        state=str(row.get("state") or ""),
        members=members[key],
        words=words(parse(row["conditions"]), names) if made else _without_criteria(row),
        criteria=laid_out(row["conditions"]) if made else "",
        how=made.how if made else "by hand",
        shows=SHOWS[made.shows] if made and made.filter is not None else "",
        view=filter_words(made.filter) if made and made.filter is not None else "",
        view_filter=filter_json(made.filter) if made and made.filter is not None else None,
        left_out=tuple(dict.fromkeys(made.left_out)) if made else (),
        tag=f"{landing.tag_field} contains {tag}" if tag else "",
        used_by=tuple(used.get(key, ())),
        hours=rules()["effort"][f"segment_{made.how if made else 'exactly'}"],
    )


def laid_out(node: Any, depth: int = 0) -> str:
    """JSON as people read it: a condition on one line, and what joins conditions around them, one step in."""
    inner = "  " * (depth + 1)
    if isinstance(node, dict) and len(node) == 1 and isinstance(next(iter(node.values())), list):
        name, parts = next(iter(node.items()))
        lines = ",\n".join(inner + laid_out(part, depth + 1) for part in parts)
        return f"{{{json.dumps(name)}: [\n{lines}\n{'  ' * depth}]}}"
    return json.dumps(node, ensure_ascii=False)


def _without_criteria(row: Mapping[str, Any]) -> str:
    if row.get("type") == "manual":
        return "filled by hand; it has no criteria"
    return "the API did not give its criteria: read them in Customer.io and write them here"


def ids_of(told: Any) -> list[str]:
    """Segment ids out of a list of ids or of objects with an id."""
    rows = told if isinstance(told, list) else []
    return [
        str(row["id"] if isinstance(row, dict) else row) for row in rows if not isinstance(row, dict) or "id" in row
    ]


def used_by(read: Configuration) -> dict[str, list[str]]:
    """Segment id → what names it, in words."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in read.rows(CAMPAIGN):
        _use(found, _part(row, "trigger", "trigger_segment_ids"), f"starts campaign “{_name(row)}”")
        _use(found, _part(row, "filters", "filter_segment_ids"), f"filters campaign “{_name(row)}”")
    for row in read.rows(NEWSLETTER):
        told = row.get("recipients", row.get("recipient_segment_ids"))
        _use(found, told, f"{RECEIVES} “{_name(row)}”")
    return dict(found)


def _part(row: Mapping[str, Any], part: str, name: str) -> Any:
    inner = row.get(part)
    return inner.get(name) if isinstance(inner, dict) and name in inner else row.get(name)


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("name") or row["key"])


def _use(found: defaultdict[str, list[str]], told: Any, sentence: str) -> None:
    for id in dict.fromkeys(ids_of(told)):
        found[id].append(sentence)


def by_how(items: Iterable[SegmentItem]) -> dict[str, int]:
    """How many segments become a View in which way."""
    return dict(Counter(item.how for item in items))
