"""Reading everybody, all of them and each once (contracts/customerio/FACTS.md §1, §2 and §4)."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from connectors.customerio.fake import EmptyLists, FakeCustomerio, LastPage, Workspace
from connectors.errors import AuthFailed, Terminal
from tests.connectors.customerio.asking import NOW
from tests.connectors.customerio.sources import answering, keys, one, source_of, walk

PROFILES = "/v1/customers/attributes"


def people(workspace: Workspace, number: int) -> list[str]:
    return [workspace.add_person(id=f"p{n}", email=f"p{n}@example.com").cio_id for n in range(number)]


def test_five_thousand_people_are_read_once_each(fake: FakeCustomerio, workspace: Workspace) -> None:
    everybody = people(workspace, 5000)
    source = source_of(fake)
    pages = list(source.pages("person"))
    assert keys(pages) == everybody
    assert [len(page.records) for page in pages] == [1000] * 5
    assert len(fake.calls(PROFILES)) == 50
    assert source.calls["read"] == 55


def test_reading_goes_on_from_any_cursor(fake: FakeCustomerio, workspace: Workspace) -> None:
    everybody = people(workspace, 2100)
    cursors = [None, *(page.cursor for page in source_of(fake).pages("person"))]
    assert cursors.pop() is None
    assert json.loads(json.dumps(cursors)) == cursors
    for done, cursor in enumerate(cursors):
        assert keys(walk(source_of(fake), "person", cursor)) == everybody[done * 1000 :]


def test_a_person_has_all_attributes_as_they_are_and_the_identifiers(
    fake: FakeCustomerio, workspace: Workspace
) -> None:
    attributes = {"seats": 3, "prefs": {"topics": {"topic_7": False}}, "phone": "+15551234567", "zip": "01234"}
    device = {"id": "token", "platform": "ios", "last_used": NOW, "attributes": {}}
    workspace.add_person(
        cio_id="30e00001", id="007", email="ada@example.com", attributes=attributes, unsubscribed=True, devices=[device]
    )
    record = one(source_of(fake), "person")
    assert record.key == "30e00001"
    assert record.fields == {
        "seats": "3",
        "prefs": '{"topics":{"topic_7":false}}',
        "phone": "+15551234567",
        "zip": "01234",
        "cio_id": "30e00001",
        "id": "007",
        "email": "ada@example.com",
        "unsubscribed": True,
    }
    assert record.meta["timestamps"]["seats"] == NOW
    assert record.meta["devices"] == [device]


@pytest.mark.parametrize("wrapped", [False, True])
def test_people_without_an_id_or_an_email_are_read_too(
    fake: FakeCustomerio, workspace: Workspace, wrapped: bool
) -> None:
    fake.quirks.wrapped_profiles = wrapped
    workspace.add_person(email="only@example.com")
    workspace.add_person(id="only")
    workspace.add_person()
    records = walk(source_of(fake), "person")[0].records
    assert [(row.fields["id"], row.fields["email"]) for row in records] == [
        (None, "only@example.com"),
        ("only", None),
        (None, None),
    ]


def test_an_email_that_is_no_identifier_is_still_an_attribute(fake: FakeCustomerio, workspace: Workspace) -> None:
    workspace.identifier_kinds = frozenset({"id"})
    workspace.add_person(id="1", email="ada@example.com")
    assert one(source_of(fake), "person").fields["email"] == "ada@example.com"


def answers(**by_path: Any) -> httpx.MockTransport:
    """A server with one person found, and profiles as given."""
    found = {"identifiers": [{"cio_id": 3000001, "email": None}], "ids": [""]}
    return answering(lambda request: by_path["profiles"] if request.url.path == PROFILES else found)


def test_an_id_that_comes_as_a_number_is_text() -> None:
    """The spec prints such a row: ids as numbers, and a profile without `identifiers` (FACTS.md §2, §4)."""
    row = {"customer": {"id": "1", "attributes": {"cio_id": "3000001", "id": "1"}, "devices": None, "timestamps": None}}
    record = one(source_of(answers(profiles={"customers": [row]})), "person")
    assert (record.key, record.fields["cio_id"], record.fields["id"]) == ("3000001", "3000001", "1")
    assert record.meta == {"timestamps": {}, "devices": []}


@pytest.mark.parametrize(
    ("row", "unsubscribed"),
    [
        ({"unsubscribed": True, "attributes": {"unsubscribed": "false"}}, True),
        ({"unsubscribed": False, "attributes": {"unsubscribed": "true"}}, False),
        ({"unsubscribed": None, "attributes": {"unsubscribed": "true"}}, True),
        ({"attributes": {"unsubscribed": "False"}}, False),
        ({"attributes": None}, False),
    ],
)
def test_whether_somebody_unsubscribed_is_true_or_false(row: dict[str, Any], unsubscribed: bool) -> None:
    profile = {"identifiers": {"cio_id": "3000001"}, **row}
    record = one(source_of(answers(profiles={"customers": [profile]})), "person")
    assert record.fields["unsubscribed"] is unsubscribed


def test_who_is_left_out_once_is_asked_for_again(fake: FakeCustomerio, workspace: Workspace) -> None:
    everybody = people(workspace, 3)
    fake.faults.add(PROFILES, status=200, body=b'{"customers": null}')
    (page,) = walk(source_of(fake), "person")
    assert keys([page]) == everybody
    assert page.missing == ()


def test_who_is_announced_and_never_delivered_is_named(fake: FakeCustomerio, workspace: Workspace) -> None:
    first, second, third = people(workspace, 3)
    source = source_of(fake)
    assert len(walk(source, "person")[0].records) == 3
    # The search still remembers somebody who was deleted a moment ago.
    workspace.people.remove(second)
    (page,) = walk(source, "person")
    assert keys([page]) == [first, third]
    assert page.missing == (second,)


def test_a_row_that_was_not_asked_for_is_nobody() -> None:
    stranger = {"identifiers": {"cio_id": "9"}, "attributes": {}}
    (page,) = walk(source_of(answers(profiles={"customers": [stranger]})), "person")
    assert (page.records, page.missing) == ((), ("3000001",))


def test_a_double_in_a_page_is_read_once(fake: FakeCustomerio, workspace: Workspace) -> None:
    (ada,) = people(workspace, 1)
    twice = {"identifiers": [{"cio_id": ada}, {"cio_id": ada}], "next": None}
    fake.faults.add("/v1/customers", status=200, body=json.dumps(twice).encode())
    assert keys(walk(source_of(fake), "person")) == [ada]


@pytest.mark.parametrize("form", LastPage)
@pytest.mark.parametrize("lists", EmptyLists)
def test_an_empty_workspace_is_one_empty_page(fake: FakeCustomerio, form: LastPage, lists: EmptyLists) -> None:
    fake.quirks.last_page, fake.quirks.empty_lists = form, lists
    (page,) = walk(source_of(fake), "person")
    assert (page.records, page.cursor, page.missing) == ((), None, ())


def test_an_empty_page_in_the_middle_is_not_the_end(fake: FakeCustomerio, workspace: Workspace) -> None:
    everybody = people(workspace, 2500)
    fake.quirks.empty_pages = True
    pages = walk(source_of(fake), "person")
    assert [len(page.records) for page in pages] == [1000, 0, 1000, 0, 500]
    assert keys(pages) == everybody


def test_an_empty_page_that_leads_to_itself_is_the_end(fake: FakeCustomerio, workspace: Workspace) -> None:
    everybody = people(workspace, 20)
    fake.quirks.trailing_page = frozenset({"customers"})
    pages = walk(source_of(fake), "person")
    assert [len(page.records) for page in pages] == [20, 0]
    assert keys(pages) == everybody


@pytest.mark.parametrize("circle", [1, 2, 5])
@pytest.mark.parametrize("before", [0, 3])
def test_paging_in_a_circle_is_noticed_although_each_page_is_read_alone(circle: int, before: int) -> None:
    def answer(request: httpx.Request) -> object:
        if request.url.path == PROFILES:
            return {"customers": [{"identifiers": {"cio_id": "1"}, "attributes": {}}]}
        at = int(request.url.params.get("start", "0")) + 1
        following = at if at <= before + circle else before + 1
        return {"identifiers": [{"cio_id": "1"}], "next": following}

    for read in (lambda source: walk(source, "person"), lambda source: list(source.pages("person"))):
        with pytest.raises(Terminal, match="Loop detected while reading people"):
            read(source_of(answering(answer)))


def test_a_cursor_goes_back_as_it_came() -> None:
    starts: list[str | None] = []

    def answer(request: httpx.Request) -> object:
        starts.append(request.url.params.get("start"))
        return {"identifiers": None, "next": "" if starts[-1] else "Mz+/aB=="}

    walk(source_of(answering(answer)), "person")
    assert starts == [None, "Mz+/aB=="]


def test_a_revoked_key_in_the_middle_of_a_page_ends_it(fake: FakeCustomerio, workspace: Workspace) -> None:
    people(workspace, 1000)
    fake.faults.add(PROFILES, status=401, after=4, times=100)
    with pytest.raises(AuthFailed):
        walk(source_of(fake), "person")
    # What had not been sent yet was not sent.
    assert len(fake.calls(PROFILES)) <= 10


def test_requests_that_fail_in_passing_lose_nobody(fake: FakeCustomerio, workspace: Workspace) -> None:
    everybody = people(workspace, 1000)
    fake.faults.add(PROFILES, status=500, after=3, times=2)
    fake.faults.add(PROFILES, keep_bytes=1000, after=5)
    fake.faults.add("/v1/customers", error=httpx.ReadError("reset"))
    source = source_of(fake)
    assert keys(walk(source, "person")) == everybody
    assert source.calls["retried"] == 4


def test_people_are_fetched_a_hundred_at_a_time(fake: FakeCustomerio, workspace: Workspace) -> None:
    everybody = people(workspace, 250)
    page = source_of(fake).fetch("person", ["nobody", *reversed(everybody), everybody[0], f"cio_{everybody[1]}"])
    assert keys([page]) == everybody[::-1]
    assert page.missing == ("nobody", f"cio_{everybody[1]}")
    assert page.cursor is None
    # 252 different keys, and once more those that were left out.
    assert len(fake.calls(PROFILES)) == 4
    assert source_of(fake).fetch("person", []).records == ()
