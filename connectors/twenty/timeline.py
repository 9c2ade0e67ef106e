"""The timeline: lines that Twenty's worker writes about every record that is created or changed.

On 2.x a line goes with its person or company when that is destroyed. A line about anything else (a note, a task, a
record of a custom object) only loses its target and stays for good, and so does one on a person's timeline that tells
of a linked note: so they are destroyed first, by filter, which knows no largest number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.catalogue import Catalogue
from connectors.contract import Echo
from connectors.twenty.api import TwentyApi, query, rows_of
from connectors.twenty.reading import ALIVE_OR_NOT, Reader
from connectors.twenty.writing import of_a_request

Json = Any

TIMELINE = "timelineActivity"

LINKED = {"note", "task"}
"""Objects whose links leave a line on the timeline of another record; it names them in `linkedRecordId`."""


class Timeline:
    """The lines of one workspace's timeline."""

    def __init__(self, api: TwentyApi, reader: Reader) -> None:
        self._api = api
        self._reader = reader

    def lines(self, known: Catalogue, object: str, ids: Sequence[str]) -> list[Echo]:
        """The lines about these records; on 1.x a line does not say whom it is about."""
        timeline, column = known.object(TIMELINE), column_of(known, object)
        if timeline is None or not column or not ids:
            return []
        rows = self._reader.find(timeline, (), {column: ids})
        return [_echo(row.fields, column) for row in rows]

    def remove(self, known: Catalogue, object: str, ids: Sequence[str]) -> int:
        """Destroys all lines about these records, and those that tell of a link to one of them."""
        timeline, column = known.object(TIMELINE), column_of(known, object)
        if timeline is None or not column:
            return 0
        columns = [column, "linkedRecordId"] if object in LINKED else [column]
        removed = 0
        for name in columns:
            for some in of_a_request(ids):
                chosen = f"and({ALIVE_OR_NOT},{name}[in]:[{','.join(some)}])"
                answer = self._api.send("DELETE", query(f"/rest/{timeline.plural}", filter=chosen), safe=True)
                removed += len(rows_of(answer.body))
        return removed


def column_of(known: Catalogue, object: str) -> str:
    """The timeline's column for records of this object type; empty where it has none."""
    timeline = known.object(TIMELINE)
    if timeline is None:
        return ""
    wanted = f"target{object[:1].upper()}{object[1:]}Id"
    return wanted if any(field.join_column == wanted for field in timeline.fields) else ""


def _echo(row: Json, column: str) -> Echo:
    diff = (row.get("properties") or {}).get("diff") or {}
    return Echo(
        object=TIMELINE,
        id=row["id"],
        about=str(row.get(column) or ""),
        verb=str(row.get("name") or "").rpartition(".")[2],
        changed=frozenset(diff),
        by_hand=bool(row.get("workspaceMemberId")),
        at=str(row.get("createdAt") or ""),
    )
