"""What every connector in the registry must do, tried on the stand-in for its system that each package brings."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

import httpx
import pytest
from pydantic import SecretStr

from connectors.budget import LocalBudget, Rate
from connectors.catalogue import Catalogue, ObjectType
from connectors.contract import Access, Connector, Cursor, Destination, Draft, Page, Source
from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.errors import AuthFailed, ConnectorError, Rejected
from connectors.registry import all_connectors, get_connector
from connectors.twenty.fake import FakeTwenty

WRONG = "wrong-key-that-nobody-may-see"


@dataclass(frozen=True)
class Stand:
    """A running stand-in: where it is, the key it accepts, and for a destination some records that it takes."""

    app: Any
    key: str
    url: str
    object: str = ""
    records: Sequence[Mapping[str, Any]] = ()


def _customerio() -> Stand:
    """Enough of everything for more than one page, with the vendor's habits that a reader has to know."""
    workspace = Workspace()
    workspace.add_object_type("Companies", "Company")
    workspace.add_object_type("Rooms", "Room", enabled=False)
    companies = [workspace.add_object("1", f"acme-{number}", {"name": f"Acme {number}"}).key for number in range(101)]
    for number in range(1001):
        person = workspace.add_person(email=f"p{number}@example.com", attributes={"plan": "pro"}).cio_id
        if number % 10 == 0:
            workspace.relate(person, companies[number % 100], {"role": "admin"})
    members = [person.cio_id for person in workspace.people]
    for name in ("All", "Nobody", "Some"):
        workspace.add_segment(name, members={"All": members, "Some": members[:7]}.get(name, ()))
    _customerio_history(workspace, members)
    fake = FakeCustomerio(workspace, requests_per_second=None)
    fake.quirks.empty_pages = True
    return Stand(fake, fake.api_key or "", "https://api.customer.io")


def _customerio_history(workspace: Workspace, people: Sequence[str]) -> None:
    """What people did and were sent, and what sends it: more than a page of each."""
    for number in range(250):
        workspace.add_event(people[number], f"event {number % 3}", {"number": number})
        workspace.add_message(people[number], created=workspace.now() - number * 40 * 86400, campaign_id=1)
        workspace.add("snippets", name=f"snippet {number}")
        workspace.add("suppressions", email=f"p{number}@example.com")
    for listing in ("campaigns", "broadcasts", "newsletters", "transactional"):
        for _ in range(30):
            workspace.add(listing)
    for listing in ("collections", "subscription_topics", "reporting_webhooks", "sender_identities"):
        workspace.add(listing)


def _twenty(line: Any) -> Stand:
    fake = FakeTwenty(line, long_limit=None, short_limit=None)
    records = [
        {
            "id": f"20202020-0000-4000-8000-{number:012d}",
            "name": f"Acme {number}",
            "domainName": {"primaryLinkUrl": f"https://acme{number}.example"},
        }
        for number in range(3)
    ]
    return Stand(fake, fake.api_key, "https://crm.example.com", "company", records)


STANDS: Mapping[str, Callable[[], Stand]] = {
    "customerio": _customerio,
    "twenty": lambda: _twenty("2.x"),
    "twenty 1.x": lambda: _twenty("1.x"),
}
"""By the connector's slug; a system of which several versions are in use has a stand-in for each."""


class Counted(httpx.WSGITransport):
    """Refuses the first request after `refuse` was set, as a server does that is asked too often."""

    refuse = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.refuse:
            self.refuse = False
            return httpx.Response(429, headers={"Retry-After": "0.3"}, json={"errors": []})
        return super().handle_request(request)


def access(stand: Stand, key: str = "") -> Access:
    """The way to a stand-in, with its key or another one."""
    transport = Counted(app=stand.app)
    return Access(stand.url, {"api_key": key or stand.key}, LocalBudget(Rate.unlimited()), transport=transport)


def open_system(slug: str, entry: Access) -> Any:
    """The connector's source or destination."""
    connector = get_connector(slug.split()[0])
    factory = connector.source or connector.destination
    assert factory is not None
    return factory(entry)


connectors = pytest.mark.parametrize("connector", all_connectors(), ids=lambda connector: connector.slug)
systems = pytest.mark.parametrize("slug", STANDS)
sources = pytest.mark.parametrize("slug", [slug for slug in STANDS if get_connector(slug.split()[0]).source])
destinations = pytest.mark.parametrize("slug", [slug for slug in STANDS if get_connector(slug.split()[0]).destination])


