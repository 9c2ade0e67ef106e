"""The life of one record on one page: source, draft, request, answer, what stood before, what was read back."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from projects import deltas
from projects.models import Record, Run
from projects.pipeline import engine
from projects.views.life import Moment
from tests.journey.conftest import Migration

PERSON = "Ada"


def moments(migration: Migration, run: Run) -> list[Moment]:
    row = Record.objects.get(run=run, object="person", email="ada@example.org")
    client = Client()
    client.force_login(migration.admin)
    answer = client.get(reverse("record", args=[migration.project.slug, run.number, row.pk]))
    found: list[Moment] = answer.context["moments"]
    return found


@pytest.fixture
def changed(migrated: Migration) -> Run:
    """A delta in which Ada has another name."""
    ada = next(one for one in migrated.source.workspace.people if one.attributes.get("first_name") == PERSON)
    migrated.source.workspace.change_attributes(ada.cio_id, {"first_name": "Adele"})
    run = engine.drive(deltas.start(project=migrated.project, by=migrated.admin, full=True).pk)
    assert run.state == Run.State.SUCCEEDED, run.problem
    return run


def test_everything_that_happened_to_a_record_stands_there_with_its_time(migrated: Migration, changed: Run) -> None:
    life = moments(migrated, changed)
    by_name = {moment.what: moment for moment in life}
    assert all(moment.at for moment in life)
    assert '"first_name": "Adele"' in by_name["Read from Customer.io"].body
    assert '"firstName": "Adele"' in by_name["Turned by the map"].body
    assert '"firstName": "Ada"' in by_name["What stood there before"].body
    sent = [moment for moment in life if moment.what == "Sent to Twenty CRM"]
    # The sandbox's making and its removal belong to the life as well, and so does the link to the company.
    assert [moment.note.partition(" of ")[0] for moment in sent][-3:] == ["create", "update", "update"]
    assert '"firstName": "Ada"' in sent[-3].body
    assert '"companyId"' in sent[-2].body
    assert '"firstName": "Adele"' in sent[-1].body
    assert all("answered" in moment.note and "done" in moment.note for moment in sent)
    assert '"firstName": "Adele"' in by_name["Read back from Twenty CRM"].body


def test_a_person_who_came_with_a_delta_is_found_by_their_address(migrated: Migration) -> None:
    migrated.source.workspace.add_person(id="late", email="late@example.org", attributes={"first_name": "Lars"})
    run = engine.drive(deltas.start(project=migrated.project, by=migrated.admin, full=True).pk)
    assert run.state == Run.State.SUCCEEDED, run.problem
    client = Client()
    client.force_login(migrated.admin)
    page = client.get(reverse("find", args=[migrated.project.slug]), {"q": "late@example.org"}).content.decode()
    assert "It is in Twenty CRM as person" in page
    assert "read back and equal" in page
