"""Hypercare as people use it: an issue is looked at in both systems, answered, resolved, and raised again."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from projects import hypercare, services
from projects.models import Concern
from projects.services import Refused
from tests.back.test_delta import people
from tests.back.test_late import cut_over
from tests.journey.conftest import Migration


def wrong_title(migration: Migration, field: str = "") -> Concern:
    """An issue on a person whose job title somebody has changed in Twenty since the cutover."""
    cut_over(migration)
    person = people(migration)["00000001"]
    migration.destination.edit("person", person["id"], {"jobTitle": "Wrong"})
    return hypercare.raise_concern(
        project=migration.project, key="00000001", field=field, text="Wrong title", by=migration.admin
    )


def press(migration: Migration, concern: Concern, act: str, text: str = "") -> str:
    """One of the buttons under an issue; gives what the page says then."""
    client = Client()
    client.force_login(migration.admin)
    url = reverse("act-on-concern", args=[migration.project.slug, concern.number, act])
    return client.post(url, {"text": text}, follow=True).content.decode()


@pytest.mark.parametrize("field", ["job_title", "jobTitle", "Job title"])
def test_a_field_is_known_by_its_name_in_either_system(small: Migration, field: str) -> None:
    look = hypercare.check(concern=wrong_title(small, field), by=small.admin)
    assert look.check_passed is False
    assert look.text == "Job Title: Customer.io gives “Captain”, Twenty has “Wrong”."


def test_an_issue_on_a_field_that_the_map_does_not_know_is_refused_and_what_was_written_stays(small: Migration) -> None:
    cut_over(small)
    client = Client()
    client.force_login(small.admin)
    typed = {"key": "00000001", "field": "shoe size", "text": "My long story"}
    page = client.post(reverse("raise-concern", args=[small.project.slug]), typed).content.decode()
    assert "The map has no field “shoe size” for this record. It has: " in page
    assert "job_title" in page
    assert "My long story" in page
    assert not small.project.concerns.exists()


def test_a_difference_is_not_resolved_before_somebody_says_why_it_may_stay(small: Migration) -> None:
    concern = wrong_title(small)
    assert "there is a difference" in press(small, concern, "check")
    assert "The last look found a difference." in press(small, concern, "resolve")
    press(small, concern, "answer", "They asked for this title by telephone.")
    assert "Issue 1 is resolved." in press(small, concern, "resolve")


def test_an_issue_that_is_raised_again_needs_a_new_look(small: Migration) -> None:
    concern = wrong_title(small)
    small.destination.edit("person", people(small)["00000001"]["id"], {"jobTitle": "Captain"})
    press(small, concern, "check")
    press(small, concern, "resolve")
    assert "Issue 1 is open again." in press(small, concern, "again", "It came back.")
    concern.refresh_from_db()
    assert concern.state == Concern.State.OPEN
    with pytest.raises(Refused, match="Check the record in both systems first"):
        hypercare.resolve(concern=concern, by=small.admin)
    press(small, concern, "check")
    assert "Issue 1 is resolved." in press(small, concern, "resolve")


def test_an_issue_is_named_after_its_record_and_leads_to_it(small: Migration) -> None:
    concern = wrong_title(small)
    client = Client()
    client.force_login(small.admin)
    page = client.get(reverse("hypercare", args=[small.project.slug])).content.decode()
    assert ">First1 Last1</a>" in page
    assert "Issue 1: person" not in page
    assert "raised issue 1: People 00000001" in client.get(reverse("trail", args=[small.project.slug])).content.decode()
    assert concern.number == 1


def test_hypercare_is_as_long_as_the_admin_says(small: Migration, client: Client) -> None:
    client.force_login(small.admin)
    url = reverse("set-hypercare", args=[small.project.slug])
    page = client.post(url, {"days": "14"}, follow=True).content.decode()
    assert "Opens with the cutover, for 14 days." in page
    assert "Hypercare lasts 1 to 90 days, not 0." in client.post(url, {"days": "0"}, follow=True).content.decode()
    small.project.refresh_from_db()
    assert small.project.hypercare_days == 14


def test_the_closing_report_says_who_raised_answered_and_closed_what(small: Migration) -> None:
    concern = wrong_title(small)
    press(small, concern, "check")
    press(small, concern, "answer", "They asked for this title.")
    press(small, concern, "resolve")
    services.sign(project=small.project, gate="hypercare", by=small.admin, name="Ada Admin", note="All is well.")
    with pytest.raises(Refused, match="Hypercare is closed"):
        hypercare.raise_concern(project=small.project, key="00000001", text="One more", by=small.admin)
    report = hypercare.report(small.project)
    assert report["closed_by"] == "Ada Admin"
    assert report["issues"][0]["raised_by"] == str(small.admin)
    assert [remark["by"] for remark in report["issues"][0]["remarks"]] == [str(small.admin)] * 2
    page = Client()
    page.force_login(small.admin)
    answer = page.get(reverse("hypercare", args=[small.project.slug]), {"format": "pdf"})
    assert answer.content.startswith(b"%PDF")
