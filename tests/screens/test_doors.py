"""Who gets in where: every address, as a stranger, as nobody, and as each role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from projects.models import Record, Run, User
from projects.urls import urlpatterns

LogIn = Callable[[User], Client]

OPEN = {"healthz", "login", "logout", "invitation", "verify", "verify-program"}
PUBLIC = {"estimate", "write-quote", "quote", "quote-pdf", "ask-for-call"}
OF_EVERYBODY = {"schema", "start", "projects", "create-project", "api-projects", "api-schema"}
NAMES = [str(pattern.name) for pattern in urlpatterns if isinstance(pattern, URLPattern)]


def address(name: str, run: Run) -> str:
    """The address of a screen with arguments that exist."""
    pattern = next(p for p in urlpatterns if isinstance(p, URLPattern) and p.name == name)
    values: dict[str, Any] = {
        "slug": run.project.slug,
        "number": run.number,
        "side": "source",
        "object": "person",
        "gate": "map",
        "form": "csv",
        "phase": "people",
        "act": "answer",
        "file": "certificate.json",
        "token": "x",
        "kind": "scope",
        "file_type": "json",
        "pk": Record.objects.filter(run=run).values_list("pk", flat=True).first(),
    }
    return reverse(name, kwargs={key: values[key] for key in pattern.pattern.converters})


def ask(client: Client, url: str) -> Any:
    """Asks in the way the address wants to be asked."""
    answer = client.get(url)
    return client.post(url, {}) if answer.status_code == 405 else answer


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OPEN | PUBLIC | OF_EVERYBODY])
def test_a_stranger_learns_nothing_about_a_project(name: str, production: Run, stranger: User, log_in: LogIn) -> None:
    assert ask(log_in(stranger), address(name, production)).status_code == 404


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OPEN | PUBLIC])
def test_nobody_gets_in_without_logging_in(name: str, production: Run) -> None:
    answer = ask(Client(), address(name, production))
    if name.startswith("api-"):
        assert answer.status_code == 403
    else:
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("login"))


def test_the_health_check_needs_no_account(db: None) -> None:
    assert Client().get("/healthz").content == b"ok\n"


def test_logging_in_ignores_the_case_of_the_address(customer: User) -> None:
    client = Client()
    answer = client.post(reverse("login"), {"username": "Customer@Example.com", "password": "a-long-password"})
    assert answer.status_code == 302
    assert client.get(reverse("projects")).status_code == 200


def test_a_strangers_list_of_projects_is_empty(production: Run, stranger: User, log_in: LogIn) -> None:
    client = log_in(stranger)
    assert "Harbour Tours" not in client.get(reverse("projects")).content.decode()
    assert client.get(reverse("api-projects")).json()["results"] == []


BUTTONS = [
    ("customer", "project", "Make an invitation", False),
    ("admin", "project", "Make an invitation", True),
    ("customer", "connections", "Test connection", False),
    ("engineer", "connections", "Test connection", True),
    ("engineer", "run", "Approve and continue", False),
    ("customer", "run", "Approve and continue", True),
    ("customer", "run", "Cancel the run", False),
    ("engineer", "run", "Cancel the run", True),
    ("customer", "archives", "Add the archive", False),
    ("engineer", "archives", "Add the archive", True),
    ("engineer", "held", 'name="verdict"', False),
    ("customer", "held", 'name="verdict"', True),
]


@pytest.mark.parametrize(("role", "name", "button", "there"), BUTTONS)
def test_a_button_is_only_there_for_those_who_may_press_it(
    role: str, name: str, button: str, there: bool, production: Run, log_in: LogIn
) -> None:
    client = log_in(User.objects.get(email=f"{role}@example.com"))
    assert (button in client.get(address(name, production)).content.decode()) is there


def test_pressing_a_button_one_may_not_press_changes_nothing(production: Run, customer: User, log_in: LogIn) -> None:
    url = reverse("cancel-run", args=[production.project.slug, production.number])
    answer = log_in(customer).post(url, {"why": "because"}, follow=True)
    assert "you may not run" in answer.content.decode()
    assert Run.objects.get(pk=production.pk).state == Run.State.WAITING
