"""What is configured in a workspace: plain rows, as the API answers them, with the fields every row has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connectors.customerio.fake.records import Row

DEFAULTS: dict[str, Row] = {
    "campaigns": {
        "name": "Campaign",
        "description": "",
        "type": "segment",
        "state": "running",
        "active": True,
        "first_started": 0,
        "tags": None,
        "actions": [],
    },
    "campaign_actions": {
        "campaign_id": 0,
        "name": "Message",
        "type": "email",
        "language": "",
        "layout": "",
        "body": "",
    },
    "broadcasts": {
        "name": "Broadcast",
        "type": "triggered_broadcast",
        "state": "running",
        "active": True,
        "first_started": 0,
        "tags": None,
        "actions": [],
    },
    "broadcast_actions": {"broadcast_id": 0, "name": "Message", "type": "email", "language": "", "body": ""},
    "broadcast_triggers": {"broadcast_id": 0, "processed_at": 0},
    "newsletters": {"name": "Newsletter", "type": "email", "content_ids": [], "sent_at": None, "tags": []},
    "newsletter_contents": {
        "newsletter_id": 0,
        "name": "",
        "language": "",
        "type": "email",
        "subject": "",
        "body": "",
    },
    "transactional": {
        "name": "Transactional",
        "description": "",
        "send_to_unsubscribed": True,
        "link_tracking": True,
        "open_tracking": True,
        "hide_message_body": False,
        "queue_drafts": False,
    },
    "transactional_contents": {
        "transactional_id": 0,
        "name": "",
        "language": "",
        "type": "email",
        "body": "",
    },
    "exports": {"type": "customers", "status": "pending", "failed": False, "downloads": 0, "total": 0, "user_id": 0},
    "imports": {
        "name": "Import",
        "type": "people",
        "state": "imported",
        "rows_imported": 0,
        "rows_to_import": 0,
    },
    "suppressions": {"type": "bounces", "domain": "example.com", "email": "", "reason": "", "status": "550"},
    "subscription_topics": {"name": "Topic", "description": "", "subscribed_by_default": False},
    "subscription_channels": {"name": "email"},
    "sender_identities": {
        "name": "Sender",
        "email": "",
        "address": "",
        "template_type": "email",
        "auto_generated": False,
    },
    "reporting_webhooks": {
        "name": "Webhook",
        "endpoint": "",
        "events": [],
        "type": "webhook",
        "disabled": False,
        "full_resolution": False,
        "with_content": False,
    },
    "snippets": {"name": "snippet", "value": ""},
    "collections": {"name": "collection", "schema": [], "rows": 0, "bytes": 0},
}

_SHORT, _LONG = ("created", "updated"), ("created_at", "updated_at")
DATES: dict[str, tuple[str, ...]] = {
    "campaigns": _SHORT,
    "campaign_actions": _SHORT,
    "broadcasts": _SHORT,
    "broadcast_actions": _SHORT,
    "broadcast_triggers": ("created_at",),
    "newsletters": _SHORT,
    "transactional": _LONG,
    "exports": _LONG,
    "imports": _LONG,
    "collections": _LONG,
    "snippets": _LONG,
    "suppressions": ("created",),
}
"""What each listing calls its dates: they do not agree (contracts/customerio/FACTS.md §10)."""
DEDUPLICATED = frozenset(
    {"campaigns", "campaign_actions", "broadcasts", "broadcast_actions", "newsletters", "newsletter_contents"}
    | {"exports", "sender_identities"}
)


@dataclass
class Listings:
    """One list of rows per kind of configuration."""

    campaigns: list[Row] = field(default_factory=list)
    campaign_actions: list[Row] = field(default_factory=list)
    broadcasts: list[Row] = field(default_factory=list)
    broadcast_actions: list[Row] = field(default_factory=list)
    broadcast_triggers: list[Row] = field(default_factory=list)
    newsletters: list[Row] = field(default_factory=list)
    newsletter_contents: list[Row] = field(default_factory=list)
    transactional: list[Row] = field(default_factory=list)
    transactional_contents: list[Row] = field(default_factory=list)
    exports: list[Row] = field(default_factory=list)
    imports: list[Row] = field(default_factory=list)
    suppressions: list[Row] = field(default_factory=list)
    subscription_topics: list[Row] = field(default_factory=list)
    subscription_channels: list[Row] = field(default_factory=list)
    sender_identities: list[Row] = field(default_factory=list)
    reporting_webhooks: list[Row] = field(default_factory=list)
    snippets: list[Row] = field(default_factory=list)
    collections: list[Row] = field(default_factory=list)

    def of(self, listing: str) -> list[Row]:
        """The rows of a listing by its name."""
        if listing not in DEFAULTS:
            raise KeyError(f"no listing {listing!r}; there are {', '.join(DEFAULTS)}")
        rows: list[Row] = getattr(self, listing)
        return rows

    def add(self, listing: str, at: int, **fields: Any) -> Row:
        """Add a row, filling in what the caller leaves out: id, names, dates, deduplicate_id."""
        rows = self.of(listing)
        row: Row = {"id": max((int(row["id"]) for row in rows), default=0) + 1, **_copy(DEFAULTS[listing])}
        row |= dict.fromkeys(DATES.get(listing, ()), at)
        row |= fields
        if listing == "subscription_topics":
            row.setdefault("identifier", f"topic_{row['id']}")
        if listing in DEDUPLICATED:
            row.setdefault("deduplicate_id", f"{row['id']}:{at}")
        rows.append(row)
        return row

    def find(self, listing: str, row_id: str) -> Row | None:
        """The row with this id, however it is written."""
        return next((row for row in self.of(listing) if str(row["id"]) == row_id), None)


def _copy(row: Row) -> Row:
    return {name: list(value) if isinstance(value, list) else value for name, value in row.items()}
