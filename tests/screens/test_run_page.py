"""The run page while something moves: polling, resting, the pulse, the stamp."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.models import Difference, Run, Step, User
from projects.pipeline import reconcile, stages
from projects.views import bars

LogIn = Callable[[User], Client]

HTMX = {"HX-Request": "true"}


@pytest.fixture
def running(production: Run) -> Run:
    """The production run in the middle of its people."""
    production.phases.filter(name="people").update(state="running")
    Step.objects.filter(run=production, name="person").update(state="running", stage="load", done=3, total=5)
    Run.objects.filter(pk=production.pk).update(state=Run.State.RUNNING, heartbeat_at=timezone.now())
    return Run.objects.get(pk=production.pk)


def address(run: Run) -> str:
    return reverse("run", args=[run.project.slug, run.number])


def test_a_running_run_is_polled_by_one_partial(running: Run, customer: User, log_in: LogIn) -> None:
    client = log_in(customer)
    page = client.get(address(running))
    said = page.context["said"]
    assert f'hx-get="{address(running)}?said={said}"' in page.content.decode()
    answer = client.get(address(running), {"said": said}, headers=HTMX)
    part = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in part
    assert 'id="progress"' in part
    assert 'id="pulse" hx-swap-oob="true"' in part
    assert "HX-Request" in answer["Vary"]


def test_going_back_in_the_history_gives_the_whole_page(running: Run, customer: User, log_in: LogIn) -> None:
    client, back = log_in(customer), {**HTMX, "HX-History-Restore-Request": "true"}
    for url in (address(running), reverse("map", args=[running.project.slug])):
        assert "<html" in client.get(url, headers=back).content.decode()
        assert "<html" not in client.get(url, headers=HTMX).content.decode()


def test_a_poll_asks_the_database_little(
    running: Run, customer: User, log_in: LogIn, django_assert_max_num_queries: Any
) -> None:
    client = log_in(customer)
    with django_assert_max_num_queries(20):
        client.get(address(running), headers=HTMX)


def test_only_a_change_of_phase_is_announced(running: Run, customer: User, log_in: LogIn) -> None:
    client = log_in(customer)
    said = client.get(address(running)).context["said"]
    Step.objects.filter(run=running, name="person").update(done=4)
    assert 'id="said"' not in client.get(address(running), {"said": said}, headers=HTMX).content.decode()
    running.phases.filter(name="people").update(state="approved")
    assert "People: Approved" in client.get(address(running), {"said": said}, headers=HTMX).content.decode()


@pytest.mark.parametrize("state", ["waiting", "paused", "succeeded", "cancelled"])
def test_polling_stops_when_the_run_rests(state: str, production: Run, customer: User, log_in: LogIn) -> None:
    Run.objects.filter(pk=production.pk).update(state=state)
    answer = log_in(customer).get(address(production), headers=HTMX)
    assert answer.status_code == 286
    assert "hx-trigger" not in answer.content.decode()
    assert 'id="controls" hx-swap-oob="true"' in answer.content.decode()


def test_a_silent_worker_turns_the_pulse_amber_with_the_reason(running: Run, customer: User, log_in: LogIn) -> None:
    Run.objects.filter(pk=running.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=75))
    page = log_in(customer).get(address(running)).content.decode()
    assert "1 m 15 s ago" in page
    assert "The worker is silent" in page


def test_waiting_for_the_other_sides_limit_is_said(running: Run, customer: User, log_in: LogIn) -> None:
    Step.objects.filter(run=running, name="person").update(waiting_for="Twenty allows 100 requests a minute.")
    page = log_in(customer).get(address(running)).content.decode()
    assert "Twenty allows 100 requests a minute." in page
    assert "url(#hatch)" in page


def test_a_run_nobody_took_asks_for_a_worker(running: Run, customer: User, log_in: LogIn) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    Run.objects.filter(pk=running.pk).update(heartbeat_at=None, created_at=long_ago)
    assert "Is one running?" in log_in(customer).get(address(running)).content.decode()


def test_the_stamp_stands_only_on_books_that_close_without_a_difference(
    production: Run, customer: User, log_in: LogIn
) -> None:
    page = log_in(customer).get(address(production)).content.decode()
    assert "BALANCED" not in page
    assert "DIFFERENCES" in page
    Difference.objects.filter(run=production).delete()
    reconcile.close(production.phases.get(name="people"))
    assert "BALANCED" in log_in(customer).get(address(production)).content.decode()


def test_while_a_phase_runs_its_books_are_counted_live(running: Run, customer: User, log_in: LogIn) -> None:
    running.records.filter(state="created").update(state="ready")
    page = log_in(customer).get(address(running)).content.decode()
    assert "UNDER WAY" in page
    assert "Still on the way" in page
    assert "BALANCED" not in page


def test_both_sides_of_the_account_say_the_same(production: Run, customer: User, log_in: LogIn) -> None:
    books = log_in(customer).get(address(production)).context["first"]
    assert books.read == books.accounted == 14
    assert sum(line.number for line in books.left) == sum(line.number for line in books.right)


def test_reading_objects_says_how_long_it_still_takes(running: Run, customer: User, log_in: LogIn) -> None:
    Step.objects.filter(run=running, name="person").update(
        stage="extract", done=300, total=1500, tally={"ms.extract": 30_000}
    )
    page = log_in(customer).get(address(running)).content.decode()
    assert "300 of 1,500, about 2 m 00 s left" in page


def test_every_stage_has_a_colour_and_a_name_on_the_run_page() -> None:
    assert set(bars.STAGES) == set(stages.STAGES)
