"""Reading segments and who is in them (contracts/customerio/FACTS.md §5)."""

from __future__ import annotations

import json

import pytest

from connectors.customerio import reading
from connectors.customerio.fake import EmptyLists, FakeCustomerio, Workspace
from connectors.customerio.source import CustomerioSource
from connectors.errors import Terminal
from tests.connectors.customerio.asking import NOW, where
from tests.connectors.customerio.sources import keys, one, source_of, walk


@pytest.fixture
def source(fake: FakeCustomerio) -> CustomerioSource:
    return source_of(fake)


def test_a_segment_is_read_with_its_size_and_its_raw_conditions(source: CustomerioSource, workspace: Workspace) -> None:
    workspace.add_person(attributes={"plan": "pro"})
    workspace.add_segment("Pro", conditions=where("plan", "eq", value="pro"), description="Paying", tags=["a"])
    record = one(source, "segment")
    assert record.key == "1"
    assert record.fields == {
        "id": "1",
        "name": "Pro",
        "description": "Paying",
        "type": "dynamic",
        "state": "finished",
        "progress": None,
        "tags": ["a"],
        "conditions": where("plan", "eq", value="pro"),
        "created_at": NOW,
        "updated_at": NOW,
        "members": 1,
        "used_by": {"campaigns": [], "draft_newsletters": [], "sent_newsletters": []},
    }


@pytest.mark.parametrize("as_spec", [True, False])
def test_a_segment_says_what_uses_it(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace, as_spec: bool
) -> None:
    workspace.add_segment("Pro")
    workspace.add("campaigns", id=5, trigger_segment_ids=[1])
    workspace.add("newsletters", id=7, recipient_segment_ids=[1], sent_at=NOW)
    workspace.add("newsletters", id=8, recipient_segment_ids=[1])
    fake.quirks.used_by_as_spec = as_spec
    used = {"campaigns": [5], "draft_newsletters": [8], "sent_newsletters": [7]}
    assert one(source, "segment").fields["used_by"] == used


def test_conditions_and_tags_may_not_be_told(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    workspace.add_segment("Pro", conditions=where("plan"))
    fake.quirks.segment_conditions = False
    record = one(source, "segment")
    assert (record.fields["conditions"], record.fields["tags"]) == (None, [])


def test_archived_segments_are_not_there(source: CustomerioSource, workspace: Workspace) -> None:
    workspace.add_segment("Old", archived=True)
    workspace.add_segment("New")
    assert keys(walk(source, "segment")) == ["2"]
    assert source.count("segment") == 1


def test_an_unfinished_segment_says_so(source: CustomerioSource, workspace: Workspace) -> None:
    members = [workspace.add_person().cio_id for _ in range(10)]
    workspace.add_segment("Building", members=members, state="build")
    record = one(source, "segment")
    assert (record.fields["state"], record.fields["progress"], record.fields["members"]) == ("build", 50, 5)


def test_a_segment_that_goes_while_it_is_read_is_missing(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    for name in "abc":
        workspace.add_segment(name)
    fake.faults.add("/v1/segments/2/customer_count", status=404)
    (page,) = walk(source, "segment")
    assert (keys([page]), page.missing) == (["1", "3"], ("2",))


def test_very_many_segments_are_several_pages(
    source: CustomerioSource, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ONE_BY_ONE", 4)
    for number in range(10):
        workspace.add_segment(f"Segment {number}")
    pages = walk(source, "segment")
    assert [len(page.records) for page in pages] == [4, 4, 2]
    assert keys(pages) == keys(source.pages("segment")) == [str(number) for number in range(1, 11)]


@pytest.mark.parametrize("lists", EmptyLists)
def test_no_segments_are_one_empty_page(fake: FakeCustomerio, source: CustomerioSource, lists: EmptyLists) -> None:
    fake.quirks.empty_lists = lists
    for name in ("segment", "membership"):
        (page,) = walk(source, name)
        assert (page.records, page.cursor) == ((), None)


def test_segments_are_fetched_by_key_and_members_are_not(source: CustomerioSource, workspace: Workspace) -> None:
    workspace.add_segment("One")
    page = source.fetch("segment", ["1", "7"])
    assert (keys([page]), page.missing) == (["1"], ("7",))
    with pytest.raises(Terminal, match="by its key"):
        source.fetch("membership", ["1:2"])


@pytest.fixture
def groups(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The memberships of three segments of 25, 0 and 12 people, which take pages of ten."""
    monkeypatch.setattr(reading, "MEMBERS", 10)
    everybody = [workspace.add_person(email=f"p{number}@example.com").cio_id for number in range(25)]
    for name, members in (("All", everybody), ("None", []), ("Some", everybody[:12])):
        workspace.add_segment(name, members=members)
    return [f"1:{cio_id}" for cio_id in everybody] + [f"3:{cio_id}" for cio_id in everybody[:12]]


def test_members_without_an_id_are_members_too(source: CustomerioSource, workspace: Workspace) -> None:
    """The `ids` beside the identifiers are empty for them (FACTS.md §2)."""
    person = workspace.add_person(email="only@example.com").cio_id
    workspace.add_segment("All", members=[person])
    record = one(source, "membership")
    assert record.key == f"1:{person}"
    assert record.refs == {"segment": ("segment", "1"), "person": ("person", person)}
    assert record.fields == {}


@pytest.mark.parametrize("empty_pages", [False, True])
def test_all_members_of_all_segments_are_read_once(
    fake: FakeCustomerio, source: CustomerioSource, groups: list[str], empty_pages: bool
) -> None:
    fake.quirks.empty_pages = empty_pages
    assert keys(source.pages("membership")) == keys(walk(source, "membership")) == groups


def test_members_are_read_on_from_any_cursor(source: CustomerioSource, groups: list[str]) -> None:
    done = 0
    for page in list(source.pages("membership")):
        done += len(page.records)
        assert json.loads(json.dumps(page.cursor)) == page.cursor
        if page.cursor is not None:
            assert keys(walk(source, "membership", page.cursor)) == groups[done:]
    assert done == len(groups)


def test_the_largest_page_of_members_is_asked_for(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    workspace.add_segment("All")
    walk(source, "membership")
    assert fake.calls("*/membership")[0].query == "limit=30000"


@pytest.mark.parametrize("deleted", [1, 2, 3])
def test_a_deleted_segment_is_passed_over(
    source: CustomerioSource, workspace: Workspace, groups: list[str], deleted: int
) -> None:
    first = next(iter(source.pages("membership")))
    del workspace.segments[deleted]
    expected = groups[:10] + [key for key in groups[10:] if not key.startswith(f"{deleted}:")]
    assert keys([first, *walk(source, "membership", first.cursor)]) == expected


def test_a_segment_made_while_reading_moves_nothing(
    source: CustomerioSource, workspace: Workspace, groups: list[str]
) -> None:
    first = next(iter(source.pages("membership")))
    workspace.add_segment("New", members=list(workspace.segments[1].members))
    workspace.segments = dict(reversed(workspace.segments.items()))
    assert keys([first, *walk(source, "membership", first.cursor)]) == groups


def test_only_the_segments_that_are_left_are_asked(
    fake: FakeCustomerio, source: CustomerioSource, groups: list[str]
) -> None:
    *_, before_last, last = source.pages("membership")
    fake.requests.clear()
    walk(source, "membership", before_last.cursor)
    assert last.cursor is None
    assert [row.path for row in fake.requests] == ["/v1/segments/3/membership"]
