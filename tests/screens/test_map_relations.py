"""What an object type points to: shown with the proof, accepted, renamed, left behind, made again, undone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from connectors.catalogue import FieldType
from mapping.parts import Row
from mapping.reuse import as_template, with_decided
from mapping.rules import Action, FieldRule, MapSpec, ObjectRule, RelationRule
from projects import services
from projects.models import Project, Run, User

from .conftest import FIELDS
from .test_map_objects import boats, press, spec
from .test_pages import check

LogIn = Callable[[User], Client]

BOAT = (
    FieldRule(source="object_id", action=Action.CREATE, destination="customerioId", type=FieldType.TEXT, unique=True),
    FieldRule(source="owner", action=Action.CREATE, destination="skipperEmail", type=FieldType.TEXT, label="Skipper"),
)
LINKS = (
    RelationRule(source="owner", to="member", by="email", destination="owner", label="Owner", confidence=0.9,
                 absent=("zoe@harbour.example",), reason="Not members yet: zoe@harbour.example."),
    RelationRule(source="captain", to="person", by="cio_id", destination="captain", label="Captain", confidence=0.97,
                 reason="20 of 20 different values compared are the cio_id of a person (100%)."),
)  # fmt: skip


@pytest.fixture
def sailing(discovered: Run, engineer: User) -> Project:
    """People and boats move; boats name their owner and their captain."""
    person = ObjectRule(source="person", destination="person", match_on="emails.primaryEmail", fields=FIELDS)
    boat = ObjectRule(source="object:7", destination="boat", plural="boats", action=Action.CREATE, create=True,
                      label="Boat", label_plural="Boats", match_on="customerioId", fields=BOAT,
                      relations=LINKS)  # fmt: skip
    discovered.project.map_series.add(MapSpec(objects=(person, boat)), by=engineer, note="proposed")
    return discovered.project


@pytest.fixture
def client(sailing: Project, customer: User, log_in: LogIn) -> Client:
    """The customer's browser."""
    return log_in(customer)


def show(client: Client, project: Project, name: str = "map") -> str:
    html = client.get(reverse(name, args=[project.slug]), {"object": "object:7"}).content.decode()
    check(html)
    return html


def decide(client: Client, project: Project, relation: str, to: str, label: str = "") -> str:
    return press(client, project, "change-relation", object="object:7", relation=relation, to=to, label=label)


def relation(project: Project, source: str) -> RelationRule:
    return next(one for one in boats(project).relations if one.source == source)


def test_a_relation_says_what_it_points_to_how_that_is_known_and_who_has_no_account(
    client: Client, sailing: Project
) -> None:
    page = show(client, sailing)
    for words in ("People, by cio_id", "20 of 20 different values", "1 without an account", "zoe@harbour.example"):
        assert words in page
    assert "Invite them there before the run" in show(client, sailing, "confirm-map")


def test_who_may_not_see_values_sees_no_address_of_an_owner(sailing: Project, engineer: User, log_in: LogIn) -> None:
    Project.objects.filter(pk=sailing.pk).update(engineers_see_values=False)
    theirs = log_in(engineer)
    for name in ("map", "confirm-map"):
        assert "zoe@" not in show(theirs, sailing, name)
    for name, args in (("export-map", ["json"]), ("export-map", ["csv"]), ("api-map", [])):
        assert "zoe@" not in theirs.get(reverse(name, args=[sailing.slug, *args])).content.decode()


def test_a_relation_counts_among_what_waits_until_it_is_decided(client: Client, sailing: Project) -> None:
    def waiting() -> int:
        tabs = client.get(reverse("map", args=[sailing.slug])).context["tabs"]
        return int(next(tab.waiting for tab in tabs if tab.rule.source == "object:7"))

    before = waiting()
    assert "accepted the relation by captain" in decide(client, sailing, "captain", "accept").lower()
    assert sailing.map_series.versions.count() == 1
    assert waiting() == before - 1
    press(client, sailing, "undo-map")
    assert waiting() == before


def test_a_relation_is_renamed_to_a_name_that_nothing_else_has(client: Client, sailing: Project) -> None:
    decide(client, sailing, "captain", "rename", "Skipper Email")
    found = relation(sailing, "captain")
    assert (found.label, found.decided_by) == ("Skipper Email", "Customer Person")
    assert found.destination not in ("skipperEmail", "captain", "")
    assert "needs a name" in decide(client, sailing, "captain", "rename", " ")
    press(client, sailing, "undo-map")
    assert relation(sailing, "captain") == LINKS[1]


def test_a_relation_that_was_left_behind_can_be_taken_again(client: Client, sailing: Project) -> None:
    decide(client, sailing, "owner", "leave")
    assert relation(sailing, "owner").action == Action.SKIP
    assert "the value stays as text" in show(client, sailing)
    assert "Invite them there" not in show(client, sailing, "confirm-map")
    decide(client, sailing, "owner", "take")
    assert relation(sailing, "owner").action == Action.CREATE
    assert relation(sailing, "captain") == LINKS[1]
    assert boats(sailing).fields == BOAT


def test_a_relation_that_is_not_there_is_refused(client: Client, sailing: Project) -> None:
    assert "no relation by “→wings”" in decide(client, sailing, "wings", "leave")
    assert "could not be read" in decide(client, sailing, "captain", "sell")


def test_signing_says_yes_to_relations_too(client: Client, sailing: Project, customer: User) -> None:
    services.sign(project=sailing, gate="map", by=customer, name="Carla Customer")
    rows = client.get(reverse("map", args=[sailing.slug]), {"object": "object:7"}).context["relations"]
    assert {row.decided for row in rows} == {"Customer Person"}


def test_a_decided_relation_survives_a_new_proposal_and_a_template_keeps_no_address(sailing: Project) -> None:
    proposed = spec(sailing)
    mine = LINKS[1].model_copy(update={"label": "Master", "destination": "master", "decided_by": "Carla"})
    boat = proposed.objects[1].model_copy(update={"relations": (LINKS[0], mine)})
    before = proposed.model_copy(update={"objects": (proposed.objects[0], boat)})
    again = with_decided(proposed, before, {Row("object:7", "→captain")})
    assert again.objects[1].relations == (LINKS[0], mine)
    assert "zoe@" not in as_template(before).model_dump_json()
