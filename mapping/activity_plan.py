"""The object `activity` and the fields beside notes and tasks, which take what happened."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.catalogue import FieldType, Option
from connectors.plans import FieldPlan, ObjectPlan
from mapping.drafting import OPTIONS
from mapping.rules import Action, ActivityRule, Home

ACTIVITY, NOTE, TASK = "activity", "note", "task"

DESTINATIONS = {Home.ACTIVITY: ACTIVITY, Home.COMMENT: NOTE, Home.TASK: TASK}
"""Where each home stands on the destination."""


def activity_plan(rules: Sequence[ActivityRule]) -> tuple[list[ObjectPlan], list[FieldPlan]]:
    """Objects and fields that these rules need."""
    moved = [rule for rule in rules if rule.action != Action.SKIP]
    objects: list[ObjectPlan] = []
    fields: list[FieldPlan] = []
    if moved:
        # Also where all of it becomes comments: what comes up later has a place then.
        description = "What people did and were sent, from Customer.io"
        objects.append(ObjectPlan(ACTIVITY, "activities", "Activity", "Activities", description))
        fields += _activity_fields()
        if any(rule.columns for rule in moved):
            fields += _columns()
    for home in (Home.COMMENT, Home.TASK):
        if any(rule.home is home for rule in moved):
            fields += _audit_fields(DESTINATIONS[home], "customerioProperties", "Customer.io properties")
    return objects, fields


def _activity_fields() -> list[FieldPlan]:
    options = tuple(Option(value, kind.value.title()) for kind, value in OPTIONS.items())
    happened = FieldPlan(ACTIVITY, "happenedAt", "Happened at", FieldType.DATE_TIME, "When it happened.")
    return [
        *_audit_fields(ACTIVITY, "properties", "Properties"),
        FieldPlan(ACTIVITY, "kind", "Kind", FieldType.SELECT, "What it counts as.", options=options),
        happened,
        FieldPlan(ACTIVITY, "status", "Status", FieldType.TEXT, "What became of it."),
        FieldPlan(ACTIVITY, "assignedTo", "Assigned to", FieldType.TEXT, "Whom the source names, as it names them."),
        _person("person", "Person", "Activities"),
        _person("assignee", "Assignee", "Assigned activities"),
    ]


def _person(name: str, label: str, inverse: str) -> FieldPlan:
    return FieldPlan(ACTIVITY, name, label, FieldType.RELATION, target="person", inverse_label=inverse)


def _columns() -> list[FieldPlan]:
    times = (("startsAt", "Starts at"), ("endsAt", "Ends at"), ("dueAt", "Due at"))
    return [
        *(FieldPlan(ACTIVITY, name, label, FieldType.DATE_TIME) for name, label in times),
        FieldPlan(ACTIVITY, "location", "Location", FieldType.TEXT),
    ]


def _audit_fields(object: str, name: str, label: str) -> list[FieldPlan]:
    exact = "The exact JSON text, where the field beside it could not keep a number or a character."
    return [
        FieldPlan(object, "customerioId", "Customer.io ID", FieldType.TEXT, "Its id in Customer.io.", unique=True),
        FieldPlan(object, name, label, FieldType.RAW_JSON, "As they came from Customer.io."),
        FieldPlan(object, f"{name}Raw", f"{label} (exact)", FieldType.TEXT, exact),
    ]
