"""A workspace that is easily read by halves: people known by e-mail only, mail older than half a year.

Also something in every other list, so that an independent client can read all that it knows.
"""

from __future__ import annotations

from connectors.customerio.fake import Workspace

PEOPLE, EMAIL_ONLY = 302, 18
MESSAGES, OLD = 448, 268
DAY = 86400


def crowd(workspace: Workspace) -> Workspace:
    """302 people of whom 18 have no id, 448 messages of whom 268 are older than six months."""
    now = workspace.now()
    people = []
    for number in range(PEOPLE):
        id = None if number % 16 == 3 and number // 16 < EMAIL_ONLY else f"u{number}"
        people.append(workspace.add_person(id=id, email=f"p{number}@example.com", attributes={"plan": "pro"}))
    workspace.add("campaigns", id=1, name="Welcome series")
    workspace.add("campaign_actions", id=1, campaign_id=1)
    for number in range(MESSAGES):
        age = (200 + 5 * number if number < OLD else (number - OLD) % 175) * DAY
        metrics = {"sent": now - age, "delivered": now - age + 60}
        created, person = now - age, people[number % PEOPLE].cio_id
        workspace.add_message(person, created=created, subject=f"Mail {number}", campaign_id=1, metrics=metrics)
    for listing in ("broadcasts", "newsletters", "transactional", "exports", "sender_identities"):
        workspace.add(listing)
    for listing in ("reporting_webhooks", "snippets", "collections", "subscription_topics"):
        workspace.add(listing)
    workspace.add("suppressions", type="bounces", email="bounced@example.com")
    workspace.add("suppressions", type="spam_reports", email="complained@example.com")
    workspace.add_object_type("Companies", "Company")
    workspace.add_segment("Everyone", members=[person.cio_id for person in people])
    workspace.add_event(people[0].cio_id, "Signed up", {"plan": "pro"})
    return workspace
