"""What the destination must hold before the first record is written, and the journal of making it."""

from __future__ import annotations

import dataclasses
from collections import Counter

from django.utils import timezone

from connectors.catalogue import Catalogue, FieldType, Option
from connectors.errors import Terminal
from connectors.plans import FieldPlan, ObjectPlan, SchemaChange, SchemaPlan
from mapping.activity_plan import activity_plan
from mapping.checks import MOST_FIELDS
from mapping.fixed import companion_description
from mapping.relations import MEMBER, MEMBER_OBJECT
from mapping.rules import Action, FieldRule, MapSpec, ObjectRule, RelationRule
from projects import audit
from projects.connections import open_destination
from projects.models import JournalEntry, Project
from projects.pipeline.phases import RELATIONSHIP, activity_objects, relationship_of
from projects.verbs import Verb


def schema_plan(spec: MapSpec) -> SchemaPlan:
    """Objects and fields that the confirmed map needs and that are not Twenty's own."""
    objects: list[ObjectPlan] = []
    fields: dict[tuple[str, str], FieldPlan] = {}
    happened = {name for source in activity_objects(spec) for name in (source, relationship_of(source))}
    for rule in spec.objects:
        if rule.action == Action.SKIP or rule.source in happened:
            continue
        if rule.create:
            objects.append(ObjectPlan(rule.destination, rule.plural, rule.label, rule.label_plural, rule.description))
        for relation in rule.relations:
            if relation.action == Action.CREATE and (target := _target(spec, relation)):
                fields[rule.destination, relation.destination] = FieldPlan(
                    rule.destination,
                    relation.destination,
                    relation.label,
                    FieldType.RELATION,
                    description=_relation_description(rule, relation),
                    target=target,
                    inverse_label=relation.inverse_label,
                )
        for field in rule.fields:
            for plan in _field_plans(rule, field):
                fields.setdefault((plan.object, plan.name), plan)
    more_objects, more_fields = activity_plan(spec.activities)
    objects += more_objects
    fields |= {(plan.object, plan.name): plan for plan in more_fields}
    unique_objects = {plan.name: plan for plan in objects}
    return SchemaPlan(tuple(unique_objects.values()), tuple(fields.values()))


def _target(spec: MapSpec, relation: RelationRule) -> str:
    """The destination's object that a relation points to; none where that object type is left behind."""
    if relation.to == MEMBER:
        return MEMBER_OBJECT
    rule = spec.object(relation.to)
    return rule.destination if rule and rule.action != Action.SKIP else ""


def _relation_description(rule: ObjectRule, relation: RelationRule) -> str:
    if rule.source.startswith(RELATIONSHIP):
        return ""
    return f"The record that the Customer.io attribute {relation.source} names."


def _field_plans(rule: ObjectRule, field: FieldRule) -> list[FieldPlan]:
    plans = []
    if field.action in (Action.CREATE, Action.COMBINE) and field.destination and field.type:
        plans.append(
            FieldPlan(
                object=rule.destination,
                name=field.field,
                label=field.label or field.source,
                type=field.type,
                description=field.description,
                unique=field.unique,
                options=_options(field),
            )
        )
    if field.raw_destination and field.action != Action.SKIP:
        plans.append(
            FieldPlan(
                object=rule.destination,
                name=field.raw_destination,
                label=f"{field.label or field.source} (as it came)",
                type=FieldType.TEXT,
                description=companion_description(field.source),
            )
        )
    return plans


def field_counts(catalogue: Catalogue, missing: SchemaPlan) -> dict[str, int]:
    """How many fields each object that gets new ones would have, its relations' other ends included."""
    new = Counter(field.object for field in missing.fields)
    new.update(field.target for field in missing.fields if field.target)
    standing = {object.name: len(object.fields) for object in catalogue.objects}
    return {name: standing.get(name, 0) + number for name, number in new.items()}


def refuse_crowded(catalogue: Catalogue, missing: SchemaPlan) -> None:
    """Raises Terminal where an object would get more fields than the destination's screens can show."""
    for name, number in field_counts(catalogue, missing).items():
        if number > MOST_FIELDS:
            raise Terminal(
                f"{name} would have {number} fields; above {MOST_FIELDS} Twenty's screens break. Nothing was made.",
                "Leave some of them behind in the map, and have it confirmed.",
            )


def _options(field: FieldRule) -> tuple[Option, ...]:
    """The options to be made; a list of texts has choices in the map and none in the destination."""
    if field.type not in (FieldType.SELECT, FieldType.MULTI_SELECT):
        return ()
    return tuple(dict.fromkeys(Option(choice.value, choice.label) for choice in field.choices))


def missing_schema(project: Project, spec: MapSpec) -> SchemaPlan:
    """The part of the plan that the destination does not have yet."""
    with open_destination(project) as destination:
        return destination.plan_missing(schema_plan(spec))


def ensure_schema(project: Project, spec: MapSpec) -> int:
    """Makes what is missing, each change journalled before and after; gives the number of changes."""
    open_entries: dict[tuple[str, str, str], JournalEntry] = {}
    made: list[SchemaChange] = []

    def journal(change: SchemaChange) -> None:
        key = (change.verb, change.object, change.name)
        if not change.done:
            open_entries[key] = JournalEntry.objects.create(
                project=project, verb=change.verb, object=change.object, count=1, detail=dataclasses.asdict(change)
            )
            return
        entry = open_entries[key]
        entry.state, entry.answered_at = JournalEntry.State.DONE, timezone.now()
        entry.detail = dataclasses.asdict(change)
        entry.save(update_fields=["state", "answered_at", "detail"])
        made.append(change)

    with open_destination(project) as destination:
        plan = schema_plan(spec)
        refuse_crowded(destination.catalogue(), destination.plan_missing(plan))
        destination.ensure(plan, journal)
    if made:
        names = [f"{change.object}.{change.name}" if change.name else change.object for change in made]
        audit.record(Verb.SCHEMA_CHANGED, project, f"{len(made)} objects, fields and options", names=names)
    return len(made)
