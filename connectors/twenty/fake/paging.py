"""Order, cursors and pages (contracts/twenty/FACTS.md §5)."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from itertools import islice
from typing import Any

from .errors import Refusal, bad_request, coded
from .filters import Filter, is_null, matching
from .schema import COMPOSITES, ObjectType, Record
from .workspace import Workspace

Json = Any
Path = tuple[str, ...]

DIRECTIONS = ("AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast")
DEFAULT_LIMIT = 60
LARGEST_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Order:
    """One key of the order; `path` goes into a composite."""

    path: Path
    descending: bool = False
    nulls_first: bool = True

    def value(self, row: Record) -> Json:
        found: Json = row
        for step in self.path:
            found = found[step]
        return None if is_null(found) else found


@dataclass(slots=True)
class Page:
    """The rows of one answer with what pageInfo and totalCount say."""

    rows: list[Record]
    total: int
    orders: list[Order]
    has_next: bool = False
    has_previous: bool = False
    backward: bool = False

    def info(self) -> dict[str, Json]:
        first, last = (self.rows[0], self.rows[-1]) if self.rows else (None, None)
        if self.backward:
            first, last = last, first
        return {
            "startCursor": cursor_of(first, self.orders) if first else None,
            "endCursor": cursor_of(last, self.orders) if last else None,
            "hasNextPage": self.has_next,
            "hasPreviousPage": self.has_previous,
        }


def parse_limit(raw: str | None) -> int:
    """Default 60, silently capped at 200; a negative or non-number is refused."""
    if raw is None or raw == "":
        return DEFAULT_LIMIT
    if not raw.isdigit():
        raise bad_request(f"limit '{raw}' is invalid. Should be an integer")
    return min(int(raw), LARGEST_LIMIT)


def parse_order(raw: str | None, kind: ObjectType) -> list[Order]:
    orders = []
    for part in (raw or "").split(","):
        if not part:
            continue
        name, bracket, rest = part.partition("[")
        direction = rest.removesuffix("]") if bracket else "AscNullsFirst"
        if direction not in DIRECTIONS:
            allowed = "', '".join(DIRECTIONS)
            raise bad_request(
                f"'order_by' direction '{direction}' invalid. Allowed values are '{allowed}'. "
                "eg: ?order_by=field_1[AscNullsFirst],field_2[DescNullsLast],field_3"
            )
        orders.append(order(kind, tuple(name.split(".")), direction))
    return orders


def order(kind: ObjectType, path: Path, direction: str) -> Order:
    item = kind.columns.get(path[0])
    known = item is not None and (len(path) == 1 or path[1] in COMPOSITES.get(item.composite, {}))
    if not known:
        raise coded(f'Field "{path[0]}" does not exist or is not sortable', "FIELD_NOT_FOUND")
    return Order(path, direction.startswith("Desc"), direction.endswith("First"))


def cursor_of(row: Record, orders: list[Order]) -> str:
    """Base64 of `{…ordered values, "id": …}`."""
    content: dict[str, Json] = {}
    for each in orders:
        if len(each.path) == 1:
            content[each.path[0]] = row[each.path[0]]
        else:
            content.setdefault(each.path[0], {})[each.path[1]] = row[each.path[0]][each.path[1]]
    content["id"] = row["id"]
    return base64.b64encode(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()).decode()


def read_cursor(raw: str, orders: list[Order], *, modern: bool) -> Record:
    """The cursor's values; 1.x cannot continue an order by a composite (FACTS.md §5)."""
    try:
        content = json.loads(base64.b64decode(raw, validate=True))
    except (ValueError, binascii.Error):
        raise _invalid_cursor(raw) from None
    if not isinstance(content, dict) or "id" not in content:
        raise _invalid_cursor(raw)
    if not modern and any(len(each.path) > 1 for each in orders):
        raise coded("Invalid cursor", "INVALID_CURSOR")
    return content


def _invalid_cursor(raw: str) -> Refusal:
    return bad_request(f"Invalid cursor: {raw}")


def sort_rows(rows: list[Record], orders: list[Order]) -> list[Record]:
    """Stable sort by every key, id breaking ties as the rows come in id order."""
    for each in reversed(orders):
        nulls = [row for row in rows if each.value(row) is None]
        others = [row for row in rows if each.value(row) is not None]
        others.sort(key=each.value, reverse=each.descending)
        rows = nulls + others if each.nulls_first else others + nulls
    return rows


def page(
    workspace: Workspace,
    kind: ObjectType,
    source: Filter,
    orders: list[Order],
    limit: int,
    *,
    after: str | None = None,
    before: str | None = None,
) -> Page:
    """One page; without filter and order it is cut straight from the id index."""
    if not source and not orders and not before:
        return _plain_page(workspace, kind, limit, after)
    rows = sort_rows(matching(workspace, kind, source), orders)
    total = len(rows)
    cursor = after or before
    if cursor:
        known = read_cursor(cursor, orders, modern=workspace.modern)
        used = [each for each in orders if each.path[0] in known]
        beyond = [row for row in rows if _is_after(row, known, used) is bool(after)]
        rows = [row for row in beyond if row["id"] != known["id"]]
    if before:
        return Page(rows[-limit:] if limit else [], total, orders, has_previous=len(rows) > limit, backward=True)
    return Page(rows[:limit], total, orders, has_next=len(rows) > limit)


def _plain_page(workspace: Workspace, kind: ObjectType, limit: int, after: str | None) -> Page:
    table = workspace.table(kind)
    start = read_cursor(after, [], modern=workspace.modern)["id"] if after else ""
    live = (row for row in table.in_id_order(start) if row["deletedAt"] is None)
    rows = list(islice(live, limit + 1))
    return Page(rows[:limit], table.live, [], has_next=len(rows) > limit)


def _is_after(row: Record, cursor: Record, orders: list[Order]) -> bool:
    for each in orders:
        mine, its = each.value(row), each.value(cursor)
        if mine == its:
            continue
        if mine is None or its is None:
            return (its is None) is each.nulls_first
        return bool(mine < its if each.descending else mine > its)
    return bool(row["id"] > cursor["id"])
