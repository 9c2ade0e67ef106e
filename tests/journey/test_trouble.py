"""What goes wrong on the way: each gives a sentence with what to do, the run rests or goes on, nothing is lost."""

from __future__ import annotations

import httpx
import pytest

from connectors.errors import ConnectorError
from projects import selectors, services
from projects.models import JournalEntry, Record, Run, Step
from projects.pipeline import engine
from tests.journey.conftest import Migration

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries almost without their pauses; that they wait is tested with the client."""
    monkeypatch.setattr("connectors.http.FIRST_PAUSE", 0.001)


def resume(congress: Migration, run: Run) -> Run:
    """What the engineer does after mending the cause."""
    services.resume_run(run=run, by=congress.admin)
    return congress.go_on(run)


def with_people_ready(congress: Migration) -> Run:
    """A production run that has drafted its people and written none."""
    run = services.start_run(project=congress.project, kind="production", by=congress.admin)
    while not Record.objects.filter(run=run, object="person", state="ready").exists():
        engine.advance(run.pk, seconds=0)
    return run


def assert_all_people_landed(congress: Migration, run: Run) -> None:
    found = selectors.run_status(run)["phases"][0]
    assert found["balance"]["read"] == 537
    assert (found["balance"]["created"], found["balance"]["held"]) == (536, 1)
    assert found["verified"]["differences"] == 0
    keys = [row["customerioId"] for row in congress.destination.records("person")]
    assert len(keys) == len(set(keys)) == 536


@pytest.mark.parametrize("side", ["source", "destination"])
def test_a_wrong_key_is_said_with_what_to_do(congress: Migration, side: str) -> None:
    congress.project.connections.filter(side=side).update(secrets={"api_key": "not-the-key"})
    with pytest.raises(ConnectorError) as caught:
        services.test_connection(project=congress.project, side=side, by=congress.admin)
    assert "key" in str(caught.value)
    assert "not-the-key" not in str(caught.value)
    assert str(caught.value) == congress.project.connections.get(side=side).problem


def test_an_unreachable_host_is_said_with_what_to_do(congress: Migration) -> None:
    for connection in congress.project.connections.all():
        connection.base_url = "https://127.0.0.1:9"
        connection.save()
    with pytest.raises(ConnectorError, match=r"private address|could not be reached"):
        services.test_connection(project=congress.project, side="destination", by=congress.admin)


def test_a_key_revoked_in_mid_run_pauses_it_and_a_new_key_takes_it_to_the_end(congress: Migration) -> None:
    congress.to_sandbox()
    run = services.start_run(project=congress.project, kind="production", by=congress.admin)
    while not Record.objects.filter(run=run, object="person", state="created").exists():
        engine.advance(run.pk, seconds=0)
    congress.destination.revoke_key()
    run = congress.go_on(run)
    assert run.state == Run.State.PAUSED
    assert "key" in run.problem
    key = congress.destination.issue_key("second")
    congress.project.connections.filter(side="destination").update(secrets={"api_key": key})
    run = resume(congress, run)
    assert run.state == Run.State.WAITING
    assert_all_people_landed(congress, run)


def test_internal_errors_of_the_destination_are_waited_out(congress: Migration) -> None:
    congress.to_sandbox()
    congress.destination.faults.add("/rest/batch/people", "POST", status=502, times=2)
    run = services.start_run(project=congress.project, kind="production", by=congress.admin)
    for _ in range(60):
        Step.objects.update(not_before=None)
        engine.advance(run.pk, seconds=5)
    run.refresh_from_db()
    assert run.state == Run.State.WAITING
    assert_all_people_landed(congress, run)


@pytest.mark.parametrize("how", ["lost", "truncated", "broken"])
def test_a_write_whose_answer_was_lost_is_found_again_and_not_repeated(congress: Migration, how: str) -> None:
    congress.to_sandbox()
    run = with_people_ready(congress)
    faults = congress.destination.faults
    if how == "lost":
        faults.add("/rest/batch/people", "POST", status=504, after_effect=True)
    elif how == "truncated":
        faults.add("/rest/batch/people", "POST", truncate=True)
    else:
        faults.add("/rest/batch/people", "POST", error=httpx.ReadError("cut"), after_effect=True)
    for _ in range(60):
        Step.objects.update(not_before=None)
        engine.advance(run.pk, seconds=5)
    run.refresh_from_db()
    assert run.state == Run.State.WAITING
    assert_all_people_landed(congress, run)
    assert JournalEntry.objects.filter(run=run, state=JournalEntry.State.LOST).count() == 1


def test_a_source_that_breaks_off_in_mid_read_loses_no_page(congress: Migration) -> None:
    congress.to_sandbox()
    congress.source.faults.add("/v1/customers*", status=500, body=b"<html>oops</html>", times=3)
    congress.source.faults.add("/v1/customers*", keep_bytes=100, times=2, after=3)
    run = congress.run("production")
    assert run.state == Run.State.WAITING, run.problem
    assert_all_people_landed(congress, run)


def test_one_record_that_the_destination_refuses_fails_alone(congress: Migration) -> None:
    congress.to_sandbox()
    run = with_people_ready(congress)
    bad = Record.objects.filter(run=run, object="person", state="ready").order_by("pk")[70]
    bad.mapped = {**(bad.mapped or {}), "phones": {"primaryPhoneNumber": "123"}}
    bad.save()
    run = congress.go_on(run)
    found = selectors.run_status(run)["phases"][0]["balance"]
    assert (found["created"], found["rejected"], found["held"]) == (535, 1, 1)
    bad.refresh_from_db()
    assert bad.detail


def test_a_value_that_was_changed_behind_our_back_is_named_with_record_and_field(congress: Migration) -> None:
    congress.to_sandbox()
    run = congress.run("production")
    person = next(row for row in congress.destination.records("person") if row["customerioId"] == "00000007")
    congress.destination.edit("person", person["id"], {"jobTitle": "Senatos"})
    congress.finish(run)
    replay = congress.run("replay")
    differences = list(replay.differences.values_list("record__key", "field", "expected", "found"))
    assert [(key, field) for key, field, _, _ in differences] == [("00000007", "jobTitle")]
    assert differences[0][3] == "Senatos"
