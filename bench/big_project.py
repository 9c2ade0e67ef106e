"""A project as it looks after a sandbox run, production and a verification, made of rows: as many as one wants."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from connectors.catalogue import FieldType, ObjectKind
from mapping.profile import ObjectProfile
from mapping.rules import Action, FieldRule, MapSpec, ObjectRule
from projects import deletions, services
from projects.models import (
    AuditReport,
    Certificate,
    Concern,
    Connection,
    DeletedProfile,
    Difference,
    Event,
    Integration,
    JournalEntry,
    Link,
    Phase,
    Profile,
    Project,
    Record,
    Reversal,
    Run,
    SourceChange,
    User,
    Watch,
)
from projects.pipeline import engine, reconcile, reverify
from projects.pipeline.extract import digest_of

BATCH = 20_000
SAMPLE = 300
TRAITS = 40
LOG, GONE, UNDONE = 100_000, 20_000, 200_000
"""Lines of the source's log, people whom it deleted, and records in the plan of a rollback."""

PARTS = (("person", 0.60, "person"), ("relationship:1", 0.25, "companyAssociation"), ("person.company", 0.15, "person"))
"""Source object type → its share of the rows, and where it lands."""

FATES = (
    ("created", "", 0.970),
    ("updated", "", 0.010),
    ("held", "no_match_value", 0.006),
    ("held", "duplicate_match_value", 0.006),
    ("excluded", "left_by_decision", 0.004),
    ("merged", "merged_by_decision", 0.003),
    ("rejected", "refused", 0.001),
)

NOW = timezone.now()


def spec() -> MapSpec:
    """People with forty traits, companies, and what lies between them."""
    fields = [
        FieldRule(source="cio_id", action=Action.CREATE, destination="customerioId", type=FieldType.TEXT, unique=True),
        FieldRule(source="email", action=Action.MAP, destination="emails.primaryEmail", type=FieldType.EMAILS),
        FieldRule(source="first_name", action=Action.MAP, destination="name.firstName", type=FieldType.FULL_NAME),
    ]
    fields += [
        FieldRule(
            source=f"trait_{n}", action=Action.CREATE, destination=f"trait{n}", type=FieldType.TEXT, label=f"Trait {n}"
        )
        for n in range(TRAITS)
    ]
    name = FieldRule(source="name", action=Action.MAP, destination="name", type=FieldType.TEXT)
    return MapSpec(
        objects=(
            ObjectRule(source="person", destination="person", match_on="emails.primaryEmail", fields=tuple(fields)),
            ObjectRule(source="object:1", destination="company", label="Company", fields=(name,)),
            ObjectRule(source="relationship:1", destination="companyAssociation", create=True, fields=(name,)),
        )
    )


