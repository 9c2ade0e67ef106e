"""Rows in memory: by id, in id order, by unique value and by what they point at, so 100,000 records stay bearable."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Any

from .schema import ObjectType, Record

Json = Any
Key = tuple[Json, ...]


class Table:
    """The rows of one object; its indexes follow every write."""

    def __init__(self, kind: ObjectType) -> None:
        self.kind = kind
        self.rows: dict[str, Record] = {}
        self.ids: list[str] = []
        self.unique: dict[str, dict[Key, str]] = {}
        self.refs: dict[str, dict[str, dict[str, None]]] = {}
        self.live = 0
        self._lowest: float | None = None
        self.reindex()

    def reindex(self) -> None:
        """Rebuild unique and reference indexes after the object's fields changed."""
        self.unique = {index.name: {} for index in self.kind.unique}
        self.refs = {
            column: {} for column, owner in self.kind.columns.items() if owner.type in ("RELATION", "MORPH_RELATION")
        }
        for row in self.rows.values():
            self._index(row)

    def insert(self, row: Record) -> None:
        identifier = row["id"]
        self.rows[identifier] = row
        if self.ids and identifier < self.ids[-1]:
            insort(self.ids, identifier)
        else:
            self.ids.append(identifier)
        self._index(row)
        self._count(row, 1)

    def replace(self, new: Record) -> None:
        """Put a changed copy in place of the row with the same id."""
        old = self.rows[new["id"]]
        self._unindex(old)
        self.rows[new["id"]] = new
        self._index(new)
        same_state = (old["deletedAt"] is None) == (new["deletedAt"] is None)
        if not same_state or old.get("position") != new.get("position"):
            self._count(old, -1)
            self._count(new, 1)

    def remove(self, identifier: str) -> Record:
        row = self.rows.pop(identifier)
        del self.ids[bisect_left(self.ids, identifier)]
        self._unindex(row)
        self._count(row, -1)
        return row

    def owner_of(self, index_name: str, key: Key) -> str | None:
        return self.unique[index_name].get(key)

    def pointing_at(self, column: str, target: str) -> Iterable[str]:
        return self.refs.get(column, {}).get(target, ())

    def in_id_order(self, after: str = "") -> Iterator[Record]:
        """Rows from the first id greater than `after`."""
        start = bisect_left(self.ids, after)
        if start < len(self.ids) and self.ids[start] == after:
            start += 1
        rows = self.rows
        for position in range(start, len(self.ids)):
            yield rows[self.ids[position]]

    def lowest_position(self) -> float | None:
        """The smallest position of a live row, or None in an empty table."""
        if self._lowest is None and "position" in self.kind.columns:
            live = [row["position"] for row in self.rows.values() if row["deletedAt"] is None]
            self._lowest = min(live, default=None)
        return self._lowest

    def highest_position(self) -> float | None:
        return max((row["position"] for row in self.rows.values() if row["deletedAt"] is None), default=None)

    def _count(self, row: Record, by: int) -> None:
        if row["deletedAt"] is not None:
            return
        self.live += by
        position = row.get("position")
        if position is None:
            return
        if by > 0:
            if self._lowest is not None and position < self._lowest:
                self._lowest = position
        elif position == self._lowest:
            self._lowest = None

    def _index(self, row: Record) -> None:
        for index in self.kind.unique:
            key = index.key(row)
            if key is not None:
                self.unique[index.name][key] = row["id"]
        for column, targets in self.refs.items():
            target = row[column]
            if target is not None:
                targets.setdefault(target, {})[row["id"]] = None

    def _unindex(self, row: Record) -> None:
        for index in self.kind.unique:
            key = index.key(row)
            if key is not None and self.unique[index.name].get(key) == row["id"]:
                del self.unique[index.name][key]
        for column, targets in self.refs.items():
            target = row[column]
            if target is not None and target in targets:
                targets[target].pop(row["id"], None)
                if not targets[target]:
                    del targets[target]
