from __future__ import annotations

import time
import uuid
from typing import Any

import httpx
import pytest

from connectors.twenty.fake import FakeTwenty

Json = Any


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Client:
    """A caller of one fake, in-process."""

    def __init__(self, line: str = "2.x", *, limited: bool = False, **options: Any) -> None:
        if not limited:
            options |= {"long_limit": None, "short_limit": None}
        self.fake = FakeTwenty(line, **options)  # type: ignore[arg-type]
        transport = httpx.WSGITransport(app=self.fake)
        headers = {"authorization": f"Bearer {self.fake.api_key}"}
        self.http = httpx.Client(transport=transport, base_url="http://twenty.test", headers=headers)

    def __call__(self, method: str, path: str, body: Json = None) -> httpx.Response:
        return self.http.request(method, path, json=body)

    def ok(self, method: str, path: str, body: Json = None) -> Json:
        response = self(method, path, body)
        assert response.status_code in (200, 201), response.text
        return response.json()

    def refused(self, method: str, path: str, body: Json = None) -> tuple[int, str]:
        response = self(method, path, body)
        return response.status_code, response.json()["messages"][0]

    def person(self, **body: Json) -> Json:
        return self.ok("POST", "/rest/people", body)["data"]["createPerson"]

    def field(self, singular: str, name: str, kind: str, **extra: Json) -> Json:
        object_id = self.fake.workspace.schema.objects[singular].id
        body = {"objectMetadataId": object_id, "name": name, "label": name, "type": kind, **extra}
        answer = self.ok("POST", "/rest/metadata/fields", body)
        return answer if "id" in answer else answer["data"]["createOneField"]


@pytest.fixture(params=["1.x", "2.x"])
def twenty(request: pytest.FixtureRequest) -> Client:
    return Client(request.param)


def email(address: str) -> Json:
    return {"primaryEmail": address}


def test_a_fresh_workspace_has_members_and_is_prefilled_on_request(twenty: Client) -> None:
    assert [row["userEmail"] for row in twenty.fake.records("workspaceMember")] == ["rep@acme.test", "owner@acme.test"]
    assert len(twenty.fake.records("person")) == len(twenty.fake.records("company")) == 5
    assert len(twenty.fake.records("opportunity")) == 6
    assert Client(twenty.fake.line, prefilled=False).fake.records("person") == []


def test_a_plain_batch_is_all_or_nothing(twenty: Client) -> None:
    before = twenty.fake.snapshot()
    rows = [{"emails": email("a@x.example")}, {"jobTitle": 5}]
    assert twenty.refused("POST", "/rest/batch/people", rows) == (
        400,
        'Invalid string value 5 for text field "jobTitle"',
    )
    twin = [{"emails": email("b@x.example")}] * 2
    assert twenty.refused("POST", "/rest/batch/people", twin) == (400, "A duplicate entry was detected")
    assert twenty.fake.snapshot() == before


def test_an_upsert_answers_updates_first_and_is_not_atomic(twenty: Client) -> None:
    known = twenty.person(emails=email("known@x.example"))
    rows = [{"emails": email("new@x.example")}, {"emails": email("KNOWN@x.example"), "jobTitle": "changed"}]
    answer = twenty.ok("POST", "/rest/batch/people?upsert=true", rows)["data"]["createPeople"]
    assert [row["emails"]["primaryEmail"] for row in answer] == ["known@x.example", "new@x.example"]
    failing = [
        {"emails": email("known@x.example"), "jobTitle": "kept"},
        {"emails": email("other@x.example"), "companyId": str(uuid.uuid4())},
    ]
    status, message = twenty.refused("POST", "/rest/batch/people?upsert=true", failing)
    assert status == (400 if twenty.fake.line == "2.x" else 500)
    assert "violates foreign key constraint" in message
    rows_after = {row["id"]: row for row in twenty.fake.records("person")}
    assert rows_after[known["id"]]["jobTitle"] == "kept"
    assert all(row["emails"]["primaryEmail"] != "other@x.example" for row in rows_after.values())


def test_an_unchanged_upsert_leaves_a_timeline_row_on_1x_only() -> None:
    for line, expected in (("1.x", 2), ("2.x", 1)):
        client = Client(line)
        person = client.person(emails=email("a@x.example"))
        client.ok("POST", "/rest/people?upsert=true", {"emails": email("a@x.example")})
        path = f"/rest/timelineActivities?filter=targetPersonId%5Beq%5D:{person['id']}"
        assert client.ok("GET", path)["totalCount"] == expected


