"""Reading custom objects and who they belong to (contracts/customerio/FACTS.md §6)."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from connectors.customerio import reading
from connectors.customerio.fake import FakeCustomerio, LastPage, Workspace
from connectors.customerio.fake.records import CustomObject, Relationship
from connectors.customerio.reading import slices
from connectors.customerio.source import CustomerioSource
from connectors.errors import AuthFailed, Rejected
from tests.connectors.customerio.asking import NOW
from tests.connectors.customerio.sources import answering, keys, one, source_of, walk

ODD_ID = "ob j/3?é#%"


@pytest.fixture
def source(fake: FakeCustomerio) -> CustomerioSource:
    return source_of(fake)


def make_companies(workspace: Workspace, number: int) -> list[str]:
    workspace.add_object_type("Companies", "Company")
    return [workspace.add_object("1", f"acme-{n}", {"name": f"Acme {n}"}).cio_object_id for n in range(number)]


def test_an_object_has_its_attributes_and_both_ids(source: CustomerioSource, workspace: Workspace) -> None:
    workspace.add_object_type("Companies", "Company")
    acme = workspace.add_object("1", "acme", {"name": "Acme", "arr": 120000})
    record = one(source, "object:1")
    assert record.key == acme.cio_object_id
    assert record.fields == {
        "name": "Acme",
        "arr": "120000",
        "object_id": "acme",
        "cio_object_id": acme.cio_object_id,
    }
    assert record.meta == {"timestamps": {"name": NOW, "arr": NOW}}


def test_all_objects_are_read_although_pages_repeat_some(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    companies = make_companies(workspace, 120)
    workspace.add_object_type("Rooms", "Room")
    workspace.add_object("2", "kitchen")
    pages = walk(source, "object:1")
    assert list(dict.fromkeys(keys(pages))) == companies
    assert keys(pages) != companies
    assert max(len(page.records) for page in pages) <= 50
    fake.quirks.repeated_rows = False
    assert keys(walk(source, "object:1")) == companies


def test_objects_are_read_on_from_any_cursor(source: CustomerioSource, workspace: Workspace) -> None:
    companies = make_companies(workspace, 120)
    pages = list(source.pages("object:1"))
    for number, page in enumerate(pages[:-1]):
        assert json.loads(json.dumps(page.cursor)) == page.cursor
        rest = walk(source, "object:1", page.cursor)
        assert {*keys(pages[: number + 1]), *keys(rest)} == {*companies}
        assert len(rest) == len(pages) - number - 1
    assert pages[-1].cursor is None


def test_objects_of_a_disabled_type_are_read_too(source: CustomerioSource, workspace: Workspace) -> None:
    workspace.add_object_type("Old", "Old", enabled=False)
    workspace.add_object("1", "a")
    assert one(source, "object:1").fields["object_id"] == "a"


def test_an_object_is_addressed_by_the_id_that_never_changes(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    workspace.add_object_type("Companies", "Company")
    item = workspace.add_object("1", ODD_ID)
    assert one(source, "object:1").fields["object_id"] == ODD_ID
    (call,) = fake.calls("/v1/objects/1/*")
    assert (call.path, call.query) == (f"/v1/objects/1/{item.cio_object_id}/attributes", "id_type=cio_object_id")


def unnamed(workspace: Workspace, object_id: str) -> None:
    """An object whose own id at Customer.io is not told."""
    workspace.objects.add(CustomObject(object_type_id="1", object_id=object_id, cio_object_id=""))
    workspace.touch()


@pytest.mark.parametrize("object_id", ["ob j/3?é", "a&b=c+d"])
def test_an_object_without_that_id_is_addressed_by_its_own(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace, object_id: str
) -> None:
    workspace.add_object_type("Companies", "Company")
    unnamed(workspace, object_id)
    fake.quirks.object_match_all = frozenset({"object_id"})
    record = one(source, "object:1")
    assert record.key == object_id
    assert record.fields == {"object_id": object_id, "cio_object_id": None}
    assert fake.calls("/v1/objects/1/*")[0].query == "id_type=object_id"
    assert keys([source.fetch("object:1", [object_id])]) == [object_id]


def test_the_whole_id_is_encoded_in_the_path() -> None:
    paths: list[bytes] = []

    def answer(request: httpx.Request) -> object:
        if request.method == "POST":
            return {"identifiers": [{"object_id": ODD_ID}]}
        paths.append(request.url.raw_path)
        return httpx.Response(404)

    assert walk(source_of(answering(answer)), "object:1")[0].missing == (ODD_ID,)
    assert paths == [b"/v1/objects/1/ob%20j%2F3%3F%C3%A9%23%25/attributes?id_type=object_id"]


@pytest.mark.parametrize("wrapped", [True, False])
def test_an_object_may_be_named_by_its_attributes_only(wrapped: bool) -> None:
    """The spec's `identifiers` of objects list fields of people instead (FACTS.md §6)."""
    row = {
        "attributes": {"object_id": "a", "cio_object_id": "ob1"},
        "identifiers": {"email": "x", "id": "y"},
        "timestamps": None,
    }

    def answer(request: httpx.Request) -> object:
        if request.method == "POST":
            return {"identifiers": [{"object_id": "a"}], "next": None}
        return {"object": row} if wrapped else row

    assert one(source_of(answering(answer)), "object:1").key == "ob1"


