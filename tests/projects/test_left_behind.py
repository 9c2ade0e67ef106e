"""Values whose record landed without them stand under the reconciliation, by field."""

from __future__ import annotations

from projects.models import Project, Run
from projects.pipeline.reconcile import open_points


def test_values_that_did_not_turn_are_open_points(project: Project) -> None:
    run = Run.objects.create(project=project, kind=Run.Kind.SANDBOX, number=1)
    phase = run.phases.create(name="people", order=0)
    tally = {"not_kept.age": 1200, "emptied.size": 3, "field.age.equal": 9}
    phase.steps.create(run=run, name="person", object="person", order=0, stage="transform", tally=tally)
    points = open_points(phase, ["person"])
    assert len(points) == 2
    assert points[0].startswith("3 values of “size” (person) could not be turned and were left out")
    assert points[1].startswith("1,200 values of “age” (person) could not be turned, and the map names no field")
