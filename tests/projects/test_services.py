"""What members may do, what is refused with which sentence, and what the trail says."""

from __future__ import annotations

import pytest
from django.db import connection as database

from projects import map_services, members, services
from projects.models import Connection, Event, Membership, Project, Run, User
from projects.permissions import ALLOWED, Can, can


def save(project: Project, by: User, **changes: object) -> Connection:
    values = {"side": "source", "connector": "customerio", "base_url": "https://api.customer.io"}
    return services.save_connection(
        project=project,
        by=by,
        **{**values, "credentials": {"api_key": "s3cret-key"}, **changes},  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("role", Membership.Role.values)
@pytest.mark.parametrize("action", list(Can))
def test_every_role_may_do_what_the_table_says(project: Project, admin: User, role: str, action: Can) -> None:
    user = User.objects.create_user("member@example.com")
    members.add_member(project=project, user=user, role=role, by=admin)
    assert can(user, action, project) == (role in ALLOWED[action])


def test_a_stranger_may_do_nothing_and_sees_no_project(project: Project, stranger: User) -> None:
    assert not any(can(stranger, action, project) for action in Can)
    assert not Project.objects.visible_to(stranger).exists()


def test_a_stored_key_cannot_be_read_off_the_database(project: Project, admin: User) -> None:
    connection = save(project, admin)
    with database.cursor() as cursor:
        cursor.execute("SELECT secrets FROM projects_connection WHERE id = %s", [connection.pk])
        stored = cursor.fetchone()[0]
    assert "s3cret-key" not in stored
    assert Connection.objects.get(pk=connection.pk).secrets == {"api_key": "s3cret-key"}
    assert "s3cret-key" not in str(list(Event.objects.values_list("data", flat=True)))


def test_saving_a_connection_with_an_empty_key_keeps_the_stored_one(project: Project, admin: User) -> None:
    save(project, admin)
    assert save(project, admin, credentials={"api_key": ""}).secrets == {"api_key": "s3cret-key"}


def test_a_stored_key_is_not_sent_to_another_address(project: Project, admin: User) -> None:
    save(project, admin)
    moved = save(project, admin, base_url="https://evil.example.com", credentials={"api_key": ""})
    assert moved.secrets == {}


def test_a_customer_may_not_change_connections(project: Project, customer: User) -> None:
    with pytest.raises(services.Refused, match="may not connect"):
        save(project, customer)


def test_an_address_that_is_none_is_refused_with_what_was_expected(project: Project, admin: User) -> None:
    with pytest.raises(services.Refused, match=r"is not a web address\. Expected something like https"):
        save(project, admin, base_url="customer.io")


def test_a_run_needs_both_connections(project: Project, admin: User) -> None:
    with pytest.raises(services.Refused, match="Connect the destination and the source first"):
        services.start_run(project=project, kind="discovery", by=admin)


def test_a_sandbox_run_needs_a_confirmed_map(project: Project, admin: User) -> None:
    save(project, admin)
    save(project, admin, side="destination", connector="twenty", base_url="https://crm.example.com")
    with pytest.raises(services.Refused, match="not confirmed"):
        services.start_run(project=project, kind="sandbox", by=admin)


def test_two_runs_of_one_project_never_run_at_once(project: Project, admin: User) -> None:
    save(project, admin)
    save(project, admin, side="destination", connector="twenty", base_url="https://crm.example.com")
    services.start_run(project=project, kind="discovery", by=admin)
    with pytest.raises(services.Refused, match="still open"):
        services.start_run(project=project, kind="discovery", by=admin)
    assert Run.objects.count() == 1


def test_an_invitation_works_once_and_makes_the_account(project: Project, admin: User) -> None:
    url = members.invite(project=project, email="Carla@Example.com", role="customer", by=admin)
    invitation = members.find_invitation(url.rstrip("/").rpartition("/")[2])
    assert invitation is not None
    user = members.accept_invitation(invitation=invitation, name="Carla")
    assert (user.email, user.memberships.get().role) == ("carla@example.com", "customer")
    assert members.find_invitation(url.rstrip("/").rpartition("/")[2]) is None
    with pytest.raises(services.Refused, match="used already"):
        members.accept_invitation(invitation=invitation, name="Carla")


def test_the_trail_cannot_be_rewritten(project: Project, admin: User) -> None:
    event = Event.objects.filter(project=project).latest("pk")
    with pytest.raises(TypeError):
        event.save()
    with pytest.raises(TypeError):
        event.delete()


def test_a_field_map_cannot_be_changed_once_stored(project: Project, admin: User, spec: object) -> None:
    version = map_services.save_map(project=project, spec=spec, by=admin)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        version.save()
    again = map_services.save_map(project=project, spec=spec, by=admin)  # type: ignore[arg-type]
    assert again.pk == version.pk
