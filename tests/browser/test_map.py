"""The field map by keyboard alone: sixty fields decided in a real browser, and what each key does."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, Page, expect, sync_playwright

from mapping.rules import Action, FieldRule
from projects import gates, members, services
from projects.models import Project, User
from tests.browser.test_demo import CHROMIUM, DESK, FLAGS, PHONE, fits
from tests.screens import wide_map

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FIELDS = 60
SANE = 60
"""Seconds for sixty decisions by a machine's fingers; a person needs the same keys and some thought."""

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Its driver runs an event loop in this thread, which Django would not touch the database in."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def customer(transactional_db: None) -> User:
    return User.objects.create_user("customer@example.com", "a-long-password", name="Carla Customer")


@pytest.fixture
def project(customer: User) -> Project:
    """A proposed map of sixty fields."""
    engineer = User.objects.create_user("engineer@example.com", "a-long-password", name="Emil Engineer")
    made = services.create_project(name="Harbour Tours", by=engineer)
    members.add_member(project=made, user=customer, role="customer", by=engineer)
    wide_map.make(made, engineer, FIELDS)
    made.connections.create(side="destination", connector="twenty", base_url="https://crm.example.com", secrets={})
    return made


@pytest.fixture
def open_map(browser: Browser, live_server: Any, project: Project, customer: User) -> Iterator[Open]:
    """Opens the customer's map; what the browser complains of is an error."""
    pages: list[Page] = []
    complaints: list[str] = []

    def go(query: str = "", size: dict[str, int] = DESK, **options: Any) -> Page:
        session = SessionStore()
        session.update(
            {"_auth_user_id": str(customer.pk), "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
             "_auth_user_hash": customer.get_session_auth_hash()}
        )  # fmt: skip
        session.create()
        context = browser.new_context(viewport=size, **options)  # type: ignore[arg-type]
        context.add_cookies([{"name": "sessionid", "value": str(session.session_key), "url": live_server.url}])
        page = context.new_page()
        pages.append(page)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.goto(f"{live_server.url}/projects/harbour-tours/map/{query}")
        return page

    yield go
    for page in pages:
        page.context.close()
    assert complaints == []


def press(page: Page, key: str) -> None:
    """One key, and what it sets off."""
    page.keyboard.press(key)
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)


def panel(page: Page) -> str:
    """The field that the side panel is about."""
    return str(page.locator("#panel").get_attribute("aria-label")).removeprefix("About the field ")


def rule(project: Project, field: str) -> FieldRule:
    latest = project.map_series.latest()
    assert latest is not None
    found = latest.spec.objects[0].rule_for(field)
    assert found is not None
    return found


def test_sixty_fields_are_decided_with_the_keyboard_alone(open_map: Open, project: Project) -> None:
    page = open_map()
    expect(page.locator(".progress-line")).to_have_text("1 of 60 decided")
    began = time.monotonic()
    left = 0
    for number in range(FIELDS - 1):
        was = panel(page)
        key = "x" if number % 7 == 3 else "Enter"
        left += key == "x"
        page.keyboard.press(key)
        expect(page.locator(".progress-line")).to_have_text(f"{number + 2} of 60 decided")
        if number < FIELDS - 2:
            expect(page.locator("#panel")).not_to_have_attribute("aria-label", f"About the field {was}")
            expect(page.locator("tr.picked")).to_have_count(1)
    took = time.monotonic() - began
    assert took < SANE, f"{took:.0f} seconds"
    page.reload()
    expect(page.locator(".counts .tabs")).to_contain_text(f"Not migrating {left}")
    expect(page.locator(".counts .tabs")).to_contain_text("Needs you 0")
    latest = project.map_series.latest()
    assert latest is not None
    assert sum(one.action == Action.SKIP for one in latest.spec.objects[0].fields) == left


def test_the_arrows_walk_and_the_panel_follows(open_map: Open) -> None:
    page = open_map()
    assert panel(page) == "phone"
    for key, field in (("ArrowDown", "trait_0"), ("j", "trait_1"), ("k", "trait_0"), ("ArrowUp", "phone"),
                       ("ArrowUp", "phone")):  # fmt: skip
        press(page, key)
        expect(page.locator("#panel")).to_have_attribute("aria-label", f"About the field {field}")
        expect(page.locator("tr.picked .row-link")).to_have_text(field)
        expect(page.locator("tr.picked .row-link")).to_have_attribute("aria-current", "true")


