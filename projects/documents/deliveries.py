"""How many messages of each campaign, newsletter and so on were read, and what became of them."""

from __future__ import annotations

from collections import Counter, defaultdict

from django.core.cache import cache

from projects.models import Project, Record
from projects.text import counted

MOST = 200_000
"""Messages that are counted for a document; above it their activities in the destination tell the same."""

KEPT_SECONDS = 86_400

Deliveries = dict[tuple[str, str], dict[str, int]]
"""Kind and key of what sent them → status → number of messages."""


def deliveries_of(project: Project) -> Deliveries | None:
    """The tally of the newest run that read messages; None where there are too many to count in passing."""
    newest = Record.objects.filter(run__project=project, object="message").order_by("-run_id").first()
    if newest is None:
        return {}
    rows = Record.objects.filter(run_id=newest.run_id, object="message")
    number = rows.count()
    if number > MOST:
        return None
    name = f"deliveries:{newest.run_id}:{number}"
    found: Deliveries | None = cache.get(name)
    if found is None:
        tallies: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for raw in rows.values_list("raw", flat=True).iterator(2000):
            tallies[str(raw.get("parent") or ""), str(raw.get("parent_id") or "")][
                str(raw.get("status") or "sent")
            ] += 1
        found = {key: dict(tally) for key, tally in tallies.items()}
        cache.set(name, found, KEPT_SECONDS)
    return found


def sentence(tally: dict[str, int]) -> str:
    """`404 messages of it were read: 260 delivered, 144 opened`; empty where there are none."""
    number = sum(tally.values())
    parts = ", ".join(
        f"{count:,} {status}" for status, count in sorted(tally.items(), key=lambda one: (-one[1], one[0]))
    )
    said = counted(number, "message of it was read", "messages of it were read")
    return f"{said}: {parts}" if number else ""