def test_soft_deleted_rows_block_unique_values_and_an_upsert_restores_them(twenty: Client) -> None:
    person = twenty.person(emails=email("gone@x.example"), jobTitle="old")
    twenty.ok("DELETE", f"/rest/people/{person['id']}?soft_delete=true")
    assert twenty("GET", f"/rest/people/{person['id']}").status_code == 404
    assert twenty.refused("POST", "/rest/people", {"emails": email("gone@x.example")})[0] == 400
    back = twenty.ok("POST", "/rest/people?upsert=true", {"emails": email("gone@x.example")})["data"]["createPerson"]
    assert (back["id"], back["jobTitle"], back["deletedAt"]) == (person["id"], "old", None)


def test_delete_destroys_unless_told_otherwise_and_takes_link_rows_along(twenty: Client) -> None:
    column = "targetPersonId" if twenty.fake.line == "2.x" else "personId"
    person, note = twenty.person(), twenty.ok("POST", "/rest/notes", {"title": "n"})["data"]["createNote"]
    twenty.ok("POST", "/rest/noteTargets", {"noteId": note["id"], column: person["id"]})
    twenty.ok("DELETE", f"/rest/people/{person['id']}?soft_delete=1")
    assert twenty.fake.records("noteTarget", deleted=True) == []
    assert [row["id"] for row in twenty.fake.records("note")] == [note["id"]]
    assert twenty.refused("DELETE", "/rest/people")[0] == 400


def test_patch_without_a_filter_updates_everybody(twenty: Client) -> None:
    assert len(twenty.ok("PATCH", "/rest/people", {"jobTitle": "x"})["data"]["updatePeople"]) == 5


def test_options_sent_without_ids_wipe_the_column(twenty: Client) -> None:
    options = [{"value": "A", "label": "a"}, {"value": "B", "label": "b"}]
    field = twenty.field("person", "plan2", "SELECT", options=options)
    person = twenty.person(plan2="A")
    with_ids = [*field["options"], {"value": "C", "label": "c"}]
    twenty.ok("PATCH", f"/rest/metadata/fields/{field['id']}", {"options": with_ids})
    assert twenty.ok("GET", f"/rest/people/{person['id']}")["data"]["person"]["plan2"] == "A"
    twenty.ok("PATCH", f"/rest/metadata/fields/{field['id']}", {"options": options})
    assert twenty.ok("GET", f"/rest/people/{person['id']}")["data"]["person"]["plan2"] is None


def test_custom_objects_relations_and_their_links_work_at_once(twenty: Client) -> None:
    names = {"nameSingular": "visit", "namePlural": "visits", "labelSingular": "Visit", "labelPlural": "Visits"}
    made = twenty.ok("POST", "/rest/metadata/objects", names)
    object_id = made.get("id") or made["data"]["createOneObject"]["id"]
    person_id = twenty.fake.workspace.schema.objects["person"].id
    payload = {"type": "MANY_TO_ONE", "targetObjectMetadataId": person_id, "targetFieldLabel": "Visits"}
    body = {"objectMetadataId": object_id, "name": "person", "label": "Person", "type": "RELATION"}
    twenty.ok("POST", "/rest/metadata/fields", {**body, "relationCreationPayload": payload})
    person = twenty.person()
    visit = twenty.ok("POST", "/rest/visits", {"name": "v", "personId": person["id"]})["data"]["createVisit"]
    shown = twenty.ok("GET", f"/rest/people/{person['id']}?depth=1")["data"]["person"]["visits"]
    assert [row["id"] for row in shown] == [visit["id"]]
    column = "targetVisitId" if twenty.fake.line == "2.x" else "visitId"
    note = twenty.ok("POST", "/rest/notes", {"title": "n"})["data"]["createNote"]
    twenty.ok("POST", "/rest/noteTargets", {"noteId": note["id"], column: visit["id"]})
    twenty.ok("DELETE", f"/rest/metadata/objects/{object_id}")
    assert "visits" not in twenty.ok("GET", f"/rest/people/{person['id']}?depth=1")["data"]["person"]
    assert column not in twenty.fake.records("noteTarget")[0]


def test_deleting_a_schema_change_leaves_the_workspace_as_it_was(twenty: Client) -> None:
    twenty.person(emails=email("a@x.example"))
    before = twenty.fake.snapshot()
    field = twenty.field("person", "externalId", "TEXT", isUnique=True)
    assert twenty.fake.snapshot() != before
    twenty.ok("DELETE", f"/rest/metadata/fields/{field['id']}")
    assert twenty.fake.snapshot() == before


