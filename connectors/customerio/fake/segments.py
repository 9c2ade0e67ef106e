"""Segments: one page of them, members by position, and who uses them (contracts/customerio/FACTS.md §5)."""

from __future__ import annotations

from connectors.customerio.fake.calls import Call, get, not_found
from connectors.customerio.fake.paging import page
from connectors.customerio.fake.people import name_people
from connectors.customerio.fake.records import Row, Segment

USERS = ("trigger_segment_ids", "filter_segment_ids")


def list_segments(call: Call) -> Row:
    """All segments but the archived ones, which campaigns may still name."""
    return {"segments": [_served(call, row) for row in call.workspace.segments.values() if not row.archived]}


def _served(call: Call, segment: Segment) -> Row:
    row: Row = {
        "id": segment.id,
        "deduplicate_id": f"{segment.id}:{segment.updated_at}",
        "name": segment.name,
        "description": segment.description,
        "state": segment.state,
        "progress": None if segment.state == "finished" else 50,
        "type": segment.type,
        "tags": segment.tags,
        "created_at": segment.created_at,
        "updated_at": segment.updated_at,
    }
    if call.quirks.segment_conditions and segment.conditions is not None:
        row["conditions"] = segment.conditions
    return row


def one(call: Call, segment_id: int) -> Segment:
    return call.workspace.segments.get(segment_id) or not_found()


def one_segment(call: Call, segment_id: int) -> Row:
    return {"segment": _served(call, one(call, segment_id))}


def customer_count(call: Call, segment_id: int) -> Row:
    return {"count": len(one(call, segment_id).served_members), "segment_id": segment_id}


def membership(call: Call, segment_id: int) -> Row:
    """Members by position: whoever joins behind the cursor is missed."""
    segment = one(call, segment_id)
    members = call.workspace.remember(("members", segment_id, segment.state), lambda: segment.served_members)
    shown, following = page(call, members, listing="membership", default=1000, most=30000, with_gaps=True)
    named = name_people(call, [call.workspace.people[cio_id] for cio_id in shown])
    return named | following | {"segment_id": segment_id}


def used_by(call: Call, segment_id: int) -> Row:
    """Campaigns and newsletters that name the segment; the id sits inside, other than the spec has it."""
    one(call, segment_id)
    listings = call.workspace.listings
    letters = [row for row in listings.newsletters if segment_id in (row.get("recipient_segment_ids") or ())]
    users: Row = {
        "campaigns": [
            row["id"] for row in listings.campaigns if any(segment_id in (row.get(key) or ()) for key in USERS)
        ],
        "draft_newsletters": [row["id"] for row in letters if row["sent_at"] is None],
        "sent_newsletters": [row["id"] for row in letters if row["sent_at"] is not None],
    }
    if call.quirks.used_by_as_spec:
        return {"segment_id": segment_id, "used_by": users}
    return {"used_by": {"segment_id": segment_id, **users}}


ONE = "/v1/segments/<int:segment_id>"

ROUTES = (
    get("/v1/segments", list_segments),
    get(ONE, one_segment),
    get(f"{ONE}/customer_count", customer_count),
    get(f"{ONE}/membership", membership),
    get(f"{ONE}/used_by", used_by),
)
