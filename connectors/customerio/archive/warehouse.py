"""Messages out of a data-warehouse sync: Parquet files of deliveries, metrics and subjects (FACTS.md §15).

Their columns are not part of the contract, so several names are tried and what is not there is left empty. Metrics
and subjects are joined through an index on disk: memory stays flat however long the history is.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

from connectors.contract import Cursor, Page
from connectors.customerio.archive.columns import value_at
from connectors.customerio.archive.files import File, files_in, rows_of
from connectors.customerio.archive.values import moment
from connectors.customerio.messages import Message, Names, to_record
from connectors.errors import Terminal

ROWS = 1000
"""Deliveries on a page."""

KINDS = ("deliveries", "metrics", "subjects")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("delivery_id", "id"),
    "type": ("delivery_type", "type", "channel"),
    "created": ("created_at", "created", "timestamp"),
    "recipient": ("recipient", "delivery_recipient", "email"),
    "subject": ("subject", "delivery_subject"),
    "cio_id": ("internal_customer_id", "cio_id", "customer_identifiers.cio_id"),
    "customer_id": ("customer_id",),
    "subject_id": ("subject_id",),
    "campaign_id": ("campaign_id",),
    "action_id": ("action_id",),
    "broadcast_id": ("broadcast_id",),
    "newsletter_id": ("newsletter_id",),
    "content_id": ("content_id",),
    "transactional_message_id": ("transactional_message_id",),
    "trigger_event_id": ("trigger_event_id", "trigger_id"),
    "metric": ("metric", "metric_type", "event"),
    "reason": ("reason", "failure_message"),
}
"""Part of a row → names its column may have."""

SCHEMA = """
CREATE TABLE metrics (id TEXT, metric TEXT, at REAL, reason TEXT, PRIMARY KEY (id, metric)) WITHOUT ROWID;
CREATE TABLE subjects (id TEXT PRIMARY KEY, cio_id TEXT, campaign_id TEXT) WITHOUT ROWID;
CREATE TABLE problems (at TEXT PRIMARY KEY, problem TEXT) WITHOUT ROWID;
CREATE TABLE finished (files TEXT);
"""
INSERT_METRIC = (
    "INSERT INTO metrics VALUES (?, ?, ?, ?) ON CONFLICT (id, metric) DO UPDATE SET at = min(at, excluded.at), "
    "reason = max(reason, excluded.reason)"
)


class Warehouse:
    """The folders of a sync. `scratch` is where the index is kept between two readings; it may be deleted."""

    def __init__(self, paths: Iterable[Path | str], scratch: Path | str, names: Names | None = None) -> None:
        self._names = names or {}
        """(kind, id) → name of campaigns and the like, to title the messages; the sync does not tell them."""
        self.files: dict[str, list[File]] = {kind: [] for kind in KINDS}
        for file in files_in(paths):
            kind = _kind(file)
            if kind and file.format:
                self.files[kind].append(file)
        if not self.files["deliveries"]:
            raise Terminal(
                "There are no deliveries in these folders.",
                "Expected Parquet files whose names or folders say deliveries, metrics and subjects.",
            )
        self._index_path = Path(scratch) / f"deliveries-{self._fingerprint()[:16]}.sqlite3"

    def pages(self, cursor: Cursor | None = None) -> Iterator[Page]:
        """All messages, file by file, with their metrics; rows that cannot be read are `missing`."""
        files = self.files["deliveries"]
        place = cursor or {"file": files[0].name}
        names = [file.name for file in files]
        if place["file"] not in names:
            raise Terminal(f"The file {place['file']} is not there any more.", "Put it back, or begin again.")
        if cursor is None:
            yield from self._problems(place)
        for number in range(names.index(place["file"]), len(files)):
            at = place.get("at") if names[number] == place["file"] else None
            after = {"file": names[number + 1], "at": {}} if number + 1 < len(names) else None
            yield from self._pages(files[number], at, after)

    def _problems(self, first: Cursor) -> Iterator[Page]:
        """Rows of metrics and subjects that could not be read, before the first message; nothing where all could."""
        with closing(self._open()) as index:
            found = dict(index.execute("SELECT at, problem FROM problems ORDER BY at"))
        if found:
            yield Page((), {**first, "at": {}}, tuple(found), found)

    def _pages(self, file: File, at: dict[str, int] | None, after: Cursor | None) -> Iterator[Page]:
        rows: dict[str, Message] = {}
        reasons: dict[str, str] = {}
        seen, last = 0, at or {}
        with closing(self._open()) as index:
            for row in rows_of(file, at):
                if seen >= ROWS:
                    yield self._page(rows, {"file": file.name, "at": last}, reasons)
                    rows, reasons, seen = {}, {}, 0
                seen, last = seen + 1, row.then
                message = self._message(row.values, index) if row.values else None
                if message is None:
                    reasons[f"{file.name}:{row.line}"] = f"Row {row.line} of {file.name} {row.problem or 'has no id'}."
                else:
                    rows[message.id] = message
            yield self._page(rows, after, reasons)

    def _page(self, rows: Mapping[str, Message], cursor: Cursor | None, reasons: Mapping[str, str]) -> Page:
        sent = [row for row in rows.values() if set(row.metrics) != {"drafted"}]
        drafts = len(rows) - len(sent)
        records = tuple(to_record(row, self._names) for row in sent)
        return Page(records, cursor, tuple(reasons), dict(reasons), {"draft": drafts} if drafts else {})

    def _message(self, values: Mapping[str, Any], index: sqlite3.Connection) -> Message | None:
        """A delivery with its metrics, its person from the journey where it does not name one itself."""
        told = {part: text for part in COLUMNS if (text := _part(values, part))}
        if "id" not in told:
            return None
        found = index.execute("SELECT metric, at, reason FROM metrics WHERE id = ? ORDER BY at", (told["id"],))
        metrics = [(name, int(at), reason) for name, at, reason in found]
        journey = index.execute("SELECT cio_id, campaign_id FROM subjects WHERE id = ?", (told.get("subject_id"),))
        cio_id, campaign = next(journey, ("", ""))
        whole = {
            **told,
            "created": int(moment(told["created"]) or 0) or None if "created" in told else None,
            "customer_identifiers": {"cio_id": told.get("cio_id") or cio_id},
            "metrics": {name: at for name, at, _ in metrics},
            "failure_message": next((reason for *_, reason in metrics if reason), "") or told.get("reason", ""),
        }
        if campaign and not any(
            told.get(f"{kind}_id") for kind in ("broadcast", "newsletter", "transactional_message")
        ):
            whole.setdefault("campaign_id", campaign)
        return Message.model_validate(whole)

    def _fingerprint(self) -> str:
        """A digest of which files there are, how long and how old: another sync makes another index."""
        files = (file for kind in ("metrics", "subjects") for file in self.files[kind])
        told = [(file.name, stat.st_size, stat.st_mtime_ns) for file in files for stat in [file.path.stat()]]
        return hashlib.sha256(repr(told).encode()).hexdigest()

    @cached_property
    def _ready(self) -> bool:
        """Builds the index unless a whole one is there already."""
        self._index_path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._index_path)) as index:
            try:
                whole = index.execute("SELECT count(*) FROM finished").fetchone()[0] > 0
            except sqlite3.DatabaseError:
                whole = False
        if not whole:
            self._index_path.unlink(missing_ok=True)
            with closing(sqlite3.connect(self._index_path)) as index, index:
                index.executescript(SCHEMA)
                self._fill(index)
                index.execute("INSERT INTO finished VALUES (?)", (self._fingerprint(),))
        return True

    def _open(self) -> sqlite3.Connection:
        assert self._ready  # noqa: S101 (a property that builds)
        return sqlite3.connect(f"file:{self._index_path}?mode=ro", uri=True)

    def _fill(self, index: sqlite3.Connection) -> None:
        for kind in ("metrics", "subjects"):
            for file in self.files[kind]:
                for row in rows_of(file):
                    problem = row.problem
                    if row.values is not None:
                        problem = _metric(index, row.values) if kind == "metrics" else _subject(index, row.values)
                    if problem:
                        told = f"Row {row.line} of {file.name} {problem}."
                        index.execute("INSERT OR IGNORE INTO problems VALUES (?, ?)", (f"{file.name}:{row.line}", told))


def _metric(index: sqlite3.Connection, values: Mapping[str, Any]) -> str:
    """Puts a metric in; the earliest time of each counts. Gives the problem, if any."""
    id, name, at = _part(values, "id"), _part(values, "metric"), moment(_part(values, "created"))
    if not (id and name and at is not None):
        return "has no delivery, metric or time that can be read"
    index.execute(INSERT_METRIC, (id, name.lower().removesuffix("_email"), at, _part(values, "reason")))
    return ""


def _subject(index: sqlite3.Connection, values: Mapping[str, Any]) -> str:
    id = _part(values, "subject_id") or _part(values, "id")
    if not id:
        return "has no id"
    row = (id, _part(values, "cio_id"), _part(values, "campaign_id"))
    index.execute("INSERT OR REPLACE INTO subjects VALUES (?, ?, ?)", row)
    return ""


def _part(values: Mapping[str, Any], part: str) -> str:
    """A part of a row as text, under whichever of its names; `0` is how the sync writes that there is none."""
    for name in COLUMNS[part]:
        told = value_at(values, name)
        if told not in (None, "", 0, "0"):
            return str(told)
    return ""


def _kind(file: File) -> str:
    """Which of the sync's tables a file belongs to: by its own name, else by its folders."""
    for text in (file.path.name.lower(), file.name.lower()):
        if found := [kind for kind in KINDS if kind in text]:
            return found[0]
    return ""
