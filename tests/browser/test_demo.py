"""What a newcomer does: `make demo`, log in, sign the sandbox, watch production, approve it. In a real browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
PATIENCE = 90_000
"""Milliseconds that a phase of the demo may take before the test gives up."""


@dataclass
class Demo:
    """The demo as it introduced itself."""

    url: str
    passwords: dict[str, str]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """The demo, started as `make demo` starts it, and stopped as a person stops it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "demo", "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            break
    ready = re.search(r"DEMO READY (\S+)", said)
    assert ready, said[-3000:]
    yield Demo(ready[1], dict(re.findall(r"(\w+)@demo\.carryover\.example\s+password (\S+)", said)))
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


def log_in(browser: Browser, demo: Demo, who: str, size: dict[str, int] = DESK) -> Page:
    """A page of one of the three people, with everything that the browser complains of made an error."""
    page = browser.new_context(viewport=size).new_page()  # type: ignore[arg-type]
    page.on("pageerror", lambda error: pytest.fail(f"script error on {page.url}: {error}"))
    page.goto(f"{demo.url}/login/")
    page.get_by_label("E-mail address").fill(f"{who}@demo.carryover.example")
    page.get_by_label("Password").fill(demo.passwords[who])
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile("/projects/"))
    return page


def sign(page: Page, button: str) -> None:
    """Types the name and signs."""
    page.get_by_label("Type your name to sign").fill("Carla Customer")
    page.get_by_role("button", name=button).click()


def fits(page: Page) -> bool:
    """Whether the page can be read without scrolling sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_a_newcomer_signs_and_sees_production_finish(demo: Demo, browser: Browser) -> None:
    customer, engineer = log_in(browser, demo, "customer"), log_in(browser, demo, "engineer")
    customer.goto(f"{demo.url}/projects/congress/")
    customer.get_by_role("link", name="Review the sandbox").click()
    sign(customer, "Sign")
    engineer.goto(f"{demo.url}/projects/congress/runs/")
    engineer.get_by_role("button", name=re.compile("Start production")).click()
    run = engineer.url
    for phase in ("People", "Companies", "Custom objects", "Activities", "Attachments"):
        # The engineer's page gets there by itself; it rests when the run does, so each phase begins with a visit.
        engineer.goto(run)
        expect(engineer.get_by_role("heading", name=f"{phase} · the books close")).to_be_visible(timeout=PATIENCE)
        customer.goto(run)
        sign(customer, "Approve and continue")
    customer.goto(run)
    expect(customer.get_by_text("BALANCED").first).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "discovery/",
        "archives/",
        "map/",
        "map/events/",
        "sandbox/",
        "scope/",
        "runs/",
        "runs/2/",
        "held/",
        "handoff/",
        "trail/",
    ],
)
def test_every_page_fits_a_phone(demo: Demo, browser: Browser, path: str) -> None:
    page = log_in(browser, demo, "customer", PHONE)
    page.goto(f"{demo.url}/projects/congress/{path}")
    assert fits(page)
    page.context.close()


def test_the_demo_works_without_scripts(demo: Demo, browser: Browser) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{demo.url}/login/")
    page.get_by_label("E-mail address").fill("customer@demo.carryover.example")
    page.get_by_label("Password").fill(demo.passwords["customer"])
    page.get_by_role("button", name="Log in").click()
    page.goto(f"{demo.url}/projects/congress/map/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Where each field goes")
    page.get_by_role("link", name=re.compile("Companies")).first.click()
    expect(page.get_by_text("jurisdiction").first).to_be_visible()
