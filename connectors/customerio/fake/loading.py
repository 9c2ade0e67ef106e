"""Fills a workspace from a folder of JSON files, the layout of the demo data."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.customerio.fake.listings import Listings
from connectors.customerio.fake.records import CustomObject, Person, Relationship, Segment

if TYPE_CHECKING:
    from connectors.customerio.fake.workspace import Workspace

SERVED_SECONDS = 30 * 86400


def fill(workspace: Workspace, folder: Path) -> None:
    """Read people, objects, relationships, segments, and the listings and messages that are there."""
    for row in _rows(folder, "people"):
        workspace.place_person(_person(row))
    for row in _rows(folder, "object_types"):
        workspace.object_types[str(row["id"])] = row
    for row in _rows(folder, "objects"):
        workspace.objects.add(_object(row))
    for row in _rows(folder, "relationships"):
        workspace.relationships.add(_relationship(row))
    for row in _rows(folder, "segments"):
        members = dict.fromkeys(row.pop("members", None) or ())
        workspace.segments[int(row["id"])] = Segment(members=members, **row)
    for listing in fields(Listings):
        for row in _rows(folder, listing.name):
            workspace.add(listing.name, **row)
    for row in _rows(folder, "messages"):
        workspace.add_message(**row)
    _replay_recent_events(workspace, folder / "events.ndjson")


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    path = folder / f"{name}.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return rows


def _person(row: dict[str, Any]) -> Person:
    person = Person(
        cio_id=row["cio_id"],
        unsubscribed=bool(row.get("unsubscribed", False)),
        devices=list(row.get("devices") or ()),
        optouts=list(row.get("optouts") or ()),
    )
    identifiers = {kind: row[kind] for kind in ("id", "email") if row.get(kind)}
    created = int(row.get("created_at") or 0)
    person.set({**(row.get("attributes") or {}), **identifiers, "cio_id": person.cio_id}, created)
    person.timestamps |= row.get("timestamps") or {}
    return person


def _object(row: dict[str, Any]) -> CustomObject:
    item = CustomObject(
        object_type_id=str(row["object_type_id"]),
        object_id=row["object_id"],
        cio_object_id=row["cio_object_id"],
    )
    item.set(row.get("attributes") or {}, int(row.get("created_at") or 0))
    return item


def _relationship(row: dict[str, Any]) -> Relationship:
    tie = Relationship(cio_id=row["cio_id"], object_key=(str(row["object_type_id"]), row["object_id"]))
    tie.set(row.get("attributes") or {}, int(row.get("created_at") or 0))
    return tie


def _replay_recent_events(workspace: Workspace, archive: Path) -> None:
    """The archive reaches back decades; the API keeps the last 30 days of it (FACTS.md §7)."""
    if not archive.exists():
        return
    oldest = workspace.now() - SERVED_SECONDS
    with archive.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            cio_id: str = (row.get("customer_identifiers") or {}).get("cio_id", "")
            if row["timestamp"] < oldest or cio_id not in workspace.people:
                continue
            workspace.record(
                row["type"],
                person=workspace.people[cio_id],
                data=row.get("data"),
                at=row["timestamp"],
                activity_id=row["id"],
                name=row.get("name"),
            )