@pytest.mark.parametrize("field", ["object_id", "cio_object_id"])
def test_whichever_match_all_finds_something_is_used(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace, field: str
) -> None:
    companies = make_companies(workspace, 60)
    fake.quirks.object_match_all = frozenset({field})
    pages = walk(source, "object:1")
    assert set(keys(pages)) == set(companies)
    assert pages[0].cursor is not None
    assert pages[0].cursor["field"] == field


def test_a_match_all_that_is_refused_is_replaced(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    companies = make_companies(workspace, 3)
    fake.faults.add("/v1/objects", status=400)
    assert keys(walk(source, "object:1")) == companies


def test_a_type_that_cannot_be_searched_at_all_is_refused(source: CustomerioSource) -> None:
    with pytest.raises(Rejected, match="unknown object_type_id"):
        walk(source, "object:9")


def test_a_type_without_objects_is_one_empty_page(source: CustomerioSource, workspace: Workspace) -> None:
    make_companies(workspace, 0)
    (page,) = walk(source, "object:1")
    assert (page.records, page.cursor, page.missing) == ((), None, ())


def test_an_object_that_goes_while_it_is_read_is_missing(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    first, second, third = make_companies(workspace, 3)
    fake.faults.add(f"/v1/objects/1/{second}/attributes", status=404)
    (page,) = walk(source, "object:1")
    assert (keys([page]), page.missing) == ([first, third], (second,))


def test_objects_are_fetched_by_key_in_the_order_of_the_keys(source: CustomerioSource, workspace: Workspace) -> None:
    first, second, third = make_companies(workspace, 3)
    page = source.fetch("object:1", [third, "nothing", first, third])
    assert (keys([page]), page.missing) == ([third, first], ("nothing",))
    # The customer's own id is no key where Customer.io tells its own.
    assert source.fetch("object:1", ["acme-1"]).missing == ("acme-1",)
    assert second not in keys([page])


def test_more_rows_than_were_asked_for_are_cut_into_pages() -> None:
    """No limit is documented for the object search, so a server may not keep to ours."""
    listing = {"": (list(range(7)), "x"), "x": (list(range(7, 12)), "")}
    whole = [(list(rows), cursor) for rows, cursor in slices(listing.__getitem__, None, 3, "numbers")]
    assert [rows for rows, _ in whole] == [[0, 1, 2], [3, 4, 5], [6], [7, 8, 9], [10, 11]]
    for number, (_, cursor) in enumerate(whole[:-1]):
        assert [(list(rows), then) for rows, then in slices(listing.__getitem__, cursor, 3, "numbers")] == (
            whole[number + 1 :]
        )
    # A list that has become shorter in the meantime ends all the same.
    assert list(slices(lambda start: ([], ""), whole[0][1], 3, "numbers")) == [([], None)]


def test_a_revoked_key_ends_a_read_of_many_objects(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    make_companies(workspace, 60)
    pages = source.pages("object:1")
    next(pages)
    fake.revoke_key()
    with pytest.raises(AuthFailed):
        next(pages)


@pytest.fixture
def staff(workspace: Workspace) -> list[str]:
    """Three people: one tied to two objects, one to none, one to three."""
    workspace.add_object_type("Companies", "Company")
    workspace.add_object_type("Rooms", "Room", enabled=False)
    for type_id, object_id in (("1", "acme"), ("1", "beta"), ("2", "kitchen")):
        workspace.add_object(type_id, object_id)
    ada, bob, eve = (workspace.add_person(email=f"{name}@example.com").cio_id for name in ("ada", "bob", "eve"))
    for person, key in (
        (ada, ("1", "acme")),
        (ada, ("2", "kitchen")),
        (eve, ("1", "acme")),
        (eve, ("1", "beta")),
        (eve, ("2", "kitchen")),
    ):
        workspace.relate(person, key, {"role": "admin"})
    return [ada, bob, eve]


def test_a_relationship_has_attributes_times_and_both_ends(
    source: CustomerioSource, workspace: Workspace, staff: list[str]
) -> None:
    acme = workspace.objects["1", "acme"].cio_object_id
    workspace.relate(staff[0], ("1", "acme"), {"since": "2020"}, at=NOW - 9)
    record = walk(source, "relationship")[0].records[0]
    assert record.key == f"{staff[0]}:1:{acme}"
    assert record.fields == {"role": "admin", "since": "2020"}
    assert record.meta == {"timestamps": {"role": NOW, "since": NOW - 9}, "related_at": NOW - 9}
    assert record.refs == {"person": ("person", staff[0]), "object": ("object:1", acme)}


def test_everybodys_relationships_are_read_once(source: CustomerioSource, staff: list[str]) -> None:
    (page,) = walk(source, "relationship")
    owners = [record.refs["person"][1] for record in page.records]
    assert owners == [staff[0]] * 2 + [staff[2]] * 3
    assert {record.refs["object"][0] for record in page.records} == {"object:1", "object:2"}
    assert page.missing == ()


@pytest.mark.parametrize(
    ("timestamps", "related_at"), [(None, None), ({}, None), ({"a": 0}, None), ({"a": 7, "b": 5}, 5)]
)
def test_when_somebody_was_related_is_the_first_time_told(timestamps: Any, related_at: int | None) -> None:
    tie = {"object_type_id": 1, "identifiers": {"object_id": 7}, "attributes": None, "timestamps": timestamps}
    record = source_of(answering(lambda request: {"cio_relationships": [tie]})).fetch("relationship", ["01"]).records[0]
    assert (record.key, record.meta["related_at"], record.fields) == ("01:1:7", related_at, {})
    assert record.refs["object"] == ("object:1", "7")


@pytest.mark.parametrize("form", LastPage)
def test_a_person_with_many_relationships_has_each_once(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace, form: LastPage
) -> None:
    fake.quirks.last_page = form
    companies = make_companies(workspace, 120)
    ada = workspace.add_person().cio_id
    for number in range(120):
        workspace.relationships.add(Relationship(cio_id=ada, object_key=("1", f"acme-{number}")))
    page = source.fetch("relationship", [ada])
    assert [record.refs["object"][1] for record in page.records] == companies
    assert len(fake.calls("*/relationships")) == 3


def test_relationships_are_read_on_from_any_cursor(
    source: CustomerioSource, workspace: Workspace, staff: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ONE_BY_ONE", 1)
    pages = list(source.pages("relationship"))
    assert [len(page.records) for page in pages] == [2, 0, 3]
    for number, page in enumerate(pages[:-1]):
        assert json.loads(json.dumps(page.cursor)) == page.cursor
        assert walk(source, "relationship", page.cursor) == pages[number + 1 :]


def test_fifty_people_are_a_page_of_relationships(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    for _ in range(120):
        workspace.add_person()
    assert len(walk(source, "relationship")) == 3
    assert len(fake.calls("/v1/customers")) == 3
    assert len(fake.calls("*/relationships")) == 120


def test_somebody_who_is_gone_is_missing(source: CustomerioSource, workspace: Workspace, staff: list[str]) -> None:
    workspace.delete_person(staff[0])
    page = source.fetch("relationship", [*staff, staff[2]])
    assert {record.refs["person"][1] for record in page.records} == {staff[2]}
    assert page.missing == (staff[0],)
