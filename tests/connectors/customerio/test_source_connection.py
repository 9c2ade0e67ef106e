"""Opening Customer.io as a source: keys, regions and what goes wrong (contracts/customerio/FACTS.md §1 and §3)."""

from __future__ import annotations

import httpx
import pytest

from connectors.budget import LocalBudget, Rate
from connectors.catalogue import ObjectKind
from connectors.contract import Access
from connectors.customerio.connector import CONNECTOR
from connectors.customerio.fake import API_KEY, FakeCustomerio, Workspace
from connectors.errors import AuthFailed, ConnectorError, NotAllowed, Rejected, Terminal, Transient
from tests.connectors.customerio.asking import Clock
from tests.connectors.customerio.sources import EU, US, answering, keys, source_of, walk, wsgi

UNAUTHORIZED = {"errors": [{"detail": "unauthorized (reference a1b2c3)", "status": "401"}]}


def test_the_check_says_whose_workspace_it_is(fake: FakeCustomerio, workspace: Workspace) -> None:
    workspace.add_person()
    identity = source_of(fake).check()
    assert identity.account == "Workspace 1"
    assert identity.facts == {"Address": US, "Region": "US", "People": "1", "Objects": "0"}


def test_an_account_of_several_workspaces_proves_no_count(fake: FakeCustomerio, workspace: Workspace) -> None:
    workspace.other_workspaces.append({"id": 1, "name": "Other", "people": 7, "objects": 7})
    workspace.add_object_type("Companies", "Company")
    source = source_of(fake)
    identity = source.check()
    assert identity.account == "Other, Workspace 1"
    assert "People" not in identity.facts
    assert "does not say which" in identity.facts["Workspaces"]
    assert source.count("person") is source.count("object:1") is None
    assert {row.name: row.count for row in source.catalogue().objects[:5]} == {
        "segment": 0,
        "membership": None,
        "person": None,
        "object:1": None,
        "relationship": None,
    }


@pytest.mark.parametrize(("region", "wrong", "right"), [("eu", US, EU), ("us", EU, US)])
def test_a_key_of_the_other_region_is_told_its_address(
    fake: FakeCustomerio, region: str, wrong: str, right: str
) -> None:
    fake.region = region
    with pytest.raises(AuthFailed) as caught:
        source_of(fake, wrong).check()
    assert str(caught.value) == f"This key belongs to the {region.upper()} region: change the address to {right}."
    assert source_of(fake, right).check().facts["Region"] == region.upper()


@pytest.mark.parametrize("address", [US, EU, "", "auto"])
def test_a_key_that_no_region_knows_is_wrong(fake: FakeCustomerio, address: str) -> None:
    with pytest.raises(AuthFailed, match=r"neither in the US nor in the EU.*App API key"):
        source_of(fake, address, key="wrong").check()


@pytest.mark.parametrize("region", ["us", "eu"])
@pytest.mark.parametrize("address", ["", " Auto "])
def test_without_an_address_the_region_that_knows_the_key_is_taken(
    fake: FakeCustomerio, region: str, address: str
) -> None:
    fake.region = region
    assert source_of(fake, address).check().facts["Region"] == region.upper()
    assert keys(walk(source_of(fake, address), "person")) == []


def test_a_region_that_cannot_be_asked_is_not_ruled_out() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "api-eu.customer.io":
            raise httpx.ConnectError("no route")
        return httpx.Response(401, json=UNAUTHORIZED)

    with pytest.raises(AuthFailed, match="does not accept this key"):
        source_of(answering(answer)).check()


def test_a_key_that_is_limited_in_the_other_region_is_known_there() -> None:
    transport = answering(lambda request: httpx.Response(403 if request.url.host == "api-eu.customer.io" else 401))
    with pytest.raises(AuthFailed, match="belongs to the EU region"):
        source_of(transport).check()


def test_any_other_host_is_asked_alone(fake: FakeCustomerio) -> None:
    with pytest.raises(AuthFailed, match=r"does not accept this key.*App API keys"):
        source_of(fake, "https://customerio.example.com", key="wrong").check()
    assert len(fake.requests) == 1
    assert "Region" not in source_of(fake, "https://customerio.example.com").check().facts


def test_the_version_in_the_address_does_no_harm(fake: FakeCustomerio) -> None:
    assert source_of(fake, f"{US}/v1/").check().account == "Workspace 1"


def test_an_address_without_the_api_is_named(fake: FakeCustomerio) -> None:
    with pytest.raises(Terminal, match=r"no Customer.io App API at https://api.customer.io/app.*api-eu"):
        source_of(fake, f"{US}/app").check()


