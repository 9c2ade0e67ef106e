"""The command line: what is refused changes nothing."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from projects import services
from projects.models import Connection, Event, Project, User


def create(*arguments: str) -> None:
    systems = ["--source", "customerio", "--destination", "twenty"]
    call_command("migration", "create", *arguments, *systems)


def test_a_project_that_cannot_be_made_whole_is_not_made_at_all(db: None) -> None:
    User.objects.create_superuser("root@example.com", "a-long-password")
    with pytest.raises(SystemExit, match="1"):
        create("harbour")
    assert not Project.objects.exists()


def test_a_refused_second_create_leaves_the_project_as_it_was(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    root = User.objects.create_superuser("root@example.com", "a-long-password")
    services.create_project(name="harbour", by=root)
    lines = Event.objects.count()
    with pytest.raises(SystemExit, match="1"):
        create("harbour", "--source-url", "https://api.customer.io")
    assert "is not a web address" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="1"):
        create("harbour", "--destination-url", "https://crm.example.com", "--member", "nobody@example.com", "admin")
    assert not Connection.objects.exists()
    assert Event.objects.count() == lines
