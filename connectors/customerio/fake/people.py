"""People: search, profiles, and what hangs on one person (contracts/customerio/FACTS.md §4)."""

from __future__ import annotations

import json

from connectors.customerio.fake import activities, messages
from connectors.customerio.fake.calls import Call, bad_request, get, not_found, post
from connectors.customerio.fake.filters import BadFilter, person_filter
from connectors.customerio.fake.paging import page
from connectors.customerio.fake.records import Person, Relationship, Row

MOST_PROFILES = 100


def search(call: Call) -> Row:
    """Identifiers of the people a filter matches."""
    condition = call.body().get("filter")
    rows, following = page(call, matching(call, condition), listing="customers", with_gaps=True)
    return name_people(call, rows) | following


def matching(call: Call, condition: object) -> list[Person]:
    """The people a filter matches, kept until the workspace changes so that a page costs no new search."""
    workspace = call.workspace
    try:
        matches = person_filter(condition, workspace.in_segment)
    except BadFilter as problem:
        bad_request(f"bad request: {problem}")
    key = ("people", json.dumps(condition, sort_keys=True))
    return workspace.remember(key, lambda: [person for person in workspace.people if matches(person)])


def name_people(call: Call, people: list[Person]) -> Row:
    """`identifiers` and the `ids` that repeat them, empty for people without one (FACTS.md §2)."""
    return {
        "identifiers": call.listed([call.workspace.identifiers(person) for person in people]),
        "ids": call.listed([person.id or "" for person in people]),
    }


def by_email(call: Call) -> Row:
    """Everybody with an address; a `+` that was not encoded has become a blank and matches nobody."""
    found = call.workspace.people.find(call.text("email"), "email") if call.text("email") else []
    return {"results": [{"cio_id": row.cio_id, "email": row.email, "id": row.id} for row in found]}


def profiles(call: Call) -> Row:
    """Up to 100 profiles; unknown ids are left out without a word."""
    kind, ids = id_type(call), call.body().get("ids")
    if not isinstance(ids, list) or not all(isinstance(value, str) for value in ids):
        bad_request("bad request: ids must be a list of strings")
    # The specification says 1 to 100, but the public Singer tap proves its access with an empty list.
    if len(ids) > MOST_PROFILES:
        bad_request(f"bad request: ids must hold at most {MOST_PROFILES} entries")
    found = dict.fromkeys(person.cio_id for value in ids for person in call.workspace.people.find(value, kind)[:1])
    rows = [profile(call, call.workspace.people[cio_id]) for cio_id in found]
    if call.quirks.wrapped_profiles:
        rows = [{"customer": row} for row in rows]
    return {"customers": rows}


def profile(call: Call, person: Person) -> Row:
    """A profile; its `id` is the cio_id where the person has no id of their own, as observed live."""
    return {
        "id": person.id or person.cio_id,
        "identifiers": call.workspace.identifiers(person),
        "attributes": person.attributes,
        "timestamps": person.timestamps,
        "unsubscribed": person.unsubscribed,
        "devices": person.devices,
    }


def id_type(call: Call) -> str:
    """Which identifier the caller uses; those the workspace does not have are refused."""
    kind = call.text("id_type", "id")
    if kind != "cio_id" and kind not in call.workspace.identifier_kinds:
        bad_request(f"bad request: id_type {kind} is not enabled in this workspace")
    return kind


def one(call: Call, customer_id: str) -> Person:
    """The person a path names, or 404."""
    found = call.workspace.people.find(customer_id, id_type(call))
    return found[0] if found else not_found()


def attributes(call: Call, customer_id: str) -> Row:
    return {"customer": profile(call, one(call, customer_id))}


def segments(call: Call, customer_id: str) -> Row:
    cio_id = one(call, customer_id).cio_id
    rows = [segment for segment in call.workspace.segments.values() if cio_id in segment.members]
    return {"segments": [{"id": row.id, "name": row.name, "description": row.description} for row in rows]}


def relationships(call: Call, customer_id: str) -> Row:
    """The person's objects; only here do relationships show their attributes (FACTS.md §6)."""
    ties = call.workspace.relationships.of_person(one(call, customer_id).cio_id)
    rows, following = page(call, ties, listing="person_relationships", repeats=True)
    return {"cio_relationships": [_tie(call, row) for row in rows]} | following


def _tie(call: Call, tie: Relationship) -> Row:
    return {
        "object_type_id": int(tie.object_key[0]),
        "identifiers": call.workspace.objects[tie.object_key].identifiers,
        "attributes": tie.attributes,
        "timestamps": tie.timestamps,
    }


def person_messages(call: Call, customer_id: str) -> Row:
    """The person's deliveries; the half-year rule holds here too."""
    cio_id = one(call, customer_id).cio_id
    return messages.listing(call, lambda row: (row["customer_identifiers"] or {}).get("cio_id") == cio_id)


def person_activities(call: Call, customer_id: str) -> Row:
    return activities.listing(call, cio_id=one(call, customer_id).cio_id)


def subscription_preferences(call: Call, customer_id: str) -> Row:
    """Topics as the person sees them: their own choice, or else the topic's default."""
    person = one(call, customer_id)
    chosen = json.loads(person.attributes.get("cio_subscription_preferences") or "{}").get("topics", {})
    topics = [
        {
            "id": str(topic["id"]) if call.quirks.string_topic_ids else topic["id"],
            "name": topic["name"],
            "description": topic["description"],
            "subscribed": chosen.get(topic["identifier"], topic["subscribed_by_default"]),
        }
        for topic in call.workspace.listings.subscription_topics
    ]
    return {
        "customer": {
            "id": person.id or person.cio_id,
            "identifiers": call.workspace.identifiers(person),
            "header": {"title": "Manage your subscription preferences", "subtitle": ""},
            "topics": topics,
            "unsubscribed": person.unsubscribed,
        }
    }


def optouts(call: Call, customer_id: str) -> Row:
    return {"optouts": one(call, customer_id).optouts}


def workspace_optouts(call: Call) -> Row:
    """Everybody who opted out of a channel; the cio_id has a prefix here and nowhere else (FACTS.md §2)."""
    sender = call.text("from")
    prefix = "cio_" if call.quirks.prefixed_optouts else ""
    rows = [
        {"cio_id": prefix + person.cio_id, "customer_id": person.id, "optouts": chosen}
        for person in call.workspace.people
        if (chosen := [row for row in person.optouts if sender in ("", row["from"])])
    ]
    shown, following = page(call, rows, listing="optouts", default=100)
    return {"optouts": shown} | following


ONE = "/v1/customers/<path:customer_id>"

ROUTES = (
    post("/v1/customers", search),
    get("/v1/customers", by_email),
    post("/v1/customers/attributes", profiles),
    get(f"{ONE}/attributes", attributes),
    get(f"{ONE}/segments", segments),
    get(f"{ONE}/relationships", relationships),
    get(f"{ONE}/messages", person_messages),
    get(f"{ONE}/activities", person_activities),
    get(f"{ONE}/subscription_preferences", subscription_preferences),
    get(f"{ONE}/optouts", optouts),
    get("/v1/optouts", workspace_optouts),
)
