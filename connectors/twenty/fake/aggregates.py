"""Figures over one column of many records, as GraphQL connections told them (tests/data/twenty/aggregates.json)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .filters import is_null
from .schema import Field, ObjectType, Record

Json = Any

PREFIXES = (
    "countUniqueValues",
    "countNotEmpty",
    "countEmpty",
    "countTrue",
    "countFalse",
    "percentageNotEmpty",
    "percentageEmpty",
    "min",
    "max",
    "avg",
    "sum",
)

COUNTED = {
    "CURRENCY": ("amountMicros", "currencyCode"),
    "FULL_NAME": ("firstName", "lastName"),
    "LINKS": ("primaryLinkUrl",),
    "ACTOR": ("workspaceMemberId", "source"),
    "EMAILS": ("primaryEmail",),
    "PHONES": ("primaryPhoneNumber", "primaryPhoneCountryCode", "primaryPhoneCallingCode"),
    "RICH_TEXT": ("blocknote", "markdown"),
    "RICH_TEXT_V2": ("blocknote", "markdown"),
}
"""The parts of a composite that decide whether it is empty: further addresses and numbers do not count."""

MICROS = "AmountMicros"
RELATIONS = ("RELATION", "MORPH_RELATION")


def aggregate(kind: ObjectType, name: str, rows: list[Record]) -> Json:
    """One figure; raises KeyError where the object has no such one."""
    prefix = next((one for one in PREFIXES if name.startswith(one)), "")
    column, part = _column(kind, name.removeprefix(prefix))
    if not prefix or column.type in RELATIONS:
        raise KeyError(name)
    if not rows:
        return None
    texts = [_text(column, row[column.name]) for row in rows]
    filled = [text for text in texts if text]
    if prefix.startswith(("count", "percentage")):
        return _counted(prefix, filled, len(rows))
    values = [row[column.name][part] if part else row[column.name] for row in rows]
    return _over(prefix, [value for value in values if not is_null(value)])


def _column(kind: ObjectType, rest: str) -> tuple[Field, str]:
    name = rest[:1].lower() + rest[1:]
    if name in kind.columns:
        return kind.columns[name], ""
    column = kind.columns[name.removesuffix(MICROS)]
    if not name.endswith(MICROS) or column.type != "CURRENCY":
        raise KeyError(rest)
    return column, "amountMicros"


def _counted(prefix: str, filled: list[str], total: int) -> Json:
    return {
        "countUniqueValues": len(set(filled)),
        "countNotEmpty": len(filled),
        "countEmpty": total - len(filled),
        "countTrue": filled.count("true"),
        "countFalse": filled.count("false"),
        "percentageNotEmpty": len(filled) / total,
        "percentageEmpty": (total - len(filled)) / total,
    }[prefix]


def _text(column: Field, value: Json) -> str:
    """What the database's CONCAT makes of the value: nothing where it is empty."""
    if isinstance(value, dict) and column.composite:
        parts: Iterable[Json] = (value.get(name) for name in COUNTED.get(column.type, tuple(value)))
        return "".join("" if part in (None, []) else str(part) for part in parts)
    if is_null(value):
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _over(prefix: str, values: list[Json]) -> Json:
    if not values:
        return None
    if prefix in ("min", "max"):
        return min(values) if prefix == "min" else max(values)
    return sum(values) / (len(values) if prefix == "avg" else 1)