@pytest.mark.parametrize("name", "plan event type address currency link field object index user role workspace".split())
def test_reserved_names_are_refused_as_fields_and_objects(name: str, twenty: Client) -> None:
    object_id = twenty.fake.workspace.schema.objects["person"].id
    body = {"objectMetadataId": object_id, "name": name, "label": "L", "type": "TEXT"}
    assert twenty("POST", "/rest/metadata/fields", body).status_code == 400
    names = {"nameSingular": name, "namePlural": f"{name}Xs", "labelSingular": "A", "labelPlural": "As"}
    assert twenty("POST", "/rest/metadata/objects", names).status_code == 400


@pytest.mark.parametrize(
    "name", "tag activity comment order group status segment campaign list timeline label key".split()
)
def test_harmless_names_are_free(name: str) -> None:
    client = Client("2.x")
    client.field("person", name, "TEXT")
    names = {"nameSingular": name, "namePlural": f"{name}Xs", "labelSingular": "A", "labelPlural": "As"}
    client.ok("POST", "/rest/metadata/objects", names)


# Measured one by one on 2.21 (recording 22).
GOOD_EMAILS = (
    "plain@x.example a+b.c@sub.x.example a@b a@localhost jürgen@müller.example a@x.example. .a@x.example "
    "a..b@x.example o'hara@x.example a@[1.2.3.4] mailto:a@x.example a/b=c@x.example 用户@例子.广告"
).split()
BAD_EMAILS = ["a b@x.example", " a@x.example", "a@x.example ", '"q q"@x.example', "a@@x.example", "Foo <a@x.example>"]


def test_2x_validates_emails_and_1x_does_not() -> None:
    new, old = Client("2.x"), Client("1.x")
    for address in GOOD_EMAILS:
        assert new.person(emails=email(address))["emails"]["primaryEmail"] == address.lower()
    for address in BAD_EMAILS:
        expected = f'Invalid string value {json_quoted(address)} for email field "emails.primaryEmail"'
        assert new.refused("POST", "/rest/people", {"emails": email(address)}) == (400, expected)
        assert old.person(emails=email(address))["emails"]["primaryEmail"] == address.lower()


def json_quoted(text: str) -> str:
    return f"'{text}'"


def test_link_columns_are_spelled_as_the_line_spells_them() -> None:
    for line, right, wrong in (("2.x", "targetPersonId", "personId"), ("1.x", "personId", "targetPersonId")):
        client = Client(line)
        person = client.person()
        client.ok("POST", "/rest/noteTargets", {right: person["id"]})
        status, message = client.refused("POST", "/rest/noteTargets", {wrong: person["id"]})
        assert (status, message) == (400, f'Object noteTarget doesn\'t have any "{wrong}" field.')


def test_editing_by_hand_moves_updated_at_and_the_author() -> None:
    client = Client()
    person = client.person()
    time.sleep(0.002)
    client.fake.edit("person", person["id"], {"jobTitle": "by hand"})
    read = client.ok("GET", f"/rest/people/{person['id']}")["data"]["person"]
    assert read["jobTitle"] == "by hand"
    assert read["updatedAt"] > person["updatedAt"]
    assert read["updatedBy"]["source"] == "MANUAL"


def test_the_default_workflow_overwrites_the_company_of_a_new_person() -> None:
    client = Client(logic_functions=True)
    notion = client.fake.records("company")[0]["id"]
    person = client.person(emails=email("a@bigcorp.example"), companyId=notion)
    row = client.ok("GET", f"/rest/people/{person['id']}?depth=1")["data"]["person"]
    assert row["companyId"] != notion
    assert (row["company"]["name"], row["company"]["createdBy"]["source"]) == ("bigcorp.example", "WORKFLOW")
    assert [run["status"] for run in client.fake.records("workflowRun")] == ["COMPLETED"]


def test_the_default_workflow_can_be_paused_and_put_back() -> None:
    client = Client()
    triggers = client.ok("GET", "/rest/workflowAutomatedTriggers")["data"]["workflowAutomatedTriggers"]
    assert [each["settings"]["eventName"] for each in triggers] == ["person.upserted"]
    client.ok("DELETE", f"/rest/workflowAutomatedTriggers/{triggers[0]['id']}?soft_delete=true")
    client.person()
    assert client.fake.records("workflowRun") == []
    client.ok("PATCH", f"/rest/restore/workflowAutomatedTriggers?filter=id%5Beq%5D:{triggers[0]['id']}")
    client.person()
    client.person(createdBy={"source": "EMAIL"})
    assert [run["status"] for run in client.fake.records("workflowRun")] == ["FAILED"]
    assert Client("1.x").ok("GET", "/rest/workflowAutomatedTriggers")["totalCount"] == 0


