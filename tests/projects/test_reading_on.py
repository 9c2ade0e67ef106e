"""An archive is read on where its last page ended, and opened again only where the next page is another one."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.contract import Cursor, Page
from mapping.rules import Action, FieldRule, MapSpec, ObjectRule
from projects.models import Project, User
from projects.pipeline.compiled import compiled
from projects.pipeline.context import Context


class Shelf:
    """An archive of four pages that counts how often it was opened, and where."""

    def __init__(self) -> None:
        self.opened: list[Cursor | None] = []

    def pages(self, cursor: Cursor | None = None) -> Iterator[Page]:
        self.opened.append(cursor)
        for number in range((cursor or {"page": 0})["page"], 4):
            yield Page((), {"page": number + 1} if number < 3 else None)


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    made = Shelf()
    monkeypatch.setattr(Context, "archive", lambda self, object: made)
    return made


def context() -> Context:
    step: Any = SimpleNamespace(run=SimpleNamespace(project=None))
    return Context(step, 1)


def test_pages_in_a_row_open_it_once(shelf: Shelf) -> None:
    reader, cursor, read = context(), None, 0
    while read == 0 or cursor is not None:
        cursor, read = reader.archive_page("event", cursor).cursor, read + 1
    assert (read, shelf.opened) == (4, [None])


def test_another_place_opens_it_there(shelf: Shelf) -> None:
    reader = context()
    reader.archive_page("event", None)
    assert reader.archive_page("event", {"page": 3}).cursor is None
    assert reader.archive_page("event", {"page": 1}).cursor == {"page": 2}
    assert shelf.opened == [None, {"page": 3}, {"page": 1}]


def test_a_map_is_compiled_once_and_a_changed_one_anew(project: Project, admin: User, spec: MapSpec) -> None:
    first = project.map_series.add(spec, by=admin)
    assert compiled(first) is compiled(first)
    assert compiled(first).mapper("person")({"email": "A@Acme.example"}).fields["emails"]["primaryEmail"]
    with pytest.raises(LookupError, match="no rule for company"):
        compiled(first).mapper("company")
    other = FieldRule(source="nick", action=Action.CREATE, destination="nick")
    rules = ObjectRule(source="person", destination="person", fields=(other,))
    second = project.map_series.add(MapSpec(objects=(rules,)), by=admin)
    assert compiled(second).mapper("person")({"nick": "Al"}).fields == {"nick": "Al"}
