"""The workspace's settings and lists, and suppressed addresses (contracts/customerio/FACTS.md §3, §12)."""

from __future__ import annotations

from connectors.customerio.fake.calls import Call, Handler, bad_request, get, not_found
from connectors.customerio.fake.paging import page
from connectors.customerio.fake.records import Row

CATEGORIES = {"bounces": "bounces", "blocks": "bounces", "invalid_emails": "bounces", "spam_reports": "spam"}
SUPPRESSION = ("email", "created", "reason", "status")


def workspaces(call: Call) -> Row:
    """All workspaces of the account, not saying which is the key's; counts may be two hours old."""
    workspace = call.workspace
    row: Row = {
        "id": workspace.id,
        "name": workspace.name,
        "messages_sent": len(workspace.messages),
        "billable_messages_sent": len(workspace.messages),
        "people": len(workspace.people),
        "object_types": len(workspace.object_types),
        "objects": len(workspace.objects),
    }
    if workspace.counts is None or call.now - workspace.counts[0] >= call.quirks.counts_cached_seconds:
        workspace.counts = (call.now, row)
    return {"workspaces": [*workspace.other_workspaces, workspace.counts[1]]}


def ip_addresses(call: Call) -> Row:
    """The addresses Customer.io calls from; asked without a key."""
    return {"ip_addresses": ["192.0.2.10", "192.0.2.11"]}


def region(call: Call) -> Row:
    """Where the workspace lives; a Track credential asks, not the App key."""
    host = "track" if call.region == "us" else "track-eu"
    return {
        "url": f"https://{host}.customer.io",
        "data_center": call.region,
        "environment_id": call.workspace.id,
    }


def suppressions(call: Call, kind: str) -> Row:
    """Suppressed addresses by offset; past the end there is null and no category."""
    rows, offset = _suppressed(call, kind, call.text("domain")), call.number("offset", 0)
    shown = rows[offset : offset + call.between("limit", default=100, most=1000)]
    if not shown:
        return {"suppressions": call.listed([])}
    return {"category": CATEGORIES[kind], "suppressions": shown}


def domain_suppressions(call: Call, domain: str, kind: str) -> Row:
    """The same for one sending domain, paged by cursor."""
    wanted = call.text("email")
    rows = [row for row in _suppressed(call, kind, domain) if wanted in ("", row["email"])]
    shown, following = page(call, rows, listing="domain_suppressions", default=100)
    return {"category": CATEGORIES[kind], "suppressions": call.listed(shown)} | following


def _suppressed(call: Call, kind: str, domain: str) -> list[Row]:
    if kind not in CATEGORIES:
        bad_request(f"bad request: unknown suppression type {kind}")
    rows = [row for row in call.workspace.listings.suppressions if row["type"] == kind]
    return [{key: row[key] for key in SUPPRESSION} for row in rows if domain in ("", row["domain"])]


def search_suppressions(call: Call, email: str) -> Row:
    """Whether, and why, one address is suppressed."""
    for kind, category in CATEGORIES.items():
        if found := [row for row in _suppressed(call, kind, "") if row["email"] == email]:
            return {"category": category, "suppressions": found}
    return {"suppressions": call.listed([])}


def sender_identities(call: Call) -> Row:
    """Senders; `hidden=true` shows only the hidden ones, and `next` does not end with the last sender."""
    hidden, rows = call.flag("hidden"), call.workspace.listings.sender_identities
    if not (hidden and not call.quirks.hidden_senders_only):
        rows = [row for row in rows if bool(row.get("hidden")) == hidden]
    rows = sorted(rows, key=lambda row: row["id"], reverse=call.text("sort") == "desc")
    shown, following = page(call, rows, listing="sender_identities")
    return {"sender_identities": shown} | following


def collections(call: Call) -> Row:
    rows = call.workspace.listings.collections
    return {"collections": [{key: value for key, value in row.items() if key != "content"} for row in rows]}


def collection_content(call: Call, row_id: str) -> Row:
    row = call.workspace.listings.find("collections", row_id) or not_found()
    return {"content": row.get("content") or []}


def one_import(call: Call, row_id: str) -> Row:
    return {"import": call.workspace.listings.find("imports", row_id) or not_found()}


def snippets(call: Call) -> Row:
    """Snippets, whose key is the name."""
    rows = call.workspace.listings.snippets
    return {"snippets": [{key: row[key] for key in ("name", "value", "updated_at")} for row in rows]}


def _all(listing: str, name: str) -> Handler:
    return lambda call: {name: call.workspace.listings.of(listing)}


ROUTES = (
    get("/v1/workspaces", workspaces),
    get("/v1/info/ip_addresses", ip_addresses, auth=None),
    get("/api/v1/accounts/region", region, auth="Basic"),
    get("/v1/esp/suppression/<kind>", suppressions),
    get("/v1/esp/domains/<domain>/suppression/<kind>", domain_suppressions),
    get("/v1/esp/search_suppression/<email>", search_suppressions),
    get("/v1/subscription_topics", _all("subscription_topics", "topics")),
    get("/v1/subscription_channels", _all("subscription_channels", "channels")),
    get("/v1/sender_identities", sender_identities),
    get("/v1/reporting_webhooks", _all("reporting_webhooks", "reporting_webhooks")),
    get("/v1/snippets", snippets),
    get("/v1/collections", collections),
    get("/v1/collections/<row_id>/content", collection_content),
    get("/v1/imports/<row_id>", one_import),
)
