"""Figures over whole columns, by the aggregate fields of GraphQL connections, and what one value adds to them.

What counts as empty is the server's own rule, measured on 2.21 (`tests/data/twenty/aggregates.json`):
of e-mail addresses and links only the first counts, zero and false are values, an empty list or object is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.catalogue import Field, FieldType, ObjectType
from connectors.contract import Figures, Totals
from connectors.errors import Rejected
from connectors.twenty.api import TwentyApi
from connectors.twenty.reading import filter_type
from connectors.twenty.values import canonical

Json = Any

NOT_TOLD = frozenset(
    {FieldType.RELATION, FieldType.MORPH_RELATION, FieldType.ACTOR, FieldType.TS_VECTOR, FieldType.POSITION}
)
"""Types without figures, or whose figures say nothing of what we wrote."""

_ORDERED = (FieldType.DATE, FieldType.DATE_TIME, FieldType.NUMBER, FieldType.CURRENCY)
_SUMMED = (FieldType.NUMBER, FieldType.CURRENCY)
_PLAIN = (FieldType.TEXT, FieldType.SELECT, FieldType.RATING, FieldType.UUID, FieldType.MULTI_SELECT, FieldType.ARRAY)

EMPTY: tuple[Json, ...] = (None, "", [], {})


def aggregate(api: TwentyApi, object: ObjectType, names: Sequence[str], author: tuple[str, str]) -> Totals | None:
    """See `Destination.aggregate`. A server that does not know one of the figures leaves that column out."""
    if object.field("createdBy") is None:
        return None
    fields = [field for name in names if (field := object.field(name)) and field.type not in NOT_TOLD]
    wanted = " ".join(["totalCount", *(name for field in fields for name in _asked(field).values())])
    document = f"query($f:{filter_type(object)}){{{object.plural}(filter:$f,first:1){{{wanted}}}}}"
    made_by = {"createdBy": {"source": {"eq": author[0]}, "name": {"eq": author[1]}}}
    try:
        told = api.graphql(document, {"f": made_by})[object.plural]
    except Rejected:
        return None
    count = int(told["totalCount"])
    return Totals(count, {field.name: found for field in fields if (found := _figures(field, told, count))})


def _asked(field: Field) -> dict[str, str]:
    """Figure → the name of the aggregate field that tells it."""
    name = field.name[:1].upper() + field.name[1:]
    asked = {"filled": f"countNotEmpty{name}"}
    if field.type is FieldType.BOOLEAN:
        return {**asked, "sum": f"countTrue{name}"}
    part = "AmountMicros" if field.type is FieldType.CURRENCY else ""
    if field.type in _ORDERED:
        asked |= {"least": f"min{name}{part}", "greatest": f"max{name}{part}"}
    if field.type in _SUMMED:
        asked["sum"] = f"sum{name}{part}"
    return asked


def _figures(field: Field, told: Mapping[str, Json], count: int) -> Figures | None:
    found: dict[str, Json] = {figure: told.get(name) for figure, name in _asked(field).items()}
    filled = found.pop("filled")
    if filled is None and count:
        return None
    if field.type in (FieldType.DATE, FieldType.DATE_TIME):
        # 1.x declares both as moments.
        found |= {figure: canonical(field.type, found[figure])[0] for figure in ("least", "greatest")}
    return Figures(int(filled or 0), **found)


def weight(type: FieldType, value: Json) -> float | str | bool | None:
    """See `Destination.weight`. The types of which most columns are come first: this is asked of every value."""
    if value in EMPTY:
        return None
    if type in _PLAIN:
        return True
    if type is FieldType.BOOLEAN:
        return int(value) if isinstance(value, bool) else None
    found = canonical(type, value)[0]
    if found in EMPTY:
        return None
    if type in (FieldType.DATE, FieldType.DATE_TIME):
        return found if isinstance(found, str) else True
    if type is FieldType.NUMBER:
        return found if isinstance(found, int | float) else True
    return _of_composite(type, found)


def _of_composite(type: FieldType, value: Json) -> float | str | bool | None:
    if not isinstance(value, dict):
        return True
    if type is FieldType.CURRENCY:
        amount = value.get("amountMicros")
        return amount if isinstance(amount, int | float) else True
    first = {FieldType.EMAILS: "primaryEmail", FieldType.LINKS: "primaryLinkUrl"}.get(type)
    if first:
        return True if value.get(first) else None
    if type is FieldType.PHONES:
        parts = ("primaryPhoneNumber", "primaryPhoneCallingCode", "primaryPhoneCountryCode")
        return True if any(value.get(part) for part in parts) else None
    return True
