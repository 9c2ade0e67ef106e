"""The state behind the fake: a workspace that changes like a live one, writing history as it goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from connectors.customerio.fake import filters, loading
from connectors.customerio.fake.listings import Listings
from connectors.customerio.fake.records import (
    CustomObject,
    ObjectKey,
    Person,
    Relationship,
    Row,
    Segment,
    new_message,
)
from connectors.customerio.fake.stores import Activities, Activity, Messages, Objects, People, Relationships

T = TypeVar("T")


@dataclass
class Workspace:
    """Everything one workspace holds. The verbs write the activity rows that Customer.io would write."""

    id: int = 131234
    name: str = "Workspace 1"
    clock: Callable[[], float] = time.time
    identifier_kinds: frozenset[str] = frozenset({"id", "email"})
    people: People = field(default_factory=People)
    object_types: dict[str, Row] = field(default_factory=dict)
    objects: Objects = field(default_factory=Objects)
    relationships: Relationships = field(default_factory=Relationships)
    segments: dict[int, Segment] = field(default_factory=dict)
    activities: Activities = field(default_factory=Activities)
    messages: Messages = field(default_factory=Messages)
    listings: Listings = field(default_factory=Listings)
    other_workspaces: list[Row] = field(default_factory=list)
    counts: tuple[float, Row] | None = None
    """The counts that `/v1/workspaces` gave last, and when."""
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _serials: int = field(default=0, repr=False)
    _memory: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, folder: Path | str, *, clock: Callable[[], float] = time.time) -> Self:
        """A workspace from a folder with people.json, objects.json and the rest (all optional)."""
        workspace = cls(clock=clock)
        loading.fill(workspace, Path(folder))
        return workspace

    def now(self) -> int:
        return int(self.clock())

    def remember(self, key: Hashable, make: Callable[[], T]) -> T:
        """Keep an answer until the workspace changes: a search is computed once, not once per page."""
        with self.lock:
            if key not in self._memory:
                self._memory[key] = make()
            kept: T = self._memory[key]
            return kept

    def touch(self) -> None:
        """Forget remembered answers; every verb does it, and so must code that edits the state directly."""
        self._memory.clear()

    def identifiers(self, person: Person) -> dict[str, str | None]:
        """How the API names a person: never by phone, by e-mail only where that identifies (FACTS.md §2)."""
        named: dict[str, str | None] = {"cio_id": person.cio_id}
        if "email" in self.identifier_kinds:
            named["email"] = person.email
        named["id"] = person.id
        return named

    def record(
        self,
        kind: str,
        *,
        person: Person | None = None,
        data: Mapping[str, Any] | None = None,
        at: int | None = None,
        activity_id: str | None = None,
        **extra: Any,
    ) -> Row:
        """Write one activity row of any type; `extra` are name, url, delivery_id, delivery_type."""
        with self.lock:
            serial = self._serial()
            row: Row = {
                "id": activity_id or f"01F{serial:023d}",
                "type": kind,
                "timestamp": self.now() if at is None else at,
                "customer_id": person.id if person else None,
                "customer_identifiers": self.identifiers(person) if person else None,
                "data": dict(data or {}),
                **{key: value for key, value in extra.items() if value is not None},
            }
            self.activities.add(Activity(row["timestamp"], serial, row, person.cio_id if person else None))
            return row

    def add(self, listing: str, **fields: Any) -> Row:
        """Add a campaign, newsletter, topic, … by its listing's name; what is left out gets a usual value."""
        with self.lock:
            return self.listings.add(listing, self.now(), **fields)

    def place_person(self, person: Person) -> None:
        """Put a person in without history, as one who was there all along."""
        with self.lock:
            self.people.add(person)
            self._sort_into_segments(person)
            self.touch()

    def add_person(
        self,
        *,
        id: str | None = None,
        email: str | None = None,
        attributes: Mapping[str, object] | None = None,
        cio_id: str | None = None,
        unsubscribed: bool = False,
        devices: Iterable[Row] = (),
        at: int | None = None,
    ) -> Person:
        """Create a profile; leaves a `profile_create` row."""
        with self.lock:
            if id and self.people.find(id, "id"):
                raise ValueError(f"there is already a person with the id {id!r}")
            person = Person(cio_id=cio_id or self._free_cio_id(), unsubscribed=unsubscribed, devices=list(devices))
            moment = self.now() if at is None else at
            person.set({**(attributes or {}), "cio_id": person.cio_id}, moment)
            person.set({"id": id or None, "email": email or None}, moment)
            self.place_person(person)
            self.record("profile_create", person=person, at=moment)
            return person

    def change_attributes(self, cio_id: str, changes: Mapping[str, object], *, at: int | None = None) -> Row | None:
        """Set attributes (None removes one); leaves one `attribute_change` row if anything did change."""
        with self.lock:
            person = self.people[cio_id]
            moment = self.now() if at is None else at
            self.people.forget_identifiers(person)
            changed = person.set(changes, moment)
            if "unsubscribed" in changes:
                person.unsubscribed = person.attributes.get("unsubscribed") == "true"
            self.place_person(person)
            return self.record("attribute_change", person=person, data=changed, at=moment) if changed else None

    def delete_person(self, cio_id: str, *, at: int | None = None) -> None:
        """Delete a profile with its relationships and memberships; leaves a `profile_delete` row."""
        with self.lock:
            person = self._take_out(cio_id)
            self.record("profile_delete", person=person, at=at)

    def suppress_person(self, cio_id: str, *, at: int | None = None) -> None:
        """Delete and suppress: what is kept of the person's history names nobody (FACTS.md §7)."""
        with self.lock:
            self.delete_person(cio_id, at=at)
            for activity in self.activities.of_person(cio_id):
                activity.row |= {"customer_id": None, "customer_identifiers": None, "data": {}}
            for message in self.messages:
                if (message["customer_identifiers"] or {}).get("cio_id") == cio_id:
                    message |= {
                        "customer_id": None,
                        "customer_identifiers": None,
                        "recipient": None,
                        "forgotten": True,
                    }

    def merge_people(self, primary: str, secondary: str, *, at: int | None = None) -> None:
        """The primary takes the secondary's ties, history and missing attributes; the secondary is gone."""
        with self.lock:
            kept, moment = self.people[primary], self.now() if at is None else at
            ties = self.relationships.of_person(secondary)
            manual = [s for s in self.segments.values() if s.type == "manual" and secondary in s.members]
            gone = self._take_out(secondary)
            for tie in ties:
                if self.relationships.get(primary, tie.object_key) is None:
                    tie.cio_id = primary
                    self.relationships.add(tie)
            for segment in manual:
                segment.members.setdefault(primary)
            self.people.forget_identifiers(kept)
            missing = {name: text for name, text in gone.attributes.items() if not kept.attributes.get(name)}
            kept.set(missing, moment)
            self.place_person(kept)
            for activity in self.activities.move(secondary, primary):
                activity.row |= {"customer_id": kept.id, "customer_identifiers": self.identifiers(kept)}
            for message in self.messages:
                if (message["customer_identifiers"] or {}).get("cio_id") == secondary:
                    message |= {"customer_id": kept.id, "customer_identifiers": self.identifiers(kept)}
            self.record("profile_merge", person=kept, data={"secondary": self.identifiers(gone)}, at=moment)

    def add_event(
        self,
        cio_id: str,
        name: str,
        data: Mapping[str, Any] | None = None,
        *,
        at: int | None = None,
        activity_id: str | None = None,
    ) -> Row:
        """A custom event; `at` may lie in the past or in the future."""
        person = self.people[cio_id]
        return self.record("event", person=person, data=data, at=at, activity_id=activity_id, name=name)

    def add_device(self, cio_id: str, token: str, platform: str, **attributes: str) -> None:
        """Register a device; leaves a `device_change` row."""
        with self.lock:
            person = self.people[cio_id]
            device = {"id": token, "platform": platform, "last_used": self.now(), "attributes": attributes}
            person.devices.append(device)
            self.touch()
            self.record("device_change", person=person, data={"id": token, "platform": platform})

    def add_object_type(self, name: str, singular_name: str, *, enabled: bool = True) -> Row:
        """Create an object type; its id is an integer written as a string (FACTS.md §6)."""
        with self.lock:
            type_id = str(max((int(known) for known in self.object_types), default=0) + 1)
            slugs = [text.lower().replace(" ", "_") for text in (name, singular_name)]
            row: Row = {"id": type_id, "name": name, "singular_name": singular_name, "slug": slugs[0]}
            self.object_types[type_id] = row | {
                "singular_slug": slugs[1],
                "icon": "calendar",
                "enabled": enabled,
            }
            return self.object_types[type_id]

    def add_object(
        self,
        object_type_id: str,
        object_id: str,
        attributes: Mapping[str, object] | None = None,
        *,
        at: int | None = None,
    ) -> CustomObject:
        """Create an object; leaves a `_o:<type>:create` row."""
        with self.lock:
            cio_object_id = f"ob{len(self.objects) + 1:06x}{self._serial():04x}"
            item = CustomObject(object_type_id=object_type_id, object_id=object_id, cio_object_id=cio_object_id)
            item.set(attributes or {}, self.now() if at is None else at)
            self.objects.add(item)
            self._record_object(item, "create", at=at)
            return item

    def change_object(self, key: ObjectKey, changes: Mapping[str, object], *, at: int | None = None) -> None:
        """Set attributes of an object; leaves a `_o:<type>:attribute_change` row."""
        with self.lock:
            item = self.objects[key]
            if changed := item.set(changes, self.now() if at is None else at):
                self._record_object(item, "attribute_change", at=at, changed=dict(changed))

    def delete_object(self, key: ObjectKey, *, at: int | None = None) -> None:
        """Delete an object and the ties to it; leaves a `_o:<type>:delete` row."""
        with self.lock:
            for tie in self.relationships.of_object(key):
                self.relationships.remove(tie.cio_id, key)
            self._record_object(self.objects.remove(key), "delete", at=at)

    def relate(
        self,
        cio_id: str,
        key: ObjectKey,
        attributes: Mapping[str, object] | None = None,
        *,
        at: int | None = None,
    ) -> Relationship:
        """Tie a person to an object, or change the tie; leaves rows on both ends."""
        with self.lock:
            person, item, moment = self.people[cio_id], self.objects[key], self.now() if at is None else at
            tie = self.relationships.get(cio_id, key)
            if tie is None:
                tie = Relationship(cio_id=cio_id, object_key=key)
                self.relationships.add(tie)
                self.record("add_relationship", person=person, data=_named(item), at=moment)
                self._record_object(item, "add_relationship", at=moment)
                tie.set(attributes or {}, moment)
            elif changed := tie.set(attributes or {}, moment):
                self.record(f"_r:{key[0]}:attribute_change", person=person, data=_named(item) | changed, at=moment)
            self.touch()
            return tie

    def unrelate(self, cio_id: str, key: ObjectKey, *, at: int | None = None) -> None:
        """Cut a tie; leaves `delete_relationship` rows."""
        with self.lock:
            self.relationships.remove(cio_id, key)
            item = self.objects[key]
            self.record("delete_relationship", person=self.people[cio_id], data=_named(item), at=at)
            self._record_object(item, "delete_relationship", at=at)

    def add_segment(
        self, name: str, *, conditions: Row | None = None, members: Iterable[str] = (), **fields: Any
    ) -> Segment:
        """Create a segment: with conditions it finds its members, without it has those that are given."""
        with self.lock:
            segment_id, now = max(self.segments, default=0) + 1, self.now()
            segment = Segment(id=segment_id, name=name, conditions=conditions, created_at=now, updated_at=now)
            segment.type = "dynamic" if conditions else "manual"
            segment.members = dict.fromkeys(members)
            for key, value in fields.items():
                setattr(segment, key, value)
            self.segments[segment_id] = segment
            for person in self.people:
                filters.sort_into(segment, person, self.in_segment)
            self.touch()
            return segment

    def add_message(
        self, cio_id: str | None = None, *, created: int | None = None, body: str = "", **fields: Any
    ) -> Row:
        """A delivery, with the activity rows of its metrics; `drafted=True` keeps it a draft."""
        with self.lock:
            person = self.people[cio_id] if cio_id else None
            at, drafted = self.now() if created is None else created, bool(fields.pop("drafted", False))
            metrics = fields.pop("metrics", None) or ({"drafted": at} if drafted else {"sent": at})
            message_id = fields.pop("id", None) or f"dgOq6QWq6QUDAAF{len(self.messages):012d}="
            row = new_message(message_id, at)
            if person:
                named = self.identifiers(person)
                row |= {"recipient": person.email, "customer_id": person.id, "customer_identifiers": named}
            row |= fields
            self.messages.add(row)
            self.messages.bodies[message_id] = body
            for metric, moment in metrics.items():
                self.add_metric(message_id, metric, at=moment)
            return row

    def add_metric(self, message_id: str, metric: str, *, at: int | None = None) -> None:
        """A metric that arrived for a delivery, hours or months later; leaves a `<metric>_<channel>` row."""
        with self.lock:
            message, moment = self.messages.get(message_id), self.now() if at is None else at
            if message is None:
                raise KeyError(message_id)
            message["metrics"][metric] = moment
            person = next(
                iter(self.people.find((message["customer_identifiers"] or {}).get("cio_id", ""), "cio_id")),
                None,
            )
            kind = {"delivery_id": message_id, "delivery_type": message["type"]}
            data = {"delivery_id": message_id, metric: moment}
            self.record(f"{metric}_{message['type']}", person=person, data=data, at=moment, **kind)

    def in_segment(self, segment_id: int, cio_id: str) -> bool:
        segment = self.segments.get(segment_id)
        return segment is not None and cio_id in segment.members

    def _serial(self) -> int:
        """A number that was not given before."""
        self._serials += 1
        return self._serials

    def _free_cio_id(self) -> str:
        """An id that looks like a number, as the real ones do (FACTS.md §2)."""
        while (cio_id := f"03{self._serial():06d}") in self.people:
            continue
        return cio_id

    def _take_out(self, cio_id: str) -> Person:
        for tie in self.relationships.of_person(cio_id):
            self.relationships.remove(cio_id, tie.object_key)
        for segment in self.segments.values():
            segment.members.pop(cio_id, None)
        self.touch()
        return self.people.remove(cio_id)

    def _sort_into_segments(self, person: Person) -> None:
        for segment in self.segments.values():
            filters.sort_into(segment, person, self.in_segment)

    def _record_object(self, item: CustomObject, verb: str, *, at: int | None, changed: Row | None = None) -> None:
        self.touch()
        self.record(f"_o:{item.object_type_id}:{verb}", data=_named(item) | (changed or {}), at=at)


def _named(item: CustomObject) -> dict[str, Any]:
    """Which object a row is about; the contract leaves the shape open, so this is a guess (FACTS.md §7)."""
    return {"object_type_id": int(item.object_type_id), **item.identifiers}
