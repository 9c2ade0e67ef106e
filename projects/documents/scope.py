"""The migration scope: what there is, where it lands, what is made for it, what stays, how long it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from connectors.registry import get_connector
from mapping.rules import Action, MapSpec
from projects.documents.gotchas import Gotcha, gotchas
from projects.documents.head import Head, head_of
from projects.documents.inventory import Compatibility, Inventory, compatibility, counted_of, inventory, pace_of
from projects.documents.rows import discovery_of, profiles_of, sides
from projects.grading import Grade, grade, predict, rules, spell_hours, too_many, what_ifs
from projects.labels import Labels, labels_of
from projects.models import Connection, Profile, Project, Run
from projects.pipeline.phases import PHASES
from projects.schema import schema_plan


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What becomes of one field. `percent` says for how many records it is filled; null where it was not read."""

    object: str
    field: str
    filled: int | None
    percent: float | None
    action: str
    destination: str
    type: str
    transform: str
    choices: int
    otherwise: str
    reason: str


@dataclass(frozen=True, slots=True)
class NewObject:
    """An object to be made in the destination."""

    name: str
    label: str
    description: str


@dataclass(frozen=True, slots=True)
class NewField:
    """A field to be made in the destination."""

    object: str
    name: str
    label: str
    type: str
    unique: bool
    options: int
    description: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something found out about the destination, and how."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Environment:
    """The review of the destination. `hosting`: cloud or self-hosted."""

    system: str
    account: str
    address: str
    hosting: str
    version: str
    facts: tuple[Fact, ...]
    triggers: tuple[Fact, ...]
    checked_at: str


