"""Object types, objects and their people (contracts/customerio/FACTS.md §6)."""

from __future__ import annotations

import json

from connectors.customerio.fake.calls import Call, bad_request, get, not_found, post
from connectors.customerio.fake.filters import BadFilter, object_filter
from connectors.customerio.fake.paging import page
from connectors.customerio.fake.records import CustomObject, Row


def object_types(call: Call) -> Row:
    return {"types": list(call.workspace.object_types.values())}


def search(call: Call) -> Row:
    """Objects of one type that a filter matches; pages may repeat entries."""
    body, workspace = call.body(), call.workspace
    type_id = str(body.get("object_type_id") or bad_request("bad request: object_type_id is required"))
    if type_id not in workspace.object_types:
        bad_request("bad request: unknown object_type_id")
    condition = body.get("filter")
    try:
        matches = object_filter(condition, type_id, call.quirks.object_match_all)
    except BadFilter as problem:
        bad_request(f"bad request: {problem}")
    key = ("objects", type_id, json.dumps(condition, sort_keys=True), call.quirks.object_match_all)
    found = workspace.remember(
        key, lambda: [item for item in workspace.objects if item.object_type_id == type_id and matches(item)]
    )
    shown, following = page(call, found, listing="objects", repeats=True)
    named = [{"cio_object_id": item.cio_object_id, "object_id": item.object_id} for item in shown]
    return {
        "identifiers": call.listed(named),
        "ids": call.listed([item.object_id for item in shown]),
    } | following


def one(call: Call, object_type_id: str, object_id: str) -> CustomObject:
    """The object a path names, or 404."""
    kind = call.text("id_type", "object_id")
    if kind not in ("object_id", "cio_object_id"):
        bad_request("bad request: id_type must be object_id or cio_object_id")
    return call.workspace.objects.find(object_type_id, object_id, kind) or not_found()


def attributes(call: Call, object_type_id: str, object_id: str) -> Row:
    """One object; there is no way to ask for several."""
    item = one(call, object_type_id, object_id)
    return {
        "object": {
            "identifiers": item.identifiers,
            "object_type_id": object_type_id,
            "attributes": item.attributes | item.identifiers,
            "timestamps": item.timestamps,
        }
    }


def relationships(call: Call, object_type_id: str, object_id: str) -> Row:
    """The object's people, without the attributes of their ties."""
    item = one(call, object_type_id, object_id)
    ties = call.workspace.relationships.of_object(item.key)
    shown, following = page(call, ties, listing="object_relationships")
    disabled = not call.workspace.object_types[object_type_id]["enabled"]
    rows = [
        {
            "identifiers": call.workspace.identifiers(call.workspace.people[tie.cio_id]),
            "object_type_id": object_type_id,
            "object_type_disabled": disabled,
        }
        for tie in shown
    ]
    return {"cio_relationships": rows} | following


ONE = "/v1/objects/<object_type_id>/<path:object_id>"

ROUTES = (
    get("/v1/object_types", object_types),
    post("/v1/objects", search),
    get(f"{ONE}/attributes", attributes),
    get(f"{ONE}/relationships", relationships),
)