def test_the_company_may_come_later_than_the_answer() -> None:
    clock = Clock()
    client = Client(logic_functions=True, workflow_delay=3.0, clock=clock)
    person = client.person(emails=email("a@later.example"))
    assert client.ok("GET", f"/rest/people/{person['id']}")["data"]["person"]["companyId"] is None
    clock.now += 3.1
    assert client.ok("GET", f"/rest/people/{person['id']}")["data"]["person"]["companyId"] is not None


def test_paging_by_cursor_loses_and_repeats_nothing(twenty: Client) -> None:
    for start in range(0, 300, 150):
        rows = [{"jobTitle": f"t{n % 7}"} for n in range(start, start + 150)]
        twenty.ok("POST", "/rest/batch/people", rows)
    for order in ("", "&order_by=jobTitle%5BDescNullsLast%5D", "&order_by=createdAt"):
        seen: list[str] = []
        cursor = ""
        while True:
            page = twenty.ok("GET", f"/rest/people?limit=70{order}{cursor}")
            seen += [row["id"] for row in page["data"]["people"]]
            if not page["pageInfo"]["hasNextPage"]:
                break
            cursor = f"&starting_after={page['pageInfo']['endCursor']}"
        assert len(seen) == len(set(seen)) == page["totalCount"] == 305


def test_graphql_reads_writes_and_aggregates(twenty: Client) -> None:
    query = """mutation($d:[PersonCreateInput!]!){createPeople(data:$d,upsert:true){id emails{primaryEmail}}}"""
    data = [{"emails": email(f"g{n}@x.example")} for n in range(3)]
    made = twenty.ok("POST", "/graphql", {"query": query, "variables": {"d": data}})["data"]["createPeople"]
    assert [row["emails"]["primaryEmail"] for row in made] == [f"g{n}@x.example" for n in range(3)]
    query = """query($f:PersonFilterInput){people(filter:$f,first:2,orderBy:{createdAt:AscNullsFirst}){
        totalCount minCreatedAt edges{cursor node{id company{name}}} pageInfo{hasNextPage endCursor}}}"""
    wanted = {"f": {"emails": {"primaryEmail": {"like": "g%"}}}}
    found = twenty.ok("POST", "/graphql", {"query": query, "variables": wanted})["data"]["people"]
    assert (found["totalCount"], len(found["edges"]), found["pageInfo"]["hasNextPage"]) == (3, 2, True)
    update = 'mutation($i:UUID!){updatePerson(id:$i,data:{jobTitle:"J"}){jobTitle}}'
    variables = {"i": made[0]["id"]}
    assert twenty.ok("POST", "/graphql", {"query": update, "variables": variables})["data"] == {
        "updatePerson": {"jobTitle": "J"}
    }
    destroy = "mutation($i:UUID!){destroyPerson(id:$i){id}}"
    twenty.ok("POST", "/graphql", {"query": destroy, "variables": variables})
    assert twenty("GET", f"/rest/people/{made[0]['id']}").status_code == 404


def test_metadata_graphql_pages_objects_and_tells_what_is_unique(twenty: Client) -> None:
    query = "{objects(paging:{first:100}){edges{node{nameSingular fieldsList{name isUnique}}}}}"
    edges = twenty.ok("POST", "/metadata", {"query": query})["data"]["objects"]["edges"]
    unique = {
        (edge["node"]["nameSingular"], field["name"])
        for edge in edges
        for field in edge["node"]["fieldsList"]
        if field["isUnique"]
    }
    assert {("person", "emails"), ("company", "domainName")} <= unique


@pytest.mark.parametrize("name", "customerIOId utm2source htmlURL aB2c aBC a1b".split())
def test_1x_takes_only_names_that_lodash_leaves_alone(name: str) -> None:
    """Measured on 1.17; 2.21 takes them all."""
    client = Client("1.x")
    body = {"objectMetadataId": client.fake.workspace.schema.objects["person"].id, "name": name, "label": name}
    status, message = client.refused("POST", "/rest/metadata/fields", {**body, "type": "TEXT"})
    assert (status, message.split(" occurred")[0]) == (400, "Multiple validation errors")
    Client("2.x").field("person", name, "TEXT")


@pytest.mark.parametrize("name", "line2 line2Text x2Fa iPhone trait2Fa q1 aB".split())
def test_both_lines_take_camel_case(name: str, twenty: Client) -> None:
    twenty.field("person", name, "TEXT")
