"""The counts behind scope and grade: what discovery read, what it covers, where it lands, how hard that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.catalogue import ObjectKind
from connectors.registry import get_connector
from mapping.profile import FieldProfile
from mapping.rules import Action, MapSpec
from projects.documents.rows import AUTOMATIONS, moving_run
from projects.estimator import KNOWN_FIELDS
from projects.grading import Counted, Pace, predict, rules
from projects.labels import Labels
from projects.models import Connection, Profile, Project, Record
from projects.pipeline.phases import MEMBERSHIP, PERSON, SEGMENT

CLEAR = 0.75
"""Confidence from which a proposed destination needs no second look."""

LOSSY = {SEGMENT: "Tag", **dict.fromkeys(AUTOMATIONS, "Workflow, documented for rebuilding")}
"""What lands as less than it was."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """One object type: what the source announces and gave, from when on, and where it lands."""

    object: str
    label: str
    kind: str
    announced: int | None
    read: int
    missing: int
    period: str
    lands_on: str


@dataclass(frozen=True, slots=True)
class Compatibility:
    """How one object type lands: `1:1`, `lossy` or `left behind`."""

    object: str
    label: str
    lands_on: str
    how: str


def inventory(profiles: list[Profile], spec: MapSpec, labels: Labels) -> tuple[Inventory, ...]:
    """Everything that discovery knows of, in reading order."""
    return tuple(
        Inventory(
            object=profile.object,
            label=profile.label_plural or labels[profile.object],
            kind=profile.kind,
            announced=profile.announced,
            read=profile.read,
            missing=profile.missing,
            period=_period(profile),
            lands_on=lands_on(profile.object, profile.kind, spec)[0],
        )
        for profile in profiles
    )


PLACES = {"api": "API", "archive": "archive"}


def _period(profile: Profile) -> str:
    """From when to when API and archive reach, and how much each gave; empty for what happens at no time."""
    if profile.kind != ObjectKind.HAPPENING:
        return ""
    covers = profile.data.get("coverage", {})
    told = [_covered(name, covers[place]) for place, name in PLACES.items() if place in covers]
    if "archive" not in covers:
        told.append("no archive was given")
    if covers.get("in_both"):
        told.append(f"about {covers['in_both']:,} are in both")
    return "; ".join(told)


def _covered(name: str, told: Mapping[str, Any]) -> str:
    if told["first"] is None:
        return f"{name}: {told['records']:,} records" if told["records"] else f"{name}: nothing"
    return f"{name}: {_day(told['first'])} to {_day(told['last'])}, {told['records']:,} records"


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def lands_on(object: str, kind: str, spec: MapSpec) -> tuple[str, str]:
    """Where an object type lands and how: `1:1`, `lossy`, `left behind`; both empty where it is no record."""
    if object in LOSSY:
        return LOSSY[object], "lossy"
    rule = spec.object(object)
    if rule is not None:
        return (rule.destination, "1:1") if rule.action != Action.SKIP and rule.destination else ("", "left behind")
    if kind == ObjectKind.HAPPENING:
        streams = [one for one in spec.activities if one.source == object and one.action != Action.SKIP]
        return (", ".join(sorted({one.home.value for one in streams})), "1:1") if streams else ("", "left behind")
    if kind == ObjectKind.RECORD:
        return "", "left behind"
    return "", ""


def compatibility(profiles: list[Profile], spec: MapSpec) -> tuple[Compatibility, ...]:
    """The object types that are graded: those that hold something and are records, happenings or lossy."""
    rows = []
    for profile in profiles:
        place, how = lands_on(profile.object, profile.kind, spec)
        if how and (profile.read or profile.announced) and profile.object != MEMBERSHIP:
            rows.append(Compatibility(profile.object, profile.label_plural, place, how))
    return tuple(rows)


def counted_of(project: Project, profiles: list[Profile], spec: MapSpec, both: dict[str, Connection]) -> Counted:
    """The facts of the grade, from what was read."""
    by_object = {profile.object: profile for profile in profiles}
    person = by_object.get(PERSON)
    people = person.read if person else 0
    moving = (ObjectKind.RECORD, ObjectKind.LINK, ObjectKind.HAPPENING)
    others = sum(one.read for one in profiles if one.kind in moving and one.object not in (PERSON, MEMBERSHIP))
    others -= _counted_twice(profiles)
    table = [row for row in compatibility(profiles, spec) if row.how != "left behind"]
    return Counted(
        people=people,
        other_records=others,
        objects=len(table),
        one_to_one=sum(row.how == "1:1" for row in table),
        custom_objects=sum(rule.create for rule in spec.objects if rule.action != Action.SKIP),
        identity_gaps=_identity_gaps(project, person),
        segments=by_object[SEGMENT].read if SEGMENT in by_object else 0,
        campaigns=sum(by_object[name].read for name in AUTOMATIONS if name in by_object),
        hours=predict(people, others, pace_of(both)).hours,
        **_field_counts(profiles, spec),
    )


def _counted_twice(profiles: list[Profile]) -> int:
    """Relationships stand once as they were read and once per object type that they lead to."""
    return sum(one.read for one in profiles if one.kind == ObjectKind.LINK and one.object.startswith("relationship:"))


def _field_counts(profiles: list[Profile], spec: MapSpec) -> dict[str, int]:
    thin_share = rules()["limits"]["thin_percent"] / 100
    fields = to_decide = thin = 0
    for profile in profiles:
        if profile.kind not in (ObjectKind.RECORD, ObjectKind.HAPPENING):
            continue
        known = profile.statistics.field_profiles()
        fields += len(known)
        open_ones = [field for field in known if _is_open(profile.object, field, spec)]
        if not spec.objects:
            open_ones = open_ones[: max(0, len(known) - KNOWN_FIELDS)]
        to_decide += len(open_ones)
        thin += sum(field.filled < thin_share * field.total for field in open_ones)
    return {"fields": fields, "fields_to_decide": to_decide, "fields_thin": thin}


def _is_open(object: str, field: FieldProfile, spec: MapSpec) -> bool:
    """Whether a field has no home of its own on the destination, or only an unclear one."""
    rule = spec.object(object)
    if rule is None:
        return not spec.objects
    if rule.action == Action.SKIP:
        return False
    chosen = rule.rule_for(field.name)
    if chosen is None or chosen.action in (Action.CREATE, Action.COMBINE):
        return True
    return chosen.action == Action.MAP and chosen.confidence < CLEAR and not chosen.decided_by


def _identity_gaps(project: Project, person: Profile | None) -> int:
    """People without an address, and those that the newest run found to share one."""
    if person is None:
        return 0
    email = next((field for field in person.statistics.field_profiles() if field.name == "email"), None)
    without = person.read - (email.filled if email else 0)
    run = moving_run(project)
    doubles = Record.objects.filter(run=run, object=PERSON, reason="duplicate_match_value").count() if run else 0
    return without + doubles


def pace_of(both: dict[str, Connection]) -> Pace:
    """What both connections allow: what was found or set for them, else what their connectors declare."""
    source, destination = both.get(Connection.Side.SOURCE), both.get(Connection.Side.DESTINATION)
    found: dict[str, Any] = (destination.known.get("capabilities") or {}) if destination else {}
    return Pace(
        source_per_minute=_per_minute(source, None),
        destination_per_minute=_per_minute(destination, found.get("rate")),
        batch=int(found.get("batch") or 200),
    )


def _per_minute(connection: Connection | None, found: dict[str, Any] | None) -> float:
    if connection is None:
        return 0.0
    if connection.requests_per_minute:
        return float(connection.requests_per_minute)
    if found is not None:
        return 60 / found["interval"] if found.get("interval") else 0.0
    return get_connector(connection.connector).rate.per_minute
