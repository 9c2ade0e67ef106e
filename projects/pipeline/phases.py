"""The dependency order, declared once: read by the engine, the rail, the gates, the command line and the docs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from connectors.catalogue import ObjectKind
from mapping.activity_plan import ACTIVITY, NOTE
from mapping.relations import MEMBER
from mapping.rules import Action, Home, MapSpec, ObjectRule, RelationRule
from projects.models import Project, Run
from projects.pipeline.compiled import compiled

SEGMENT = "segment"
MEMBERSHIP = "membership"
PERSON = "person"
RELATIONSHIP = "relationship"
PERSON_COMPANY = "person.company"
COMPANY = "company"
ASSOCIATION = "companyAssociation"
COMMENT = "comment"
TASK = "task"
ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One object type in one phase. `counts`: its records are part of the phase's balance."""

    name: str
    object: str
    destination: str
    stages: tuple[str, ...]
    counts: bool = False


@dataclass(frozen=True, slots=True)
class PhaseSpec:
    """One link of the order. `steps` lists what it does under a given map."""

    name: str
    label: str
    steps: Callable[[Run, MapSpec], Iterable[StepSpec]]
    needs_approval: bool = True


LAND = ("correct", "transform", "settle", "preflight", "load", "merge", "look", "verify")

HAPPENED = ("draft", "settle", "preflight", "load", "look", "verify")

DERIVED = ("primary_company", "relate")
"""Stages that make rows of what other rows say: each sets one relation of a record."""

RELATIONSHIPS = StepSpec(f"{RELATIONSHIP}.read", RELATIONSHIP, "", ("relationships",))
"""Relationships are read once, person by person, for all object types together."""


def object_rules(spec: MapSpec, destination: str) -> list[str]:
    """The source object types that land on one destination object, in the order of the map."""
    return [
        rule.source
        for rule in spec.objects
        if rule.destination == destination and rule.action != Action.SKIP and rule.source.startswith("object:")
    ]


def relationship_of(object_type: str) -> str:
    """The name under which the relationships to one object type are kept: `object:1` → `relationship:1`."""
    return object_type.replace("object:", f"{RELATIONSHIP}:", 1)


def object_types(spec: MapSpec) -> list[ObjectRule]:
    """Object types of the source that land as records of their own: companies and custom objects."""
    happened = activity_objects(spec)
    return [
        rule
        for rule in spec.objects
        if rule.source.startswith("object:") and rule.action != Action.SKIP and rule.source not in happened
    ]


def activity_sources(spec: MapSpec, *homes: Home) -> list[str]:
    """Streams of which something moves, to one of these homes if any are named."""
    moved = [rule for rule in spec.activities if rule.action != Action.SKIP and (not homes or rule.home in homes)]
    return list(dict.fromkeys(rule.source for rule in moved))


def activity_objects(spec: MapSpec) -> list[str]:
    """Object types whose records are activities, which they are then instead of objects of their own."""
    return [source for source in activity_sources(spec) if source.startswith("object:")]


def lands(spec: MapSpec, to: str) -> bool:
    """Whether what a relation points to is there to be pointed to."""
    rule = spec.object(to)
    return to == MEMBER or (rule is not None and rule.action != Action.SKIP)


def custom_rules(spec: MapSpec) -> list[ObjectRule]:
    """Object types that get an object of their own, in the order of the map."""
    return [rule for rule in object_types(spec) if rule.destination != COMPANY]


def relationship_rules(spec: MapSpec) -> list[ObjectRule]:
    """Relationships that are kept: to object types that land themselves."""
    landing = {relationship_of(rule.source) for rule in object_types(spec)}
    return [rule for rule in spec.objects if rule.source in landing and rule.action != Action.SKIP]


def relation_step(source: str, relation: RelationRule) -> str:
    """The name of the rows that set one relation after both records landed: `object:2.parentCommittee`."""
    return f"{source}.{relation.destination}"


def _people(run: Run, spec: MapSpec) -> Iterable[StepSpec]:
    if run.writes:
        yield StepSpec("schema", "schema", "", ("schema",))
    if run.kind in (Run.Kind.SANDBOX, Run.Kind.PRODUCTION):
        yield StepSpec("clear", "sandbox", "", ("clear",))
    if run.kind == Run.Kind.DELTA:
        yield StepSpec("log", "log", "", ("adopt", "log"))
    yield StepSpec(SEGMENT, SEGMENT, PERSON, ("extract", "tags"))
    yield StepSpec(MEMBERSHIP, MEMBERSHIP, "", ("members",))
    yield StepSpec(PERSON, PERSON, PERSON, ("extract", *LAND), counts=True)


