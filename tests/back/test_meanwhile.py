"""What the demo lets happen in both systems meanwhile is what a delta carries over and an audit tells."""

from __future__ import annotations

import random

import httpx
import pytest

from connectors.customerio.fake.app import TRACK_KEY
from demo import meanwhile
from projects import audits
from projects.models import Record
from tests.back import conftest
from tests.back.conftest import landed
from tests.back.test_delta import carry_over, people, states
from tests.journey.conftest import Migration


@pytest.fixture
def twenty_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conftest, "PEOPLE", 20)


@pytest.mark.usefixtures("twenty_people")
def test_life_goes_on_in_the_demo_and_the_delta_and_the_audit_tell_of_it(small: Migration) -> None:
    landed(small)
    before = people(small)
    basic = httpx.BasicAuth(*TRACK_KEY)
    bearer = {"Authorization": f"Bearer {small.destination.api_key}"}
    with (
        httpx.Client(transport=httpx.WSGITransport(small.source), base_url="https://cio.test", auth=basic) as source,
        httpx.Client(
            transport=httpx.WSGITransport(small.destination), base_url="https://x.test", headers=bearer
        ) as twenty,
    ):
        said = meanwhile.happen(source, twenty, random.Random(1))
    assert len(said) == 5 + 3 + 3 + 1 + 1 + 4 + 3
    run = carry_over(small)
    outcome = states(run, "person")
    assert list(outcome.values()).count("created") == 3
    held = Record.objects.filter(run=run, object="person", state="held").values_list("reason", flat=True)
    # Whoever came back has the address of somebody who is deleted in the same delta: a person decides, or the audit.
    assert {"edited_on_both_sides", "duplicate_match_value"} <= set(held)
    now = people(small)
    assert sum(row["jobTitle"] == meanwhile.JOB for row in now.values()) == 4
    assert sum(row["jobTitle"] == meanwhile.BY_HAND for row in now.values()) == 3
    gone = {person.cio_id for person in small.source.workspace.people}.symmetric_difference(before) & set(before)
    assert len(gone) == 3 + 1
    stood_before = {"00000002", "00000004"}
    assert not (gone - stood_before) & set(now)
    content = audits.make(project=small.project, by=small.admin).content
    assert (content["counts"]["deleted"], content["counts"]["returned"]) == (3, 1)
    assert "Shopify" in {one["name"] for one in content["integrations"]}
