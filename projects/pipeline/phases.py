"""The dependency order, declared once: read by the engine, the rail, the gates, the command line and the docs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mapping.rules import Action, MapSpec
from projects.models import Project, Run

SEGMENT = "segment"
MEMBERSHIP = "membership"
PERSON = "person"
RELATIONSHIP = "relationship"
PERSON_COMPANY = "person.company"
COMPANY = "company"
ASSOCIATION = "companyAssociation"


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


LAND = ("correct", "transform", "settle", "load", "merge", "verify")


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


def _people(run: Run, spec: MapSpec) -> Iterable[StepSpec]:
    if run.writes:
        yield StepSpec("schema", "schema", "", ("schema",))
        yield StepSpec("clear", "sandbox", "", ("clear",))
    yield StepSpec(SEGMENT, SEGMENT, PERSON, ("extract", "tags"))
    yield StepSpec(MEMBERSHIP, MEMBERSHIP, "", ("members",))
    yield StepSpec(PERSON, PERSON, PERSON, ("extract", *LAND), counts=True)


def _companies(run: Run, spec: MapSpec) -> Iterable[StepSpec]:
    companies = object_rules(spec, COMPANY)
    if not companies:
        return
    yield StepSpec(f"{RELATIONSHIP}.read", RELATIONSHIP, "", ("relationships",))
    for source in companies:
        yield StepSpec(source, source, COMPANY, ("extract", *LAND), counts=True)
    for source in companies:
        yield StepSpec(relationship_of(source), relationship_of(source), ASSOCIATION, LAND, counts=True)
    yield StepSpec(PERSON_COMPANY, PERSON_COMPANY, PERSON, ("primary_company", "load", "verify"))


def _discovery(run: Run, spec: MapSpec) -> Iterable[StepSpec]:
    yield StepSpec("catalogue", "catalogue", "", ("catalogue",))
    yield StepSpec("profile", "profile", "", ("profile",))


DISCOVERY = PhaseSpec("discovery", "Discovery", _discovery, needs_approval=False)


def _verification(run: Run, spec: MapSpec) -> Iterable[StepSpec]:
    """One pass for each object of the destination in which records of the project stand."""
    proved = [step for phase in PHASES for step in phase.steps(run, spec) if "verify" in step.stages]
    for name in dict.fromkeys(step.destination for step in proved):
        yield StepSpec(f"verify.{name}", name, name, ("reread",))


VERIFICATION = PhaseSpec("everything", "Everything, read back once more", _verification, needs_approval=False)

PHASES = (
    PhaseSpec("people", "People", _people),
    PhaseSpec("companies", "Companies", _companies),
)
"""What a migration goes through; a new phase is one line here and its steps above."""


def phases_of(run: Run) -> tuple[PhaseSpec, ...]:
    """The phases of a run of this kind."""
    special = {Run.Kind.DISCOVERY: DISCOVERY, Run.Kind.VERIFY: VERIFICATION}.get(Run.Kind(run.kind))
    return (special,) if special else PHASES


def phase_spec(name: str) -> PhaseSpec:
    """The declaration of a phase."""
    return next(spec for spec in (DISCOVERY, VERIFICATION, *PHASES) if spec.name == name)


def step_specs(run: Run, phase: str) -> tuple[StepSpec, ...]:
    """What one phase of one run consists of."""
    spec = run.field_map.spec if run.field_map else MapSpec()
    return tuple(phase_spec(phase).steps(run, spec))


def needs_signature(run: Run, phase: str, project: Project) -> bool:
    """Whether somebody has to sign before the next phase begins."""
    return run.kind == Run.Kind.PRODUCTION and phase_spec(phase).needs_approval
