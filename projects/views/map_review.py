"""What the review screen shows: the objects of a map, the rows of one of them, and one row in its side panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count
from django.http import QueryDict
from django.utils.http import urlencode

from mapping.models import FieldMap, RowDecision
from mapping.parts import Part, Row, part_digest
from mapping.profile import FieldProfile
from mapping.rules import Action, MapSpec, ObjectRule
from projects.permissions import Can
from projects.pipeline.phases import PERSON
from projects.review import Known, is_link, known_of
from projects.views.field_rows import (
    ALL,
    LEFT,
    NEEDS,
    READY,
    FieldRow,
    Stand,
    field_row,
    hardest,
    is_sure,
    place_of,
    stands,
    without_quotes,
)
from projects.views.map_changes import is_locked
from projects.views.seat import Seat

ROWS = 100
"""Rows on one page: enough for nearly every map at once, and quick for those with a thousand fields."""

HARDLY = 2
"""Percent of filled records below which fields are offered to be left behind together."""

STATES = ((NEEDS, "Needs you"), (READY, "Ready"), (LEFT, "Not migrating"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: object type, tab, search, page and the selected field."""

    object: str = ""
    tab: str = ""
    q: str = ""
    page: str = ""
    field: str | None = None
    do: str = ""

    @classmethod
    def of(cls, data: QueryDict) -> Asked:
        """The question in a query or in a form."""
        names = ("object", "tab", "q", "page", "do")
        return cls(**{name: data.get(name, "").strip() for name in names}, field=data.get("field"))

    def query(self, **other: str | None) -> str:
        """The address of the same place, with some parts exchanged; empty parts are left out."""
        parts = {"object": self.object, "tab": self.tab, "q": self.q, "page": self.page, **other}
        return urlencode({name: value for name, value in parts.items() if value not in ("", None)})


@dataclass(frozen=True, slots=True)
class Tab:
    """One object type of the map, with how many of its fields wait."""

    rule: ObjectRule
    label: str
    waiting: int
    selected: bool


@dataclass
class Review:
    """A map with everything that was decided and said about it; asked of the database once."""

    seat: Seat
    version: FieldMap
    asked: Asked = field(default_factory=Asked)

    @cached_property
    def spec(self) -> MapSpec:
        """The map itself."""
        return self.version.spec

    @cached_property
    def known(self) -> dict[str, Known]:
        """What discovery says, by object type."""
        return known_of(self.seat.project)

    @cached_property
    def decisions(self) -> dict[tuple[str, str], RowDecision]:
        """The decisions by row; those that are void are among them."""
        rows = self.seat.project.map_series.decisions.select_related("by")
        return {(one.object, one.source): one for one in rows}

    @cached_property
    def comments(self) -> Mapping[tuple[str, str], int]:
        """How many comments a row has."""
        rows = self.seat.project.map_series.comments.values_list("object", "source").annotate(n=Count("pk"))
        return {(object, source): number for object, source, number in rows.order_by()}

    @cached_property
    def live(self) -> list[ObjectRule]:
        """The object types that move."""
        return [rule for rule in self.spec.objects if rule.action != Action.SKIP]

    @cached_property
    def owner(self) -> ObjectRule | None:
        """The object type that is shown."""
        first = self.live[0] if self.live else None
        return next((rule for rule in self.live if rule.source == self.asked.object), first)

    @cached_property
    def stands(self) -> dict[str, list[Stand]]:
        """Where every field of every object type that moves stands."""
        return {rule.source: stands(rule, self.decisions) for rule in self.live}

    def is_decided(self, row: Row, part: Part) -> bool:
        """Whether somebody has said yes to an object type or a stream as it stands."""
        decision = self.decisions.get((row.object, row.source))
        return bool(part.decided_by) or (decision is not None and decision.digest == part_digest(part))

    def is_fixed(self, rule: ObjectRule) -> bool:
        """Whether nobody chooses where an object type lands: people, and links between others."""
        return rule.source == PERSON or is_link(self.known.get(rule.source))

    @property
    def waiting_objects(self) -> int:
        """Object types that nobody has decided."""
        free = [rule for rule in self.spec.objects if not self.is_fixed(rule)]
        return sum(not self.is_decided(Row(rule.source), rule) for rule in free)

    @property
    def waiting_streams(self) -> int:
        """Streams of happenings that nobody has decided."""
        return sum(not self.is_decided(Row("", rule.key), rule) for rule in self.spec.activities)

    @property
    def masked(self) -> bool:
        """Whether this member sees the shape of values only."""
        return not self.seat.may(Can.SEE_VALUES)

    def label(self, rule: ObjectRule) -> str:
        """What the records of an object type are called."""
        known = self.known.get(rule.source)
        return known.label_plural if known else rule.label_plural or rule.label or rule.source

    def profiles(self, rule: ObjectRule) -> Mapping[str, FieldProfile]:
        """The statistics of an object type's fields."""
        known = self.known.get(rule.source)
        return known.fields if known else {}

    def row(self, rule: ObjectRule, stand: Stand) -> FieldRow:
        """One row in words."""
        return field_row(
            rule,
            stand,
            self.profiles(rule).get(stand.rule.source),
            masked=self.masked,
            comments=self.comments.get((rule.source, stand.rule.source), 0),
        )