def test_the_focus_is_seen_and_stays_in_the_list(open_map: Open) -> None:
    page = open_map()
    press(page, "ArrowDown")
    press(page, "Enter")
    expect(page.locator("tr.picked .row-link")).to_be_focused()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_key_that_is_held_down_accepts_one_field_only(open_map: Open) -> None:
    page = open_map()
    page.keyboard.down("Enter")
    for _ in range(5):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect(page.locator(".progress-line")).to_have_text("2 of 60 decided")
    page.wait_for_timeout(300)
    expect(page.locator(".progress-line")).to_have_text("2 of 60 decided")


def test_u_takes_back_what_x_did(open_map: Open, project: Project) -> None:
    page = open_map()
    press(page, "ArrowDown")
    press(page, "x")
    expect(page.get_by_role("status").filter(has_text="Left trait_0 behind")).to_be_visible()
    press(page, "u")
    expect(page.get_by_text("Undone: left trait_0 behind")).to_be_visible()
    assert rule(project, "trait_0").action == Action.CREATE


def test_a_slash_searches_and_a_question_mark_helps(open_map: Open) -> None:
    page = open_map()
    press(page, "/")
    expect(page.get_by_label("Search the fields")).to_be_focused()
    page.keyboard.type("plan_1")
    page.keyboard.press("Enter")
    expect(page.locator("tbody .row-link").first).to_have_text(re.compile("plan_1"))
    assert "q=plan_1" in page.url
    page.locator("body").click(position={"x": 5, "y": 400})
    press(page, "?")
    expect(page.get_by_text("leave behind", exact=True)).to_be_visible()


def test_keys_typed_into_a_field_are_text(open_map: Open, project: Project) -> None:
    page = open_map("?field=trait_0")
    page.locator("#panel summary", has_text="Comment").click()
    page.get_by_label("Comment on trait_0").fill("")
    page.get_by_label("Comment on trait_0").type("xu/?j")
    expect(page.get_by_label("Comment on trait_0")).to_have_value("xu/?j")
    assert rule(project, "trait_0").action == Action.CREATE


def test_the_picker_finds_previews_and_sends(open_map: Open, project: Project) -> None:
    page = open_map("?field=phone")
    press(page, "c")
    expect(page.get_by_placeholder("Find a place")).to_be_focused()
    page.keyboard.type("job")
    expect(page.locator(".place:visible")).to_have_count(1)
    page.get_by_role("radio", name=re.compile("Job Title")).check()
    expect(page.locator("#preview")).to_contain_text("Would go to jobTitle")
    page.get_by_label("How the value is turned").select_option("phone")
    expect(page.locator("#transform-options")).to_contain_text("Default country")
    page.get_by_label("How the value is turned").select_option("trim")
    expect(page.locator("#preview tbody")).to_contain_text("call the office")
    page.get_by_role("button", name="Send it there").click()
    expect(page.get_by_role("status").filter(has_text="Sent phone to Job Title")).to_be_visible()
    assert rule(project, "phone").destination == "jobTitle"


def test_a_change_after_the_signature_says_that_it_is_void(open_map: Open, project: Project, customer: User) -> None:
    services.sign(project=project, gate=gates.MAP, by=customer, name="Carla Customer")
    page = open_map("?tab=ready&field=trait_0")
    expect(page.get_by_text("signed by Carla Customer").first).to_be_visible()
    press(page, "x")
    expect(page.get_by_text("The signature under the former map is void")).to_be_visible()


@pytest.mark.parametrize("query", ["", "?field=phone", "?field=phone&do=change", "?field=plan_9&do=values",
                                   "objects/", "confirm/", "versions/"])  # fmt: skip
def test_the_map_fits_a_phone(open_map: Open, query: str) -> None:
    assert fits(open_map(query, PHONE))


def test_a_decision_works_without_scripts(open_map: Open, project: Project) -> None:
    page = open_map("?field=trait_0", java_script_enabled=False)
    page.get_by_role("button", name="Leave behind", exact=True).click()
    expect(page.get_by_text("Left trait_0 behind")).to_be_visible()
    assert rule(project, "trait_0").action == Action.SKIP
