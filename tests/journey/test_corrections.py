"""Held records are corrected in a spreadsheet: all of it is taken in, or nothing, and the balance follows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from connectors.customerio.fake import Workspace
from projects import connections, corrections, selectors, services
from projects.models import Correction, Decision, Event, Record, Run
from tests.journey import checkpoint
from tests.journey.conftest import Migration, small_workspace, to_untouched


def workspace_with_twin() -> Workspace:
    workspace = small_workspace()
    workspace.add_person(id="twin", email="ADA@example.org", attributes={"first_name": "Ida"})
    return workspace


@pytest.fixture
def waiting(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Migration]:
    """People whose phase waits for a signature; one is held for want of an address, two share one."""
    settings.SETTLE_SECONDS = 0
    migration = to_untouched(workspace_with_twin)
    migration.to_sandbox()
    migration.runs.append(checkpoint.reach(migration, "people", lambda: migration.run("production")))
    yield migration
    connections.transports.clear()
    connections._local_budget.cache_clear()


def held(migration: Migration, reason: str) -> list[Record]:
    run = migration.runs[0]
    return list(Record.objects.filter(run=run, object="person", reason=reason, state="held").order_by("key"))


def csv_of(*rows: dict[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def take_in(migration: Migration, content: bytes) -> tuple[int, int]:
    return corrections.take_in(project=migration.project, by=migration.admin, content=content, name="mended.csv")


def balance(run: Run) -> dict[str, int]:
    status = selectors.run_status(run)
    return {name: number for name, number in status["phases"][0]["objects"]["person"].items() if number}


def test_the_list_that_was_downloaded_and_corrected_lands_and_the_balance_moves(waiting: Migration) -> None:
    client = Client()
    client.force_login(waiting.admin)
    assert balance(waiting.runs[0]) == {"read": 7, "created": 4, "held": 3}
    query = {"object": "person", "reason": "no_match_value"}
    answer = client.get(reverse("held-csv", args=[waiting.project.slug]), query)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["first_name"] for row in rows] == ["Nobody"]
    rows[0]["email"] = "somebody@example.org"
    sheet = SimpleUploadedFile("mended.csv", csv_of(*rows))
    page = client.post(reverse("correct", args=[waiting.project.slug]), {"sheet": sheet}, follow=True)
    assert "Taken in: 1 records corrected, 0 decided." in page.content.decode()
    run = waiting.go_on(waiting.runs[0])
    assert run.state == Run.State.WAITING, run.problem
    assert balance(run) == {"read": 7, "created": 5, "held": 2}
    landed = [one["emails"]["primaryEmail"] for one in waiting.destination.records("person")]
    assert "somebody@example.org" in landed
    row = Record.objects.get(run=run, object="person", key=rows[0]["key"])
    assert "email" not in row.raw or not row.raw["email"]
    assert row.corrected == {"email": "somebody@example.org"}
    assert str(Event.objects.get(verb="RECORDS_CORRECTED")) == "Ada Admin corrected 1 held person, from mended.csv"
    life = client.get(reverse("record", args=[waiting.project.slug, run.number, row.pk])).content.decode()
    assert "Corrected" in life
    assert "mended.csv" in life


def test_a_correction_holds_in_later_runs_too(waiting: Migration) -> None:
    row = held(waiting, "no_match_value")[0]
    take_in(waiting, csv_of({"object": "person", "key": row.key, "email": "somebody@example.org"}))
    waiting.finish(waiting.go_on(waiting.runs[0]))
    replay = waiting.run("replay")
    assert not Record.objects.filter(run=replay, state__in=["created", "updated"]).exists()
    assert Record.objects.get(run=replay, object="person", key=row.key).state == "unchanged"


def test_a_decision_in_the_sheet_goes_the_way_of_every_decision(waiting: Migration) -> None:
    rows = held(waiting, "duplicate_match_value")
    drop = {"object": "person", "key": rows[1].key, "decision": "drop"}
    assert take_in(waiting, csv_of(drop)) == (0, 1)
    run = waiting.go_on(waiting.runs[0])
    assert balance(run) == {"read": 7, "created": 5, "excluded": 1, "held": 1}


def test_a_corrected_address_parts_two_who_shared_one(waiting: Migration) -> None:
    twin = next(row for row in held(waiting, "duplicate_match_value") if row.raw["first_name"] == "Ida")
    take_in(waiting, csv_of({"object": "person", "key": twin.key, "email": "ida@example.org"}))
    run = waiting.go_on(waiting.runs[0])
    assert balance(run)["created"] == 5
    assert Record.objects.get(run=run, object="person", key=twin.key).state == "created"


def test_one_wrong_row_is_named_by_its_line_and_nothing_is_taken_in(waiting: Migration) -> None:
    row = held(waiting, "no_match_value")[0]
    good = {"object": "person", "key": row.key, "email": "a@example.org", "decision": ""}
    wrong = [
        {"object": "person", "key": "no-such", "email": "b@example.org", "decision": ""},
        {"object": "person", "key": row.key, "email": "c@example.org", "decision": ""},
    ]
    with pytest.raises(services.Refused, match=r"Line 3: person “no-such” is not held.*Line 4: .* twice"):
        take_in(waiting, csv_of(good, *wrong))
    with pytest.raises(services.Refused, match="Line 2: “merge” does not fit here"):
        take_in(waiting, csv_of({**good, "decision": "merge"}))
    assert not Correction.objects.exists()
    assert not Decision.objects.exists()


BAD = {
    "not text": (b"\xff\xfe\x00", "not UTF-8"),
    "no heading": (b"a,b\n1,2\n", "must name the columns"),
    "nothing": (b"", "must name the columns"),
    "a column twice": (b"object,key,email,email\n", "stands there twice"),
    "no change": (b"object,key\n", "changes nothing"),
    "a short row": (b"object,key,email\nperson\n", "Line 2: 1 cells"),
}


def test_a_file_that_makes_no_sense_is_told_in_a_sentence(waiting: Migration) -> None:
    for content, sentence in BAD.values():
        with pytest.raises(services.Refused, match=sentence):
            take_in(waiting, content)


def test_what_spreadsheets_take_for_formulas_comes_back_as_it_went() -> None:
    for value in ("=1+1", "+49 30 1234", "-5", "@home", "plain", "'quoted"):
        assert corrections._plain(corrections.cell_of(value)) == value
    assert corrections.cell_of("=1+1") == "'=1+1"
