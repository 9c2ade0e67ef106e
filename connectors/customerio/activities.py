"""Activities: thirty days of what people did, newest first (FACTS.md §7).

Events, page views and screen views are `event`; every other type, known or not, is `history`. Both come out of
one list at the vendor, which can be narrowed to one type and to nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator

from connectors.contract import Cursor, Page, SourceRecord
from connectors.customerio.payloads import ListOf, Payload, Text
from connectors.customerio.reading import Reading, slices, together

ACTIVITIES = 100
"""Activities in one request, the most that the vendor allows."""

REQUESTS = 10
"""Requests on a page of history, of which most rows may be events: three to six seconds."""

EVENT_TYPES = ("event", "page", "screen")
"""What counts as an event; each type is asked for by name, so that message metrics are not read along."""

CHANNELS = "action content email in_app push slack twilio webhook whatsapp whatasapp".split()
METRICS = (
    "attempted bounced clicked converted deferred delivered drafted dropped failed opened sent spammed suppressed "
    "topic_unsubscribed undeliverable unsubscribed viewed"
).split()
OTHERS = (
    "add_relationship anon_merge attribute_change delete_relationship device_change failed_attribute_change "
    "failed_batch_update failed_event failed_object_journeys failed_query_collection profile_create profile_delete "
    "profile_merge relationship_attribute_change relationship_failed_attribute_change skipped_update webhook_event"
).split()
KNOWN = (
    frozenset(EVENT_TYPES) | frozenset(OTHERS) | {f"{metric}_{channel}" for metric in METRICS for channel in CHANNELS}
)


class Who(Payload):
    """Whom an activity is about; any of the keys may be left out."""

    cio_id: Text = ""
    id: Text = ""
    email: Text = ""


class Activity(Payload):
    """One line of history. `data` is whatever the customer's code sent, untouched."""

    id: Text = ""
    type: Text = ""
    name: Text = ""
    url: Text = ""
    timestamp: int | float | None = None
    customer_id: Text = ""
    customer_identifiers: Annotated[Who, BeforeValidator(lambda value: value or {})] = Who()
    data: Any = None
    delivery_id: Text = ""
    delivery_type: Text = ""


class Activities(Payload):
    """A page of history."""

    activities: ListOf[Activity]
    next: Text = ""


def known(type: str) -> bool:
    """Whether the vendor documents this type of activity; object types carry their number in it."""
    return type in KNOWN or type.startswith(("_o:", "_r:"))


def content_key(*parts: Any) -> str:
    """A key made of what a row says, for rows that have no id: the same content gives the same key for ever."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return f"content-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def event_fields(
    *,
    key: str,
    type: str,
    name: str,
    timestamp: int | float | None,
    url: str,
    cio_id: str,
    customer_id: str,
    email: str,
    data: Any,
) -> dict[str, Any]:
    """The fields of an event, the same from the API and from an archive; texts that are empty are None."""
    return {
        "id": key,
        "type": type,
        "name": name,
        "timestamp": timestamp,
        "url": url or None,
        "cio_id": cio_id or None,
        "customer_id": customer_id or None,
        "email": email or None,
        "data": data,
    }


def to_record(row: Activity) -> SourceRecord:
    """The row as `event` and `history` give it; a person who was deleted keeps the cio_id."""
    who = row.customer_identifiers
    person = who.cio_id or row.customer_id or who.email
    key = row.id or content_key(person, row.name or row.url or row.type, row.timestamp, row.data)
    fields = event_fields(
        key=key,
        type=row.type,
        name=row.name or row.url,
        timestamp=row.timestamp,
        url=row.url,
        cio_id=who.cio_id,
        customer_id=row.customer_id or who.id,
        email=who.email,
        data=row.data,
    )
    meta: dict[str, Any] = {"delivery_id": row.delivery_id, "delivery_type": row.delivery_type}
    meta = {name: value for name, value in meta.items() if value}
    if not known(row.type):
        meta["unknown_type"] = True
    return SourceRecord(key, fields, meta, {"person": ("person", who.cio_id)} if who.cio_id else {})


class History:
    """The reads of a workspace's activities."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def events(self, cursor: Cursor | None) -> Iterator[Page]:
        """Events, then page views, then screen views, each newest first."""
        left: list[str] = list(cursor["types"]) if cursor else list(EVENT_TYPES)
        place = cursor.get("place") if cursor else None
        while left:
            kind, *rest = left
            for rows, following in slices(self._listed(kind), place, ACTIVITIES, f"activities of the type {kind}"):
                more = {"types": left, "place": following} if following else {"types": rest}
                yield _page(rows, more if following or rest else None)
            left, place = rest, None

    def others(self, cursor: Cursor | None) -> Iterator[Page]:
        """All activities that are no events, unknown types too; events are counted as left out."""
        gathered: list[Activity] = []
        for turn, (rows, following) in enumerate(slices(self._listed(""), cursor, ACTIVITIES, "activities"), 1):
            gathered.extend(rows)
            if turn % REQUESTS == 0 or following is None:
                yield _page(gathered, following, without=EVENT_TYPES)
                gathered = []

    def of_people(self, people: Sequence[str]) -> Page:
        """The events of the people with these cio_ids; somebody unknown has none."""
        wanted = [(person, kind) for person in dict.fromkeys(people) for kind in EVENT_TYPES]

        def read(asked: tuple[str, str]) -> list[Activity]:
            person, kind = asked
            # A cio_id is understood with its prefix here and without it everywhere else (FACTS.md §2).
            listed = self._listed(kind, customer_id=f"cio_{person}")
            return [row for rows, _ in slices(listed, None, ACTIVITIES, "a person's activities") for row in rows]

        return _page([row for rows in together(read, wanted) for row in rows], None)

    def _listed(self, kind: str, **params: str) -> Callable[[str], tuple[Sequence[Activity], str]]:
        def listed(start: str) -> tuple[Sequence[Activity], str]:
            # Without `deleted`: it was seen to change nothing, and as documented it might leave the living out.
            found = self._reading.get(Activities, "/v1/activities", type=kind, start=start, limit=ACTIVITIES, **params)
            # Here, and for senders, an empty page is the last one whatever it says (FACTS.md §1).
            return found.activities, found.next if found.activities else ""

        return listed


def _page(rows: Sequence[Activity], cursor: Cursor | None, without: Sequence[str] = ()) -> Page:
    """The rows as records, each id once."""
    records: dict[str, SourceRecord] = {}
    left_out: dict[str, int] = {}
    for row in rows:
        if row.type in without:
            left_out[row.type] = left_out.get(row.type, 0) + 1
        else:
            record = to_record(row)
            records.setdefault(record.key, record)
    return Page(tuple(records.values()), cursor, left_out=left_out)