@dataclass(frozen=True, slots=True)
class GradeLine:
    """One axis of the grade."""

    label: str
    score: int
    points: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A decision that would make it smaller."""

    sentence: str
    before: str
    after: str
    saved: int


@dataclass(frozen=True, slots=True)
class Grading:
    """The grade; `name` is empty where it is scoped individually."""

    name: str
    words: str
    timeline: str
    one_to_one: int
    objects: int
    lines: tuple[GradeLine, ...]
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Predicted:
    """Minutes of machine time under the limits that were found."""

    read_minutes: float
    write_minutes: float
    read_back_minutes: float
    hours: float
    basis: str

    @property
    def words(self) -> str:
        """All of it, as people say it."""
        return spell_hours((self.read_minutes + self.write_minutes + self.read_back_minutes) / 60)

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """What it is made of, each as people say it."""
        minutes = (
            ("reading", self.read_minutes),
            ("writing", self.write_minutes),
            ("reading back", self.read_back_minutes),
        )
        return tuple((name, spell_hours(number / 60)) for name, number in minutes)


@dataclass(frozen=True, slots=True)
class Scope:
    """The whole document."""

    head: Head
    source: str
    destination: str
    grade: Grading
    records: int
    inventory: tuple[Inventory, ...]
    compatibility: tuple[Compatibility, ...]
    fields: tuple[FieldSpec, ...]
    new_objects: tuple[NewObject, ...]
    new_fields: tuple[NewField, ...]
    environment: Environment
    exclusions: tuple[str, ...]
    assumptions: tuple[str, ...]
    load_order: tuple[str, ...]
    predicted: Predicted
    gotchas: tuple[Gotcha, ...]


OTHERWISE = {
    "keep_raw": "kept as text beside it",
    "hold": "the record waits for a decision",
    "empty": "left empty",
}
"""What becomes of a value that cannot be turned."""

SURE = frozenset({"", "text", "trim"})
"""Transforms that every value goes through."""

EXCLUDED = (
    "Push notifications: they depend on a new version of your app with another SDK.",
    "Campaigns, journeys, broadcasts and templates as running automations: they are documented for rebuilding.",
    "Anonymous and suppressed profiles: the source does not give them.",
    "Text of messages that the source stores redacted or not at all.",
)

ASSUMED = (
    "The keys open the accounts that are named here, with the permissions found during the check.",
    "Customer.io is not written to; whoever else uses its request limit slows the reading down.",
    "Nobody imports into the destination by other means while a phase is running.",
    "Segment membership is a snapshot of the moment of reading.",
    "A value of nothing but spaces counts as empty.",
)


def context(project: Project) -> Scope | None:
    """The scope as things stand; None before discovery has read the source."""
    run = discovery_of(project)
    if run is None:
        return None
    stored = project.map_series.latest()
    spec = stored.spec if stored else MapSpec()
    profiles, both = profiles_of(run), sides(project)
    labels = labels_of(project)
    counted = counted_of(project, profiles, spec, both)
    pace = pace_of(both)
    took = predict(counted.people, counted.other_records, pace)
    systems = {side: get_connector(one.connector).label for side, one in both.items()}
    return Scope(
        head=head_of(project, f"Migration scope of {project.name}", run, stored),
        source=systems.get("source", ""),
        destination=systems.get("destination", ""),
        grade=_grading(counted),
        records=counted.records,
        inventory=inventory(profiles, spec, labels),
        compatibility=compatibility(profiles, spec),
        fields=field_specs(spec, profiles, labels),
        new_objects=new_objects(spec),
        new_fields=new_fields(spec),
        environment=_environment(both.get(Connection.Side.DESTINATION)),
        exclusions=(*EXCLUDED, *_left_behind(spec, labels)),
        assumptions=ASSUMED,
        load_order=_load_order(project, spec, labels),
        predicted=Predicted(
            read_minutes=round(took.read, 1),
            write_minutes=round(took.write, 1),
            read_back_minutes=round(took.read_back, 1),
            hours=took.hours,
            basis=_basis(pace.source_per_minute, pace.destination_per_minute, pace.batch),
        ),
        gotchas=gotchas(project, profiles, both, took.hours),
    )


def to_json(made: Scope) -> dict[str, Any]:
    """The scope as JSON, in the shape that its schema publishes."""
    dumped: dict[str, Any] = TypeAdapter(Scope).dump_python(made, mode="json")
    return dumped


def _grading(counted: Any) -> Grading:
    one_to_one, objects = counted.one_to_one, counted.objects
    if too_many(counted):
        most = rules()["limits"]["records"]
        words = f"Scoped individually: above {most:,} records"
        return Grading("", words, "", one_to_one, objects, (), ())
    made: Grade = grade(counted)
    return Grading(
        name=made.name,
        words=made.words,
        timeline=made.timeline,
        one_to_one=one_to_one,
        objects=objects,
        lines=tuple(GradeLine(line.label, line.score, line.points, line.sentence) for line in made.lines),
        offers=tuple(
            Offer(one.sentence, one.before.name, one.after.name, one.before.points - one.after.points)
            for one in what_ifs(counted)
        ),
    )


def field_specs(spec: MapSpec, profiles: list[Profile], labels: Labels) -> tuple[FieldSpec, ...]:
    """The specification, object by object in the order of the map, field by field."""
    seen = {
        profile.object: {field.name: field for field in profile.statistics.field_profiles()} for profile in profiles
    }
    rows = []
    for rule in spec.objects:
        for field in rule.fields:
            known = seen.get(rule.source, {}).get(field.source)
            left = Action.SKIP in (rule.action, field.action) or not field.destination
            rows.append(
                FieldSpec(
                    object=labels[rule.source],
                    field=", ".join((field.source, *field.also)),
                    filled=known.filled if known else None,
                    percent=round(100 * known.filled / known.total, 1) if known and known.total else None,
                    action=Action.SKIP.value if left else field.action.value,
                    destination="" if left else f"{rule.destination}.{field.destination}",
                    type=field.type.value if field.type and not left else "",
                    transform=field.transform if not left else "",
                    choices=len(field.choices),
                    otherwise=OTHERWISE[field.on_error.value] if not left and field.transform not in SURE else "",
                    reason="Its object type is left behind." if rule.action == Action.SKIP else field.reason,
                )
            )
    return tuple(rows)


def new_objects(spec: MapSpec) -> tuple[NewObject, ...]:
    """The objects to be made."""
    return tuple(NewObject(one.name, one.label, one.description) for one in schema_plan(spec).objects)


def new_fields(spec: MapSpec) -> tuple[NewField, ...]:
    """The fields to be made."""
    plans = schema_plan(spec).fields
    return tuple(
        NewField(
            object=one.object,
            name=one.name,
            label=one.label,
            type=f"{one.type.value} to {one.target}" if one.target else one.type.value,
            unique=one.unique,
            options=len(one.options),
            description=one.description,
        )
        for one in plans
    )


def _environment(connection: Connection | None) -> Environment:
    if connection is None:
        return Environment("", "", "", "", "", (), (), "")
    connector = get_connector(connection.connector)
    cloud = connection.base_url.rstrip("/") in {url.rstrip("/") for url in connector.hosts.values()}
    found = connection.known.get("capabilities") or {}
    facts = tuple(Fact(name, words) for name, words in (found.get("facts") or {}).items() if name != "Version")
    rate = found.get("rate")
    return Environment(
        system=connector.label,
        account=str(connection.identity.get("account", "")),
        address=connection.base_url,
        hosting="cloud, run by the vendor" if cloud else "self-hosted",
        version=str(found.get("version") or "not told by the server"),
        facts=(*facts, *_differs(cloud, rate)),
        triggers=tuple(Fact(one["name"], one["consequence"]) for one in connection.known.get("triggers") or ()),
        checked_at=connection.checked_at.isoformat(timespec="seconds") if connection.checked_at else "",
    )


def _differs(cloud: bool, rate: Any) -> tuple[Fact, ...]:
    """What the hosting changes for the import."""
    if cloud:
        return (Fact("On the cloud", "The request limit cannot be raised: the prediction below holds as it stands."),)
    return (
        Fact(
            "Self-hosted",
            "Whoever runs the server may raise API_RATE_LIMITING_* for the days of the import and put it back; "
            "its worker writes a timeline line for each new record meanwhile.",
        ),
    )


def _left_behind(spec: MapSpec, labels: Labels) -> tuple[str, ...]:
    objects = [labels[rule.source] for rule in spec.objects if rule.action == "skip"]
    fields = sum(
        1
        for rule in spec.objects
        if rule.action != Action.SKIP
        for field in rule.fields
        if field.action == Action.SKIP or not field.destination
    )
    lines = [f"{name}: left behind by the map." for name in objects]
    if fields:
        lines.append(f"{fields:,} field{'s are' if fields > 1 else ' is'} left behind by the map, as specified.")
    return tuple(lines)


def _load_order(project: Project, spec: MapSpec, labels: Labels) -> tuple[str, ...]:
    """The phases in their order, each with the object types that go through it."""
    run = Run(project=project, kind=Run.Kind.PRODUCTION)
    lines = []
    for phase in PHASES:
        names = [labels[step.object] for step in phase.steps(run, spec) if step.counts]
        if names:
            lines.append(f"{phase.label}: {', '.join(dict.fromkeys(names))}")
    return tuple(lines)


def _basis(source: float, destination: float, batch: int) -> str:
    def paced(number: float) -> str:
        return f"{number:,.0f} requests a minute" if number else "no request limit met"

    return (
        f"Reading: {paced(source)}. Writing: {paced(destination)} with {batch} records each. "
        "Reading back adds 30 % to writing. Settling, reviewing and signing are not in it."
    )
