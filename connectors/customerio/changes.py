"""What changed since a moment: the vendor's own log, newest first, for a delta, an audit and a freeze (FACTS.md §7).

The log can be narrowed to one type and to one person, and to no time: it is read from the newest line on until a
whole page is older than asked. One old line does not end it, as lines may be dated back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from connectors.contract import Cursor, Page, SourceRecord
from connectors.customerio.activities import ACTIVITIES, Activities, Activity, to_record
from connectors.customerio.reading import Reading, slices

DELETED = ("profile_delete", "profile_merge", "profile_create")
"""Types that say that a person is gone, went into another one, or is new: also those that came back."""

VENDORS = (
    "shopify salesforce hubspot segment stripe zapier typeform intercom mailchimp woocommerce magento calendly "
    "zendesk pipedrive hightouch census rudderstack fivetran snowplow webflow wordpress facebook google"
).split()
"""Systems that write their name into the names of events and attributes."""

TELLING = ("integration", "source", "_source", "writer", "library", "sent_by")
"""Keys of an event's data by which writers name themselves."""


class Changes:
    """The reads of a workspace's log of changes."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def since(self, moment: float, cursor: Cursor | None, types: Sequence[str]) -> Iterator[Page]:
        """Lines not older than that (a unix time): of these types one after the other, else of all together."""
        left = list(cursor["types"]) if cursor else list(types) or [""]
        place = cursor["place"] if cursor else None
        while left:
            kind, *rest = left
            for rows, following in slices(self._listed(kind), place, ACTIVITIES, f"changes {kind}".strip()):
                fresh = [row for row in rows if (row.timestamp or 0) >= moment]
                over = bool(rows) and not fresh
                if following and not over:
                    yield _page(fresh, {"types": left, "place": following})
                    continue
                yield _page(fresh, {"types": rest, "place": None} if rest else None)
                break
            left, place = rest, None

    def of_person(self, cio_id: str) -> Page:
        """The newest lines about one person, deleted ones too."""
        listed = self._listed("", customer_id=f"cio_{cio_id}")
        return _page(listed("")[0], None)

    def _listed(self, kind: str, **params: str) -> Callable[[str], tuple[Sequence[Activity], str]]:
        def listed(start: str) -> tuple[Sequence[Activity], str]:
            asked = {"type": kind} if kind else {}
            found = self._reading.get(
                Activities, "/v1/activities", start=start, limit=ACTIVITIES, deleted="true", **asked, **params
            )
            return found.activities, found.next if found.activities else ""

        return listed


def _page(rows: Sequence[Activity], cursor: Cursor | None) -> Page:
    records: dict[str, SourceRecord] = {}
    for row in rows:
        record = to_record(row)
        about = _about(row)
        meta = {**record.meta, "writer": writer_of(row)}
        records.setdefault(record.key, replace(record, meta=meta, refs={**record.refs, **about}))
    return Page(tuple(records.values()), cursor)


def _about(row: Activity) -> dict[str, tuple[str, str]]:
    """The object a line is about, and whom a merge made disappear. The contract leaves both shapes open (§7)."""
    data = row.data if isinstance(row.data, Mapping) else {}
    found: dict[str, tuple[str, str]] = {}
    key = data.get("cio_object_id")
    if key and (type_id := data.get("object_type_id") or _type_of(row.type)):
        found["object"] = (f"object:{type_id}", str(key))
    if row.type == "profile_merge":
        gone = data.get("secondary") or data.get("secondary_identifiers") or {}
        if isinstance(gone, Mapping) and gone.get("cio_id"):
            found["secondary"] = ("person", str(gone["cio_id"]))
    return found


def _type_of(kind: str) -> str:
    """`_o:1:create` is about type 1."""
    parts = kind.split(":")
    return parts[1] if parts[0] in ("_o", "_r") and len(parts) > 1 else ""


def writer_of(row: Activity) -> str:
    """What seems to have written a line, in words; empty where nothing tells. A suggestion, not a fact."""
    data: Mapping[str, Any] = row.data if isinstance(row.data, Mapping) else {}
    context = data.get("context")
    library = context.get("library") if isinstance(context, Mapping) else None
    if isinstance(library, Mapping) and library.get("name"):
        return f"library {library['name']}"
    for key in TELLING:
        value = data.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()[:100]
    if row.type == "page":
        return f"JavaScript snippet on {urlsplit(row.url).hostname or 'a website'}"
    if row.type in ("screen", "device_change"):
        return "mobile app"
    names = " ".join([row.name, *(str(key) for key in data)]).lower()
    return next((vendor for vendor in VENDORS if vendor in names), "")
