"""Every screen: one heading, labelled inputs, captioned tables, no inline code, no secret, few queries."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import Record, Run, User

from .conftest import SECRET

LogIn = Callable[[User], Client]

SCREENS = (
    "project",
    "trail",
    "connections",
    "scope",
    "handoff",
    "discovery",
    "discovered-object",
    "map",
    "confirm-map",
    "map-objects",
    "map-events",
    "map-versions",
    "archives",
    "sandbox",
    "held",
    "runs",
    "run",
    "records",
    "record",
    "reconciliation",
    "find",
    "certificates",
)


def address(name: str, run: Run) -> str:
    slug, number = run.project.slug, run.number
    first = Record.objects.filter(run=run).order_by("pk").first()
    extra = {
        "discovered-object": ["person"],
        "run": [number],
        "records": [number],
        "record": [number, first.pk if first else 0],
        "records-csv": [number],
        "reconciliation": [number, "people"],
    }
    return reverse(name, args=[slug, *extra.get(name, [])])


class Page(HTMLParser):
    """What a page is checked for."""

    VOID = {"input", "br", "meta", "link", "hr", "img", "rect", "line"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings = 0
        self.labelled: set[str] = set()
        self.inputs: list[dict[str, str]] = []
        self.tables: list[bool] = []
        self.inline: list[str] = []
        self.ids: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.headings += tag == "h1"
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "label":
            self.labelled.add(given.get("for", ""))
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.inputs.append(given)
        if tag == "table":
            self.tables.append(False)
        if tag == "caption":
            self.tables[-1] = True
        if "style" in given or any(name.startswith("on") for name in given) or (tag == "script" and "src" not in given):
            self.inline.append(self.get_starttag_text() or tag)

    @property
    def unlabelled(self) -> list[dict[str, str]]:
        return [one for one in self.inputs if one.get("id", "?") not in self.labelled and "aria-label" not in one]


def check(html: str) -> None:
    page = Page(html)
    assert page.headings == 1
    assert page.unlabelled == []
    assert all(page.tables)
    assert page.inline == []
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize("role", ["customer", "engineer", "admin"])
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_well_made(name: str, role: str, production: Run, log_in: LogIn) -> None:
    answer = log_in(User.objects.get(email=f"{role}@example.com")).get(address(name, production))
    assert answer.status_code == 200
    check(answer.content.decode())


@pytest.mark.parametrize("name", ["projects", "create-project", "login"])
def test_a_screen_outside_of_projects_is_well_made(name: str, production: Run, admin: User, log_in: LogIn) -> None:
    client = Client() if name == "login" else log_in(admin)
    check(client.get(reverse(name)).content.decode())


@pytest.mark.parametrize("name", [*SCREENS, "records-csv", "api-status", "api-map"])
def test_a_stored_key_is_on_no_page(name: str, production: Run, admin: User, log_in: LogIn) -> None:
    answer = log_in(admin).get(address(name, production))
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert SECRET not in content.decode()


@pytest.mark.parametrize("name", [*SCREENS, "projects"])
def test_a_screen_asks_the_database_as_often_for_fifty_records_as_for_five(
    name: str,
    make_sandbox: Callable[[int], Run],
    make_production: Callable[[int], Run],
    admin: User,
    log_in: LogIn,
) -> None:
    client, make = log_in(admin), make_sandbox if name == "sandbox" else make_production

    def queries(run: Run) -> int:
        url = reverse(name) if name == "projects" else address(name, run)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(url).status_code == 200
        return len(asked)

    few = make(5)
    queries(few)
    asked_for_few = queries(few)
    Run.objects.filter(pk=few.pk).update(state=Run.State.CANCELLED)
    many = make(50)
    assert queries(many) == asked_for_few
    assert asked_for_few <= 48


def test_an_empty_project_has_screens_too(project: object, admin: User, log_in: LogIn) -> None:
    client = log_in(admin)
    for name in ("project", "trail", "connections", "discovery", "map", "sandbox", "held", "runs"):
        answer = client.get(reverse(name, args=["harbour-tours"]))
        assert answer.status_code == 200, name
        check(answer.content.decode())


def test_the_list_as_csv_runs_no_formulas(production: Run, admin: User, log_in: LogIn) -> None:
    Record.objects.filter(run=production, state="held").update(detail="=cmd|' /C calc'!A0")
    answer = log_in(admin).get(address("records-csv", production) + "?state=held")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    lines = text.strip().splitlines()
    assert len(lines) == 1 + Record.objects.filter(run=production, state="held").count()
    assert "'=cmd" in text
    assert ",=cmd" not in text


def test_the_api_says_what_the_command_line_says(production: Run, customer: User, log_in: LogIn) -> None:
    client = log_in(customer)
    status = client.get(address("api-status", production)).json()
    assert status["project"] == "harbour-tours"
    assert [run["kind"] for run in status["runs"]] == ["discovery", "sandbox", "production"]
    found = client.get(address("api-map", production)).json()
    assert found["number"] == 1
    assert found["content"]["objects"][0]["source"] == "person"
    assert client.get(reverse("api-schema")).status_code == 200