def _companies(run: Run, spec: MapSpec) -> Iterable[StepSpec]:
    companies = object_rules(spec, COMPANY)
    if not companies:
        return
    if relationship_rules(spec):
        yield RELATIONSHIPS
    for source in companies:
        yield StepSpec(source, source, COMPANY, ("extract", *LAND), counts=True)
    yield from _relationships(spec, companies)
    if any(rule.source in map(relationship_of, companies) for rule in relationship_rules(spec)):
        yield StepSpec(PERSON_COMPANY, PERSON_COMPANY, PERSON, ("primary_company", "load", "verify"))
    for source in companies:
        # Relations to custom objects wait for their phase.
        yield from _relations(spec, source, COMPANY, lambda to: to not in {rule.source for rule in custom_rules(spec)})


def _objects(run: Run, spec: MapSpec) -> Iterable[StepSpec]:
    customs = custom_rules(spec)
    sources = [rule.source for rule in customs]
    if not object_rules(spec, COMPANY) and relationship_rules(spec):
        yield RELATIONSHIPS
    for rule in customs:
        yield StepSpec(rule.source, rule.source, rule.destination, ("extract", *LAND), counts=True)
    yield from _relationships(spec, sources)
    for rule in customs:
        yield from _relations(spec, rule.source, rule.destination, lambda to: True)
    for source in object_rules(spec, COMPANY):
        yield from _relations(spec, source, COMPANY, lambda to: to in sources)


def _relationships(spec: MapSpec, sources: list[str]) -> Iterable[StepSpec]:
    """Relationships with people: records of their own, or one relation field of the object."""
    for rule in relationship_rules(spec):
        if rule.source in map(relationship_of, sources):
            yield StepSpec(rule.source, rule.source, rule.destination, LAND, counts=True)


def _relations(spec: MapSpec, source: str, destination: str, wanted: Callable[[str], bool]) -> Iterable[StepSpec]:
    """What an attribute names is linked when everything it may name has landed: so no order can be wrong."""
    rule = spec.object(source)
    for relation in rule.relations if rule else ():
        if relation.action != Action.SKIP and lands(spec, relation.to) and wanted(relation.to):
            name = relation_step(source, relation)
            yield StepSpec(name, name, destination, ("relate", "load", "verify"))


def _activities(run: Run, spec: MapSpec) -> Iterable[StepSpec]:
    if run.kind == Run.Kind.PRODUCTION:
        yield from _configuration(run)
    sources, related = activity_sources(spec), activity_objects(spec)
    if related and not relationship_rules(spec):
        yield RELATIONSHIPS
    for source in sources:
        yield StepSpec(f"{source}.read", f"{source}.read", "", ("happenings",))
    for source in sources:
        # Also where all of it goes elsewhere: what the map leaves behind is counted here.
        yield StepSpec(source, source, ACTIVITY, HAPPENED, counts=True)
    for home, object, destination in ((Home.COMMENT, COMMENT, NOTE), (Home.TASK, TASK, TASK)):
        if activity_sources(spec, home):
            yield StepSpec(object, object, destination, HAPPENED, counts=True)
    for source in map(relationship_of, related):
        yield StepSpec(source, source, ACTIVITY, ("attach", "settle", "load", "verify"), counts=True)
    for home, object, destination in ((Home.COMMENT, COMMENT, "noteTarget"), (Home.TASK, TASK, "taskTarget")):
        if activity_sources(spec, home):
            yield StepSpec(f"{object}.target", f"{object}.target", destination, ("targets", "load", "verify"))


def _attachments(run: Run, spec: MapSpec) -> Iterable[StepSpec]:
    if activity_sources(spec):
        yield StepSpec(
            ATTACHMENT, ATTACHMENT, ATTACHMENT, ("files", "fetch", "settle", "load", "look", "verify"), counts=True
        )


