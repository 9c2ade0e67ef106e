"""Deliveries: e-mails and other messages, in windows of thirty days from the first possible second (FACTS.md §8).

A request answers for at most six months and cuts longer ones without a word, so the whole past is asked for. To
find where messages begin, spans of five windows are asked for one row each; from there on every window is read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BeforeValidator, ConfigDict, Field

from connectors.contract import Cursor, Page, SourceRecord
from connectors.customerio.activities import Who
from connectors.customerio.catalogue import METRICS
from connectors.customerio.payloads import Gone, ListOf, Payload, QuotaUsedUp, Text, Traits, parse
from connectors.customerio.reading import Reading, slices, together
from connectors.http import ApiClient

DAY = 86_400
WINDOW = 30 * DAY
"""Seconds of creation time read at once; windows of thirty days are known to work from 0 on."""

SPAN = 5 * WINDOW
"""Seconds asked for a single row: five months, well below six however these are counted."""

WINDOWS = 20
"""Windows on a page that have few messages; each is two requests, one of them for drafts."""

SPANS = 20
"""Spans on a page that has no messages: forty requests, since each is asked for drafts too."""

MESSAGES = 1000
"""Messages on a page, the most that the vendor gives at once."""


DRAFT = "draft"
UNSENT = ("failed", "undeliverable", "bounced", "dropped", "suppressed")
"""Ends of a message that did not arrive, in the order in which they are believed."""

ARRIVED = ("delivered", "sent", "attempted", "deferred")
SEEN = ("opened", "clicked", "converted", "unsubscribed", "spammed")
"""What happens after a message has arrived; it proves that it did where `delivered` was never told."""


class Message(Payload):
    """A delivery; metrics are times by name, later ones keep arriving for months."""

    id: Annotated[str, Field(min_length=1)]
    type: Text = ""
    created: int | None = None
    recipient: Text = ""
    subject: Text = ""
    customer_id: Text = ""
    customer_identifiers: Annotated[Who, BeforeValidator(lambda value: value or {})] = Who()
    metrics: Traits = {}
    failure_message: Text = ""
    forgotten: bool | None = None
    campaign_id: Text = ""
    action_id: Text = ""
    parent_action_id: Text = ""
    broadcast_id: Text = ""
    newsletter_id: Text = ""
    content_id: Text = ""
    trigger_event_id: Text = ""
    transactional_message_id: Text = ""
    msg_template_id: Text = ""


class Messages(Payload):
    """A page of a window."""

    messages: ListOf[Message]
    next: Text = ""


class OneMessage(Payload):
    """A message asked for by its id."""

    message: Message


PARENTS = {
    "broadcast": "broadcast_id",
    "newsletter": "newsletter_id",
    "transactional": "transactional_message_id",
    "campaign": "campaign_id",
}
"""Kind of parent → the field that names it, in the order in which they are asked: one message has one sender."""

Names = Mapping[tuple[str, str], str]
"""(kind of parent, id) → name."""


def status_of(metrics: Mapping[str, Any]) -> str:
    """What became of a message in the end, in one word; empty where nothing is told.

    A message that was seen has arrived. `secondary:` metrics belong to a second recipient and do not count.
    """
    if any(name in metrics for name in SEEN):
        return "delivered"
    for name in (*UNSENT, *ARRIVED, "drafted"):
        if name in metrics:
            return name
    return ""


def to_record(row: Message, names: Names) -> SourceRecord:
    """The message with its parent's name as title, else its subject."""
    parent = next((kind for kind, field in PARENTS.items() if getattr(row, field)), "")
    parent_id = getattr(row, PARENTS[parent]) if parent else ""
    name = names.get((parent, parent_id), "")
    who = row.customer_identifiers
    fields = {
        "id": row.id,
        "title": name or row.subject or row.type or "message",
        "subject": row.subject,
        "type": row.type,
        "recipient": row.recipient or None,
        "created": row.created,
        "status": status_of(row.metrics),
        "metrics": row.metrics,
        **{f"{name}_at": row.metrics.get(name) for name in METRICS},
        "failure_message": row.failure_message or None,
        "parent": parent or None,
        "parent_id": parent_id or None,
        "parent_name": name or None,
        "cio_id": who.cio_id or None,
        "customer_id": row.customer_id or who.id or None,
        "email": who.email or None,
        "forgotten": bool(row.forgotten),
    }
    others = ("campaign_id", "action_id", "parent_action_id", "content_id", "trigger_event_id", "msg_template_id")
    meta: dict[str, Any] = {field: getattr(row, field) for field in others if getattr(row, field)}
    if parent and not name:
        meta["parent_unknown"] = f"The {parent} {parent_id} is not listed (any more), so its name is not known."
    return SourceRecord(row.id, fields, meta, {"person": ("person", who.cio_id)} if who.cio_id else {})


