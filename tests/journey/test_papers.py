"""The documents of a real migration: every number in them is a number of the rows, and the PDF can be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from django.db import connection

from projects.documents.kept import keep, on_paper
from projects.documents.kinds import KINDS
from projects.models import Record

from .conftest import Migration

ROOT = Path(__file__).resolve().parents[2]
SECRETS = ("api_key", "sk-", "Bearer")


def sql(question: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        row = cursor.fetchone()
    return row[0] if row else None


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_published_schema_is_that_of_the_code(kind: str) -> None:
    published = json.loads((ROOT / "docs" / "schemas" / f"{kind}.schema.json").read_text())
    assert published == KINDS[kind].schema()


def test_there_is_no_scope_before_discovery(congress: Migration) -> None:
    assert KINDS["scope"].context(congress.project) is None


def test_every_number_of_the_scope_is_a_number_of_the_rows(congress: Migration) -> None:
    congress.to_map()
    made = keep(project=congress.project, kind="scope", by=congress.admin).content
    run = sql("SELECT max(id) FROM projects_run WHERE kind = 'discovery'")
    for row in made["inventory"]:
        read = sql("SELECT read FROM projects_profile WHERE run_id = %s AND object = %s", run, row["object"])
        assert row["read"] == read, row["object"]
    everything = sql(
        "SELECT sum(read) FROM projects_profile WHERE run_id = %s AND kind IN ('record', 'link', 'happening') "
        "AND object NOT LIKE 'relationship:%%'",
        run,
    )
    assert made["records"] == everything
    assert made["head"]["map_digest"] == sql("SELECT digest FROM mapping_fieldmap ORDER BY id DESC LIMIT 1")
    assert sum(row["how"] == "1:1" for row in made["compatibility"]) == made["grade"]["one_to_one"]
    assert len(made["compatibility"]) >= made["grade"]["objects"] > 0
    people = next(row for row in made["inventory"] if row["object"] == "person")
    assert (
        f"of {people['read']:,} people"
        in next(r for r in made["grade"]["lines"] if r["label"] == "Identity quality")["sentence"]
    )


def test_what_the_scope_says_is_made_is_what_the_schema_step_makes(congress: Migration) -> None:
    congress.to_map()
    made = keep(project=congress.project, kind="scope", by=congress.admin).content
    congress.run("sandbox", sample_size=30)
    changes = sql("SELECT count(*) FROM projects_journalentry WHERE verb IN ('create_object', 'create_field')")
    assert len(made["new_objects"]) + len(made["new_fields"]) == changes


def test_a_version_is_kept_until_something_changes_and_validates(congress: Migration) -> None:
    congress.run("discovery")
    first = keep(project=congress.project, kind="scope", by=congress.admin)
    assert keep(project=congress.project, kind="scope", by=congress.admin) == first
    from projects import proposals

    proposals.propose(project=congress.project, by=congress.admin)
    second = keep(project=congress.project, kind="scope", by=congress.admin)
    assert (first.number, second.number) == (1, 2)
    first.refresh_from_db()
    assert first.content["head"]["map"] is None
    for one in (first, second):
        jsonschema.validate(one.content, KINDS["scope"].schema())


def test_the_command_writes_both_files_and_no_secret(congress: Migration, tmp_path: Path) -> None:
    congress.to_map()
    pdf, data = tmp_path / "scope.pdf", tmp_path / "scope.json"
    call_command("migration", "report", congress.project.slug, kind="scope", pdf=str(pdf), data=str(data))
    assert pdf.read_bytes().startswith(b"%PDF")
    text = data.read_text()
    for secret in (congress.source.api_key, congress.destination.api_key):
        assert secret not in text
        assert secret.encode() not in pdf.read_bytes()
    assert on_paper(congress.project.papers.get()).startswith(b"%PDF")
    assert Record.objects.count() == 0


def test_a_quote_of_a_project_is_over_what_discovery_counted(congress: Migration, tmp_path: Path) -> None:
    congress.to_map()
    pdf, data = tmp_path / "quote.pdf", tmp_path / "quote.json"
    call_command("migration", "report", congress.project.slug, kind="quote", pdf=str(pdf), data=str(data))
    said = json.loads(data.read_text())
    assert pdf.read_bytes().startswith(b"%PDF")
    assert {row["name"]: row["number"] for row in said["counts"]}["people"] == 537
    assert said["price"] > 0
    assert said["grade"]
