"""Figures over whole columns: the stand-in tells what the server told, and one value adds to them what it is worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.catalogue import FieldType
from connectors.contract import Draft
from connectors.twenty.destination import TwentyDestination
from connectors.twenty.fake import FakeTwenty
from tests.connectors.twenty.stand import LINES, Line, connect, id_of, unlimited

RECORDED = Path(__file__).parents[2] / "data" / "twenty" / "aggregates.json"
AUTHOR = ("IMPORT", "Customer.io")
TYPES = {
    "pText": "TEXT", "pNumber": "NUMBER", "pBool": "BOOLEAN", "pDate": "DATE", "pTime": "DATE_TIME", "pSel": "SELECT",
    "pMulti": "MULTI_SELECT", "pRating": "RATING", "pJson": "RAW_JSON", "pArr": "ARRAY", "pLink": "LINKS",
    "pMail": "EMAILS", "pPhone": "PHONES", "pName": "FULL_NAME", "pAddr": "ADDRESS", "pCur": "CURRENCY",
}  # fmt: skip
OPTIONS = [{"label": each, "value": each, "color": "red", "position": n} for n, each in enumerate(("RED", "BLUE"))]


def exchanges() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(RECORDED.read_text())
    return found


def rows() -> list[dict[str, Any]]:
    return [one["body"] for one in exchanges() if one["path"] == "/rest/people"]


def ask(fake: FakeTwenty, method: str, path: str, body: Any) -> Any:
    with httpx.Client(transport=httpx.WSGITransport(app=fake), base_url="http://twenty.test") as client:
        answer = client.request(method, path, json=body, headers={"Authorization": f"Bearer {fake.api_key}"})
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def stand(line: Line) -> FakeTwenty:
    fake = unlimited(line)
    for name, type in TYPES.items():
        body = {"objectMetadataId": fake.workspace.schema.objects["person"].id, "name": name, "label": name}
        options = {"options": OPTIONS} if "SELECT" in type else {}
        ask(fake, "POST", "/rest/metadata/fields", {**body, "type": type, **options})
    return fake


@pytest.fixture(params=LINES)
def fake(request: pytest.FixtureRequest) -> FakeTwenty:
    return stand(request.param)


def test_the_stand_in_tells_every_figure_that_the_server_told() -> None:
    fake = stand("2.x")
    for one in exchanges():
        answer = ask(fake, one["method"], one["path"], one["body"])
        if one["path"] == "/graphql":
            assert answer["data"]["people"] == pytest.approx(one["answer"]["data"]["people"]), one["name"]


def meant(twenty: TwentyDestination) -> dict[str, list[Any]]:
    """What the values of the recorded live rows are worth, by column."""
    live = [row for row in rows() if not row.get("deletedAt")]
    weighed: dict[str, list[Any]] = {}
    for name, type in TYPES.items():
        found = [twenty.weight(FieldType(type), row.get(name)) for row in live]
        weighed[name] = [each for each in found if each is not None]
    return weighed


def test_what_the_values_are_worth_adds_up_to_the_figures(fake: FakeTwenty) -> None:
    twenty = connect(fake)
    for row in rows():
        ask(fake, "POST", "/rest/people", row)
    told = twenty.aggregate("person", list(TYPES), AUTHOR)
    assert told is not None
    assert told.count == 5
    for name, worth in meant(twenty).items():
        figures = told.columns[name]
        assert figures.filled == len(worth), name
        if figures.least is not None:
            values = [one for one in worth if one is not True]
            assert (figures.least, figures.greatest) == (min(values), max(values)), name
        if figures.sum is not None:
            assert figures.sum == pytest.approx(sum(one for one in worth if one is not True)), name


def test_only_records_of_our_own_are_counted_and_that_takes_one_request(fake: FakeTwenty) -> None:
    twenty = connect(fake)
    author = {"source": "IMPORT", "name": "Customer.io"}
    twenty.write("person", [Draft(id_of("a"), {"pText": "x", "createdBy": author}), Draft(id_of("b"), {"pText": "y"})])
    before = twenty.calls["read"]
    told = twenty.aggregate("person", ["pText", "company", "nowhere"], AUTHOR)
    assert told is not None
    assert (told.count, list(told.columns), told.columns["pText"].filled) == (1, ["pText"], 1)
    assert twenty.calls["read"] == before + 1


def test_an_object_whose_records_carry_no_author_has_no_figures() -> None:
    assert connect(unlimited("1.x")).aggregate("noteTarget", [], AUTHOR) is None


def test_the_catalogue_knows_what_a_new_record_gets_where_nothing_is_said(fake: FakeTwenty) -> None:
    opportunity = connect(fake).catalogue().object("opportunity")
    assert opportunity is not None
    stage, made = opportunity.field("stage"), opportunity.field("createdAt")
    assert stage is not None
    assert made is not None
    assert (stage.default, made.default) == ("NEW", None)
