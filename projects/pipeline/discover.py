"""Discovery: what the source holds, object by object and field by field, read whole and kept as statistics.

No source row is stored here: only counts, fill rates, a few samples and the keys of the sandbox sample.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from connectors.catalogue import ObjectKind
from connectors.contract import Identity, Page, SourceRecord
from connectors.errors import Rejected, Terminal
from mapping.activities import EVENT, MESSAGE
from mapping.happenings import Happenings
from mapping.overlap import IDS, Pointers, Sketch, overlap
from mapping.profile import ObjectProfile
from projects.models import Connection, Profile, Sighting
from projects.pipeline import triggers
from projects.pipeline.context import Context, Progress
from projects.pipeline.phases import (
    MEMBERSHIP,
    PERSON,
    RELATIONSHIP,
    SEGMENT,
    relationship_of,
)
from projects.schema import ensure_schema
from projects.text import plain

MATCH_FIELDS = {PERSON: ("email",)}
"""Fields whose doubles and gaps the sandbox sample has to show."""

TRACE = "trace"
"""The kind of what is history for a delta or an audit: it does not migrate and is not profiled."""

PEOPLE = "people"
"""The sketch of the people whom something happened to, beside those of the happenings' own ids."""

PERSON_IDS = ("cio_id", "id", "email")
OBJECT_IDS = ("cio_object_id", "object_id")
"""Fields by which attributes of other records may name a record."""

COMPANY_MATCH_FIELDS = ("domain", "website")


def catalogue(context: Context) -> Progress:
    """Asks both systems who they are and what they hold; lays out one profile per source object type."""
    identities, workspaces = {}, {}
    for side, system in (("source", context.source), ("destination", context.destination)):
        identity = system.check()
        workspaces[side] = workspace_of(identity)
        identities[side] = {"account": identity.account, **identity.facts}
    capabilities = context.destination.capabilities()
    profiles = _profiles(context)
    active = context.destination.triggers(triggers.OBJECTS)

    def save() -> None:
        # A discovery that was cancelled leaves its sightings to the next one.
        Sighting.objects.filter(run__project=context.project).delete()
        Profile.objects.bulk_create(profiles, ignore_conflicts=True)
        for side, identity in identities.items():
            known = {
                "workspace": workspaces[side],
                "capabilities": dataclasses.asdict(capabilities),
                "triggers": [dataclasses.asdict(trigger) for trigger in active],
            }
            Connection.objects.filter(project=context.project, side=side).update(
                identity=identity,
                known=known if side == Connection.Side.DESTINATION else {},
                checked_at=timezone.now(),
                problem="",
            )

    return Progress(None, done=len(profiles), save=save)


def _profiles(context: Context) -> list[Profile]:
    """One empty profile per object type of the source, in reading order."""
    held = context.source.catalogue()
    return [
        Profile(
            project=context.project,
            run=context.run,
            object=object.name,
            label=plain(object.label)[:200],
            label_plural=plain(object.label_plural)[:200],
            kind=object.kind,
            order=order,
            announced=object.count,
            enabled=object.enabled,
            data={"description": object.description},
        )
        for order, object in enumerate(held.objects)
        if object.name != MEMBERSHIP
    ]


def schema(context: Context) -> Progress:
    """Makes sure, before the first record, that everything the confirmed map needs is there."""
    connection = context.project.connections.get(side=Connection.Side.DESTINATION)
    expected, found = connection.known.get("workspace", ""), workspace_of(context.destination.check())
    if expected and found != expected:
        raise Terminal(
            f"The key opens another workspace ({found}) than the one that was looked at ({expected}).",
            "Put the right key in, or discover again and have the map confirmed for this one.",
        )
    return Progress(None, done=ensure_schema(context.project, context.spec))


def workspace_of(identity: Identity) -> str:
    """What tells one workspace of a system from another."""
    return str(identity.facts.get("Workspace") or identity.account)


