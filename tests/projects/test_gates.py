"""Gates: a signature covers exactly what was shown, and is void when that changes."""

from __future__ import annotations

import pytest

from mapping.rules import Action, FieldRule, MapSpec
from projects import gates, map_services, services
from projects.models import Event, Project, User


def with_field(spec: MapSpec, source: str) -> MapSpec:
    rule = spec.objects[0]
    more = FieldRule(source=source, action=Action.SKIP)
    return spec.model_copy(update={"objects": (rule.model_copy(update={"fields": (*rule.fields, more)}),)})


def state(project: Project, gate: str) -> str:
    return next(view.state for view in gates.all_gates(project) if view.gate == gate)


def test_the_map_cannot_be_signed_before_there_is_one(project: Project, customer: User) -> None:
    with pytest.raises(services.Refused, match="no field map yet"):
        services.sign(project=project, gate="map", by=customer, name="Carla Customer")


def test_a_signature_names_the_signer_and_the_digest_of_what_was_shown(
    project: Project, customer: User, spec: MapSpec
) -> None:
    map_services.save_map(project=project, spec=spec, by=customer)
    signature = services.sign(project=project, gate="map", by=customer, name="Carla Customer")
    assert (state(project, "map"), signature.name) == ("signed", "Carla Customer")
    assert signature.shown["map"] == spec.digest()
    assert Event.objects.filter(verb="GATE_SIGNED", project=project).exists()


def test_a_map_changed_after_the_signature_voids_the_gate(project: Project, customer: User, spec: MapSpec) -> None:
    map_services.save_map(project=project, spec=spec, by=customer)
    services.sign(project=project, gate="map", by=customer, name="Carla")
    map_services.save_map(project=project, spec=with_field(spec, "nickname"), by=customer)
    assert state(project, "map") == "void"


def test_going_back_to_the_signed_content_makes_the_signature_hold_again(
    project: Project, customer: User, spec: MapSpec
) -> None:
    map_services.save_map(project=project, spec=spec, by=customer)
    services.sign(project=project, gate="map", by=customer, name="Carla")
    map_services.save_map(project=project, spec=with_field(spec, "nickname"), by=customer)
    with pytest.raises(services.Refused, match="changed meanwhile"):
        services.sign(project=project, gate="map", by=customer, name="Carla", digest="0" * 64)
    map_services.save_map(project=project, spec=spec, by=customer)
    newest = project.signatures.get()
    assert gates.digest(gates.content(project, "map") | {"number": 1}) == newest.digest  # type: ignore[operator]


def test_the_engineer_who_runs_a_migration_cannot_approve_it(project: Project, engineer: User, spec: MapSpec) -> None:
    map_services.save_map(project=project, spec=spec, by=engineer)
    with pytest.raises(services.Refused, match="may not sign"):
        services.sign(project=project, gate="map", by=engineer, name="Edda")


def test_a_signature_needs_a_typed_name(project: Project, customer: User, spec: MapSpec) -> None:
    map_services.save_map(project=project, spec=spec, by=customer)
    with pytest.raises(services.Refused, match="Type your name"):
        services.sign(project=project, gate="map", by=customer, name="  ")


def test_a_rejection_keeps_the_gate_closed_and_the_reason(project: Project, customer: User, spec: MapSpec) -> None:
    map_services.save_map(project=project, spec=spec, by=customer)
    services.reject(project=project, gate="map", by=customer, why="The nickname is missing.")
    assert state(project, "map") == "void"
    assert Event.objects.get(verb="GATE_REJECTED").data["why"] == "The nickname is missing."


def test_an_unknown_gate_is_answered_with_the_list_of_gates(project: Project, customer: User) -> None:
    with pytest.raises(services.Refused, match="There are: map, sandbox, audit, people, companies"):
        services.sign(project=project, gate="door", by=customer, name="Carla")