class Archived(Payload):
    """A message as the archive endpoint gives it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: Text = ""


class ArchivedMessage(Payload):
    archived_message: Archived


@dataclass(frozen=True, slots=True)
class Body:
    """A message with its text, or why there is none.

    `message` is the vendor's row with `body`; None when the message is gone or the day's quota is used up.
    `try_after` is a Unix time, set when the quota is used up; `left` is what remains of it, where told.
    """

    message: Mapping[str, Any] | None
    try_after: int | None = None
    left: int | None = None

    @property
    def sentence(self) -> str:
        """What to tell a user; empty when the text is there."""
        if self.message is not None:
            return ""
        if self.try_after is None:
            return "Customer.io has no text of this message (any more)."
        when = datetime.fromtimestamp(self.try_after, UTC)
        return f"Customer.io's quota of 100 texts a day is used up: try again after {when:%d %B %Y %H:%M} UTC."


class Bodies:
    """Texts of single messages: a hundred a day for the whole workspace, so never part of a reading (FACTS.md §8)."""

    def __init__(self, api: ApiClient, clock: Callable[[], float]) -> None:
        self._api = api
        self._clock = clock
        self._closed_until = 0

    def read(self, id: str) -> Body:
        """The message with its text. When the day's quota is known to be used up, nothing is asked."""
        if self._clock() < self._closed_until:
            return Body(None, self._closed_until, 0)
        try:
            answer = self._api.get(f"/v1/messages/{quote(id, safe='')}/archived_message")
        except Gone:
            return Body(None)
        except QuotaUsedUp:
            return self._used_up()
        told = answer.headers.get("x-ratelimit-remaining", "")
        left = int(told) if told.isdecimal() else None
        if left == 0:
            self._closed_until = self._tomorrow()
        return Body(parse(ArchivedMessage, answer).archived_message.model_dump(), None, left)

    def _used_up(self) -> Body:
        self._closed_until = self._tomorrow()
        return Body(None, self._closed_until, 0)

    def _tomorrow(self) -> int:
        """The next midnight, UTC; the vendor does not say when its day begins."""
        return (int(self._clock()) // DAY + 1) * DAY


class Deliveries:
    """The reads of a workspace's messages."""

    def __init__(self, reading: Reading, names: Callable[[], Names], clock: Callable[[], float] = time.time) -> None:
        self._reading = reading
        self._names = names
        self._clock = clock

    def since(self, days: int) -> Cursor:
        """Where a reading begins that takes the messages of the last so many days again, for late metrics."""
        return {"from": max(0, int(self._clock()) - days * DAY), "until": self._end(), "begun": True}

    def _end(self) -> int:
        """The end of tomorrow, UTC: the vendor's clock may be ahead of ours."""
        return (int(self._clock()) // DAY + 2) * DAY - 1

    def messages(self, cursor: Cursor | None) -> Iterator[Page]:
        """All messages, oldest window first and within a window as the vendor has them; drafts are counted only."""
        at = cursor or {"from": 0, "until": self._end()}
        while not at.get("begun"):
            start, found, drafts = self._ahead(at["from"], at["until"])
            at = {"from": start, "until": at["until"], **({"begun": True} if found else {})}
            ended = start > at["until"]
            yield Page((), None if ended else at, left_out=_drafts(drafts))
            if ended:
                return
        yield from self._windows(at)

    def _windows(self, at: Cursor) -> Iterator[Page]:
        """The messages from a place on, several windows on a page where they hold little."""
        start, until, place = at["from"], at["until"], at.get("place")
        rows: list[Message] = []
        drafts = asked = 0
        while start <= until:
            end = min(start + WINDOW - 1, until)
            if place is None:
                drafts += self._drafted(start, end)
            for part, following in slices(
                self._listed(start, end, limit=MESSAGES), place, MESSAGES, _during(start, end)
            ):
                rows.extend(part)
                asked += 1
                done = following is None and end >= until
                if done or following or len(rows) >= MESSAGES or asked >= WINDOWS:
                    then = {"from": start, "place": following} if following else {"from": end + 1}
                    more = None if done else {**then, "until": until, "begun": True}
                    yield _page(rows, self._names(), more, drafts)
                    rows, drafts, asked = [], 0, 0
            start, place = end + 1, None

    def with_ids(self, keys: Sequence[str]) -> Page:
        """The messages with these ids."""
        wanted = list(dict.fromkeys(keys))
        found = together(self._one, wanted)
        names = self._names()
        records = tuple(to_record(row, names) for row in found if row is not None)
        return Page(records, None, tuple(key for key, row in zip(wanted, found, strict=True) if row is None))

    def of_people(self, people: Sequence[str]) -> Page:
        """The messages of the last six months to the people with these cio_ids; who is gone is missing."""
        wanted = list(dict.fromkeys(people))
        found = dict(zip(wanted, together(self._to, wanted), strict=True))
        page = _page([row for rows in found.values() for row in rows or ()], self._names(), None)
        gone = tuple(person for person, rows in found.items() if rows is None)
        return Page(page.records, None, gone, left_out=page.left_out)

    def _to(self, person: str) -> list[Message] | None:
        def listed(marker: str) -> tuple[Sequence[Message], str]:
            path = f"/v1/customers/{quote(person, safe='')}/messages"
            found = self._reading.get(Messages, path, id_type="cio_id", limit=MESSAGES, start=marker)
            return found.messages, found.next

        try:
            parts = [rows for rows, _ in slices(listed, None, MESSAGES, "a person's messages")]
        except Gone:
            return None
        # A person's own list may leave out who they are (FACTS.md §4, the example has no identifiers).
        who = Who(cio_id=person)
        return [
            row if row.customer_identifiers.cio_id else row.model_copy(update={"customer_identifiers": who})
            for rows in parts
            for row in rows
        ]

    def _one(self, key: str) -> Message | None:
        row = self._reading.find(OneMessage, "/v1/messages/{}", key)
        return row.message if row else None

    def _ahead(self, start: int, until: int) -> tuple[int, bool, int]:
        """Where messages begin, or where to look on; whether they were found, and drafts on the way there."""
        spans = list(range(start, until + 1, SPAN))[:SPANS]
        ends = [min(at + SPAN - 1, until) for at in spans]
        answers = together(lambda span: self._probe(*span), list(zip(spans, ends, strict=True)))
        drafts = 0
        for at, (found, drafted) in zip(spans, answers, strict=True):
            if found:
                return at, True, drafts
            drafts += drafted
        return ends[-1] + 1, False, drafts

    def _probe(self, start: int, end: int) -> tuple[bool, int]:
        """Whether messages were created between two seconds, and how many drafts."""
        listed = self._listed(start, end, limit=1)
        found = any(rows for rows, _ in slices(listed, None, 1, _during(start, end)))
        return found, self._drafted(start, end)

    def _drafted(self, start: int, end: int) -> int:
        """The number of drafts created between two seconds, which the vendor shows instead of what was sent."""
        listed = self._listed(start, end, limit=MESSAGES, drafts="true")
        return sum(len(rows) for rows, _ in slices(listed, None, MESSAGES, f"drafts of {_during(start, end)}"))

    def _listed(self, start: int, end: int, **params: str | int) -> Callable[[str], tuple[Sequence[Message], str]]:
        def listed(marker: str) -> tuple[Sequence[Message], str]:
            given = {"start_ts": start, "end_ts": end, "start": marker, **params}
            found = self._reading.get(Messages, "/v1/messages", **given)
            return found.messages, found.next

        return listed


def _drafts(number: int) -> dict[str, int]:
    return {DRAFT: number} if number else {}


def _page(rows: Sequence[Message], names: Names, cursor: Cursor | None, drafts: int = 0) -> Page:
    """The rows as records, each id once; a row that was only drafted is a draft wherever it is listed."""
    records: dict[str, SourceRecord] = {}
    for row in rows:
        if set(row.metrics) == {"drafted"}:
            drafts += 1
        else:
            records.setdefault(row.id, to_record(row, names))
    return Page(tuple(records.values()), cursor, left_out=_drafts(drafts))


def _during(start: int, end: int) -> str:
    first, last = (datetime.fromtimestamp(at, UTC).date().isoformat() for at in (start, end))
    return f"messages created {first} to {last}"
