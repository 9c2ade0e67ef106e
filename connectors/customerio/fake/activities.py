"""Activities: thirty days of history, newest first, no time filter (contracts/customerio/FACTS.md §7)."""

from __future__ import annotations

from connectors.customerio.fake.calls import Call, bad_request, get
from connectors.customerio.fake.paging import last_page
from connectors.customerio.fake.records import Row
from connectors.customerio.fake.stores import Activity

DAY = 86400
TOKEN_LENGTH = 18
PREFIX = "cio_"


def list_activities(call: Call) -> Row:
    """The workspace's history, or one person's; somebody unknown has none, which is not an error."""
    wanted = call.text("customer_id")
    return listing(call, cio_id=_cio_id(call, wanted) if wanted else None)


def _cio_id(call: Call, wanted: str) -> str:
    """A cio_id is only understood with its prefix here, although profiles want it bare."""
    if wanted.startswith(PREFIX):
        return wanted.removeprefix(PREFIX)
    kind = call.text("id_type", "id")
    if kind == "cio_id":
        return ""
    if kind not in call.workspace.identifier_kinds:
        bad_request(f"bad request: id_type {kind} is not enabled in this workspace")
    found = call.workspace.people.find(wanted, kind)
    return found[0].cio_id if found else ""


def listing(call: Call, *, cio_id: str | None) -> Row:
    """One page of history after the caller's filters; its token stays true while new rows arrive."""
    token = call.text("start")
    if token and not (token.isdigit() and len(token) == TOKEN_LENGTH):
        bad_request("start is not a valid cursor")
    rows, more = call.workspace.activities.read(
        limit=call.between("limit", default=10, most=100),
        since=call.now - call.quirks.activity_days * DAY,
        token=token,
        cio_id=cio_id,
        wanted=lambda activity: _wanted(call, activity),
    )
    following = {"next": rows[-1].token} if more else last_page(call, "activities")
    if rows and "activities" in call.quirks.trailing_page:
        following = {"next": rows[-1].token}
    return {"activities": [_served(call, activity.row) for activity in rows]} | following


def _wanted(call: Call, activity: Activity) -> bool:
    row = activity.row
    kind, name = call.text("type"), call.text("name")
    if kind and row["type"] != kind:
        return False
    if name and row.get("name") != name and not (row["type"].endswith("attribute_change") and name in row["data"]):
        return False
    if call.quirks.deleted_narrows and call.flag("deleted"):
        return activity.cio_id is not None and activity.cio_id not in call.workspace.people
    return True


def _served(call: Call, row: Row) -> Row:
    named = row["customer_identifiers"]
    if named is None or not call.quirks.omitted_identifiers:
        return row
    return row | {"customer_identifiers": {key: value for key, value in named.items() if value is not None}}


ROUTES = (get("/v1/activities", list_activities),)