def profile(context: Context) -> Progress:
    """Reads one page of one object type into its statistics."""
    cursor = context.step.cursor or {"at": 0, "next": None}
    profiles = list(Profile.objects.filter(run=context.run).order_by("order", "object"))
    readable = [row for row in profiles if row.kind != TRACE and not row.object.startswith(f"{RELATIONSHIP}:")]
    if cursor["at"] >= len(readable):
        return Progress(None)
    current = readable[cursor["at"]]
    try:
        page = _page(context, current.object, cursor)
    except Rejected as refusal:
        return _unreadable(current, refusal, {"at": cursor["at"] + 1, "next": None})
    fresh = _not_seen(context, current, _counted_once(current, cursor, page))
    groups: defaultdict[str, list[SourceRecord]] = defaultdict(list)
    for record in fresh:
        groups[_kept_under(current, record)].append(record)
    touched = [
        _add(context, current, name, records, profiles) for name, records in (groups or {current.object: []}).items()
    ]
    if current.object in (EVENT, MESSAGE):
        _cover(current, "archive" if cursor.get("archive") else "api", page)
    current_row = next((row for row in touched if row.object == current.object), current)
    current_row.missing += len(page.missing)
    if current.object == RELATIONSHIP:
        current_row.read += len(fresh)
    following = _following(context, current.object, cursor, page)
    finished = following["at"] != cursor["at"]
    if finished:
        current_row.finished_at = timezone.now()
    if current_row not in touched:
        touched.append(current_row)

    def save() -> None:
        _save(touched)
        _keep_seen(context, current, fresh, finished)

    return Progress(following, done=len(page.records), save=save)


def _repeats(current: Profile) -> bool:
    """Whether pages of this object type may hold records that earlier ones held."""
    return current.object == RELATIONSHIP or current.object.startswith("object:")


def _not_seen(context: Context, current: Profile, records: Iterable[SourceRecord]) -> list[SourceRecord]:
    """The records of a page that no page of this discovery held before."""
    if not _repeats(current):
        return list(records)
    by_key = {record.key: record for record in records}
    seen = Sighting.objects.filter(run=context.run, object=current.object, key__in=by_key).values_list("key", flat=True)
    for key in seen:
        del by_key[key]
    return list(by_key.values())


def _keep_seen(context: Context, current: Profile, records: list[SourceRecord], finished: bool) -> None:
    """Remembers what was counted, until the object type is read to its end."""
    if not _repeats(current):
        return
    if finished:
        Sighting.objects.filter(run=context.run, object=current.object).delete()
    else:
        Sighting.objects.bulk_create(
            [Sighting(run=context.run, object=current.object, key=record.key) for record in records]
        )


def _page(context: Context, object: str, cursor: dict[str, Any]) -> Page:
    if not cursor.get("archive"):
        return next(iter(context.source.pages(object, cursor["next"])))
    archive = context.archive(object)
    return next(archive.pages(cursor["next"]), Page((), None)) if archive else Page((), None)


def _following(context: Context, object: str, cursor: dict[str, Any], page: Page) -> dict[str, Any]:
    """The next page of this object type: of the API, then of the archive beside it; else the next object type."""
    if page.cursor is not None:
        return {**cursor, "next": page.cursor}
    if not cursor.get("archive") and context.project.archives.filter(object=object).exists():
        return {"at": cursor["at"], "next": None, "archive": True}
    return {"at": cursor["at"] + 1, "next": None}


def _counted_once(row: Profile, cursor: dict[str, Any], page: Page) -> tuple[SourceRecord, ...]:
    """The records of a page; of an archive only those from before the API begins, which tells the others too."""
    begins = row.data.get("coverage", {}).get("api", {}).get("first")
    if not cursor.get("archive") or begins is None:
        return page.records
    return tuple(
        record
        for record in page.records
        if not isinstance(at := record.fields.get("timestamp", record.fields.get("created")), int | float)
        or at < begins
    )


