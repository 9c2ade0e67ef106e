"""Campaigns, broadcasts, newsletters, transactional messages (contracts/customerio/FACTS.md §9, §10)."""

from __future__ import annotations

import json
from functools import partial

from connectors.customerio.fake import messages
from connectors.customerio.fake.calls import Call, Handler, bad_request, get, not_found
from connectors.customerio.fake.paging import page
from connectors.customerio.fake.records import Row

FILTERS = (
    "object_attribute_triggers",
    "relationship_attribute_triggers",
    "filter_object_attributes",
    "filter_relationship_attributes",
)
PERIODS = {"hour": 3600, "dai": 86400, "day": 86400, "week": 7 * 86400, "month": 30 * 86400}
JOURNEY_METRICS = (
    "started",
    "activated",
    "exited_early",
    "finished",
    "converted",
    "never_activated",
    "messaged",
)
MOST_PERIODS = 1000


def list_campaigns(call: Call) -> Row:
    return {"campaigns": [_campaign(call, row) for row in call.workspace.listings.campaigns]}


def one_campaign(call: Call, campaign_id: str) -> Row:
    return {"campaign": _campaign(call, _one(call, "campaigns", campaign_id))}


def _campaign(call: Call, row: Row) -> Row:
    """A campaign with its actions' ids; filters are JSON inside a string, as in the vendor's examples."""
    known = [action for action in call.workspace.listings.campaign_actions if action["campaign_id"] == row["id"]]
    actions = row["actions"] or [{"id": action["id"], "type": action["type"]} for action in known]
    served = row | {"actions": actions}
    if call.quirks.json_string_filters:
        served |= {key: _as_json(row[key]) for key in FILTERS if key in row}
        if isinstance(audience := row.get("audience"), dict) and "person_filters" in audience:
            served["audience"] = audience | {"person_filters": _as_json(audience["person_filters"])}
    return served


def _as_json(condition: object) -> object:
    return condition if isinstance(condition, str) else json.dumps(condition, separators=(",", ":"))


def _one(call: Call, listing: str, row_id: str) -> Row:
    return call.workspace.listings.find(listing, row_id) or not_found()


def campaign_actions(call: Call, campaign_id: str) -> Row:
    """What a campaign sends or sets: neither its waits and branches, nor the edges between them."""
    rows = _children(call, "campaigns", "campaign_id", "campaign_actions", campaign_id)
    shown, following = page(call, rows, listing="campaign_actions", default=10)
    if call.quirks.string_action_ids:
        shown = [row | {"id": str(row["id"])} for row in shown]
    return {"actions": shown} | following


def campaign_action(call: Call, campaign_id: str, action_id: str, language: str | None = None) -> Row:
    """One action; of its translations, the one in a language."""
    for row in _children(call, "campaigns", "campaign_id", "campaign_actions", campaign_id):
        if str(row["id"]) == action_id and language in (None, row["language"]):
            return {"action": row}
    return not_found()


def _children(call: Call, parents: str, key: str, listing: str, parent_id: str) -> list[Row]:
    parent = _one(call, parents, parent_id)
    return [row for row in call.workspace.listings.of(listing) if row[key] == parent["id"]]


def campaign_messages(call: Call, campaign_id: str) -> Row:
    campaign = _one(call, "campaigns", campaign_id)
    return messages.listing(call, lambda row: row["campaign_id"] == campaign["id"])


def journey_metrics(call: Call, campaign_id: str) -> Row:
    """People per period; only `messaged` is counted here, journeys themselves are not acted out."""
    campaign = _one(call, "campaigns", campaign_id)
    periods = _periods(call, "resolution")
    series = {name: [0] * len(periods) for name in JOURNEY_METRICS}
    series["messaged"] = _count(call, campaign["id"], periods, "sent")
    return {"journey_metric": series}


def campaign_metrics(call: Call, campaign_id: str) -> Row:
    """Deliveries per metric and period, of version 2."""
    campaign = _one(call, "campaigns", campaign_id)
    if call.text("version") != "2":
        bad_request("bad request: version must be 2")
    periods = _periods(call, "res")
    series = {metric: _count(call, campaign["id"], periods, metric) for metric in sorted(messages.METRICS)}
    return {"metric": {"series": series}}


