"""The page of a rollback and of its run: the plan, who may discard it, and what was taken back."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from projects import rollback
from projects.forms_back import RollbackForm
from projects.models import Project, Record, Reversal, Run, User
from projects.pipeline import engine, undone
from projects.pipeline.scope import Scope

LogIn = Callable[[User], Client]


@pytest.fixture
def planned(sandbox: Run, engineer: User) -> Run:
    """A rollback of one person whose plan waits to be confirmed."""
    project = sandbox.project
    run = Run.objects.create(
        project=project,
        number=project.runs.count() + 1,
        kind=Run.Kind.ROLLBACK,
        state=Run.State.WAITING,
        field_map=project.map_series.latest(),
        scope=Scope(person="0001").to_json(),
        started_by=engineer,
    )
    engine.begin(run)
    run.phases.filter(name="plan").update(state="reconciled")
    Reversal.objects.create(
        run=run, object="person", key="0001", destination="person", destination_id=uuid4(), turn=1, action="remove"
    )
    return run


def look(client: Client, run: Run, name: str = "rollback") -> str:
    arguments = [run.project.slug] if name == "rollback" else [run.project.slug, run.number]
    return client.get(reverse(name, args=arguments)).content.decode()


@pytest.mark.parametrize("role", ["engineer", "admin"])
def test_who_may_run_may_discard_a_plan_and_start_another_one(role: str, planned: Run, log_in: LogIn) -> None:
    client = log_in(User.objects.get(email=f"{role}@example.com"))
    assert "Discard this plan" in look(client, planned)
    url = reverse("discard-rollback", args=[planned.project.slug, planned.number])
    assert "The plan is discarded." in client.post(url, follow=True).content.decode()
    assert Run.objects.get(pk=planned.pk).state == Run.State.CANCELLED
    assert "Make the plan" in look(client, planned)


def test_a_customer_may_not_discard_a_plan(planned: Run, customer: User, log_in: LogIn) -> None:
    client = log_in(customer)
    assert "Discard this plan" not in look(client, planned)
    url = reverse("discard-rollback", args=[planned.project.slug, planned.number])
    assert "you may not run" in client.post(url, follow=True).content.decode()
    assert Run.objects.get(pk=planned.pk).state == Run.State.WAITING


def test_a_plan_that_is_carried_out_cannot_be_discarded(planned: Run, engineer: User, log_in: LogIn) -> None:
    rollback.confirm(run=planned, typed=planned.project.name, by=engineer)
    url = reverse("discard-rollback", args=[planned.project.slug, planned.number])
    assert "no plan that waits" in log_in(engineer).post(url, follow=True).content.decode()
    assert Run.objects.get(pk=planned.pk).state == Run.State.RUNNING


def test_whoever_takes_one_person_back_reads_that_the_person_may_return(
    planned: Run, engineer: User, log_in: LogIn
) -> None:
    client = log_in(engineer)
    assert "brings this person back unless" in look(client, planned)
    Run.objects.filter(pk=planned.pk).update(scope={})
    assert "brings this person back unless" not in look(client, planned)


def test_the_page_of_a_finished_rollback_says_what_was_taken_back(planned: Run, customer: User, log_in: LogIn) -> None:
    planned.reversals.update(state="done", proved=True)
    undone.close(planned.phases.get(name="rollback"))
    planned.phases.update(state="approved")
    Run.objects.filter(pk=planned.pk).update(state=Run.State.SUCCEEDED)
    page = look(log_in(customer), planned, "run")
    assert "What was taken back" in page
    assert "1 records destroyed" in page
    assert "<dt>Made by us: destroyed</dt><dd>1</dd>" in page
    assert "under way" not in page
    assert "stamp" not in page.partition("<main")[2]
    for word in ("plan", "undo", "prove", "echoes", "rebuilt", "schema"):
        assert f"<span>{word}<" not in page
    assert "<span>Reading back what was taken back<" in page


def test_a_project_in_which_nothing_was_planned_has_nothing_to_discard(
    confirmed: Project, engineer: User, log_in: LogIn
) -> None:
    page = log_in(engineer).get(reverse("rollback", args=[confirmed.slug])).content.decode()
    assert "Discard this plan" not in page


def test_a_plan_for_a_person_whom_nobody_knows_is_refused(sandbox: Run, engineer: User, log_in: LogIn) -> None:
    url = reverse("start-rollback", args=[sandbox.project.slug])
    page = log_in(engineer).post(url, {"what": "person", "which": "nobody@example.com"}, follow=True).content.decode()
    assert "No person with the key or e-mail address “nobody@example.com” stands in Twenty" in page
    assert not sandbox.project.runs.filter(kind=Run.Kind.ROLLBACK).exists()


def test_a_person_is_taken_back_by_e_mail_address_and_a_phase_by_its_label(sandbox: Run, engineer: User) -> None:
    row = Record.objects.filter(run=sandbox, object="person").latest("pk")
    Record.objects.filter(pk=row.pk).update(match_key="ana@example.com")
    if not sandbox.project.links.filter(object="person", key=row.key).exists():
        sandbox.project.links.filter(pk=sandbox.project.links.latest("pk").pk).update(object="person", key=row.key)
    assert rollback._person(sandbox.project, "Ana@example.com") == row.key
    form = RollbackForm(sandbox.project, {"what": "phase", "which": "custom objects"})
    assert form.is_valid()
    assert form.scope() == Scope(phase="objects")


def test_a_customer_learns_that_nothing_was_rolled_back_and_who_would(
    sandbox: Run, customer: User, log_in: LogIn
) -> None:
    assert "Nothing was rolled back. An engineer plans a rollback" in look(log_in(customer), sandbox)
