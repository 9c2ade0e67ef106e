"""The log of changes: from a moment on, newest first; what each line is about, and what seems to have written it."""

from __future__ import annotations

import pytest

from connectors.contract import Page
from connectors.customerio.activities import Activity
from connectors.customerio.changes import writer_of
from connectors.customerio.fake import FakeCustomerio, Workspace
from tests.connectors.customerio.sources import source_of

HOUR = 3600


@pytest.fixture
def fake() -> FakeCustomerio:
    workspace = Workspace()
    now = workspace.now()
    for number in range(250):
        workspace.add_person(id=f"u{number}", email=f"p{number}@x.example", cio_id=f"{number:08d}", at=now - 9 * HOUR)
    for number in range(120):
        workspace.change_attributes(f"{number:08d}", {"plan": "pro"}, at=now - HOUR + number)
    workspace.delete_person("00000200", at=now - 60)
    workspace.merge_people("00000201", "00000202", at=now - 50)
    return FakeCustomerio(workspace, requests_per_second=None)


def kinds(pages: list[Page]) -> list[str]:
    return [str(record.fields["type"]) for page in pages for record in page.records]


def test_only_lines_since_the_moment_are_given_and_no_page_more_is_read(fake: FakeCustomerio) -> None:
    source = source_of(fake)
    since = fake.workspace.now() - 2 * HOUR
    found = kinds(list(source.changes(since)))
    assert found.count("attribute_change") == 120
    assert "profile_create" not in found
    # 122 lines on two pages; the second one ends in lines that are too old, the third is old throughout.
    assert source.calls["read"] == 3


def test_reading_goes_on_from_any_page(fake: FakeCustomerio) -> None:
    source = source_of(fake)
    since = fake.workspace.now() - 2 * HOUR
    first = next(iter(source.changes(since)))
    rest = list(source.changes(since, first.cursor))
    assert len(kinds([first, *rest])) == 122


def test_who_was_deleted_and_who_went_into_whom_is_told(fake: FakeCustomerio) -> None:
    found = [record for page in source_of(fake).deleted(fake.workspace.now() - HOUR) for record in page.records]
    told = {str(record.fields["type"]): record.refs for record in found}
    assert told["profile_delete"]["person"] == ("person", "00000200")
    assert told["profile_merge"] == {"person": ("person", "00000201"), "secondary": ("person", "00000202")}


@pytest.mark.parametrize(
    ("row", "writer"),
    [
        ({"type": "event", "name": "Order", "data": {"integration": "Shop 2"}}, "Shop 2"),
        (
            {"type": "event", "name": "x", "data": {"context": {"library": {"name": "analytics.js"}}}},
            "library analytics.js",
        ),
        ({"type": "attribute_change", "data": {"hubspot_owner": {"from": "", "to": "a"}}}, "hubspot"),
        ({"type": "page", "url": "https://shop.example/a"}, "JavaScript snippet on shop.example"),
        ({"type": "attribute_change", "data": {"city": {"from": "", "to": "a"}}}, ""),
    ],
)
def test_a_writer_is_named_where_the_line_tells_it(row: dict[str, object], writer: str) -> None:
    assert writer_of(Activity.model_validate(row)) == writer