def test_a_forbidden_read_names_scope_and_addresses(fake: FakeCustomerio) -> None:
    fake.faults.add("/v1/workspaces", status=403)
    with pytest.raises(NotAllowed, match=r"scope of the key.*IP addresses"):
        source_of(fake).check()


def test_a_host_that_cannot_be_reached_is_tried_again_and_then_named() -> None:
    waits: list[float] = []

    def answer(request: httpx.Request) -> None:
        raise httpx.ConnectError("no route")

    with pytest.raises(Transient, match=r"api.customer.io could not be reached"):
        source_of(answering(answer), sleep=waits.append).check()
    assert len(waits) == 3


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 502, "body": b"<html>"}, {"keep_bytes": 9}])
def test_a_failure_in_passing_is_waited_out(fake: FakeCustomerio, fault: dict[str, int]) -> None:
    fake.faults.add("/v1/workspaces", times=3, **fault)  # type: ignore[arg-type]
    source = source_of(fake)
    assert source.check().account == "Workspace 1"
    assert (source.calls["read"], source.calls["retried"]) == (4, 3)


@pytest.mark.parametrize(
    ("fault", "sentence"), [({"status": 500}, r"internal error \(500\)"), ({"keep_bytes": 9}, "half of it")]
)
def test_a_failure_that_stays_is_told(fake: FakeCustomerio, fault: dict[str, int], sentence: str) -> None:
    fake.faults.add("/v1/workspaces", times=9, **fault)  # type: ignore[arg-type]
    with pytest.raises(Transient, match=sentence):
        source_of(fake).check()


def test_errors_without_json_are_told_by_their_status(fake: FakeCustomerio) -> None:
    fake.quirks.plain_errors = True
    with pytest.raises(AuthFailed):
        source_of(fake, key="wrong").check()
    with pytest.raises(Rejected, match=r"\(400\)"):
        walk(source_of(fake), "object:9")


@pytest.mark.parametrize(
    ("body", "detail"),
    [({"errors": [{"detail": "bad (reference 1)"}]}, "bad"), ({"meta": {"error": "odd"}}, "odd"), ([], "400")],
)
def test_what_the_vendor_complains_of_is_quoted(body: object, detail: str) -> None:
    source = source_of(answering(lambda request: httpx.Response(400, json=body)))
    with pytest.raises(Rejected, match=detail):
        source.check()


@pytest.mark.parametrize("body", [[], {"workspaces": 7}, {"types": []}])
def test_an_answer_of_an_unknown_form_is_no_crash(body: object) -> None:
    with pytest.raises(Terminal, match="unknown form"):
        source_of(answering(lambda request: body)).check()


def test_a_key_revoked_in_the_middle_ends_the_read(fake: FakeCustomerio, companies: list[object]) -> None:
    source = source_of(fake)
    pages = source.pages("membership")
    source.check()
    fake.revoke_key()
    for read in (
        lambda: next(pages),
        lambda: source.fetch("object:1", ["a", "b", "c"]),
        lambda: source.count("person"),
    ):
        with pytest.raises(AuthFailed, match="may have been deleted"):
            read()


def test_the_wait_that_the_vendor_names_is_kept(fake: FakeCustomerio, clock: Clock) -> None:
    def sleep(seconds: float) -> None:
        clock.time += seconds

    fake.faults.add("/v1/workspaces", status=429, headers={"Retry-After": "7"})
    started = clock.time
    source = source_of(fake, budget=LocalBudget(Rate(1, 0.11), clock=clock), sleep=sleep)
    assert source.check().account == "Workspace 1"
    assert 7 <= clock.time - started < 8
    assert source.calls["refused"] == 1


def test_a_wait_of_minutes_is_handed_back_to_the_engine(fake: FakeCustomerio) -> None:
    fake.faults.add("/v1/workspaces", status=429, headers={"Retry-After": "300"})
    with pytest.raises(Transient) as caught:
        source_of(fake).check()
    assert caught.value.retry_after == 300


def test_the_declared_rate_never_meets_the_limit(workspace: Workspace, clock: Clock) -> None:
    def sleep(seconds: float) -> None:
        clock.time += seconds

    for number in range(40):
        workspace.add_segment(f"Segment {number}")
    fake = FakeCustomerio(workspace, requests_per_second=10)
    source = source_of(fake, budget=LocalBudget(CONNECTOR.rate, clock=clock), sleep=sleep)
    started = clock.time
    assert len(walk(source, "membership")) == 40
    assert source.calls["refused"] == 0
    assert 40 / (clock.time - started) > 8.5