def _configuration(run: Run) -> Iterable[StepSpec]:
    """What the handoff needs to know of the source; messages are titled by it, so it is read before them."""
    if run._state.adding:
        return  # a run that only stands for others, in the reference
    held = run.project.profiles.filter(kind=ObjectKind.CONFIG).exclude(object=SEGMENT).order_by("order", "object")
    for object in dict.fromkeys(held.values_list("object", flat=True)):
        yield StepSpec(object, object, "", ("configuration", "keep"))


def _discovery(run: Run, spec: MapSpec) -> Iterable[StepSpec]:
    yield StepSpec("catalogue", "catalogue", "", ("catalogue",))
    yield StepSpec("profile", "profile", "", ("profile",))


DISCOVERY = PhaseSpec("discovery", "Discovery", _discovery, needs_approval=False)


def _plan(run: Run, spec: MapSpec) -> Iterable[StepSpec]:
    yield StepSpec("plan", "plan", "", ("adopt", "survey"))


def _undo(run: Run, spec: MapSpec) -> Iterable[StepSpec]:
    # First: a view rests on fields and a list on people that go after it.
    yield StepSpec("undo.rebuilt", "rebuilt", "", ("unbuild",))
    yield StepSpec("undo", "undo", "", ("undo",))
    yield StepSpec("prove", "prove", "", ("prove",))
    yield StepSpec("echoes", "echoes", "", ("echoes",))
    # Last: a field that is gone cannot be read back.
    yield StepSpec("undo.schema", "schema", "", ("undo_schema",))


PLAN = PhaseSpec("plan", "Plan", _plan)
UNDO = PhaseSpec("rollback", "Rollback", _undo, needs_approval=False)
"""What a rollback goes through: the plan waits until somebody confirms it."""


def _verification(run: Run, spec: MapSpec) -> Iterable[StepSpec]:
    """One pass for each object of the destination in which records of the project stand."""
    proved = [step for phase in PHASES for step in phase.steps(run, spec) if "verify" in step.stages]
    for name in dict.fromkeys(step.destination for step in proved):
        yield StepSpec(f"verify.{name}", name, name, ("look", "reread"))


VERIFICATION = PhaseSpec("everything", "Everything, read back once more", _verification, needs_approval=False)

PHASES = (
    PhaseSpec("people", "People", _people),
    PhaseSpec("companies", "Companies", _companies),
    PhaseSpec("objects", "Custom objects", _objects),
    PhaseSpec("activities", "Activities", _activities),
    PhaseSpec("attachments", "Attachments", _attachments),
)
"""What a migration goes through; a new phase is one line here and its steps above."""


def phases_of(run: Run) -> tuple[PhaseSpec, ...]:
    """The phases of a run of this kind."""
    special: dict[str, tuple[PhaseSpec, ...]] = {
        Run.Kind.DISCOVERY: (DISCOVERY,),
        Run.Kind.VERIFY: (VERIFICATION,),
        Run.Kind.ROLLBACK: (PLAN, UNDO),
    }
    return special.get(run.kind, PHASES)


def phase_spec(name: str) -> PhaseSpec:
    """The declaration of a phase."""
    return next(spec for spec in (DISCOVERY, VERIFICATION, PLAN, UNDO, *PHASES) if spec.name == name)


def step_specs(run: Run, phase: str) -> tuple[StepSpec, ...]:
    """What one phase of one run consists of."""
    spec = compiled(run.field_map).spec if run.field_map else MapSpec()
    steps = tuple(phase_spec(phase).steps(run, spec))
    return tuple(map(_with_gone, steps)) if run.kind in (Run.Kind.DELTA, Run.Kind.REPLAY) else steps


def _with_gone(step: StepSpec) -> StepSpec:
    """A delta (and a replay, which plans one) also sees to what the source no longer has."""
    if step.object == ATTACHMENT or not (step.counts or step.stages[0] in DERIVED):
        return step
    first = "look" if "look" in step.stages else "verify"
    stages = tuple(part for stage in step.stages for part in (("gone", stage) if stage == first else (stage,)))
    return StepSpec(step.name, step.object, step.destination, stages, step.counts)


def needs_signature(run: Run, phase: str, project: Project) -> bool:
    """Whether somebody has to sign before the next phase begins."""
    return run.kind in (Run.Kind.PRODUCTION, Run.Kind.ROLLBACK) and phase_spec(phase).needs_approval
