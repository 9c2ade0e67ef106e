"""Campaigns, broadcasts, newsletters and transactional messages as structured configuration (FACTS.md §9, §10).

They are read whole for the handoff: nothing of them runs on the destination. What the API does not tell (waits,
branches, the order of steps) is named as a gap, and secrets are masked before a record is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from pydantic import ConfigDict

from connectors.contract import Cursor, Page, SourceRecord
from connectors.customerio.masking import mask_tokens, mask_webhook
from connectors.customerio.payloads import Gone, Key, ListOf, Payload, Text
from connectors.customerio.reading import ONE_BY_ONE, Reading, page_of, slices, together
from connectors.exact import loads

FEW = ONE_BY_ONE // 4
"""Automations on a page: each takes two to four requests."""

NEAR = 20
"""Missing step ids between two steps of a campaign up to which they are taken to be its own."""

TRIGGERS: Mapping[str, tuple[str, ...]] = {
    "segment": ("trigger_segment_ids",),
    "event": ("event_name", "event_type"),
    "date": ("date_attribute", "frequency", "start_hour", "start_minutes", "timezone", "use_customer_timezone"),
    "relationship": ("relationship_attribute_triggers", "object_type_id", "audience"),
    "object": ("object_attribute_triggers", "object_type_id", "audience"),
    "webhook": ("webhook_id",),
    "form": ("form_id",),
}
"""What starts a campaign: type → the keys that go with it; the first of them is no other type's."""

FILTERS = ("filter_segment_ids", "filter_object_attributes", "filter_relationship_attributes")
SEGMENT_LISTS = ("trigger_segment_ids", "filter_segment_ids")

NOT_EXPOSED = (
    "the order of the steps, waits, wait-until conditions and branches",
    "property filters of an event trigger",
    "goals and exit conditions",
    "sending windows",
)
"""What Customer.io's App API tells of no campaign (FACTS.md §9)."""