def test_the_catalogue_is_in_reading_order_and_flags_what_is_disabled(
    fake: FakeCustomerio, workspace: Workspace
) -> None:
    workspace.add_object_type("Companies", "Company")
    workspace.add_object_type("Old things", "Old thing", enabled=False)
    workspace.add_segment("One")
    catalogue = source_of(fake).catalogue()
    assert [row.name for row in catalogue.objects] == [
        "segment",
        "membership",
        "person",
        "object:1",
        "object:2",
        "relationship",
        "event",
        "message",
        "campaign",
        "broadcast",
        "newsletter",
        "transactional",
        "snippet",
        "collection",
        "topic",
        "reporting_webhook",
        "sender",
        "history",
        "suppression",
    ]
    company, old = catalogue.object("object:1"), catalogue.object("object:2")
    assert company is not None
    assert old is not None
    assert (company.label, company.label_plural, company.key) == ("Company", "Companies", "cio_object_id")
    assert (company.enabled, old.enabled) == (True, False)
    assert "Disabled" in old.description
    kinds = {row.name: row.kind for row in catalogue.objects}
    assert kinds["segment"] is ObjectKind.CONFIG
    assert kinds["membership"] is kinds["relationship"] is ObjectKind.LINK
    assert kinds["event"] is kinds["message"] is ObjectKind.HAPPENING
    assert kinds["history"] is kinds["suppression"] is ObjectKind.TRACE
    assert {kinds[name] for name in ("campaign", "newsletter", "snippet", "sender")} == {ObjectKind.CONFIG}


def test_a_list_that_the_key_may_not_read_leaves_its_count_open(fake: FakeCustomerio, workspace: Workspace) -> None:
    workspace.add("newsletters")
    workspace.add("campaigns")
    fake.faults.add("/v1/newsletters", status=403)
    counts = {row.name: row.count for row in source_of(fake).catalogue().objects}
    assert (counts["newsletter"], counts["campaign"], counts["broadcast"]) == (None, 1, 0)


def test_counts_are_told_where_they_can_be_trusted(fake: FakeCustomerio, workspace: Workspace) -> None:
    workspace.add_person()
    workspace.add_object_type("Companies", "Company")
    workspace.add_object("1", "acme")
    source = source_of(fake)
    assert [source.count(name) for name in ("segment", "membership", "person", "object:1", "relationship")] == [
        0,
        None,
        1,
        1,
        None,
    ]
    # With two types nobody can say how many objects are of which.
    workspace.add_object_type("Rooms", "Room")
    assert source.count("object:1") is None


@pytest.mark.parametrize("name", ["company", "object:", "object", "person:1"])
def test_an_unknown_object_type_is_refused(fake: FakeCustomerio, name: str) -> None:
    for read in (source_of(fake).count, source_of(fake).pages, lambda object: source_of(fake).fetch(object, [])):
        with pytest.raises(Terminal, match="no object type"):
            read(name)


def test_the_key_is_in_no_text(fake: FakeCustomerio) -> None:
    access = Access(US, {"api_key": API_KEY}, LocalBudget(Rate.unlimited()), transport=wsgi(fake))
    echo = answering(lambda request: httpx.Response(400, json={"errors": [{"detail": f"bad {API_KEY}"}]}))
    source = source_of(echo)
    with pytest.raises(ConnectorError) as caught:
        source.check()
    texts = [repr(access), repr(source), repr(source_of(fake, "auto")), str(caught.value), repr(caught.value)]
    assert not [text for text in texts if API_KEY in text]
    assert "•••" in str(caught.value)
    assert "SecretStr" in repr(CONNECTOR.credentials(api_key=API_KEY))


def test_blanks_around_a_pasted_key_do_no_harm(fake: FakeCustomerio) -> None:
    assert source_of(fake, key=f" {API_KEY}\n").check().account == "Workspace 1"


def test_the_declaration_offers_both_regions() -> None:
    assert (CONNECTOR.slug, CONNECTOR.label, CONNECTOR.category) == (
        "customerio",
        "Customer.io",
        "Marketing automation",
    )
    assert CONNECTOR.hosts == {"US": US, "EU": EU}
    assert CONNECTOR.default_url == US
    assert "App API keys" in CONNECTOR.key_help


def test_closing_gives_all_connections_back(fake: FakeCustomerio) -> None:
    fake.region = "eu"
    source = source_of(fake, "auto")
    source.check()
    source.close()
    with pytest.raises(RuntimeError, match="closed"):
        source.check()


@pytest.mark.parametrize("name", ["event", "message", "campaign", "newsletter", "snippet", "sender", "history"])
def test_an_answer_without_its_list_is_never_taken_for_an_empty_one(name: str) -> None:
    source = source_of(answering(lambda request: {"something": "else"}))
    with pytest.raises(Terminal, match="unknown form"):
        list(source.pages(name))
