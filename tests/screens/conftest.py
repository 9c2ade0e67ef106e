"""A project with everything its screens show, made of rows: no system outside is asked for anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from connectors.catalogue import FieldType, ObjectKind
from mapping.profile import ObjectProfile
from mapping.rules import Action, Alternative, Choice, FieldRule, MapSpec, ObjectRule
from projects import members, services
from projects.models import Connection, Difference, Link, Membership, PausedTrigger, Profile, Project, Record, Run, User
from projects.pipeline import engine, reconcile

SECRET = "sk-never-show-this-3f9c"

TRIGGER = {
    "id": "workflow-1",
    "name": "Create company when adding a new person",
    "event": "created",
    "object": "person",
    "consequence": "It would make companies of its own.",
}


def user(name: str) -> User:
    return User.objects.create_user(f"{name}@example.com", "a-long-password", name=f"{name.title()} Person")


@pytest.fixture
def admin(db: None) -> User:
    return user("admin")


@pytest.fixture
def customer(db: None) -> User:
    return user("customer")


@pytest.fixture
def engineer(db: None) -> User:
    return user("engineer")


@pytest.fixture
def stranger(db: None) -> User:
    return user("stranger")


FIELDS = (
    FieldRule(
        source="cio_id",
        action=Action.CREATE,
        destination="customerioId",
        type=FieldType.TEXT,
        label="Customer.io ID",
        unique=True,
        confidence=0.99,
        reason="The one id that never changes.",
    ),
    FieldRule(
        source="email",
        action=Action.MAP,
        destination="emails.primaryEmail",
        type=FieldType.EMAILS,
        transform="email",
        confidence=0.99,
    ),
    FieldRule(
        source="first_name",
        action=Action.MAP,
        destination="name.firstName",
        type=FieldType.FULL_NAME,
        confidence=0.98,
    ),
    FieldRule(
        source="plan",
        action=Action.CREATE,
        destination="planTrait",
        type=FieldType.SELECT,
        label="Plan",
        transform="select",
        choices=(Choice(source="pro", value="PRO", label="pro"), Choice(source="free", value="FREE", label="free")),
        confidence=0.75,
        reason="Two values make a select.",
        alternatives=(Alternative(destination="jobTitle", confidence=0.4),),
    ),
    FieldRule(
        source="segments",
        action=Action.CREATE,
        destination="tags",
        type=FieldType.MULTI_SELECT,
        label="Tags",
        transform="multi_select",
        choices=(Choice(source="1", value="CUSTOMERS", label="Customers"),),
        confidence=1.0,
        decided_by="Carryover",
    ),
)
"""A field of every sort; segments as tags."""


@pytest.fixture
def spec() -> MapSpec:
    """People with a field of every sort; segments as tags; one object type left behind."""
    person = ObjectRule(source="person", destination="person", match_on="emails.primaryEmail", fields=FIELDS)
    boats = ObjectRule(source="object:7", destination="", action=Action.SKIP, label="Boat")
    return MapSpec(objects=(person, boats))


@pytest.fixture
def project(admin: User, customer: User, engineer: User) -> Project:
    """Members and both connections."""
    made = services.create_project(name="Harbour Tours", by=admin)
    members.add_member(project=made, user=customer, role=Membership.Role.CUSTOMER, by=admin)
    members.add_member(project=made, user=engineer, role=Membership.Role.ENGINEER, by=admin)
    for side, connector, url in (
        ("source", "customerio", "https://api.customer.io"),
        ("destination", "twenty", "https://crm.example.com"),
    ):
        Connection.objects.create(
            project=made,
            side=side,
            connector=connector,
            base_url=url,
            secrets={"api_key": SECRET},
            identity={"account": f"The {side}"},
            known={"triggers": [TRIGGER]} if side == "destination" else {},
            checked_at=timezone.now(),
        )
    return made


def profile(run: Run, object: str, plural: str, rows: list[dict[str, object]]) -> None:
    statistics = ObjectProfile.start(seed="x")
    for number, fields in enumerate(rows):
        statistics.add(f"{object}-{number}", fields)
    Profile.objects.create(
        project=run.project,
        run=run,
        object=object,
        label=plural.rstrip("s"),
        label_plural=plural,
        kind=ObjectKind.RECORD,
        announced=len(rows),
        read=len(rows),
        data={"profile": statistics.to_json()},
        finished_at=timezone.now(),
    )


@pytest.fixture
def discovered(project: Project, engineer: User) -> Run:
    """A finished discovery."""
    run = Run.objects.create(
        project=project,
        number=1,
        kind=Run.Kind.DISCOVERY,
        state=Run.State.SUCCEEDED,
        started_by=engineer,
        started_at=timezone.now(),
        ended_at=timezone.now(),
    )
    engine.begin(run)
    people: list[dict[str, object]] = [
        {"cio_id": f"{n:04}", "email": f"p{n}@example.com", "first_name": "Ada", "plan": "pro" if n % 2 else "free"}
        for n in range(20)
    ]
    profile(run, "person", "People", people)
    profile(run, "object:7", "Boats", [{"name": "Albatross"}, {"name": "Cormorant"}])
    return run


@pytest.fixture
def mapped(discovered: Run, spec: MapSpec, engineer: User) -> Project:
    """A proposed map."""
    discovered.project.map_series.add(spec, by=engineer, note="proposed")
    return discovered.project


@pytest.fixture
def confirmed(mapped: Project, customer: User) -> Project:
    """A map that the customer signed."""
    services.sign(project=mapped, gate="map", by=customer, name="Carla Customer")
    return mapped


def migration(project: Project, kind: str, engineer: User, size: int) -> Run:
    """A run whose people phase went through with `size` people, two of them doubles and one held."""
    number = project.runs.count() + 1
    run = Run.objects.create(
        project=project,
        number=number,
        kind=kind,
        state=Run.State.RUNNING,
        field_map=project.map_series.latest(),
        started_by=engineer,
        started_at=timezone.now(),
        heartbeat_at=timezone.now(),
    )
    engine.begin(run)
    rows = [person(run, n, Record.State.CREATED) for n in range(size)]
    rows += [person(run, size + n, Record.State.HELD, "no_match_value") for n in range(size)]
    rows += [
        person(run, 2 * size + n, Record.State.HELD, "duplicate_match_value", f"twin{n // 2}@example.com")
        for n in range(2 * (size // 2))
    ]
    land(run, Record.objects.bulk_create(rows)[:size])
    PausedTrigger.objects.create(run=run, trigger_id="workflow-1", name=TRIGGER["name"], state="paused")
    run.steps.filter(phase__name="people").update(
        state="done", tally={"ms.extract": 900, "ms.load": 2100, "calls.source.read": 4, "calls.destination.write": 3}
    )
    run.steps.filter(name="person").update(
        tally={"field.planTrait.compared": size, "field.planTrait.different": size, "ms.load": 1000}
    )
    return run


def land(run: Run, rows: list[Record]) -> None:
    """Gives each row its place in the destination, and one value that reads back other than it was meant."""
    links = [
        Link(
            project=run.project,
            run=run,
            object="person",
            key=f"{row.key} of {run.number}",
            destination="person",
            destination_id=run.project.destination_id("person", row.key),
            origin=Link.Origin.CREATED,
            written=row.mapped,
        )
        for row in rows
    ]
    Link.objects.bulk_create(links)
    Difference.objects.bulk_create(
        Difference(
            run=run, record=row, object="person", kind="different", field="planTrait", expected="PRO", found=None
        )
        for row in rows
    )


def person(run: Run, number: int, state: str, reason: str = "", match: str = "") -> Record:
    raw = {"cio_id": f"{number:04}", "email": match or f"p{number}@example.com", "first_name": "Ada", "plan": "pro"}
    return Record(
        run=run,
        object="person",
        key=f"{number:04}",
        raw=raw,
        digest="d" * 64,
        match_key=match,
        mapped={"emails": {"primaryEmail": raw["email"], "additionalEmails": []}, "planTrait": "PRO"},
        notes=[{"field": "plan", "code": "not_kept", "sentence": "This value is odd.", "raw": "pro"}],
        state=state,
        reason=reason,
        detail="It has no value for emails.primaryEmail." if reason else "",
        proof="different" if state == "created" else "",
    )


@pytest.fixture
def make_sandbox(confirmed: Project, engineer: User) -> Callable[[int], Run]:
    """Makes a sandbox run that has ended."""

    def make(size: int) -> Run:
        run = migration(confirmed, Run.Kind.SANDBOX, engineer, size)
        reconcile.close(run.phases.get(name="people"))
        run.phases.update(state="approved")
        Run.objects.filter(pk=run.pk).update(state=Run.State.SUCCEEDED, ended_at=timezone.now())
        return Run.objects.get(pk=run.pk)

    return make


@pytest.fixture
def make_production(confirmed: Project, engineer: User) -> Callable[[int], Run]:
    """Makes a production run whose people phase waits for its signature."""

    def make(size: int) -> Run:
        run = migration(confirmed, Run.Kind.PRODUCTION, engineer, size)
        people = run.phases.get(name="people")
        reconcile.close(people)
        run.phases.filter(pk=people.pk).update(state="reconciled")
        Run.objects.filter(pk=run.pk).update(state=Run.State.WAITING)
        return Run.objects.get(pk=run.pk)

    return make


@pytest.fixture
def sandbox(make_sandbox: Callable[[int], Run]) -> Run:
    return make_sandbox(5)


@pytest.fixture
def production(sandbox: Run, make_production: Callable[[int], Run], customer: User) -> Run:
    """Everything at once: discovery, map, sandbox and a production run that waits."""
    services.sign(project=sandbox.project, gate="sandbox", by=customer, name="Carla Customer", note="Seen.")
    return make_production(5)


@pytest.fixture
def log_in() -> Callable[[User], Client]:
    """A browser with somebody logged in."""

    def make(who: User) -> Client:
        client = Client()
        client.force_login(who)
        return client

    return make
