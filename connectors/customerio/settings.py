"""A workspace's settings for the handoff, and the addresses that it may not write to (FACTS.md §12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import AliasChoices, ConfigDict, Field

from connectors.contract import Cursor, Page, SourceRecord
from connectors.customerio.masking import mask_webhook
from connectors.customerio.payloads import Key, ListOf, Payload, Text
from connectors.customerio.reading import Reading, slices

ROWS = 100
"""Settings on a page."""

SUPPRESSIONS = 1000
"""Suppressed addresses on a page, the most that the vendor gives at once."""

CATEGORIES = ("bounces", "blocks", "invalid_emails", "spam_reports")
"""The vendor's lists of suppressed addresses, each asked for by itself."""


class Setting(Payload):
    """A row of a settings list, as it came; a snippet has no id but its name."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Settings(Payload):
    """A page of a settings list, whatever the vendor calls it."""

    rows: ListOf[Setting] = Field(
        validation_alias=AliasChoices("snippets", "collections", "topics", "reporting_webhooks", "sender_identities"),
    )
    next: Text = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """Where a kind of setting is listed. `several`: lists that have to be asked for one by one."""

    path: str
    key: str = "id"
    paged: bool = False
    several: tuple[Mapping[str, str], ...] = ({},)


KINDS: Mapping[str, Kind] = {
    "snippet": Kind("/v1/snippets", "name"),
    "collection": Kind("/v1/collections"),
    "topic": Kind("/v1/subscription_topics"),
    "reporting_webhook": Kind("/v1/reporting_webhooks"),
    # `hidden=true` shows hidden senders only (FACTS.md §12).
    "sender": Kind("/v1/sender_identities", paged=True, several=({}, {"hidden": "true"})),
}


class Suppression(Payload):
    """A suppressed address, and why."""

    email: Key
    created: int | None = None
    reason: Text = ""
    status: Text = ""


class Suppressions(Payload):
    """A page of suppressed addresses; null past the end."""

    suppressions: ListOf[Suppression] = []


class SettingsReading:
    """The reads of a workspace's settings."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def count(self, kind: str) -> int:
        """How many there are, by reading the list."""
        return len(self._all(kind))

    def pages(self, kind: str, cursor: Cursor | None) -> Iterator[Page]:
        """All settings of a kind by key."""
        records = sorted(self._all(kind).values(), key=lambda record: record.key)
        rest = [record for record in records if not cursor or record.key > cursor["after"]]
        for at in range(0, len(rest), ROWS) or (0,):
            part = rest[at : at + ROWS]
            yield Page(tuple(part), {"after": part[-1].key} if at + ROWS < len(rest) else None)

    def with_keys(self, kind: str, keys: Sequence[str]) -> Page:
        """The settings with these keys."""
        found = self._all(kind)
        records = tuple(found[key] for key in dict.fromkeys(keys) if key in found)
        return Page(records, None, tuple(key for key in keys if key not in found))

    def suppressions(self, cursor: Cursor | None) -> Iterator[Page]:
        """All suppressed addresses, list by list; the vendor pages them by position."""
        left: list[str] = list(cursor["lists"]) if cursor else list(CATEGORIES)
        offset = cursor.get("offset", 0) if cursor else 0
        while left:
            category, *rest = left
            path = f"/v1/esp/suppression/{category}"
            rows = self._reading.get(Suppressions, path, limit=SUPPRESSIONS, offset=offset).suppressions
            records = {record.key: record for record in (_suppression(category, row) for row in rows)}
            offset = offset + len(rows) if rows else 0
            left = left if rows else rest
            more = {"lists": left, **({"offset": offset} if offset else {})} if left else None
            yield Page(tuple(records.values()), more)

    def _all(self, kind: str) -> dict[str, SourceRecord]:
        listing = KINDS[kind]
        records: dict[str, SourceRecord] = {}
        for asked in listing.several:

            def listed(start: str, asked: Mapping[str, str] = asked) -> tuple[Sequence[Setting], str]:
                params: dict[str, str | int] = {**asked}
                if listing.paged:
                    params |= {"limit": ROWS, "start": start}
                found = self._reading.get(Settings, listing.path, **params)
                return found.rows, found.next if found.rows else ""

            for rows, _ in slices(listed, None, ROWS, f"the {kind} list"):
                for row in rows:
                    record = _setting(kind, listing.key, row, asked)
                    records.setdefault(record.key, record)
        return records


def _setting(kind: str, key: str, row: Setting, asked: Mapping[str, Any]) -> SourceRecord:
    told = row.model_dump()
    if kind == "reporting_webhook":
        told = {name: mask_webhook(value, name) if name == "endpoint" else value for name, value in told.items()}
    if asked:
        told = {**told, "hidden": True}
    named = str(told.get(key) or told.get("name") or "")
    return SourceRecord(named, {**told, key: named})


def _suppression(category: str, row: Suppression) -> SourceRecord:
    return SourceRecord(f"{category}:{row.email}", {**row.model_dump(), "category": category})
