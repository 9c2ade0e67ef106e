"""Archives in the browser: what is covered, added from the project's folder only, corrected, taken off."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from connectors.catalogue import ObjectKind
from projects.models import Profile, Project, Run, User

from .test_pages import check

LogIn = Callable[[User], Client]

ROWS = [
    {"event": "sailed", "happened_at": 1700000000 + n, "mail": f"p{n}@example.com", "user": f"p{n}@example.com"}
    for n in range(3)
]


@pytest.fixture
def folder(discovered: Run, settings: Any, tmp_path: Path) -> Path:
    """The folder of the project's archives, with one file; a secret lies beside it."""
    settings.ARCHIVE_DIR = tmp_path / "archives"
    made = tmp_path / "archives" / discovered.project.slug
    made.mkdir(parents=True)
    (made / "old.ndjson").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    (tmp_path / "archives" / "secret.ndjson").write_text((made / "old.ndjson").read_text())
    (made / "link.ndjson").symlink_to(tmp_path / "archives" / "secret.ndjson")
    return made


@pytest.fixture
def client(folder: Path, engineer: User, log_in: LogIn) -> Client:
    """The engineer's browser."""
    return log_in(engineer)


def press(client: Client, project: Project, name: str, /, *args: str, **data: Any) -> str:
    return client.post(reverse(name, args=[project.slug, *args]), data, follow=True).content.decode()


def show(client: Client, project: Project, **data: Any) -> str:
    html = client.get(reverse("archives", args=[project.slug]), data).content.decode()
    check(html)
    return html


def test_an_archive_is_added_with_guessed_columns_and_the_choice_is_remembered(
    client: Client, project: Project
) -> None:
    assert 'value="old.ndjson"' in show(client, project)
    assert "its first page holds 3" in press(client, project, "add-archive", object="event", path="old.ndjson")
    columns = project.archives.get().columns
    assert (columns["name"], columns["timestamp"]) == ("event", "happened_at")
    assert '<option value="mail">' in show(client, project, columns="event")
    given = {**columns, "email": "mail"}
    assert "The columns are kept" in press(client, project, "archive-columns", "event", **given)
    assert project.archives.get().columns["email"] == "mail"
    refused = press(client, project, "archive-columns", "event", **{**given, "name": "no such column"})
    assert "not in the files" in refused
    assert project.archives.get().columns["name"] == "event"


@pytest.mark.parametrize("path", ["../secret.ndjson", "/etc/passwd", "link.ndjson", ".."])
def test_nothing_outside_of_the_projects_folder_is_read(path: str, client: Client, project: Project) -> None:
    assert "lies outside of" in press(client, project, "add-archive", object="event", path=path)
    assert not project.archives.exists()


def test_a_file_that_is_not_there_or_holds_nothing_is_refused(client: Client, project: Project, folder: Path) -> None:
    (folder / "empty.ndjson").write_text("")
    assert "There is no “new.ndjson”" in press(client, project, "add-archive", object="event", path="new.ndjson")
    press(client, project, "add-archive", object="event", path="empty.ndjson")
    assert "Say what the files hold" in press(client, project, "add-archive", object="person", path="old.ndjson")
    assert not project.archives.exists()


def test_an_archive_is_taken_off_and_its_files_stay(client: Client, project: Project, folder: Path) -> None:
    press(client, project, "add-archive", object="event", path="old.ndjson")
    assert "The files stay where they are" in press(client, project, "remove-archive", "event")
    assert not project.archives.exists()
    assert (folder / "old.ndjson").exists()
    assert "took the archive of event off" in client.get(reverse("trail", args=[project.slug])).content.decode()


def test_a_customer_sees_archives_and_changes_none(
    client: Client, project: Project, customer: User, log_in: LogIn
) -> None:
    press(client, project, "add-archive", object="event", path="old.ndjson")
    theirs = log_in(customer)
    assert "old.ndjson" in show(theirs, project)
    assert "you may not connect" in press(theirs, project, "remove-archive", "event")
    assert "you may not connect" in press(theirs, project, "add-archive", object="event", path="old.ndjson")
    assert project.archives.count() == 1


def test_what_each_place_covers_is_said_in_days_and_numbers(client: Client, project: Project, discovered: Run) -> None:
    api = {"records": 2, "unreadable": 0, "left_out": {}, "first": 1700000000, "last": 1700086400}
    old = {"records": 4, "unreadable": 1, "left_out": {"page": 7}, "first": 157766400, "last": 1700000000}
    Profile.objects.create(project=project, run=discovered, object="event", label="Event", label_plural="Events",
                           kind=ObjectKind.HAPPENING, read=6,
                           data={"coverage": {"api": api, "archive": old, "in_both": 1}})  # fmt: skip
    page = show(client, project)
    for words in ("1 Jan 1975", "15 Nov 2023", "about 1 are in the API too", "7 page"):
        assert words in page
    covered = client.get(reverse("archives", args=[project.slug])).context["covered"]
    assert [(one.place, one.days, one.records, one.unreadable) for one in covered] == [
        ("The API", 2, 2, 0), ("The archive", 17850, 4, 1)
    ]  # fmt: skip
