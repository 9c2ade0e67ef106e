"""Adds to the congress data what the public records do not have, all of it made up and marked so.

Mail, calls, meetings, notes, tasks, campaigns, broadcasts, newsletters and transactional messages, dated back from the
moment the demo starts, as the App API serves thirty days of events only: `build(WORKSPACE, folder, now, files_url)`.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]

DAY = 86400
MARK = {"made_up": True}
OWNER = "emil.engineer@demo.carryover.example"

CALLS, MEETINGS, NOTES, TASKS, ENGAGEMENTS, VISITS = 60, 40, 45, 50, 30, 120
MAIL_DAYS = 420
PEOPLE_MAILED = 110

SUBJECTS = ("Constituent letter", "Committee hearing", "Town hall", "Press request", "Briefing book", "Site visit")
DISPOSITIONS = ("connected", "left voicemail", "no answer", "busy")
PLACES = ("Hart Building 216", "Rayburn 2118", "Video call", "District office, Main Street")


def build(workspace: Path, folder: Path, *, now: int, files_url: str) -> None:
    """Writes a workspace folder: the congress data as it is, and the made-up rows beside it.

    `files_url` is where the made-up attachments can be downloaded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in workspace.glob("*.json"):
        shutil.copyfile(path, folder / path.name)
    people = [row for row in json.loads((workspace / "people.json").read_text()) if row.get("email")]
    world = World(people, now, files_url, random.Random(2026))
    for name, rows in world.listings().items():
        (folder / f"{name}.json").write_text(json.dumps(rows, indent=1))
    events = (workspace / "events.ndjson").read_text() + "".join(f"{json.dumps(row)}\n" for row in world.events())
    (folder / "events.ndjson").write_text(events)


