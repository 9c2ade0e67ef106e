"""The barrier of a phase: nothing of it is loaded before all of it has passed preflight, and what that found.

Steps that derive their rows from what has landed (the company of a person, relations that attributes name, files)
cannot be drafted before; they come after the barrier, and what they lack holds their own rows only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count
from django.utils import timezone

from mapping.checks import MANY_FIELDS
from projects.models import Phase, Record, Step
from projects.pipeline import phases
from projects.pipeline.preflight import FIELDS
from projects.pipeline.reconcile import LEFT_BEHIND
from projects.reasons import advice, reason_label

PREFLIGHT, LOAD = "preflight", "load"

EXAMPLES = 5

HELD, WARNING = "held", "warning"


def next_of(phase: Phase, open_steps: Sequence[Step]) -> Step | None:
    """The step to work next: what is still to be read, drafted and checked goes before anything that is loaded."""
    stages = _stages(phase)
    ahead = [step for step in open_steps if is_ahead(step, stages[step.name])]
    return next(iter(ahead or open_steps), None)


def is_ahead(step: Step, stages: Sequence[str]) -> bool:
    """Whether the step stands before the barrier: it has not passed preflight, or loads nothing at all."""
    if PREFLIGHT in stages:
        return stages.index(step.stage) <= stages.index(PREFLIGHT)
    return LOAD not in stages


def reached(step: Step) -> bool:
    """Whether the step has just come to the barrier."""
    return step.stage == LOAD and not step.cursor and PREFLIGHT in _stages(step.phase)[step.name]


def is_up(step: Step) -> bool:
    """Whether this step would load while the phase's preflight has not been told yet."""
    stages = _stages(step.phase)
    checked = any(PREFLIGHT in each for each in stages.values())
    return checked and step.phase.preflight is None and not is_ahead(step, stages[step.name])


def is_untouched(phase: Phase) -> bool:
    """Whether the whole phase stands at the barrier: settling it once more costs nothing that has been loaded."""
    stages = _stages(phase)
    checked = [step for step in phase.steps.all() if PREFLIGHT in stages[step.name]]
    return bool(checked) and all(reached(step) and step.state != Step.State.DONE for step in checked)


def has_landed(phase: Phase) -> bool:
    """Whether something of the phase stands in the destination already."""
    return Record.objects.filter(run=phase.run, object__in=_objects(phase)).landed().exists()


def report_of(phase: Phase) -> dict[str, Any]:
    """What preflight found, grouped by what to do, as JSON.

    `{"at", "checked", "ready", "landed", "held", "groups": [{"code", "object", "severity": "held" | "warning",
    "sentence", "advice", "count", "examples"}]}`. Examples are keys, at most five; no values of the customer.
    """
    rows = Record.objects.filter(run=phase.run, object__in=_objects(phase))
    states = dict(rows.values_list("state").annotate(number=Count("id")).order_by())
    found = rows.filter(state=Record.State.HELD).values_list("object", "reason").annotate(number=Count("id")).order_by()
    held = [_group(HELD, object, reason, number, _keys(phase, object, reason)) for object, reason, number in found]
    return {
        "at": timezone.now().isoformat(timespec="seconds"),
        "checked": sum(states.values()),
        "ready": states.get(Record.State.READY, 0),
        "landed": sum(states.get(state, 0) for state in Record.LANDED),
        "held": states.get(Record.State.HELD, 0),
        "groups": [*sorted(held, key=lambda group: (group["code"], group["object"])), *_warnings(phase)],
    }


def _objects(phase: Phase) -> list[str]:
    specs = phases.step_specs(phase.run, phase.name)
    return [spec.object for spec in specs if PREFLIGHT in spec.stages]


def _stages(phase: Phase) -> dict[str, tuple[str, ...]]:
    return {spec.name: spec.stages for spec in phases.step_specs(phase.run, phase.name)}


def _keys(phase: Phase, object: str, reason: str) -> list[str]:
    rows = Record.objects.of(phase.run, object).filter(state=Record.State.HELD, reason=reason)
    return list(rows.order_by("pk").values_list("key", flat=True)[:EXAMPLES])


def _group(severity: str, object: str, code: str, count: int, examples: list[str]) -> dict[str, Any]:
    return {
        "code": code,
        "object": object,
        "severity": severity,
        "sentence": reason_label(code),
        "advice": advice(code),
        "count": count,
        "examples": examples,
    }


def _warnings(phase: Phase) -> list[dict[str, Any]]:
    """What lands all the same: objects with many fields, and values for which the map has no place."""
    made = []
    for step in phase.steps.filter(object__in=_objects(phase)).order_by("order"):
        if (number := step.tally.get(FIELDS, 0)) > MANY_FIELDS:
            made.append(_group(WARNING, step.destination, "many_fields", number, []))
        for name, number in sorted(step.tally.items()):
            code, _, field = name.partition(".")
            if code in LEFT_BEHIND or code == "unmapped":
                made.append(_group(WARNING, step.object, f"{code}:{field}", number, []))
    return made
