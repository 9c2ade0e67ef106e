"""Scope: which changes a rollback takes back. What rests on something goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from django.db.models import Exists, OuterRef, Q, QuerySet

from mapping.rules import MapSpec
from projects.models import Change, Link, Project, Run
from projects.pipeline import phases


@dataclass(frozen=True, slots=True)
class Scope:
    """At most one of these is given, `run` may be added to each: that run and all that came after it.

    `field` is `object.field` of the destination, `person` a key of the source. `sample` is what the sandbox and
    cancelled runs left behind: it is taken back whatever became of it.
    """

    run: int = 0
    phase: str = ""
    object: str = ""
    field: str = ""
    person: str = ""
    sample: bool = False

    @classmethod
    def of(cls, run: Run) -> Self:
        """The scope of a run: of a rollback as it was asked for, of another run the sandbox sample."""
        return cls(**run.scope) if run.kind == Run.Kind.ROLLBACK else cls(sample=True)

    def to_json(self) -> dict[str, Any]:
        """As it is kept with the run: without what was not said."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}

    @property
    def field_parts(self) -> tuple[str, str]:
        """The destination's object and field, where a field was named."""
        object, _, name = self.field.partition(".")
        return object, name.partition(".")[0]

    @property
    def whole(self) -> bool:
        """Whether nothing but runs limits it: then the schema goes too."""
        return not (self.phase or self.object or self.field or self.person or self.sample)

    def __str__(self) -> str:
        return self.told({})

    def told(self, labels: Mapping[str, str]) -> str:
        """What is taken back, in words. `labels`: object types as people call them; without, they are named by code."""
        if self.field:
            return f"the field {self.field}"
        if self.person:
            return f"the person {self.person}"
        if self.object:
            return f"{labels[self.object] if labels else self.object} and what hangs on it"
        if self.phase:
            return f"the phase “{phases.phase_spec(self.phase).label}” and what came after it"
        return f"run {self.run} and what came after it" if self.run else "everything"


def open_changes(project: Project, scope: Scope, spec: MapSpec) -> QuerySet[Change]:
    """The changes of the scope that nobody has taken back yet."""
    found = Change.objects.filter(project=project, undone=None)
    if scope.sample:
        unknown = ~Exists(Link.objects.filter(project=project, destination_id=OuterRef("destination_id")))
        left = Q(unknown, run__state=Run.State.CANCELLED, kind=Change.Kind.CREATED)
        return found.filter(Q(run__kind=Run.Kind.SANDBOX) | left)
    found = found.exclude(run__kind=Run.Kind.ROLLBACK) if not scope.field else found
    if scope.run:
        found = found.filter(run__number__gte=scope.run)
    if scope.phase:
        names = [phase.name for phase in phases.PHASES]
        found = found.filter(step__phase__name__in=names[names.index(scope.phase) :])
    if scope.object:
        found = found.filter(object__in=with_dependents(spec, scope.object))
    if scope.person:
        found = found.filter(person=scope.person)
    if scope.field:
        found = found.filter(destination=scope.field_parts[0])
    return found


def with_dependents(spec: MapSpec, object: str) -> set[str]:
    """An object type of the source and every kind of row that points to it."""
    found = {object, phases.relationship_of(object)}
    rule = spec.object(object)
    if rule and rule.destination == phases.COMPANY:
        found.add(phases.PERSON_COMPANY)
    everything = {step.object for phase in phases.PHASES for step in phase.steps(Run(), spec)}
    if object == phases.PERSON:
        found |= {name for name in everything if not name.startswith("object:")}
    for other in spec.objects:
        found |= {phases.relation_step(other.source, relation) for relation in other.relations if relation.to == object}
    return found | {name for name in everything if name.startswith(f"{object}.")}
