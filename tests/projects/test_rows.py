"""Rows written in bulk: only what changed, nothing twice, and every character as it came."""

from __future__ import annotations

import uuid

import pytest

from projects.models import Project, Record, Run
from projects.pipeline.rows import save_rows, store


@pytest.fixture
def run(project: Project) -> Run:
    """A run without steps."""
    return Run.objects.create(project=project, number=1, kind=Run.Kind.PRODUCTION)


def row(run: Run, key: str, **fields: object) -> Record:
    return Record(run=run, object="event", key=key, **{"raw": {"key": key}, "digest": "d", **fields})


def test_a_row_that_is_there_already_stays_as_it_is(run: Run) -> None:
    store([row(run, "a", raw={"first": True})])
    store([row(run, "a", raw={"first": False}), row(run, "b")])
    assert {one.key: one.raw for one in Record.objects.all()} == {"a": {"first": True}, "b": {"key": "b"}}


def test_every_character_and_number_comes_back_as_it_was(run: Run) -> None:
    strange = {"nul": "a\x00b", "half": "\ud800", "big": 2**70, "b": 1, "a": [1.5, None, True]}
    store([row(run, "a", raw=strange)])
    found = Record.objects.get()
    assert found.raw == strange
    assert list(found.raw) == list(strange)
    assert (found.state, found.mapped, found.notes, found.destination_id) == ("read", None, [], None)


def test_a_new_row_has_its_time_and_is_found_by_its_address_and_id(run: Run) -> None:
    store([row(run, "a", raw={"email": "Ana@Example.org", "id": "U-7"})])
    found = Record.objects.get(email="ana@example.org", own_id="u-7")
    assert found.read_at is not None


def test_only_the_named_fields_are_written(run: Run) -> None:
    store([row(run, "a"), row(run, "b")])
    rows = list(Record.objects.order_by("key"))
    Record.objects.update(digest="by somebody else")
    for one in rows:
        one.mapped, one.state, one.destination_id = {"name": one.key}, "ready", uuid.uuid5(uuid.NAMESPACE_DNS, one.key)
        one.raw = {"not": "to be written"}
    save_rows(rows, ["mapped", "state", "destination_id"])
    for one in Record.objects.all():
        assert (one.mapped, one.state, one.raw, one.digest) == (
            {"name": one.key},
            "ready",
            {"key": one.key},
            "by somebody else",
        )
        assert one.destination_id == uuid.uuid5(uuid.NAMESPACE_DNS, one.key)


def test_a_row_that_is_gone_is_not_made_again(run: Run) -> None:
    store([row(run, "a")])
    gone = Record.objects.get()
    Record.objects.all().delete()
    gone.state = "ready"
    save_rows([gone], ["state"])
    assert not Record.objects.exists()


def test_nothing_to_write_is_no_error(run: Run) -> None:
    store([])
    save_rows([], ["state"])
    assert not Record.objects.exists()
