"""Events of an archive, as the API would give them: the same records, so that one list can hold both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.contract import Cursor, Page, SourceRecord
from connectors.customerio.activities import EVENT_TYPES, content_key, event_fields
from connectors.customerio.archive.columns import Columns, guess_columns, value_at
from connectors.customerio.archive.coverage import Coverage
from connectors.customerio.archive.files import File, Row, files_in, rows_of
from connectors.customerio.archive.values import moment
from connectors.errors import Terminal
from connectors.exact import loads

ROWS = 1000
"""Rows on a page."""

BYTES = 16 * 1024 * 1024
"""Bytes of a text file after which a page ends early: rows may be large."""


class EventArchive:
    """A folder or some files of events. Rows keep their activity id, so that what the API gives too is one event.

    A row without an id gets one made of its person, name, time and properties: two rows that say exactly the same
    are one event then, and a row that the API gives too (with its own id) is not known to be the same.
    """

    def __init__(self, paths: Iterable[Path | str], columns: Columns | None = None) -> None:
        found = files_in(paths)
        self.files = [file for file in found if file.format]
        self.ignored = [file.name for file in found if not file.format]
        """Files that are none of NDJSON, CSV and Parquet by their names."""
        if not self.files:
            raise Terminal("There is no NDJSON, CSV or Parquet file.", "Expected .ndjson, .jsonl, .csv or .parquet.")
        self.columns = columns or guess_columns([file.path for file in self.files]).columns
        if problems := self.columns.problems():
            raise Terminal(problems[0], "Choose the columns of the archive.")
        parts = self.columns.to_json().values()
        self._used = {path.split(".", 1)[0] for path in parts if path} | {path for path in parts if path}

    def pages(self, cursor: Cursor | None = None) -> Iterator[Page]:
        """All events from a cursor on, file by file; what cannot be read is `missing`, with its reason."""
        place = cursor or {"file": self.files[0].name}
        names = [file.name for file in self.files]
        if place["file"] not in names:
            raise Terminal(f"The file {place['file']} is not there any more.", "Put it back, or begin again.")
        for number in range(names.index(place["file"]), len(self.files)):
            at = place.get("at") if self.files[number].name == place["file"] else None
            after = {"file": names[number + 1]} if number + 1 < len(names) else None
            yield from self._pages(self.files[number], at, after)

    def coverage(self) -> Coverage:
        """What the archive holds, by reading all of it once."""
        found = Coverage()
        for page in self.pages():
            found.add(page)
        return found

    def _pages(self, file: File, at: dict[str, int] | None, after: Cursor | None) -> Iterator[Page]:
        """The pages of one file; the last one leads to the next file."""
        page, begun = _Gathering(), (at or {}).get("offset", 0)
        last: dict[str, int] = at or {}
        for row in rows_of(file, at):
            if page.rows >= ROWS or last.get("offset", 0) - begun >= BYTES:
                yield page.made({"file": file.name, "at": last})
                page, begun = _Gathering(), last.get("offset", 0)
            self._take(page, file, row)
            last = row.then
        yield page.made(after)

    def _take(self, page: _Gathering, file: File, row: Row) -> None:
        page.rows += 1
        kind, record, problem = self._read(row)
        if problem:
            page.reasons[f"{file.name}:{row.line}"] = f"Line {row.line} of {file.name} {problem}."
        elif kind not in EVENT_TYPES:
            page.left_out[kind] = page.left_out.get(kind, 0) + 1
        elif record is not None:
            page.records.setdefault(record.key, record)

    def _read(self, row: Row) -> tuple[str, SourceRecord | None, str]:
        """The type of activity, the record and the problem of a row."""
        if row.values is None:
            return "", None, row.problem
        columns, values = self.columns, row.values
        kind = _text(value_at(values, columns.type)) or "event"
        if kind not in EVENT_TYPES:
            return kind, None, ""
        name, told = (
            _text(value_at(values, columns.name)) or _text(values.get("url")),
            value_at(values, columns.timestamp),
        )
        at = moment(told)
        if at is None:
            return kind, None, f"has no time that can be read (“{_text(told)[:40]}” in {columns.timestamp})"
        if not name:
            return kind, None, f"has no name of the event (in {columns.name})"
        return kind, self._record(kind, name, at, values), ""

    def _record(self, kind: str, name: str, at: int | float, values: Mapping[str, Any]) -> SourceRecord:
        columns = self.columns
        who = {part: _text(value_at(values, getattr(columns, part))) for part in ("cio_id", "customer_id", "email")}
        data = self._data(values)
        key = _text(value_at(values, columns.id))
        made = not key
        if made:
            key = content_key(who["cio_id"] or who["customer_id"] or who["email"], name, at, data)
        url = _text(values.get("url")) if kind == "page" else ""
        fields = event_fields(key=key, type=kind, name=name, timestamp=at, url=url, data=data, **who)
        refs = {"person": ("person", who["cio_id"])} if who["cio_id"] else {}
        return SourceRecord(key, fields, {"archive": True, **({"made_id": True} if made else {})}, refs)

    def _data(self, values: Mapping[str, Any]) -> Any:
        """The properties: the JSON of their column, or all columns that are nothing else."""
        if not self.columns.data:
            return {name: value for name, value in values.items() if name not in self._used}
        told = value_at(values, self.columns.data)
        if isinstance(told, str) and told.lstrip()[:1] in ("{", "["):
            try:
                return loads(told)
            except ValueError:
                return told
        return told


class _Gathering:
    """A page in the making."""

    def __init__(self) -> None:
        self.rows = 0
        self.records: dict[str, SourceRecord] = {}
        self.reasons: dict[str, str] = {}
        self.left_out: dict[str, int] = {}

    def made(self, cursor: Cursor | None) -> Page:
        return Page(tuple(self.records.values()), cursor, tuple(self.reasons), self.reasons, self.left_out)


def _text(value: Any) -> str:
    """An id or a name as text; nested values are neither."""
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).strip()
