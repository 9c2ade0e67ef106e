"""Exports: asked for, awaited, fetched from a link that soon dies (contracts/customerio/FACTS.md §11)."""

from __future__ import annotations

import csv
import hashlib
import io

from werkzeug.wrappers import Response

from connectors.customerio.fake.calls import Call, bad_request, get, not_found, post
from connectors.customerio.fake.people import matching
from connectors.customerio.fake.records import Row

LINK_SECONDS = 15 * 60
PARENTS = ("newsletter_id", "campaign_id", "transactional_message_id", "action_id")
IDENTIFIERS = ("id", "email", "cio_id")
EXPIRED = b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>ExpiredToken</Code></Error>"


def export_customers(call: Call) -> Row:
    """Start an export of people; the body says `filters` where the search says `filter`."""
    filters = call.body().get("filters")
    matching(call, filters)
    row = call.workspace.add("exports", type="customers", description="Customers with filters", _asked=filters)
    return {"export": _posted(call, row)}


def export_deliveries(call: Call) -> Row:
    """Start an export of the deliveries of one parent; the answer has no status yet."""
    body = call.body()
    if sum(parent in body for parent in PARENTS) != 1:
        bad_request(f"bad request: exactly one of {', '.join(PARENTS)} is required")
    row = call.workspace.add("exports", type="deliveries", description="Deliveries export", _asked=body)
    return {"export": {key: value for key, value in _posted(call, row).items() if key not in ("status", "total")}}


def _posted(call: Call, row: Row) -> Row:
    served = _public(row)
    return served | {"id": f"{row['id']},"} if call.quirks.odd_export_answer else served


def _public(row: Row) -> Row:
    return {key: value for key, value in row.items() if not key.startswith("_")}


def list_exports(call: Call) -> Row:
    return {"exports": [_public(_settled(call, row)) for row in call.workspace.listings.exports]}


def one_export(call: Call, export_id: str) -> Row:
    return {"export": _public(_settled(call, call.workspace.listings.find("exports", export_id) or not_found()))}


def _settled(call: Call, row: Row) -> Row:
    """The export as it stands: its total is 0 until it is done."""
    if row["status"] == "pending" and call.now - row["created_at"] >= call.quirks.export_seconds:
        row |= {"status": "done", "total": len(_lines(call, row)), "updated_at": int(call.now)}
    return row


def download(call: Call, export_id: str) -> Row:
    """A signed link to the file; there is none before the export is done."""
    row = _settled(call, call.workspace.listings.find("exports", export_id) or not_found())
    if row["status"] != "done":
        not_found()
    row["downloads"] += 1
    expires = int(call.now) + LINK_SECONDS
    path = f"exports/{row['id']}.csv?expires={expires}&signature={_signature(row['id'], expires)}"
    return {"url": call.request.host_url + path}


def _signature(export_id: int, expires: int) -> str:
    return hashlib.sha256(f"{export_id}:{expires}".encode()).hexdigest()[:32]


def file(call: Call, export_id: int) -> Response:
    """The file behind the link, which needs no key and, like a storage bucket, speaks XML when it refuses."""
    row, expires = call.workspace.listings.find("exports", str(export_id)), call.number("expires", 0)
    signed = call.text("signature") == _signature(export_id, expires)
    if row is None or not signed or call.now > expires:
        return Response(EXPIRED, 403, mimetype="application/xml")
    lines = _lines(call, row)
    columns = dict.fromkeys(
        [*(IDENTIFIERS if row["type"] == "customers" else ()), *(key for line in lines for key in line)]
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(lines)
    return Response(text.getvalue(), mimetype="text/csv")


def _lines(call: Call, row: Row) -> list[Row]:
    """The rows of the file. Its columns are not documented anywhere, so these are a guess."""
    asked = row.get("_asked")
    if row["type"] == "customers":
        return [dict(person.attributes) for person in matching(call, asked)] if asked else []
    asked = asked or {}
    parent = next((name for name in PARENTS if name in asked), PARENTS[0])
    start, end, metric = asked.get("start", 0), asked.get("end", int(call.now)), asked.get("metric")
    return [
        {key: value for key, value in message.items() if not isinstance(value, dict)} | message["metrics"]
        for message in call.workspace.messages.window(start, end)
        if message[parent] == asked.get(parent)
        and bool(asked.get("drafts")) == ("drafted" in message["metrics"])
        and (metric in (None, "created") or metric in message["metrics"])
    ]


ROUTES = (
    get("/v1/exports", list_exports),
    post("/v1/exports/customers", export_customers),
    post("/v1/exports/deliveries", export_deliveries),
    get("/v1/exports/<export_id>", one_export),
    get("/v1/exports/<export_id>/download", download),
    get("/exports/<int:export_id>.csv", file, auth=None),
)
