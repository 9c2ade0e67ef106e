"""A map used again: as a template for another project, or as a file that a person has edited."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches

from connectors.catalogue import Catalogue
from mapping.parts import BY_ITSELF, Row
from mapping.rules import Action, FieldRule, MapSpec, ObjectRule

BARE = {"confidence": 0.0, "reason": "", "alternatives": (), "decided_by": ""}
"""What a template does not keep: reasons quote values, and who decided is another project's business."""


def as_template(spec: MapSpec) -> MapSpec:
    """The decisions of a map without the evidence for them."""
    objects = tuple(
        rule.model_copy(
            update={
                "confidence": 0.0,
                "reason": "",
                "decided_by": "",
                "fields": tuple(field.model_copy(update=BARE) for field in rule.fields),
            }
        )
        for rule in spec.objects
    )
    return spec.model_copy(update={"objects": objects})


def with_template(spec: MapSpec, template: MapSpec, name: str) -> MapSpec:
    """A proposed map in which fields of the same name do what the template says; the rest stays as proposed.

    An object type is the same where both are called the same and land on the same object. Fields by which records
    are recognised stay as proposed, and a place that is taken already is not given twice.
    """
    objects = tuple(
        _with_template(rule, known, name) if (known := _same(rule, template)) else rule for rule in spec.objects
    )
    return spec.model_copy(update={"objects": objects})


def _same(rule: ObjectRule, template: MapSpec) -> ObjectRule | None:
    named = template.object(rule.source)
    if named is not None and named.destination == rule.destination:
        return named
    return next((other for other in template.objects if other.destination and other.destination == rule.destination),
                None)  # fmt: skip


def _with_template(rule: ObjectRule, template: ObjectRule, name: str) -> ObjectRule:
    known = {field.source: field for field in template.fields}
    fields: list[FieldRule] = []
    for field in rule.fields:
        then = known.get(field.source)
        fixed = field.unique or field.destination == rule.match_on or field.decided_by
        fields.append(field if then is None or fixed else _as_then(field, then, name))
    return rule.model_copy(update={"fields": _each_place_once(rule.fields, fields)})


def _as_then(field: FieldRule, then: FieldRule, name: str) -> FieldRule:
    """The template's decision; options that only this project's values know are added to the template's."""
    known = {choice.source for choice in then.choices}
    values = {choice.value for choice in then.choices}
    more = tuple(choice for choice in field.choices if choice.source not in known and choice.value not in values)
    reason = f"As the template {name} has it."
    return then.model_copy(
        update={
            "choices": then.choices + more if then.choices else (),
            "also": tuple(then.also),
            "confidence": 0.97,
            "reason": reason,
            "alternatives": field.alternatives,
        }
    )


def _each_place_once(proposed: tuple[FieldRule, ...], fields: list[FieldRule]) -> tuple[FieldRule, ...]:
    """What the template says gives way where a proposal that stays goes to the same place."""
    stays = {field.destination for field, now in zip(proposed, fields, strict=True) if now is field}
    return tuple(
        was if now is not was and now.destination in stays - {""} else now
        for was, now in zip(proposed, fields, strict=True)
    )


def with_decided(spec: MapSpec, before: MapSpec, rows: Collection[Row]) -> MapSpec:
    """A new proposal in which the rows that people decided in the map before stay as they decided them."""
    objects = tuple(_with_decided(rule, before.object(rule.source), rows) for rule in spec.objects)
    streams = {rule.key: rule for rule in before.activities if Row("", rule.key) in rows}
    activities = tuple(streams.get(rule.key, rule) for rule in spec.activities)
    return spec.model_copy(update={"objects": objects, "activities": activities})


def _with_decided(rule: ObjectRule, was: ObjectRule | None, rows: Collection[Row]) -> ObjectRule:
    if was is None:
        return rule
    whole = Row(was.source) in rows
    elsewhere = (was.destination, was.action) != (rule.destination, rule.action)
    if elsewhere:
        return was if whole else rule
    known = {field.source: field for field in was.fields if Row(was.source, field.source) in rows}
    # What the product decides by itself follows the source: new segments get their tags.
    fields = tuple(field if field.decided_by == BY_ITSELF else known.get(field.source, field) for field in rule.fields)
    return (was if whole else rule).model_copy(update={"fields": fields, "relations": rule.relations})


@dataclass(frozen=True, slots=True)
class Adopted:
    """An imported map made fit for this destination, and what stands in the way."""

    spec: MapSpec
    problems: tuple[str, ...]


def with_targets(spec: MapSpec, before: MapSpec | None, targets: Catalogue | None) -> Adopted:
    """The map in which a changed destination has the type of the field it names; evidence is taken from before.

    A person with a spreadsheet changes the destination and need not know its type.
    """
    problems: list[str] = []
    objects = []
    for rule in spec.objects:
        was = before.object(rule.source) if before else None
        known = {field.source: field for field in was.fields} if was else {}
        fields = tuple(_adopt(rule, field, known.get(field.source), targets, problems) for field in rule.fields)
        objects.append(rule.model_copy(update={"fields": fields}))
    return Adopted(spec.model_copy(update={"objects": tuple(objects)}), tuple(problems))


def _adopt(
    rule: ObjectRule, field: FieldRule, was: FieldRule | None, targets: Catalogue | None, problems: list[str]
) -> FieldRule:
    if was is not None:
        field = field.model_copy(update={"alternatives": was.alternatives})
    target = targets.object(rule.destination) if targets and not rule.create else None
    if target is None or field.action is not Action.MAP or (was and was.destination == field.destination):
        return field
    standing = target.field(field.field)
    made = any(other.field == field.field and other.action != Action.MAP for other in rule.fields)
    if standing is None and not made:
        near = get_close_matches(field.field, [one.name for one in target.fields], 1)
        hint = f", such as “{near[0]}”" if near else ""
        problems.append(
            f"{rule.source}.{field.source}: found the destination “{field.destination}”, expected a field of"
            f" {rule.destination}{hint}."
        )
    return field.model_copy(update={"type": standing.type}) if standing else field