class Row(Payload):
    """A row of configuration: its id, its name, and everything else as it came."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: Key
    name: Text = ""

    def plain(self) -> dict[str, Any]:
        """All of it, the id as text."""
        return self.model_dump()


class Campaigns(Payload):
    campaigns: ListOf[Row]


class Broadcasts(Payload):
    broadcasts: ListOf[Row]


class Newsletters(Payload):
    newsletters: ListOf[Row]
    next: Text = ""


class Transactionals(Payload):
    messages: ListOf[Row]


class Actions(Payload):
    actions: ListOf[Row]
    next: Text = ""


class OneAction(Payload):
    action: Row


class Contents(Payload):
    contents: ListOf[Row]


class Triggers(Payload):
    triggers: ListOf[Row] = []


Listing = Callable[[], list[Row]]
Detail = Callable[[Row], SourceRecord]


def structured(value: Any) -> Any:
    """A filter as JSON, whether it came as JSON or as JSON inside a string; other text stays text (FACTS.md §9)."""
    if isinstance(value, dict):
        return {key: structured(item) for key, item in value.items()}
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return loads(value)
        except ValueError:
            return value
    return value


def trigger_type(row: Mapping[str, Any]) -> str:
    """What starts a campaign, from its type or, where that is missing, from the keys that come with it."""
    if row.get("type"):
        return str(row["type"])
    kinds = (kind for kind, keys in TRIGGERS.items() if row.get(keys[0]) not in (None, "", []))
    return next(kinds, "object" if row.get("object_type_id") else "")


def gaps(ids: Iterable[str], elsewhere: Iterable[str]) -> list[dict[str, Any]]:
    """Runs of step ids that are missing between a campaign's own and belong to no other automation.

    Step ids count up in a workspace, and waits and branches are left out of every list (FACTS.md §9).
    """
    own = sorted({int(id) for id in ids if id.isdecimal()})
    taken = {int(id) for id in elsewhere if id.isdecimal()}
    found: list[dict[str, Any]] = []
    for before, after in pairwise(own):
        near = after - before - 1 <= NEAR
        absent = [id for id in range(before + 1, after) if id not in taken] if near else []
        if absent:
            named = f"step {absent[0]} is" if len(absent) == 1 else f"steps {', '.join(map(str, absent))} are"
            found.append({"after": str(before), "before": str(after), "missing": [str(id) for id in absent]})
            found[-1]["text"] = f"{named} not readable: waits or branches"
    return found


class Automations:
    """The reads of what a workspace sends by itself."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    @cached_property
    def names(self) -> Mapping[tuple[str, str], str]:
        """(kind, id) → name of everything that may have sent a message, read once."""
        kinds = {kind: listing for kind, (listing, _) in self._kinds().items()}
        return {(kind, row.id): row.name for kind, listing in kinds.items() for row in listing()}

    def count(self, kind: str) -> int:
        """How many there are, by reading the list."""
        return len(self._kinds()[kind][0]())

    def pages(self, kind: str, cursor: Cursor | None) -> Iterator[Page]:
        """All of one kind by id, a few on a page."""
        listing, detail = self._kinds()[kind]
        after = cursor["after"] if cursor else ""
        rows = sorted(listing(), key=_order)
        rest = [row for row in rows if not after or _order(row) > _order(Row(id=after))]
        for at in range(0, len(rest), FEW) or (0,):
            part = rest[at : at + FEW]
            more = {"after": part[-1].id} if at + FEW < len(rest) else None
            page = _read(detail, part)
            yield Page(page.records, more, page.missing)

    def with_ids(self, kind: str, keys: Sequence[str]) -> Page:
        """Those with these ids."""
        listing, detail = self._kinds()[kind]
        rows = {row.id: row for row in listing()}
        page = _read(detail, [rows[key] for key in dict.fromkeys(keys) if key in rows])
        return Page(page.records, None, (*page.missing, *(key for key in keys if key not in rows)))

    def _kinds(self) -> Mapping[str, tuple[Listing, Detail]]:
        get = self._reading.get
        return {
            "campaign": (lambda: get(Campaigns, "/v1/campaigns").campaigns, self._campaign),
            "broadcast": (lambda: get(Broadcasts, "/v1/broadcasts").broadcasts, self._broadcast),
            "newsletter": (self._newsletters, self._newsletter),
            "transactional": (lambda: get(Transactionals, "/v1/transactional").messages, self._transactional),
        }

    def _newsletters(self) -> list[Row]:
        def listed(start: str) -> tuple[Sequence[Row], str]:
            found = self._reading.get(Newsletters, "/v1/newsletters", limit=100, start=start)
            return found.newsletters, found.next

        return [row for rows, _ in slices(listed, None, 100, "newsletters") for row in rows]

    def _campaign(self, row: Row) -> SourceRecord:
        told = row.plain()
        kind = trigger_type(told)
        steps = self._steps("campaigns", row.id, told)
        ids = [step["id"] for step in steps]
        fields = {
            **_without(told, (*TRIGGERS.get(kind, ()), *FILTERS, "actions", "msg_templates")),
            "type": kind,
            "type_inferred": bool(kind) and not told.get("type"),
            "trigger": self._named({key: structured(told[key]) for key in TRIGGERS.get(kind, ()) if key in told}),
            "filters": self._named({key: structured(told[key]) for key in FILTERS if told.get(key)}),
            "actions": steps,
            "languages": sorted({text for step in steps for text in step["languages"]}),
            "gaps": [*gaps(ids, self._other_steps - set(ids)), *_unseen_parents(steps), *_unlisted(told, ids)],
            "not_exposed": list(NOT_EXPOSED),
        }
        return SourceRecord(row.id, mask_tokens(fields))

    def _broadcast(self, row: Row) -> SourceRecord:
        told = row.plain()
        steps = self._steps("broadcasts", row.id, told)
        # Reading what triggered it is not limited; triggering one is, to once in ten seconds, and we never do.
        triggers = self._reading.find(Triggers, "/v1/broadcasts/{}/triggers", row.id)
        fields = {
            **_without(told, ("actions", "msg_templates")),
            "actions": steps,
            "languages": sorted({text for step in steps for text in step["languages"]}),
            "triggers": [trigger.plain() for trigger in triggers.triggers] if triggers else [],
            "gaps": [*_unseen_parents(steps), *_unlisted(told, [step["id"] for step in steps])],
            "not_exposed": ["whom it was sent to: an API-triggered broadcast gets its recipients with each trigger"],
        }
        return SourceRecord(row.id, mask_tokens(fields))

    def _newsletter(self, row: Row) -> SourceRecord:
        told = row.plain()
        contents = self._contents("newsletters", row.id)
        fields = {
            **_without(told, ("recipient_segment_ids",)),
            "state": "sent" if told.get("sent_at") else "draft",
            "recipients": self._segments_of(told.get("recipient_segment_ids") or []),
            "contents": contents,
            "languages": sorted({text for content in contents if (text := content.get("language"))}),
            "not_exposed": ["attribute conditions of the recipients"],
        }
        return SourceRecord(row.id, mask_tokens(fields))

    def _transactional(self, row: Row) -> SourceRecord:
        contents = self._contents("transactional", row.id)
        languages = sorted({text for content in contents if (text := content.get("language"))})
        return SourceRecord(row.id, mask_tokens({**row.plain(), "contents": contents, "languages": languages}))

    def _contents(self, parents: str, key: str) -> list[dict[str, Any]]:
        found = self._reading.get(Contents, f"/v1/{parents}/{quote(key, safe='')}/contents")
        return [_content(row) for row in found.contents]

    def _steps(self, parents: str, key: str, told: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The steps of an automation, each with its languages; those it names and does not list are asked for."""

        def listed(start: str) -> tuple[Sequence[Row], str]:
            found = self._reading.get(Actions, f"/v1/{parents}/{quote(key, safe='')}/actions", start=start)
            return found.actions, found.next

        rows = [row for part, _ in slices(listed, None, 1000, "the steps of an automation") for row in part]
        known = {row.id for row in rows}
        for id in _step_ids(told):
            if id not in known and parents == "campaigns":
                asked = self._reading.find(OneAction, "/v1/campaigns/{}/actions/{}", key, id)
                rows += [asked.action] if asked else []
        steps: dict[str, dict[str, Any]] = {}
        for row in rows:
            step = _content(row)
            language = str(step.get("language") or "")
            if row.id not in steps:
                steps[row.id] = {**step, "languages": [], "translations": []}
            elif language not in (steps[row.id]["language"], *steps[row.id]["languages"]):
                steps[row.id]["translations"].append(step)
            if language and language not in steps[row.id]["languages"]:
                steps[row.id]["languages"].append(language)
        return list(steps.values())

    @cached_property
    def _other_steps(self) -> set[str]:
        """The ids of all steps that any automation names."""
        kinds = self._kinds()
        return {id for kind in ("campaign", "broadcast") for row in kinds[kind][0]() for id in _step_ids(row.plain())}

    @cached_property
    def _segments(self) -> Mapping[str, str]:
        return self._reading.segment_names()

    def _named(self, part: dict[str, Any]) -> dict[str, Any]:
        """The part with the names of the segments in it."""
        return {key: self._segments_of(value) if key in SEGMENT_LISTS else value for key, value in part.items()}

    def _segments_of(self, ids: Any) -> list[dict[str, Any]]:
        """Segments by name; archived ones are not listed and may still be named (FACTS.md §5)."""
        names = self._segments
        rows = [{"id": str(id), "name": names.get(str(id))} for id in ids or []]
        return [row if row["name"] is not None else {**row, "note": "not listed: archived or deleted"} for row in rows]


def _read(detail: Detail, rows: Sequence[Row]) -> Page:
    """The rows with their details; one that has just been deleted is missing."""

    def whole(row: Row) -> SourceRecord | None:
        try:
            return detail(row)
        except Gone:
            return None

    return page_of(zip([row.id for row in rows], together(whole, rows), strict=True))


def _order(row: Row) -> tuple[int, str]:
    return (int(row.id), "") if row.id.isdecimal() else (0, row.id)


def _without(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    left_out = set(names)
    return {name: value for name, value in row.items() if name not in left_out}


def _step_ids(told: Mapping[str, Any]) -> list[str]:
    return [str(action["id"]) for action in told.get("actions") or [] if isinstance(action, dict) and "id" in action]


def _content(row: Row) -> dict[str, Any]:
    """A step, or a newsletter's or transactional message's content: headers as JSON, a webhook's secrets masked."""
    told = {"language": "", **row.plain()}
    if told.get("parent_action_id") is not None:
        told["parent_action_id"] = str(told["parent_action_id"])
    if told.get("type") == "webhook" or told.get("url"):
        told = {key: value if key in ("id", "name") else mask_webhook(value, key) for key, value in told.items()}
    if "headers" in told:
        told["headers"] = structured(told["headers"])
    return told


def _unseen_parents(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Splits and branches that steps hang from and that no list shows."""
    known = {step["id"] for step in steps}
    below: dict[str, list[str]] = {}
    for step in steps:
        parent = step.get("parent_action_id")
        if parent and parent not in known:
            below.setdefault(parent, []).append(step["id"])
    return [
        {
            "missing": [parent],
            "children": ids,
            "text": f"step {parent} is not readable: a split or branch above {', '.join(ids)}",
        }
        for parent, ids in below.items()
    ]


def _unlisted(told: Mapping[str, Any], ids: Sequence[str]) -> list[dict[str, Any]]:
    """Steps that the automation names and nothing gives."""
    absent = [id for id in _step_ids(told) if id not in ids]
    return [{"missing": [id], "text": f"step {id} is named but not readable"} for id in absent]
