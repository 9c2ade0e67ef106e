"""How a row is known again in the destination: by our own id, by the source's key, by its unique value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Min

from connectors.contract import Existing
from projects.models import Change, Link, Record
from projects.pipeline.context import Context
from projects.text import plain

MARK = "customerioId"
"""The unique field that carries the source's own key."""

AUTHOR = ("IMPORT", "Customer.io")
"""Source and name under which our records are made, unless they have an author of their own."""


def owners(context: Context, found: Sequence[Existing]) -> dict[str, str]:
    """Records that another row of this object type has become already: destination id → that row's key."""
    if context.ends.onto:
        return {}
    links = Link.objects.filter(
        project=context.project, object=context.step.object, destination_id__in=[existing.id for existing in found]
    )
    return {str(id): key for id, key in links.values_list("destination_id", "key")}


def thrown_away(context: Context, ids: Iterable[str]) -> dict[str, Change]:
    """Records that we put into the bin as the source had deleted them: id → that change. They come back with it."""
    retired = Change.objects.filter(project=context.project, destination=context.step.destination, undone=None)
    found = retired.filter(kind=Change.Kind.RETIRED, object=context.step.object, destination_id__in=list(ids))
    return {str(change.destination_id): change for change in found.order_by("pk")}


def marks_of(context: Context, rows: Sequence[Record]) -> set[str]:
    """Our own unique mark on these rows: how records of an earlier installation or project are known again."""
    field = context.target.field(MARK)
    if field is None or not field.unique or context.ends.onto:
        return set()
    return {str(mark) for row in rows if (mark := value_at(row.mapped, MARK))}


def value_at(fields: dict[str, Any] | None, path: str) -> Any:
    value: Any = fields or {}
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def canonical_value(context: Context, fields: Any, path: str) -> str:
    """The unique value of an existing record in the form of `Record.match_key`."""
    top, _, sub = path.partition(".")
    known = context.target.field(top)
    value = fields.get(top)
    if known is not None:
        value = context.destination.canonical(known.type, value)[0]
    if sub and isinstance(value, dict):
        value = value.get(sub)
    return plain(str(value or "").lower())[:400]


def rivals_of(context: Context, rows: Sequence[Record]) -> dict[str, str]:
    """Where several relationships would set one relation of a record: that record's key → the row that comes first."""
    if not context.ends.onto or not any(row.match_key for row in rows):
        return {}
    keys = {row.match_key for row in rows}
    siblings = Record.objects.of(context.run, context.step.object).filter(match_key__in=keys)
    taking_part = siblings.exclude(state__in=[Record.State.EXCLUDED, Record.State.REJECTED])
    return dict(taking_part.values_list("match_key").annotate(first=Min("key")))
