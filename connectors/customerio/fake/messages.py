"""Messages: windows of half a year, and a hundred bodies a day (contracts/customerio/FACTS.md §8)."""

from __future__ import annotations

from collections.abc import Callable

from connectors.customerio.fake.calls import Call, Route, bad_request, get, not_found
from connectors.customerio.fake.paging import page
from connectors.customerio.fake.records import Row

MONTH = 30 * 86400 + 10 * 3600
PARENTS = ("campaign_id", "newsletter_id", "action_id")
METRICS = frozenset(
    {"attempted", "sent", "delivered", "opened", "clicked", "converted", "bounced", "spammed"}
    | {"unsubscribed", "dropped", "failed", "undeliverable"}
)


def list_messages(call: Call) -> Row:
    """The workspace's deliveries, newest first."""
    return listing(call)


def listing(call: Call, wanted: Callable[[Row], bool] = lambda row: True, *, longest_months: int = 6) -> Row:
    """One page of a window; a window that is too long is cut to its end without a word."""
    metric = call.text("metric")
    if metric and metric not in METRICS:
        bad_request(f"bad request: unknown metric {metric}")
    end = call.number("end_ts", int(call.now))
    start = max(call.number("start_ts", end - 6 * MONTH), end - longest_months * MONTH)
    rows = [row for row in call.workspace.messages.window(start, end) if wanted(row) and _asked(call, row, metric)]
    shown, following = page(call, rows, listing="messages")
    return {"messages": shown} | following


def _asked(call: Call, row: Row, metric: str) -> bool:
    """`drafts=true` shows drafts instead of what was sent, not besides it."""
    if call.flag("drafts") != ("drafted" in row["metrics"]):
        return False
    if metric and metric not in row["metrics"]:
        return False
    if (kind := call.text("type")) and row["type"] != kind:
        return False
    return all(str(row[parent]) == call.text(parent) for parent in PARENTS if call.text(parent))


def one_message(call: Call, message_id: str) -> Row:
    return {"message": call.workspace.messages.get(message_id) or not_found()}


def archived_message(call: Call, message_id: str) -> Row:
    """A delivery with its body; the quota was counted before."""
    row = call.workspace.messages.get(message_id) or not_found()
    return {
        "archived_message": {
            "id": message_id,
            "from": "sent.from@example.com",
            "reply_to": "",
            "recipient": row["recipient"],
            "subject": row["subject"],
            "body": call.workspace.messages.bodies[message_id],
            "headers": "[]",
            "bcc": "",
            "cc": "",
            "fake_bcc": False,
            "preheader_text": "",
            "forgotten": row["forgotten"],
        }
    }


ARCHIVED = "/v1/messages/<path:message_id>/archived_message"

ROUTES = (
    get("/v1/messages", list_messages),
    get("/v1/messages/<path:message_id>", one_message),
    Route("GET", ARCHIVED, archived_message, daily=True),
)
