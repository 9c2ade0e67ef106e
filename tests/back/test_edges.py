"""Delta at its edges: what the source says by halves, twice or in another order never costs anybody a record."""

from __future__ import annotations

from typing import Any

import pytest

from projects.models import Run
from tests.back.conftest import landed
from tests.back.test_delta import carry_over, people, planned, states
from tests.journey.conftest import Migration


def ties(migration: Migration) -> set[tuple[str, str]]:
    """Who is tied to which company in Twenty: keys of people and names of companies."""
    named = {row["id"]: row["customerioId"] for row in migration.destination.records("person")}
    companies = {row["id"]: row["name"] for row in migration.destination.records("company")}
    rows = migration.destination.records("companyAssociation")
    return {(named.get(row["personId"], ""), companies.get(row["companyId"], "")) for row in rows}


def outcome(run: Run, object: str) -> dict[str, str]:
    """What became of the rows that are not as before."""
    return {key: state for key, state in states(run, object).items() if state != "unchanged"}


def left_over(migration: Migration) -> dict[str, int]:
    """What a replay would still write."""
    return planned(migration.run("replay"))


NOTHING = {"created": 0, "updated": 0}


def test_a_list_of_people_that_left_somebody_out_cuts_nobody_from_their_company(
    small: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed(small)
    before, boats = ties(small), {row["name"]: row["personId"] for row in small.destination.records("boat")}
    real = type(small.source.workspace.people).__iter__

    def without_some(self: Any) -> Any:
        return (person for person in real(self) if person.cio_id not in ("00000003", "00000005"))

    with monkeypatch.context() as patch:
        patch.setattr(type(small.source.workspace.people), "__iter__", without_some)
        small.source.workspace.touch()
        carry_over(small, full=True)
    assert ties(small) == before
    assert {row["name"]: row["personId"] for row in small.destination.records("boat")} == boats
    small.source.workspace.touch()
    small.source.workspace.unrelate("00000005", ("1", "c2"))
    carry_over(small, full=True)
    assert ties(small) == before - {("00000005", "Company 2")}