def campaign_links(call: Call, campaign_id: str) -> Row:
    _one(call, "campaigns", campaign_id)
    return {"links": []}


def _periods(call: Call, resolution: str) -> list[range]:
    """The spans that start, end and resolution describe; all three are required."""
    name = call.text(resolution)
    seconds = next((length for prefix, length in PERIODS.items() if name.startswith(prefix)), 0)
    start, end = call.number("start", 0), call.number("end", 0)
    if not seconds or not 0 < start <= end or (end - start) // seconds >= MOST_PERIODS:
        bad_request(f"bad request: start, end and {resolution} are required")
    return [range(first, first + seconds) for first in range(start, end + 1, seconds)]


def _count(call: Call, campaign_id: int, periods: list[range], metric: str) -> list[int]:
    rows = [row["metrics"] for row in call.workspace.messages if row["campaign_id"] == campaign_id]
    return [sum(row.get(metric) in period for row in rows) for period in periods]


def list_newsletters(call: Call) -> Row:
    rows = sorted(call.workspace.listings.newsletters, key=lambda row: row["id"], reverse=call.text("sort") == "desc")
    shown, following = page(call, rows, listing="newsletters")
    return {"newsletters": shown} | following


def transactional_messages(call: Call, transactional_id: str) -> Row:
    """Deliveries of a transactional message; windows may be a year long here."""
    parent = _one(call, "transactional", transactional_id)
    state = call.text("state")

    def wanted(row: Row) -> bool:
        return row["transactional_message_id"] == parent["id"] and (not state or state in row["metrics"])

    return messages.listing(call, wanted, longest_months=12)


def _all(listing: str, name: str) -> Handler:
    return lambda call: {name: call.workspace.listings.of(listing)}


def _single(listing: str, name: str) -> Handler:
    return lambda call, row_id: {name: _one(call, listing, row_id)}


def _below(parents: str, key: str, listing: str, name: str, *, paged: bool = False) -> Handler:
    children = partial(_children, parents=parents, key=key, listing=listing)

    def handler(call: Call, row_id: str) -> Row:
        rows: Row = {name: children(call, parent_id=row_id)}
        return rows | {"next": ""} if paged else rows

    return handler


CAMPAIGN = "/v1/campaigns/<campaign_id>"
ACTION = f"{CAMPAIGN}/actions/<action_id>"
BROADCAST = "/v1/broadcasts/<row_id>"
NEWSLETTER = "/v1/newsletters/<row_id>"
TRANSACTIONAL = "/v1/transactional/<row_id>"

ROUTES = (
    get("/v1/campaigns", list_campaigns),
    get(CAMPAIGN, one_campaign),
    get(f"{CAMPAIGN}/actions", campaign_actions),
    get(ACTION, campaign_action),
    get(f"{ACTION}/language/<language>", campaign_action),
    get(f"{CAMPAIGN}/messages", campaign_messages),
    get(f"{CAMPAIGN}/journey_metrics", journey_metrics),
    get(f"{CAMPAIGN}/metrics", campaign_metrics),
    get(f"{CAMPAIGN}/metrics/links", campaign_links),
    get("/v1/broadcasts", _all("broadcasts", "broadcasts")),
    get(BROADCAST, _single("broadcasts", "broadcast")),
    get(
        f"{BROADCAST}/actions",
        _below("broadcasts", "broadcast_id", "broadcast_actions", "actions", paged=True),
    ),
    get(f"{BROADCAST}/triggers", _below("broadcasts", "broadcast_id", "broadcast_triggers", "triggers")),
    get("/v1/newsletters", list_newsletters),
    get(NEWSLETTER, _single("newsletters", "newsletter")),
    get(f"{NEWSLETTER}/contents", _below("newsletters", "newsletter_id", "newsletter_contents", "contents")),
    get("/v1/transactional", _all("transactional", "messages")),
    get(TRANSACTIONAL, _single("transactional", "message")),
    get(
        f"{TRANSACTIONAL}/contents",
        _below("transactional", "transactional_id", "transactional_contents", "contents"),
    ),
    get("/v1/transactional/<transactional_id>/messages", transactional_messages),
)