def _cover(row: Profile, where: str, page: Page) -> None:
    """How many happenings each place holds and from when to when.

    A sketch of their ids tells how many hold both, one of whom they happened to how many people had none.
    """
    covers = row.data.setdefault("coverage", {})
    told = covers.setdefault(where, {"records": 0, "unreadable": 0, "left_out": {}, "first": None, "last": None})
    ids = Pointers.from_json(row.data.get("ids"))
    sketch, people = ids.ids.setdefault(where, Sketch(IDS)), ids.ids.setdefault(PEOPLE, Sketch(IDS))
    for record in page.records:
        sketch.add(record.key)
        if "person" in record.refs:
            people.add(record.refs["person"][1])
        else:
            covers["nameless"] = covers.get("nameless", 0) + 1
        at = record.fields.get("timestamp", record.fields.get("created"))
        if isinstance(at, int | float):
            told["first"] = at if told["first"] is None else min(told["first"], at)
            told["last"] = at if told["last"] is None else max(told["last"], at)
    told["records"] += len(page.records)
    told["unreadable"] += len(page.missing)
    for name, number in page.left_out.items():
        told["left_out"][name] = told["left_out"].get(name, 0) + number
    if {"api", "archive"} <= ids.ids.keys():
        covers["in_both"] = round(overlap(ids.ids["api"], ids.ids["archive"]).share * covers["api"]["records"])
    row.data["ids"] = ids.to_json()


def _unreadable(current: Profile, refusal: Rejected, following: dict[str, object]) -> Progress:
    """An object type that the source refuses to list (a disabled one, say) is named as such; the others go on."""
    current.data = {**current.data, "problem": str(refusal)}
    return Progress(following, save=lambda: _save([current]))


def _kept_under(current: Profile, record: SourceRecord) -> str:
    """Relationships are told apart by the object type they lead to."""
    if current.object == RELATIONSHIP:
        return relationship_of(record.refs["object"][0])
    return current.object


def _add(
    context: Context, current: Profile, name: str, records: list[SourceRecord], profiles: list[Profile]
) -> Profile:
    row = next((known for known in profiles if known.object == name), None)
    if name in (EVENT, MESSAGE) and row is not None:
        return _add_happenings(row, records)
    if row is None:
        target = records[0].refs["object"][0]
        towards = next((known for known in profiles if known.object == target), None)
        row = Profile(
            project=context.project,
            run=context.run,
            object=name,
            label=f"Relationship to {towards.label.lower() if towards else target}",
            label_plural=f"Relationships to {towards.label_plural.lower() if towards else target}",
            kind=ObjectKind.LINK,
            order=current.order,
        )
    fresh = COMPANY_MATCH_FIELDS if name.startswith("object:") else MATCH_FIELDS.get(name, ())
    state = row.data.get("profile")
    statistics = ObjectProfile.from_json(state) if state else ObjectProfile.start(fresh, seed=str(context.project.pk))
    for record in records:
        statistics.add(record.key, record.fields)
    if records or state:
        row.data = {**row.data, "profile": statistics.to_json(), "pointers": _pointers(row, records).to_json()}
    if name == SEGMENT:
        row.data = {**row.data, "rows": [*row.data.get("rows", []), *({"key": r.key, **r.fields} for r in records)]}
    row.read += len(records)
    return row


def _add_happenings(row: Profile, records: list[SourceRecord]) -> Profile:
    """Events and messages are not profiled by field but by name: what happens, how often, with which properties."""
    streams = Happenings.from_json(row.data.get("streams"))
    for record in records:
        person = record.refs.get("person", ("", ""))[1]
        if row.object == EVENT:
            streams.add(str(record.fields.get("name") or ""), record.fields.get("data"), person)
        else:
            streams.add(str(record.fields.get("type") or MESSAGE), record.fields, person)
    row.data = {**row.data, "streams": streams.to_json()}
    row.read += len(records)
    return row


def _pointers(row: Profile, records: list[SourceRecord]) -> Pointers:
    """Sketches of the ids of this type and of values that may be ids of another one.

    Of relationships it is the objects that count: whether one of them has several people.
    """
    pointers = Pointers.from_json(row.data.get("pointers"))
    for record in records:
        if row.kind == ObjectKind.LINK:
            pointers.ids.setdefault("object", Sketch(IDS)).add(record.refs["object"][1])
        elif row.object == PERSON:
            pointers.add({name: record.fields.get(name) for name in PERSON_IDS}, PERSON_IDS)
        elif row.kind == ObjectKind.RECORD:
            pointers.add(record.fields, OBJECT_IDS)
    return pointers


def _save(rows: list[Profile]) -> None:
    for row in rows:
        row.save()
