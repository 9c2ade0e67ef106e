"""The destination against both lines: the traps of contracts/twenty/FACTS.md and FACTS-2.x.md, one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from connectors.contract import Draft
from connectors.errors import AuthFailed, ConnectorError, NotAllowed, Rejected, Transient
from connectors.twenty import writing
from connectors.twenty.destination import TwentyDestination
from connectors.twenty.fake import FakeTwenty

from .stand import LINES, Line, connect, draft, id_of, people, unlimited


@pytest.fixture(params=LINES)
def line(request: pytest.FixtureRequest) -> Line:
    chosen: Line = request.param
    return chosen


@pytest.fixture
def fake(line: Line) -> FakeTwenty:
    return unlimited(line, prefilled=False)


@pytest.fixture
def twenty(fake: FakeTwenty) -> TwentyDestination:
    return connect(fake)


def soft_delete(fake: FakeTwenty, object: str, name: str) -> None:
    fake.edit(object, id_of(name), {"deletedAt": "2026-01-01T00:00:00.000Z"})


def row(fake: FakeTwenty, object: str, name: str) -> dict[str, Any]:
    return next(one for one in fake.records(object, deleted=True) if one["id"] == id_of(name))


def sent(fake: FakeTwenty, method: str, words: str) -> list[Any]:
    return [one for one in fake.requests if one.method == method and words in f"{one.path}?{one.query}"]


# The key


def test_a_check_says_whose_workspace_it_is(twenty: TwentyDestination) -> None:
    identity = twenty.check()
    assert identity.account
    assert identity.facts["People"] == "0"


@pytest.mark.parametrize("breakage", ["garbage", "revoked", "expired"])
def test_a_bad_key_is_told_as_such_and_never_shown(fake: FakeTwenty, breakage: str) -> None:
    key = {"garbage": "not-a-key", "expired": fake.issue_key("old", expires_in=-10)}.get(breakage, fake.api_key)
    if breakage == "revoked":
        fake.revoke_key()
    twenty = connect(fake, key)
    with pytest.raises(AuthFailed) as caught:
        twenty.check()
    assert key not in str(caught.value) + repr(caught.value) + repr(twenty)


def test_a_role_without_permission_is_told_although_the_status_is_400(fake: FakeTwenty) -> None:
    """On 2.x already reading the data model takes a permission that such a role lacks."""
    with pytest.raises(NotAllowed, match="role"):
        connect(fake, fake.issue_key("reader", read_only=True)).write("person", people(1))


def test_a_key_that_the_server_sends_back_is_masked(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    fake.faults.add("/rest/people", status=400, body={"messages": [f"no such key {fake.api_key}"], "statusCode": 400})
    with pytest.raises(Rejected) as caught:
        twenty.check()
    assert fake.api_key not in str(caught.value)
    assert "•••" in str(caught.value)


# What the server can do


def test_capabilities_are_read_off_the_server(line: Line, fake: FakeTwenty, twenty: TwentyDestination) -> None:
    before = fake.snapshot()
    found = twenty.capabilities()
    old = line == "1.x"
    assert found.note_target_column == ("personId" if old else "targetPersonId")
    assert found.rich_text_type == ("RICH_TEXT_V2" if old else "RICH_TEXT")
    assert (found.metadata_paged, found.emails_validated) == (not old, not old)
    assert found.soft_deleted_own_unique
    assert (found.batch, found.page) == (200, 200)
    assert all(found.facts.values())
    assert twenty.capabilities() is found
    assert fake.snapshot() == before


def test_a_page_smaller_than_expected_is_noticed(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    page = {"data": {"people": [{"id": id_of(str(number))} for number in range(60)]}, "totalCount": 300, "pageInfo": {}}
    fake.faults.add("/rest/people?limit=201", status=200, body=page)
    assert twenty.capabilities().page == 60


@pytest.mark.parametrize("direct", [True, False])
def test_the_catalogue_is_the_same_in_both_answer_formats(direct: bool) -> None:
    names = {o.name: {f.name for f in o.fields} for o in connect(unlimited("2.x")).catalogue().objects}
    other = connect(unlimited("2.x", direct_metadata=direct)).catalogue()
    assert {o.name: {f.name for f in o.fields} for o in other.objects} == names


def test_the_catalogue_knows_unique_fields_and_join_columns(line: Line, twenty: TwentyDestination) -> None:
    catalogue = twenty.catalogue()
    person, company = catalogue.object("person"), catalogue.object("company")
    assert person is not None
    assert company is not None
    emails, to_company, search = person.field("emails"), person.field("company"), person.field("searchVector")
    assert emails is not None
    assert emails.unique
    assert to_company is not None
    assert (to_company.join_column, to_company.references) == ("companyId", "company")
    assert search is not None
    assert not search.writable
    assert person.plural == "people"
    assert not person.custom
    links = catalogue.object("noteTarget")
    assert links is not None
    column = "personId" if line == "1.x" else "targetPersonId"
    assert column in {field.join_column for field in links.fields if field.references == "person"}


def test_stock_is_the_catalogue_of_an_untouched_workspace() -> None:
    from connectors.twenty.connector import CONNECTOR

    assert CONNECTOR.stock is not None
    real = {o.name: {(f.name, f.type) for f in o.fields} for o in connect(unlimited("2.x")).catalogue().objects}
    for object in CONNECTOR.stock().objects:
        assert {(field.name, field.type) for field in object.fields} == real[object.name]


# Creating


def test_a_batch_is_created_under_our_ids_in_one_request(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    drafts = people(200)
    assert twenty.write("person", drafts) == [one.id for one in drafts]
    assert len(sent(fake, "POST", "/rest/batch/people")) == 1
    assert twenty.count("person") == 200


def test_a_refused_batch_writes_nothing(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    with pytest.raises(Rejected):
        twenty.write("person", [*people(2), draft("bad", jobTitle=5)])
    assert fake.records("person", deleted=True) == []


@pytest.mark.parametrize("field", ["id", "emails"])
def test_what_is_there_already_is_a_duplicate(twenty: TwentyDestination, field: str) -> None:
    twenty.write("person", people(1))
    again = people(1)[0] if field == "id" else Draft(id_of("other"), people(1)[0].fields)
    with pytest.raises(Rejected) as caught:
        twenty.write("person", [again])
    assert "unique" in caught.value.fields


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"companyId": "11111111-1111-4111-8111-111111111111"}, "does not exist"),
        ({"jobTitle": "a\x00b"}, "cannot store"),
        ({"nope": 1}, "doesn't have any"),
        ({"createdAt": None}, "must not be empty"),
    ],
)
def test_mistakes_that_come_as_a_500_are_refusals_all_the_same(
    twenty: TwentyDestination, fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(Rejected, match=words):
        twenty.write("person", [draft("p", **fields)])


def test_an_unknown_500_may_have_been_done(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    fake.faults.add("/rest/batch", status=500, body={"messages": ["Something odd"], "statusCode": 500})
    with pytest.raises(Transient) as caught:
        twenty.write("person", people(1))
    assert caught.value.maybe_done


@pytest.mark.parametrize("fault", [{"status": 502}, {"truncate": True}, {"error": httpx.ReadTimeout("lost")}])
def test_after_a_lost_answer_the_caller_looks_and_finds(
    fake: FakeTwenty, twenty: TwentyDestination, fault: dict[str, Any]
) -> None:
    drafts = people(3)
    fake.faults.add("/rest/batch/people", "POST", after_effect=True, **fault)
    with pytest.raises(Transient) as caught:
        twenty.write("person", drafts)
    assert caught.value.maybe_done
    assert len(sent(fake, "POST", "/rest/batch/people")) == 1
    assert {one.id for one in twenty.find("person", ids=[one.id for one in drafts])} == {one.id for one in drafts}


def test_while_the_schema_changes_a_write_is_tried_again(
    fake: FakeTwenty, twenty: TwentyDestination, without_sleep: None
) -> None:
    message = 'Property "dur0" was not found in "person". Make sure your query is correct.'
    fake.faults.add("/rest/batch/people", status=400, body={"statusCode": 400, "messages": [message]})
    assert twenty.write("person", people(1)) == [id_of("p0")]


@pytest.fixture
def without_sleep(twenty: TwentyDestination) -> None:
    twenty._api.client._sleep = lambda seconds: None


def test_bodies_too_large_for_one_request_are_split(
    fake: FakeTwenty, twenty: TwentyDestination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BODY_LIMIT", 1000)
    drafts = people(20)
    assert twenty.write("person", drafts) == [one.id for one in drafts]
    assert len(sent(fake, "POST", "/rest/batch/people")) > 1
    with pytest.raises(Rejected, match="larger than"):
        twenty.write("person", [draft("big", jobTitle="x" * 1000)])


def test_when_only_a_part_of_a_split_batch_was_written_the_caller_is_told_to_look(
    fake: FakeTwenty, twenty: TwentyDestination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BODY_LIMIT", 1000)
    with pytest.raises(Transient) as caught:
        twenty.write("person", [*people(20), draft("bad", jobTitle=5)])
    assert caught.value.maybe_done
    assert fake.records("person")


# Finding


def test_soft_deleted_owners_of_a_unique_value_are_found(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    twenty.write("person", people(2))
    soft_delete(fake, "person", "p1")
    found = twenty.find("person", keys={"emails.primaryEmail": ["P0@X.EXAMPLE", "p1@x.example", "none@x.example"]})
    assert {one.id: one.deleted for one in found} == {id_of("p0"): False, id_of("p1"): True}
    assert twenty.read("person", [id_of("p1")]) == []


def test_ids_and_keys_together_give_each_record_once(twenty: TwentyDestination) -> None:
    twenty.write("person", people(2))
    found = twenty.find("person", ids=[id_of("p0")], keys={"emails.primaryEmail": ["p0@x.example", "p1@x.example"]})
    assert sorted(one.id for one in found) == sorted([id_of("p0"), id_of("p1")])


def test_two_hundred_ids_and_e_mails_are_one_request_when_nothing_is_there(
    fake: FakeTwenty, twenty: TwentyDestination
) -> None:
    twenty.catalogue()
    before = twenty.calls["read"]
    keys = {"emails.primaryEmail": [f"someone-{number}@company.example" for number in range(200)]}
    assert twenty.find("person", ids=[id_of(str(number)) for number in range(200)], keys=keys) == []
    assert twenty.calls["read"] == before + 1


def test_a_lookup_of_many_is_complete_whichever_way_it_goes(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    drafts = people(450)
    for start in range(0, 450, 150):
        twenty.write("person", drafts[start : start + 150])
    ids = [one.id for one in drafts]
    assert len(twenty.find("person", ids=ids)) == 450
    assert [one.id for one in twenty.read("person", ids)] == ids
    fake.faults.add("/graphql", "POST", status=400, body={"errors": [{"message": "no"}]})
    assert len(twenty.find("person", ids=ids)) == 450
    assert all(len(one.query) < 8000 for one in fake.requests)


@pytest.mark.parametrize(
    "name", ["a,b", "a(b", ")x(", 'quoted "x"', "o'brien", "[z]", "100%", "a b", "é&#+=", "line\nbreak"]
)
def test_any_characters_can_be_looked_up(twenty: TwentyDestination, name: str) -> None:
    twenty.write("company", [draft("c", name=name), draft("d", name="other")])
    assert [one.id for one in twenty.find("company", keys={"name": [name, "nobody"]})] == [id_of("c")]


def test_a_proxy_with_a_short_limit_gets_shorter_addresses(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    drafts = people(50)
    twenty.write("person", drafts)
    fake.faults.add("/rest/people?filter", "GET", status=414, body=None, times=3)
    assert len(twenty.read("person", [one.id for one in drafts])) == 50


def test_links_are_looked_up_as_the_server_stores_them(twenty: TwentyDestination) -> None:
    twenty.write("company", [draft("c", domainName={"primaryLinkUrl": "HTTPS://Acme.Example/"})])
    assert twenty.find("company", keys={"domainName.primaryLinkUrl": ["https://ACME.example/"]})


def test_pages_give_everything_once_and_resume(twenty: TwentyDestination) -> None:
    for start in (0, 200, 400):
        twenty.write("person", people(200 if start < 400 else 50, start=start))
    pages = list(twenty.pages("person"))
    assert [len(rows) for rows, _ in pages] == [200, 200, 50]
    assert pages[-1][1] is None
    rest = [one.id for rows, _ in twenty.pages("person", pages[0][1]) for one in rows]
    assert rest == [one.id for rows, _ in pages[1:] for one in rows]


def test_a_server_that_pages_in_a_circle_is_stopped(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    body = {"data": {"people": []}, "totalCount": 9, "pageInfo": {"hasNextPage": True, "endCursor": "same"}}
    fake.faults.add("/rest/people", "GET", status=200, body=body, times=9)
    with pytest.raises(ConnectorError, match="Loop"):
        list(twenty.pages("person"))


def test_an_object_that_is_not_there_is_a_refusal(twenty: TwentyDestination) -> None:
    with pytest.raises(Rejected, match="contact"):
        twenty.count("contact")


# Updating


def test_an_update_of_two_hundred_is_two_requests(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    drafts = people(200)
    twenty.write("person", drafts)
    before = twenty.calls["read"] + twenty.calls["write"]
    changes = [Draft(one.id, {"jobTitle": f"J{index}"}) for index, one in enumerate(drafts)]
    assert twenty.update("person", changes) == [one.id for one in drafts]
    assert twenty.calls["read"] + twenty.calls["write"] == before + 2
    assert [one.fields["jobTitle"] for one in twenty.read("person", [one.id for one in drafts])][:2] == ["J0", "J1"]


def test_an_update_neither_creates_nor_restores(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    """An upsert would do both (section 6)."""
    twenty.write("person", people(2))
    soft_delete(fake, "person", "p1")
    drafts = [draft(name, jobTitle="new") for name in ("p0", "p1", "missing")]
    assert twenty.update("person", drafts) == [id_of("p0")]
    assert row(fake, "person", "p1")["deletedAt"] is not None
    assert len(fake.records("person", deleted=True)) == 2


def test_parts_of_a_composite_leave_the_others_alone(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    """Sent alone, additionalEmails would blank the primary one, and a phone number drop the others (section 2.1)."""
    phone = {"number": "15112345678", "callingCode": "+49", "countryCode": "DE"}
    twenty.write(
        "person",
        [
            draft(
                "p",
                emails={"primaryEmail": "a@x.example"},
                phones={"primaryPhoneNumber": "+15125550100", "additionalPhones": [phone]},
                linkedinLink={"primaryLinkUrl": "https://l.example/x", "primaryLinkLabel": "L", "secondaryLinks": []},
            )
        ],
    )
    changes = {
        "emails": {"additionalEmails": ["b@x.example"]},
        "phones": {"primaryPhoneNumber": "+442079460018"},
        "linkedinLink": {"primaryLinkLabel": "M"},
    }
    twenty.update("person", [draft("p", **changes)])
    now = row(fake, "person", "p")
    assert now["emails"] == {"primaryEmail": "a@x.example", "additionalEmails": ["b@x.example"]}
    assert (now["phones"]["primaryPhoneCountryCode"], now["phones"]["additionalPhones"]) == ("GB", [phone])
    assert now["linkedinLink"]["primaryLinkUrl"] == "https://l.example/x"
    assert now["linkedinLink"]["primaryLinkLabel"] == "M"


def test_none_clears_scalars_and_composites(twenty: TwentyDestination) -> None:
    """For a composite `null` would change nothing (section 2.1)."""
    twenty.write("company", [draft("c", name="C")])
    fields = {
        "emails": {"primaryEmail": "a@x.example", "additionalEmails": ["b@x.example"]},
        "phones": {"primaryPhoneNumber": "+15125550100"},
        "linkedinLink": {"primaryLinkUrl": "https://l.example"},
        "jobTitle": "J",
        "companyId": id_of("c"),
    }
    twenty.write("person", [draft("p", **fields)])
    assert twenty.update("person", [draft("p", **dict.fromkeys(fields))]) == [id_of("p")]
    person = twenty.catalogue().object("person")
    assert person is not None
    now = twenty.read("person", [id_of("p")])[0].fields
    assert now["companyId"] is None
    for name in ("emails", "phones", "linkedinLink", "jobTitle"):
        field = person.field(name)
        assert field is not None
        assert twenty.canonical(field.type, now[name])[0] is None


def test_an_update_repeats_the_position_so_that_the_timeline_stays_quiet(
    fake: FakeTwenty, twenty: TwentyDestination
) -> None:
    twenty.write("person", [draft("p", jobTitle="A", position=7)])
    twenty.update("person", [draft("p", jobTitle="B")])
    assert sent(fake, "POST", "upsert=true")[-1].body[0]["position"] == 7
    twenty.update("person", [draft("p", jobTitle="C", position=9)])
    assert row(fake, "person", "p")["position"] == 9


def test_the_author_can_be_changed_although_an_upsert_ignores_it(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    twenty.write("person", [draft("p", createdBy={"source": "IMPORT", "name": "Old"})])
    twenty.update("person", [draft("p", createdBy={"source": "IMPORT", "name": "New"}, jobTitle="J")])
    now = row(fake, "person", "p")
    assert (now["createdBy"]["name"], now["jobTitle"]) == ("New", "J")
    twenty.update("person", [draft("p", createdBy={"source": "IMPORT", "name": "New"}, jobTitle="K")])
    assert len(sent(fake, "PATCH", "/rest/people")) == 1


def test_link_rows_are_updated_on_both_lines(line: Line, fake: FakeTwenty, twenty: TwentyDestination) -> None:
    """On 1.x an upsert of an existing noteTarget is a 500 (section 3)."""
    column = twenty.capabilities().note_target_column
    twenty.write("person", people(2))
    twenty.write("note", [draft("n", title="N", bodyV2={"markdown": "x"})])
    twenty.write("noteTarget", [draft("t", noteId=id_of("n"), **{column: id_of("p0")})])
    assert twenty.update("noteTarget", [draft("t", **{column: id_of("p1")})]) == [id_of("t")]
    assert row(fake, "noteTarget", "t")[column] == id_of("p1")
    assert bool(sent(fake, "PATCH", "/rest/noteTargets")) == (line == "1.x")


def test_an_update_is_repeated_after_a_lost_answer(
    fake: FakeTwenty, twenty: TwentyDestination, without_sleep: None
) -> None:
    twenty.write("person", people(1))
    fake.faults.add("upsert=true", "POST", after_effect=True, status=502)
    assert twenty.update("person", [draft("p0", jobTitle="J")]) == [id_of("p0")]


def test_times_authors_and_links_come_through(twenty: TwentyDestination) -> None:
    fields = {"createdAt": "2019-03-04T05:06:07.123Z", "createdBy": {"source": "IMPORT", "name": "Ada"}}
    twenty.write("note", [draft("n", title="T", bodyV2={"markdown": "# Hi"}, **fields)])
    now = twenty.read("note", [id_of("n")])[0].fields
    assert now["createdAt"] == fields["createdAt"]
    assert now["createdBy"]["name"] == "Ada"


# Removing


def test_removed_records_are_gone_for_good_and_others_are_not(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    """`DELETE` without a filter would be refused, `PATCH` without one would change everybody (section 2)."""
    for start in (0, 200):
        twenty.write("person", people(200 if start == 0 else 60, start=start))
    soft_delete(fake, "person", "p3")
    gone = [id_of(f"p{number}") for number in range(250)]
    for _ in range(2):
        twenty.remove("person", [*gone, id_of("never there")])
    assert {one["id"] for one in fake.records("person", deleted=True)} == {id_of(f"p{n}") for n in range(250, 260)}
    assert all("filter=" in one.query and "id" in one.query for one in sent(fake, "DELETE", "/rest/people"))


def test_removing_nothing_asks_nothing(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    twenty.remove("person", [])
    assert sent(fake, "DELETE", "/rest/") == []


# Automations


def test_the_workflow_of_a_fresh_workspace_is_found_paused_and_put_back() -> None:
    fake = unlimited("2.x", logic_functions=True)
    twenty = connect(fake)
    found = twenty.triggers(["person", "company"])
    assert [(one.object, one.event) for one in found] == [("person", "person.upserted")]
    assert "overwrites the company" in found[0].consequence
    for _ in range(2):
        twenty.pause(found[0].id)
    assert twenty.triggers(["person"]) == []
    twenty.write("company", [draft("c", name="Ours")])
    twenty.write("person", [draft("p", emails={"primaryEmail": "a@bigcorp.example"}, companyId=id_of("c"))])
    assert row(fake, "person", "p")["companyId"] == id_of("c")
    for _ in range(2):
        twenty.resume(found[0].id)
    assert twenty.triggers(["person"]) == found
    assert twenty.triggers(["company"]) == []
    deletes = sent(fake, "DELETE", "/rest/workflowAutomatedTriggers")
    assert {one.query for one in deletes} == {"soft_delete=true"}


def test_a_trigger_that_is_gone_for_good_cannot_be_resumed() -> None:
    twenty = connect(unlimited("2.x"))
    with pytest.raises(Rejected, match="no longer"):
        twenty.resume(id_of("nobody"))


def test_a_workspace_without_triggers_has_none(line: Line) -> None:
    assert connect(unlimited("1.x")).triggers(["person"]) == []


def test_every_method_tells_its_requests(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    steps: list[Callable[[], Any]] = [lambda: twenty.write("person", people(1)), lambda: twenty.count("person")]
    for step in steps:
        step()
    assert (twenty.calls["write"], twenty.calls["read"]) == (1, 1)
    assert twenty.calls["metadata"] >= 1


def test_retired_records_wait_in_the_bin_and_come_back_as_they_were(
    fake: FakeTwenty, twenty: TwentyDestination
) -> None:
    twenty.write("person", people(3))
    ids = [id_of("p0"), id_of("p1")]
    before = {one.id: one.fields["name"] for one in twenty.read("person", ids)}
    for _ in range(2):
        twenty.retire("person", [*ids, id_of("never there")])
    assert [one.id for one in twenty.read("person", [*ids, id_of("p2")])] == [id_of("p2")]
    twenty.restore("person", ids)
    assert {one.id: one.fields["name"] for one in twenty.read("person", ids)} == before


def test_the_files_of_attachments_go_with_them_and_lines_of_the_timeline_go_before_their_record() -> None:
    fake = unlimited("2.x", prefilled=False)
    destination = connect(fake)
    before = fake.snapshot()
    destination.write("note", [draft(f"n{number}", title="Hello") for number in range(3)])
    destination.write("person", people(1))
    link = draft("link", noteId=id_of("n0"), targetPersonId=id_of("p0"))
    destination.write("noteTarget", [link])
    files = [destination.upload(f"{number}.txt", b"x", "text/plain") for number in range(3)]
    hung = [draft(f"a{number}", targetNoteId=id_of(f"n{number}"), **files[number]) for number in range(3)]
    destination.write("attachment", hung)
    destination.remove("attachment", [one.id for one in hung])
    destination.remove("noteTarget", [link.id])
    notes = [id_of(f"n{number}") for number in range(3)]
    assert destination.hush("note", notes) == 4  # three of them made, one linked to a person
    destination.remove("note", notes)
    assert {line.verb for line in destination.echoes("person", [id_of("p0")])} == {"created"}
    destination.remove("person", [id_of("p0")])
    after = fake.snapshot()
    # The workflow that comes with Twenty has run once for the person: runs are not ours to destroy.
    assert len(after["records"].pop("workflowRun")) == 1
    before["records"].pop("workflowRun")
    assert after == before


def test_more_than_a_page_of_records_is_read_at_once_and_says_what_rest_says(
    fake: FakeTwenty, twenty: TwentyDestination
) -> None:
    for start in (0, 200):
        twenty.write("person", people(200, start=start))
    ids = [one.id for one in people(400)]
    before = twenty.calls["read"]
    at_once = twenty.read("person", ids)
    assert twenty.calls["read"] == before + 1
    assert [one.id for one in at_once] == ids
    assert twenty.read("person", [*ids, id_of("nobody")]) == at_once
    by_rest = {one.id: one.fields for page in (ids[:200], ids[200:]) for one in twenty.read("person", page)}
    for one in at_once:
        shown = {name: value for name, value in by_rest[one.id].items() if name != "searchVector"}
        assert {name: one.fields.get(name) for name in shown} == shown


def test_a_server_that_refuses_the_selection_is_read_by_rest_and_asked_only_once(
    fake: FakeTwenty, twenty: TwentyDestination, monkeypatch: pytest.MonkeyPatch
) -> None:
    for start in (0, 200):
        twenty.write("person", people(200, start=start))
    monkeypatch.setattr("connectors.twenty.reading.selection_of", lambda object: "id nothingOfTheKind{deeper}")
    ids = [one.id for one in people(400)]
    asked = []
    for _ in range(2):
        before = twenty.calls["read"]
        assert [one.id for one in twenty.read("person", ids)] == ids
        asked.append(twenty.calls["read"] - before)
    assert asked[0] == asked[1] + 1
