"""A certificate over many rows is left to a worker: ordered once, told while it is made, there when it is done."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects import certifying
from projects.models import Certificate
from tests.journey.conftest import Migration


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[tuple[int, int]]:
    """Every run is large; what the broker is given is kept here."""
    given: list[tuple[int, int]] = []
    settings.REDIS_URL = "redis://127.0.0.1:1"
    monkeypatch.setattr(certifying, "LARGE", 3)
    monkeypatch.setattr(certifying.issue_certificate, "delay", lambda *words: given.append(words))
    return given


def press(migration: Migration) -> str:
    client = Client()
    client.force_login(migration.admin)
    page = client.post(reverse("issue-certificate", args=[migration.project.slug]), follow=True)
    return page.content.decode()


def test_it_is_ordered_once_and_stands_there_when_the_worker_is_done(
    migrated: Migration, orders: list[tuple[int, int]], settings: Any
) -> None:
    page = press(migrated)
    assert "The certificate is being made." in page
    assert "ordered by Ada Admin" in page
    assert "Issue a certificate</button>" not in page
    assert "A certificate is being made already" in press(migrated)
    assert orders == [(migrated.runs[0].pk, migrated.admin.pk)]
    certifying.issue_certificate(*orders[0])
    made = Certificate.objects.get()
    assert made.issued_by == migrated.admin
    assert certifying.under_way(migrated.project) is None


def test_what_goes_wrong_stands_in_the_trail_and_it_can_be_ordered_again(
    migrated: Migration, orders: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    press(migrated)

    def broken(**words: Any) -> Certificate:
        raise OSError("No space left on device")

    monkeypatch.setattr(certifying.certificate, "issue", broken)
    certifying.issue_certificate(*orders[0])
    line = str(migrated.project.events.order_by("-pk")[0])
    assert "could not be made: something unforeseen went wrong" in line
    press(migrated)
    assert len(orders) == 2