def tabs_of(review: Review) -> list[Tab]:
    """The object types that move, each with how many fields wait for somebody."""
    return [
        Tab(
            rule,
            review.label(rule),
            sum(stand.state == NEEDS for stand in review.stands[rule.source]),
            review.owner is not None and rule.source == review.owner.source,
        )
        for rule in review.live
    ]


def counts_of(review: Review, owner: ObjectRule) -> dict[str, Any]:
    """The numbers above the table, which change with every decision."""
    rows = review.stands[owner.source]
    states = Counter(stand.state for stand in rows)
    known = review.profiles(owner)
    waiting = [stand for stand in rows if stand.state == NEEDS]
    hardly = [one for one in waiting if _hardly(known.get(one.rule.source)) and not is_locked(owner, one.rule)]
    return {
        "owner": owner,
        "query": review.asked.query,
        "states": [(name, words, states[name]) for name, words in STATES],
        "decided": len(rows) - states[NEEDS],
        "total": len(rows),
        "sure": sum(is_sure(stand.rule) for stand in waiting),
        "hardly": len(hardly),
        "tabs": tabs_of(review),
    }


def _hardly(profile: FieldProfile | None) -> bool:
    return profile is not None and profile.filled * 100 < profile.total * HARDLY


def sure_fields(review: Review, owner: ObjectRule) -> list[str]:
    """The fields that wait and that we are sure of."""
    return [one.rule.source for one in review.stands[owner.source] if one.state == NEEDS and is_sure(one.rule)]


def hardly_filled(review: Review, owner: ObjectRule) -> list[str]:
    """The fields that wait and are filled in next to no record."""
    known = review.profiles(owner)
    return [
        one.rule.source
        for one in review.stands[owner.source]
        if one.state == NEEDS and _hardly(known.get(one.rule.source)) and not is_locked(owner, one.rule)
    ]


def table_of(review: Review) -> dict[str, Any]:
    """One object type: counts, a page of rows, and the selected row's panel."""
    owner = review.owner
    if owner is None:
        return {"tabs": [], "owner": None}
    asked = review.asked
    rows = review.stands[owner.source]
    tab = asked.tab or (ALL if asked.q else NEEDS if any(one.state == NEEDS for one in rows) else READY)
    listed = [one for one in rows if tab in (ALL, one.state) and _matches(one, asked.q)]
    selected = next((one for one in rows if one.rule.source == asked.field), None)
    page = _page(listed, asked, selected)
    if selected is None and page.object_list:
        selected = page.object_list[0]
    return {
        **counts_of(review, owner),
        "tab": tab,
        "q": asked.q,
        "label": review.label(owner),
        "page": page,
        "listed": len(listed),
        "rows": [review.row(owner, stand) for stand in page.object_list],
        "base": asked.query(tab=tab, field=None, object=owner.source),
        **(panel_of(review, owner, selected, tab) if selected else {"row": None}),
        "is_asked": asked.field is not None,
    }


def _matches(stand: Stand, q: str) -> bool:
    rule = stand.rule
    return q.lower() in f"{rule.source} {rule.destination} {rule.label} {' '.join(place_of(rule))}".lower()


def _page(listed: Sequence[Stand], asked: Asked, selected: Stand | None) -> Page[Stand]:
    paginator = Paginator(listed, ROWS)
    if not asked.page and selected in listed:
        return paginator.page(listed.index(selected) // ROWS + 1)
    return paginator.get_page(asked.page or 1)


def panel_of(review: Review, owner: ObjectRule, stand: Stand, tab: str) -> dict[str, Any]:
    """Everything the side panel says about one row."""
    profile = review.profiles(owner).get(stand.rule.source)
    series = review.seat.project.map_series
    said = series.comments.filter(object=owner.source, source=stand.rule.source).select_related("author")
    reason = without_quotes(stand.rule.reason) if review.masked else stand.rule.reason
    return {
        "owner": owner,
        "row": review.row(owner, stand),
        "reason": reason,
        "masked": review.masked,
        "profile": profile,
        "turned": hardest(stand.rule, profile, masked=review.masked),
        "alternatives": stand.rule.alternatives,
        "said": list(said),
        "base": review.asked.query(tab=tab, field=None, object=owner.source),
        "asked": review.asked,
        "tab": tab,
        "decided_by_whom": _by(review.decisions.get((owner.source, stand.rule.source)), stand),
    }


def _by(decision: RowDecision | None, stand: Stand) -> str:
    """Who decided before, where the row has changed since: the reason why it needs a look again."""
    if decision is None or stand.decided is not None or stand.state != NEEDS:
        return ""
    return str(decision.by) if decision.by else "somebody"


def next_waiting(review: Review, owner: ObjectRule, after: str) -> Stand | None:
    """The next field that waits for somebody, from one on and round again."""
    rows = review.stands[owner.source]
    at = next((number for number, one in enumerate(rows) if one.rule.source == after), -1)
    return next((one for one in [*rows[at + 1 :], *rows[: at + 1]] if one.state == NEEDS), None)