def seed(records: int) -> None:
    """Fills the database."""
    admin = User.objects.create_superuser("admin@example.com", "a-long-password", name="Ada Admin")
    project = services.create_project(name="Big", by=admin)
    for side, connector, url in (
        ("source", "customerio", "https://api.customer.io"),
        ("destination", "twenty", "https://crm.example.com"),
    ):
        Connection.objects.create(
            project=project, side=side, connector=connector, base_url=url, identity={"account": side}
        )
    field_map = project.map_series.add(spec(), by=admin)
    discovery = _run(project, 1, "discovery", None)
    for object, plural in (("person", "People"), ("object:1", "Companies"), ("relationship:1", "Companies of people")):
        _profile(discovery, object, plural)
    services.sign(project=project, gate="map", by=admin, name="Ada Admin")
    sandbox = _run(project, 2, "sandbox", field_map)
    _fill(sandbox, SAMPLE, links=False)
    _close(sandbox)
    services.sign(project=project, gate="sandbox", by=admin, name="Ada Admin", note="Seen.")
    production = _run(project, 3, "production", field_map)
    _fill(production, records, links=True)
    _close(production)
    for phase in ("people", "companies"):
        services.sign(project=project, gate=phase, by=admin, name="Ada Admin", note="Seen.")
    _journal(production, records)
    _verification(_run(project, 4, "verify", field_map), production)
    Event.objects.bulk_create(
        Event(project=project, actor_label="Carryover", verb="RUN_ENDED", subject=f"Run {n}") for n in range(20_000)
    )
    Certificate.objects.create(
        project=project, run=production, number=1, issued_by=admin, issued_at=NOW,
        content={"public_key": "AAAA", "verdict": "All of it.", "map": {"number": 1}},
    )  # fmt: skip
    later(project, production, admin)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def later(project: Project, production: Run, admin: User) -> None:
    """What comes after production: a delta, the source's log, people it deleted, issues, a rollback's plan."""
    delta = _run(project, 5, "delta", production.field_map)
    _fill(delta, SAMPLE * 20, links=False)
    Watch.objects.create(project=project, since=NOW, read_to=NOW, polled_at=NOW)
    rows = Record.objects.filter(run=production, object="person", state="created").order_by("pk")
    _bulk(
        SourceChange(
            project=project, activity=f"a{n}", kind="attribute_change", object="person", key=f"{n:08x}", at=NOW,
            names=["trait_1"], run=delta if n % 2 else None,
        )
        for n in range(LOG)
    )  # fmt: skip
    _bulk(
        DeletedProfile(project=project, cio_id=f"gone{n}", email=f"gone{n}@example.com", deleted_at=NOW)
        for n in range(GONE)
    )
    _bulk(Integration(project=project, name=f"Integration {n}", origin="seen") for n in range(30))
    AuditReport.objects.create(project=project, content=deletions.report(project, people=GONE * 50), digest="0" * 64)
    _bulk(
        Concern(project=project, number=n, object="person", key=f"{n:08x}", text="The title is wrong.", raised_by=admin)
        for n in range(1, 201)
    )
    rollback = _run(project, 6, "rollback", production.field_map)
    taken = rows.values_list("key", "destination_id")[:UNDONE].iterator(2_000)
    _bulk(
        Reversal(
            run=rollback, object="person", key=key, label="Ada", destination="person", destination_id=id, turn=n,
            action="remove", state="done" if n % 100 else "kept", proved=True,
        )
        for n, (key, id) in enumerate(taken)
    )  # fmt: skip


def _bulk(rows: Iterable[Any]) -> None:
    """Rows by the thousand."""
    made = iter(rows)
    while batch := list(islice(made, 5_000)):
        type(batch[0])._default_manager.bulk_create(batch)


def _run(project: Project, number: int, kind: str, field_map: Any) -> Run:
    run = Run.objects.create(
        project=project, number=number, kind=kind, field_map=field_map, state="succeeded",
        started_at=NOW, ended_at=NOW + timedelta(hours=1), heartbeat_at=NOW + timedelta(hours=1),
    )  # fmt: skip
    engine.begin(run)
    run.steps.update(state="done", tally={"ms.load": 1000, "calls.destination.write": 5})
    run.phases.update(state="approved")
    return run


def _profile(run: Run, object: str, plural: str) -> None:
    statistics = ObjectProfile.start(seed="x")
    for number in range(50):
        statistics.add(str(number), {"name": f"n{number}", **{f"trait_{n}": number for n in range(TRAITS)}})
    Profile.objects.create(
        project=run.project, run=run, object=object, label=plural, label_plural=plural, kind=ObjectKind.RECORD,
        read=50, data={"profile": statistics.to_json()}, finished_at=NOW,
    )  # fmt: skip


def _fill(run: Run, records: int, *, links: bool) -> None:
    for object, share, destination in PARTS:
        rows = list_of(run, object, int(records * share))
        while batch := list(islice(rows, BATCH)):
            with transaction.atomic():
                insert(Record, RECORD, (row for row, _ in batch))
                if links:
                    insert(Link, LINK, (_link(run, object, destination, row) for row, landed in batch if landed))