@connectors
def test_a_connector_has_a_stand_in(connector: Connector) -> None:
    assert connector.slug in STANDS


@connectors
def test_a_declaration_is_complete(connector: Connector) -> None:
    assert connector.label
    assert connector.category
    assert connector.docs_url.startswith("https://")
    assert connector.key_help.endswith(".")
    assert connector.rate.is_limited
    assert connector.source or connector.destination
    assert all(url.startswith("https://") and not url.endswith("/") for url in connector.hosts.values())
    assert connector.default_url in ("", *connector.hosts.values())
    if connector.destination:
        assert connector.naming is not None
        assert connector.stock is not None


@connectors
def test_every_credential_has_a_title_and_one_is_secret(connector: Connector) -> None:
    fields = connector.credentials.model_fields.values()
    assert all(field.title for field in fields)
    assert any(SecretStr in (field.annotation, *get_args(field.annotation)) for field in fields)


@systems
def test_a_good_key_opens_an_account_with_a_name(slug: str) -> None:
    identity = open_system(slug, access(STANDS[slug]())).check()
    assert identity.account
    assert all(isinstance(value, str) for value in identity.facts.values())


@systems
@pytest.mark.parametrize("ask", ["check", "catalogue"])
def test_a_wrong_key_fails_with_advice_and_stays_secret(slug: str, ask: str) -> None:
    entry = access(STANDS[slug](), WRONG)
    system = open_system(slug, entry)
    with pytest.raises(AuthFailed) as caught:
        getattr(system, ask)()
    assert caught.value.sentence.endswith(".")
    assert caught.value.advice
    credentials = get_connector(slug.split()[0]).credentials.model_validate({"api_key": WRONG})
    texts = [entry, system, caught.value, caught.value.args, vars(caught.value), system.calls, credentials]
    assert not [text for text in texts if WRONG in f"{text!s} {text!r}"]


@systems
def test_what_the_vendor_repeats_of_a_key_is_masked(slug: str) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        said = f"cannot accept {request.headers['Authorization']}"
        return httpx.Response(400, json={"errors": [{"detail": said}], "messages": [said], "message": said})

    entry = Access(
        "https://example.com", {"api_key": WRONG}, LocalBudget(Rate.unlimited()), transport=httpx.MockTransport(echo)
    )
    with pytest.raises(ConnectorError) as caught:
        open_system(slug, entry).check()
    assert WRONG not in f"{caught.value!s} {caught.value!r} {vars(caught.value)}"


@systems
def test_a_refusal_for_asking_too_often_is_waited_out_and_counted(slug: str) -> None:
    entry = access(STANDS[slug]())
    entry.transport.refuse = True
    system, started = open_system(slug, entry), time.monotonic()
    assert system.check().account
    assert time.monotonic() - started >= 0.3
    assert system.calls["refused"] == 1


@systems
def test_a_catalogue_names_everything_once(slug: str) -> None:
    catalogue: Catalogue = open_system(slug, access(STANDS[slug]())).catalogue()
    names = [object.name for object in catalogue.objects]
    assert names
    assert len(set(names)) == len(names)
    for object in catalogue.objects:
        assert object.label
        assert object.label_plural
        assert object.key
        fields = [field.name for field in object.fields]
        assert len(set(fields)) == len(fields)
        assert {reference for reference in object.references if reference} <= {*names}


@sources
def test_a_source_names_what_must_be_read_before(slug: str) -> None:
    seen: set[str] = set()
    for object in open_system(slug, access(STANDS[slug]())).catalogue().objects:
        assert seen >= {*object.references}, f"{object.name} comes before what it refers to"
        seen.add(object.name)


def _one_by_one(source: Source, object: str, cursor: Cursor | None = None) -> list[Page]:
    """Every page by a call of its own, as the engine reads after a commit or a crash."""
    pages = [next(iter(source.pages(object, cursor)))]
    while (cursor := pages[-1].cursor) is not None:
        assert len(pages) < 200, f"{object} does not end"
        pages.append(next(iter(source.pages(object, json.loads(json.dumps(cursor))))))
    return pages


def _keys(pages: Sequence[Page]) -> dict[str, None]:
    return {record.key: None for page in pages for record in page.records}


