"""How the rows of a step refer to other rows: which column takes whose id, and what is changed by it.

Three kinds of rows are links rather than things. A *junction* is a record of its own between two others. An
*attachment* sets one relation of a record that has landed before, `onto` it: the company of a person, the person
of an object, the parent of an object of the same type. Both wait for their ends and hold where one did not land.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mapping.relations import MEMBER
from mapping.rules import MapSpec, RelationRule
from projects.pipeline.phases import (
    ATTACHMENT,
    COMMENT,
    PERSON_COMPANY,
    RELATIONSHIP,
    TASK,
    activity_objects,
    activity_sources,
    object_types,
    relation_step,
)

SELF = "self"
OTHER = "other"

"""Roles in an attachment: the record that is changed, and the one that it points to."""


TARGET_PERSON = "targetPersonId"
"""The person's column on a link of a note or task; the older line calls it otherwise, which loading sees to."""

TARGET_RECORD = "targetRecordId"
"""The column of an attachment for whatever record it hangs on: `targetActivityId`, `targetNoteId`."""


@dataclass(frozen=True, slots=True)
class Ends:
    """`columns`: role → column that takes its id; `onto`: the role whose record is changed, empty for a new record.

    `optional` names roles without which a row lands all the same when people decide so.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    onto: str = ""
    optional: frozenset[str] = frozenset()
    named: bool = False
    """Whether a record of its own is called by what it stands between."""


def ends_of(spec: MapSpec, object: str) -> Ends:
    """The ends of the rows of one step."""
    if object == PERSON_COMPANY:
        return Ends({OTHER: "companyId"}, onto=SELF)
    if object in activity_sources(spec):
        return Ends({"person": "personId", "assignee": "assigneeId"}, optional=frozenset({"person"}))
    if object in (COMMENT, TASK):
        # They hang on the person by a record of their own, but only land where there is one.
        return Ends({}, optional=frozenset({"person"}))
    if object == ATTACHMENT:
        return Ends({"record": TARGET_RECORD})
    if object.replace(RELATIONSHIP, "object", 1) in activity_objects(spec):
        return Ends({"person": "personId"}, onto="object")
    if object.startswith(RELATIONSHIP):
        return _ends_of_relationship(spec, object)
    source, _, name = object.partition(".")
    if source in (COMMENT, TASK):
        return Ends({"record": f"{'note' if source == COMMENT else 'task'}Id", "person": TARGET_PERSON})
    if name:
        return Ends({} if relation_of(spec, object).to == MEMBER else {OTHER: f"{name}Id"}, onto=SELF)
    return Ends()


def _ends_of_relationship(spec: MapSpec, object: str) -> Ends:
    """A junction has an object of its own; where the map lands it on the object itself, the person is attached."""
    rule, target = spec.object(object), spec.object(object.replace(RELATIONSHIP, "object", 1))
    if rule is None or target is None:
        return Ends()
    columns = {relation.source: f"{relation.destination}Id" for relation in rule.relations}
    if rule.destination == target.destination:
        return Ends({"person": columns["person"]}, onto="object")
    return Ends(columns, named=True)


def relation_of(spec: MapSpec, object: str) -> RelationRule:
    """The relation that the rows of this step set."""
    for rule in object_types(spec):
        for relation in rule.relations:
            if relation_step(rule.source, relation) == object:
                return relation
    raise LookupError(f"The map has no relation {object}.")