RECORD = (
    "run_id", "object", "key", "raw", "meta", "refs", "digest", "email", "own_id", "match_key", "alias", "mapped",
    "notes", "state", "reason", "detail", "merged_into", "destination_id", "proof", "read_at", "proved_at",
)  # fmt: skip
LINK = (
    "project_id", "run_id", "object", "key", "destination", "destination_id", "origin", "written", "written_digest",
    "written_at", "seen",
)  # fmt: skip


def list_of(run: Run, object: str, number: int) -> Iterator[tuple[Sequence[Any], bool]]:
    """Rows of one object type, and whether each has landed."""
    fates = [(state, reason) for state, reason, share in FATES for _ in range(round(share * 1000))]
    person = object == "person"
    for n in range(number):
        state, reason = fates[(n * 7919) % len(fates)]
        landed = state in ("created", "updated")
        key = f"{n:08x}"
        email = f"person{n}@example.com" if reason != "duplicate_match_value" else f"twin{n // 4000}@example.com"
        raw = {"cio_id": key, "id": f"user-{n}", "email": email, "first_name": f"Ada {n}", "trait_1": "x" * (n % 60)}
        mapped = {
            "customerioId": key,
            "emails": {"primaryEmail": email, "additionalEmails": []},
            "trait1": "x" * (n % 60),
        }
        raw = raw if person else {"n": n}
        digest = digest_of([raw, {}])
        id = _id(uuid.uuid5(run.project_id, f"{object.partition('.')[0]}:{key}"))
        yield (
            run.pk, object, key, json.dumps(raw), "{}", "{}", digest,
            email if person else "", f"user-{n}" if person else "", email if person else "", "", json.dumps(mapped),
            "[]", state, reason, "Why." if reason else "", "", id if landed else None, "equal" if landed else "", NOW,
            NOW,
        ), landed  # fmt: skip


def _link(run: Run, object: str, destination: str, row: Sequence[Any]) -> Sequence[Any]:
    return (
        _id(run.project_id), run.pk, object, row[2], destination, row[17], "created", row[11], row[6], NOW,
        NOW.isoformat(),
    )  # fmt: skip


def _id(value: uuid.UUID) -> Any:
    return value if connection.vendor == "postgresql" else value.hex


def insert(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows past the ORM: two million of them."""
    quoted = ", ".join(f'"{name}"' for name in columns)
    places = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(f'INSERT INTO "{model._meta.db_table}" ({quoted}) VALUES ({places})', list(rows))


def _close(run: Run) -> None:
    """Books as the engine would close them, with a few differences."""
    first = Record.objects.filter(run=run, object="person", state="created").order_by("pk")[:200]
    Difference.objects.bulk_create(
        Difference(run=run, record=row, key=row.key, object="person", kind="different", field="trait1", expected="x")
        for row in first
    )
    tally = {f"field.trait{n}.{kind}": 1_000_000 for n in range(TRAITS) for kind in ("compared", "equal")}
    run.steps.filter(name="person").update(tally={**tally, "ms.load": 1000, "calls.destination.write": 5})
    for phase in run.phases.all():
        reconcile.close(phase)


def _journal(run: Run, records: int) -> None:
    ids = [str(uuid.uuid4()) for _ in range(200)]
    JournalEntry.objects.bulk_create(
        (
            JournalEntry(
                project=run.project,
                run=run,
                verb="create",
                object="person",
                count=200,
                detail={"ids": ids},
                state="done",
            )
            for _ in range(records // 200)
        ),
        batch_size=500,
    )


def _verification(run: Run, production: Run) -> None:
    rows = Record.objects.filter(run=production, object="person", state="created").order_by("pk")[:20_000]
    Difference.objects.bulk_create(
        (
            Difference(
                run=run, record=row, key=row.key, destination_id=row.destination_id, object="person",
                kind="different", field="trait1", expected="x", found="y",
            )
            for row in rows.only("pk", "key", "destination_id").iterator(2_000)
        ),
        batch_size=500,
    )  # fmt: skip
    phase: Phase = run.phases.get()
    phase.steps.filter(object="person").update(
        tally={"links|person": production.records.count(), "as|person|trait1|compared": 100, "different|person": 20_000}
    )
    reverify.close(phase)
