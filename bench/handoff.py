"""How long a large handoff takes, and how much memory: 300 campaigns, 500 segments, on a database of its own.

.venv/bin/python -m bench.handoff [--campaigns 300] [--segments 500] [--pdf FILE]
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from projects.models import Project, Run

STEPS = ("email", "email", "attribute_update", "webhook", "push", "email")
TRIGGERS = ("segment", "event", "date", "webhook")
LONG = "Leads who looked at the pricing page and have not answered since the spring campaign of the year before"


def segment(number: int) -> dict[str, Any]:
    """A segment with criteria of every sort in turn; each seventh was filled by hand."""
    leaf = {"attribute": {"field": "plan", "operator": "eq", "value": "pro" if number % 2 else "free"}}
    event = {
        "event": {"id": 12, "name": "purchase", "type": "event",
                  "filters": {"and": [{"field": "total", "operator": "exists", "inverse": False, "value": ""}]}},
        "inverse": number % 5 == 0, "times": 1 + number % 3, "within": 86_400 * (1 + number % 90),
    }  # fmt: skip
    seats = {"attribute": {"field": "seats", "operator": "gte", "value": number % 40}}
    nested = {"segment": {"id": max(1, number - 1)}}
    forms: list[Any] = [
        {"and": [leaf]}, {"and": [leaf, event]}, {"or": [leaf, {"not": seats}]}, {"and": [event]},
        {"and": [seats, nested]}, {"or": [{"and": [leaf, seats]}, {"and": [nested, {"not": leaf}]}]}, None,
    ]  # fmt: skip
    conditions = forms[number % len(forms)]
    row = {
        "id": str(number), "name": f"{LONG if number % 11 == 0 else 'Segment'} {number}", "description": "",
        "state": "finished", "type": "manual" if conditions is None else "dynamic",
    }  # fmt: skip
    return row if conditions is None else {**row, "conditions": conditions}


def campaign(number: int, segments: int) -> dict[str, Any]:
    """A campaign with steps in two languages, gaps between them and a trigger of every sort in turn."""
    type = TRIGGERS[number % len(TRIGGERS)]
    first = number * 20
    steps = [
        {
            "id": str(first + 2 * at), "type": kind, "name": f"{kind.capitalize()} {at + 1} of the series",
            "subject": "Your account, {{ customer.first_name }}" if kind == "email" else "",
            "body": "<html><style>p{color:red}</style><p>Dear {{ customer.first_name }},</p><p>" + LONG + "</p></html>",
            "language": "en", "languages": ["en", "de"] if kind == "email" else [],
        }
        for at, kind in enumerate(STEPS[: 2 + number % 5])
    ]  # fmt: skip
    trigger: dict[str, Any] = {
        "segment": {"trigger_segment_ids": [{"id": str(1 + number % max(segments, 1)), "name": None}]},
        "event": {"event_name": "purchase"},
        "date": {"date_attribute": "renewal", "frequency": "yearly", "start_hour": 9, "start_minutes": 30,
                 "timezone": "Europe/Berlin", "use_customer_timezone": False},
        "webhook": {"webhook_id": "abc"},
    }[type]  # fmt: skip
    gaps = [
        {"after": one["id"], "before": other["id"], "missing": [str(int(one["id"]) + 1)],
         "text": f"step {int(one['id']) + 1} is not readable: waits or branches"}
        for one, other in pairwise(steps)
    ]  # fmt: skip
    return {
        "id": str(number), "name": f"{LONG if number % 13 == 0 else 'Campaign'} {number}", "type": type,
        "state": ("running", "draft", "stopped")[number % 3], "active": number % 3 == 0, "created": 1_600_000_000,
        "first_started": 1_610_000_000 if number % 3 != 1 else 0, "trigger": trigger, "actions": steps, "gaps": gaps,
        "filters": {"filter_segment_ids": [{"id": "1", "name": None}]}, "languages": ["de", "en"],
        "not_exposed": ["the order of the steps, waits and branches", "goals and exit conditions"],
    }  # fmt: skip


def newsletter(number: int) -> dict[str, Any]:
    """A newsletter in two languages, sent or not."""
    return {
        "id": str(number), "name": f"Newsletter {number}", "type": "email", "state": "sent" if number % 2 else "draft",
        "sent_at": 1_700_000_000 if number % 2 else None, "recipients": [{"id": "1", "name": None}, {"id": "99"}],
        "metrics": {"sent": 1200 + number, "opened": 400}, "languages": ["de", "en"],
        "contents": [
            {"id": f"{number}{at}", "name": name, "language": language, "subject": f"News {number}",
             "preheader_text": "What is new", "from": "news@example.com", "body": f"<p>{LONG}</p><p>Bye</p>"}
            for at, (name, language) in enumerate((("", "en"), ("", "de"), ("B", "en")))
        ],
    }  # fmt: skip


def broadcast(number: int) -> dict[str, Any]:
    """A broadcast that was started a few times."""
    return {
        **{name: value for name, value in campaign(number, 1).items() if name not in ("type", "trigger", "filters")},
        "type": "triggered_broadcast", "name": f"Broadcast {number}",
        "triggers": [{"id": at, "broadcast_id": number, "created_at": 1_700_000_000 + at} for at in range(number % 4)],
    }  # fmt: skip


def transactional(number: int) -> dict[str, Any]:
    """A transactional message; each second hides its text."""
    return {
        "id": str(number), "name": f"Password reset {number}", "description": "Sends a temporary password.",
        "hide_message_body": number % 2 == 0, "languages": [],
        "contents": [{"id": "1", "language": "", "subject": "Your password", "body": "<p>Here it is.</p>"}],
    }  # fmt: skip


def fill(run: Run, *, campaigns: int, segments: int) -> None:
    """Puts the rows of a made-up workspace into a run, members of its segments included."""
    from projects.models import GroupMember, Record

    few = max(1, campaigns // 10)
    made = {
        "segment": [segment(n) for n in range(1, segments + 1)],
        "campaign": [campaign(n, segments) for n in range(1, campaigns + 1)],
        "newsletter": [newsletter(n) for n in range(1, few + 1)],
        "broadcast": [broadcast(n) for n in range(1, few + 1)],
        "transactional": [transactional(n) for n in range(1, few + 1)],
    }
    Record.objects.bulk_create(
        Record(
            run=run, object=object, key=str(row["id"]), raw=row, digest="d" * 64, state="excluded",
            reason="kept_for_handoff",
        )
        for object, rows in made.items()
        for row in rows
    )  # fmt: skip
    GroupMember.objects.bulk_create(
        GroupMember(run=run, group=str(number), key=f"{at:06}")
        for number in range(1, segments + 1)
        for at in range(number % 23)
    )


def project_of(name: str) -> Project:
    """A project with a map of people, its discovery done."""
    from connectors.catalogue import FieldType
    from mapping.profile import ObjectProfile
    from mapping.rules import Action, Choice, FieldRule, MapSpec, ObjectRule
    from projects import services
    from projects.models import Profile, Run, User

    admin = User.objects.create_superuser("bench@example.com", "a-long-password", name="Bench")
    project = services.create_project(name=name, by=admin)
    run = Run.objects.create(project=project, number=1, kind="discovery", state="succeeded")
    statistics = ObjectProfile.start(seed="x")
    for n in range(300):
        statistics.add(str(n), {"plan": "pro" if n % 2 else "free", "seats": str(n % 40)})
    Profile.objects.create(
        project=project, run=run, object="person", label="Person", label_plural="People", kind="record",
        read=300, data={"profile": statistics.to_json()},
    )  # fmt: skip
    plans = (Choice(source="pro", value="PRO", label="pro"), Choice(source="free", value="FREE", label="free"))
    fields = (
        FieldRule(source="plan", action=Action.CREATE, destination="plan", type=FieldType.SELECT, transform="select",
                  choices=plans),
        FieldRule(source="seats", action=Action.CREATE, destination="seats", type=FieldType.NUMBER, transform="number"),
    )  # fmt: skip
    project.map_series.add(MapSpec(objects=(ObjectRule(source="person", destination="person", fields=fields),)))
    return project


def main() -> None:
    """Measures one handoff and prints what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=300)
    parser.add_argument("--segments", type=int, default=500)
    parser.add_argument("--pdf", default="", metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_DIR": folder, "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3",
                       "DJANGO_SETTINGS_MODULE": "migrator.settings"}  # fmt: skip
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        from projects.documents.kept import keep, on_paper
        from projects.models import Run, User

        project = project_of("Bench")
        run = Run.objects.create(project=project, number=2, kind="production", state="succeeded")
        fill(run, campaigns=options.campaigns, segments=options.segments)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.perf_counter()
        paper = keep(project=project, kind="handoff", by=User.objects.get())
        written = time.perf_counter()
        pdf = on_paper(paper)
        ended = time.perf_counter()
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        other = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    if options.pdf:
        Path(options.pdf).write_bytes(pdf)
    print(f"{options.campaigns} campaigns, {options.segments} segments: {len(pdf) / 1e6:.1f} MB of PDF")
    print(f"content {written - begun:.1f} s, PDF {ended - written:.1f} s")
    print(f"memory {most / 1024:.0f} MB at most in this process, {before / 1024:.0f} MB before")
    print(f"memory {other / 1024:.0f} MB at most in the one that typesets, given back at its end")


if __name__ == "__main__":
    main()