def write_files(folder: Path) -> None:
    """Writes what the made-up notes have attached."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(3):
        (folder / f"briefing-{number}.txt").write_text(f"Briefing {number}. Made up for the demo.\n")


@dataclass(frozen=True)
class World:
    """The made-up part of the workspace, the same for the same people and moment."""

    people: list[Row]
    now: int
    files_url: str
    chance: random.Random

    def events(self) -> Iterator[Row]:
        """Calls, meetings, notes, tasks, typed engagements and page visits of the last four weeks."""
        makers = (
            ("call_logged", CALLS, self._call),
            ("Meeting Booked", MEETINGS, self._meeting),
            ("note_added", NOTES, self._note),
            ("task_created", TASKS, self._task),
            ("engagement_created", ENGAGEMENTS, self._engagement),
            ("page_visited", VISITS, self._visit),
        )
        for name, number, make in makers:
            for serial in range(number):
                person = self.chance.choice(self.people)
                at = self.now - self.chance.randrange(DAY, 27 * DAY)
                yield {
                    "id": f"made-up-{name.lower().replace(' ', '-')}-{serial}",
                    "type": "event",
                    "name": name,
                    "timestamp": at,
                    "customer_id": person["id"],
                    "customer_identifiers": {key: person[key] for key in ("cio_id", "id", "email")},
                    "data": {**make(serial, person, at), **MARK},
                }

    def _call(self, serial: int, person: Row, at: int) -> Row:
        made: Row = {
            "call_id": f"CALL-{serial:04}",
            "subject": f"{self.chance.choice(SUBJECTS)}: call",
            "direction": self.chance.choice(("inbound", "outbound")),
            "disposition": self.chance.choice(DISPOSITIONS),
            "duration_seconds": self.chance.randrange(0, 1800),
            "owner_email": OWNER,
        }
        if serial % 4 == 0:
            made["recording_url"] = f"https://recordings.example.com/{made['call_id']}.mp3"
        return made

    def _meeting(self, serial: int, person: Row, at: int) -> Row:
        start = at + self.chance.randrange(1, 10) * DAY
        guests = [row["email"] for row in self.chance.sample(self.people, 2)]
        return {
            "meeting_id": f"MEET-{serial:04}",
            "title": self.chance.choice(SUBJECTS),
            "start_time": _iso(start),
            "end_time": _iso(start + 2700),
            "location": self.chance.choice(PLACES),
            "attendees": [person["email"], *guests],
        }

    def _note(self, serial: int, person: Row, at: int) -> Row:
        made: Row = {
            "note_id": f"NOTE-{serial:04}",
            "body": f"Spoke with the office of {person['attributes'].get('last_name', 'the member')}.\n"
            f"They asked about “{self.chance.choice(SUBJECTS)}”; we promised an answer by Friday. ✓",
            "author": self.chance.choice(("Emil Engineer", "Rosa Field")),
            "author_email": OWNER,
        }
        if serial % 5 == 0:
            made["attachments"] = [f"{self.files_url}/briefing-{serial % 3}.txt"]
        return made

    def _task(self, serial: int, person: Row, at: int) -> Row:
        done = serial % 3 == 0
        return {
            "task_id": f"TASK-{serial:04}",
            "subject": f"Send {self.chance.choice(SUBJECTS).lower()} to {person['attributes'].get('last_name', '')}",
            "due_date": _iso(at + 7 * DAY)[:10],
            "status": "completed" if done else "open",
            "assigned_to": self.chance.choice(self.people)["email"] if serial % 4 else "nobody@elsewhere.example",
        }

    def _engagement(self, serial: int, person: Row, at: int) -> Row:
        kind = ("CALL", "MEETING", "NOTE", "TASK", "EMAIL")[serial % 5]
        return {
            "engagement_id": str(9_007_199_254_740_993 + serial),
            "engagement_type": kind,
            "title": f"{self.chance.choice(SUBJECTS)} ({kind.lower()})",
            "body": "Imported from the former CRM.",
        }

    def _visit(self, serial: int, person: Row, at: int) -> Row:
        return {
            "url": f"https://www.example.org/bills/{self.chance.randrange(1, 400)}",
            "seconds": self.chance.randrange(3, 600),
            "tags": [["bill", self.chance.randrange(1, 9)], {"seen": True}],
            "visitor": 2**63 + serial,
        }

    def listings(self) -> dict[str, list[Row]]:
        """Configuration and mail, by the name of the file that holds it."""
        return {
            "campaigns": self._campaigns(),
            "campaign_actions": self._campaign_actions(),
            "newsletters": self._newsletters(),
            "newsletter_contents": self._newsletter_contents(),
            "broadcasts": [{"id": 1, "name": "Hearing moved (made up)", "tags": ["made-up"]}],
            "broadcast_actions": [
                {"id": 31, "broadcast_id": 1, "name": "Hearing moved", "subject": "Now at {{event.time}}",
                 "body": "<p>See you there.</p>", "from": "Clerk <clerk@example.org>"}
            ],
            "broadcast_triggers": [{"id": 1, "broadcast_id": 1, "created_at": self.now - 90 * DAY}],
            "transactional": [
                {"id": 1, "name": "Password reset (made up)", "description": "Sent when somebody asks for it.",
                 "hide_message_body": True},
                {"id": 2, "name": "Visitor pass (made up)", "description": "A pass with a code."},
            ],
            "transactional_contents": [
                {"id": 41, "transactional_id": 1, "name": "Password reset", "subject": "Reset it", "body": ""},
                {"id": 42, "transactional_id": 2, "name": "Visitor pass", "subject": "Your visitor pass",
                 "body": "<p>Show this at the door.</p>"},
            ],
            "subscription_topics": [{"id": 1, "name": "Hearings"}, {"id": 2, "name": "Newsletters"}],
            "reporting_webhooks": [
                {"id": 1, "name": "CRM sync (made up)", "endpoint": "https://hook:secret@crm.example.org/in?token=abc123",
                 "events": ["email_sent", "email_bounced"]}
            ],
            "messages": list(self._mail()),
        }  # fmt: skip

    def _campaigns(self) -> list[Row]:
        days = (400, 300, 200)
        first = [self.now - number * DAY for number in days]
        return [
            {"id": 1, "name": "Welcome to the newsletter (made up)", "type": "segment", "trigger_segment_ids": [1],
             "filter_segment_ids": [2], "first_started": first[0], "created": first[0], "updated": first[0] + DAY,
             "tags": ["made-up"],
             "actions": [{"id": 11, "type": "email"}, {"id": 14, "type": "email"}, {"id": 15, "type": "webhook"}]},
            {"id": 2, "name": "Term is ending (made up)", "type": "date", "date_attribute": "term_ends",
             "frequency": "once", "start_hour": 9, "start_minutes": 0, "timezone": "America/New_York",
             "first_started": first[1], "created": first[1], "updated": first[1], "tags": ["made-up"],
             "actions": [{"id": 21, "type": "email"}, {"id": 22, "type": "attribute_update"}]},
            {"id": 3, "name": "Bill visited (made up)", "type": "event", "event_name": "page_visited",
             "state": "draft", "active": False, "created": first[2], "updated": first[2], "tags": ["made-up"],
             "filter_object_attributes": {"and": [{"object_attribute": {"field": "chamber", "operator": "eq",
                                                                        "value": "senate", "type_id": "1"}}]},
             "actions": [{"id": 27, "type": "email"}]},
        ]  # fmt: skip

    def _campaign_actions(self) -> list[Row]:
        sender = {"from": "Clerk <clerk@example.org>"}
        return [
            {"id": 11, "campaign_id": 1, "name": "Welcome", "subject": "Welcome, {{customer.first_name}}",
             "body": "<p>Good to have you.</p>", **sender},
            {"id": 11, "campaign_id": 1, "name": "Welcome", "language": "es", "subject": "Bienvenido",
             "body": "<p>Nos alegra.</p>", **sender},
            {"id": 14, "campaign_id": 1, "name": "How to read a bill", "subject": "How to read a bill",
             "body": "<p>Start at the end.</p>", "parent_action_id": 13, **sender},
            {"id": 15, "campaign_id": 1, "name": "Tell the CRM", "type": "webhook", "method": "POST",
             "url": "https://api.crm.example.org/tasks?api_key=sk_live_51Hx",
             "headers": {"Authorization": "Bearer eyJhbGciOi.made.up"}, "body": '{"task": "call {{customer.email}}"}'},
            {"id": 21, "campaign_id": 2, "name": "Term is ending", "subject": "Your term ends soon",
             "body": "<p>Thank you.</p>", **sender},
            {"id": 22, "campaign_id": 2, "name": "Mark as leaving", "type": "attribute_update"},
            {"id": 27, "campaign_id": 3, "name": "More on this bill", "subject": "More on this bill",
             "body": "<p>…</p>", **sender},
        ]  # fmt: skip

    def _newsletters(self) -> list[Row]:
        return [
            {"id": number, "name": f"{name} (made up)", "content_ids": [50 + number], "tags": ["made-up"],
             "recipient_segment_ids": [number], "sent_at": self.now - days * DAY if days else None,
             "created": self.now - (days or 2) * DAY - DAY, "updated": self.now - (days or 2) * DAY}
            for number, (name, days) in enumerate((("Spring hearings", 380), ("Autumn hearings", 190),
                                                   ("Year in review", 20), ("Next year", 0)), start=1)
        ]  # fmt: skip

    def _newsletter_contents(self) -> list[Row]:
        return [
            {"id": 50 + number, "newsletter_id": number, "name": "A", "subject": f"Hearings, part {number}",
             "body": "<p>What was heard.</p>", "from": "Clerk <clerk@example.org>"}
            for number in range(1, 5)
        ]  # fmt: skip

    def _mail(self) -> Iterator[Row]:
        """Deliveries over more than a year: newsletters, a campaign's two mails, a transactional one."""
        mailed = self.people[:PEOPLE_MAILED]
        parents = (
            ({"newsletter_id": 1, "content_id": 51}, "Hearings, part 1", 380),
            ({"newsletter_id": 2, "content_id": 52}, "Hearings, part 2", 190),
            ({"newsletter_id": 3, "content_id": 53}, "Hearings, part 3", 20),
            ({"campaign_id": 1, "action_id": 11}, "Welcome", 400),
            ({"transactional_message_id": 2}, "Your visitor pass", 65),
        )
        serial = 0
        for parent, subject, days in parents:
            for person in mailed if "newsletter_id" in parent else mailed[::3]:
                serial += 1
                at = self.now - days * DAY + serial
                yield {"id": f"made-up-{serial:06}", "cio_id": person["cio_id"], "created": at, "subject": subject,
                       "metrics": self._metrics(at), **parent}  # fmt: skip

    def _metrics(self, at: int) -> Row:
        fate = self.chance.random()
        if fate < 0.03:
            return {"sent": at + 5, "bounced": at + 60}
        if fate < 0.05:
            return {"undeliverable": at + 5}
        made: Row = {"sent": at + 5, "delivered": at + 30}
        if fate > 0.5:
            made["opened"] = at + 3600
        if fate > 0.85:
            made["clicked"] = at + 3700
        return made


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