@cache
def _read(slug: str) -> tuple[Source, Mapping[str, Sequence[Page]]]:
    """A source and all that it holds: object type → pages."""
    source = open_system(slug, access(STANDS[slug]()))
    return source, {object.name: list(source.pages(object.name)) for object in source.catalogue().objects}


@sources
def test_pages_end_and_no_cursor_comes_twice(slug: str) -> None:
    source, everything = _read(slug)
    for object, pages in everything.items():
        cursors = [json.dumps(page.cursor, sort_keys=True) for page in pages]
        assert len(set(cursors)) == len(cursors), f"a cursor of {object} came twice"
        assert pages[-1].cursor is None
        assert _one_by_one(source, object) == pages


@sources
def test_reading_goes_on_from_any_cursor_with_the_rest(slug: str) -> None:
    source, everything = _read(slug)
    for object, pages in everything.items():
        for number, page in enumerate(pages[:-1], 1):
            # Every cursor leads to the next page; a few are followed to the end.
            assert next(iter(source.pages(object, page.cursor))) == pages[number], f"{object}, page {number}"
            if number == 2 or number == len(pages) - 1:
                assert _one_by_one(source, object, page.cursor) == pages[number:], f"{object} from page {number}"


@sources
def test_all_is_read_that_is_announced(slug: str) -> None:
    source, everything = _read(slug)
    for object, pages in everything.items():
        assert source.count(object) in (None, len(_keys(pages)))


@sources
def test_references_lead_to_rows_that_are_read(slug: str) -> None:
    _, everything = _read(slug)
    read = {object: _keys(pages) for object, pages in everything.items()}
    for pages in everything.values():
        references = {reference for page in pages for record in page.records for reference in record.refs.values()}
        assert all(key in read[object] for object, key in references)


@sources
def test_a_source_is_only_read(slug: str) -> None:
    source, _ = _read(slug)
    assert set(source.calls) <= {"read", "refused", "retried", "waited_ms"}


def _drafts(stand: Stand) -> list[Draft]:
    return [
        Draft(str(record["id"]), {name: value for name, value in record.items() if name != "id"})
        for record in stand.records
    ]


@destinations
def test_what_was_written_is_read_back(slug: str) -> None:
    stand = STANDS[slug]()
    destination: Destination = open_system(slug, access(stand))
    drafts, before = _drafts(stand), destination.count(stand.object)
    assert sorted(destination.write(stand.object, drafts)) == sorted(draft.id for draft in drafts)
    assert destination.count(stand.object) == before + len(drafts)
    found = {row.id: row for row in destination.read(stand.object, [draft.id for draft in drafts])}
    type_of = {field.name: field.type for field in _object_of(destination, stand.object).fields}
    for draft in drafts:
        for name, value in draft.fields.items():
            expected = destination.canonical(type_of[name], value)[0]
            assert destination.canonical(type_of[name], found[draft.id].fields[name])[0] == expected
    assert {row.id for row in destination.find(stand.object, ids=[drafts[0].id])} == {drafts[0].id}


def _object_of(destination: Destination, name: str) -> ObjectType:
    found = destination.catalogue().object(name)
    assert found is not None
    return found


@destinations
def test_writing_twice_writes_once(slug: str) -> None:
    stand = STANDS[slug]()
    destination: Destination = open_system(slug, access(stand))
    drafts = _drafts(stand)
    destination.write(stand.object, drafts)
    written = destination.count(stand.object)
    with pytest.raises(Rejected):
        destination.write(stand.object, drafts)
    assert destination.count(stand.object) == written


@destinations
def test_what_is_removed_is_gone_and_may_be_removed_again(slug: str) -> None:
    stand = STANDS[slug]()
    destination: Destination = open_system(slug, access(stand))
    drafts, before = _drafts(stand), destination.count(stand.object)
    ids = destination.write(stand.object, drafts)
    for _ in range(2):
        destination.remove(stand.object, ids)
    assert destination.count(stand.object) == before
    assert destination.read(stand.object, ids) == []
    assert destination.find(stand.object, ids=ids) == []


@destinations
def test_live_records_are_paged_to_their_end(slug: str) -> None:
    stand = STANDS[slug]()
    destination: Destination = open_system(slug, access(stand))
    destination.write(stand.object, _drafts(stand))
    pages = list(destination.pages(stand.object))
    rows = [row.id for page, _ in pages for row in page]
    assert len(set(rows)) == len(rows) == destination.count(stand.object)
    assert pages[-1][1] is None
