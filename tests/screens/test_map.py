"""The review screen without scripts: every decision, what it changes, and that it can be undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connectors.catalogue import FieldType
from mapping.rules import Action, FieldRule, MapSpec, OnError
from projects import gates, map_services, services
from projects.map_services import Row
from projects.models import Project, User

from . import wide_map
from .test_pages import check

LogIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def wide(project: Project, engineer: User) -> Project:
    """A proposed map of twelve fields."""
    wide_map.make(project, engineer, 12)
    return project


@pytest.fixture
def client(wide: Project, customer: User, log_in: LogIn) -> Client:
    """The customer's browser."""
    return log_in(customer)


def spec(project: Project) -> MapSpec:
    latest = project.map_series.latest()
    assert latest is not None
    return latest.spec


def rule(project: Project, field: str) -> FieldRule:
    owner = spec(project).object("person")
    found = owner.rule_for(field) if owner else None
    assert found is not None
    return found


def show(client: Client, project: Project, **query: str) -> str:
    return client.get(reverse("map", args=[project.slug]), query).content.decode()


def press(client: Client, project: Project, name: str, **data: Any) -> str:
    data = {"object": "person", **data}
    return client.post(reverse(name, args=[project.slug]), data, follow=True).content.decode()


def states(client: Client, project: Project) -> dict[str, int]:
    answer = client.get(reverse("map", args=[project.slug]))
    return {name: count for name, _, count in answer.context["states"]}


def test_every_row_says_what_it_holds_where_it_goes_and_how_sure_that_is(client: Client, wide: Project) -> None:
    page = show(client, wide, field="phone")
    for words in ("Needs you", "Not migrating", "100 %", "call the office", "Phones", "number", "Most values parse"):
        assert words in page
    assert "kept beside it as text" in page
    check(page)


def test_the_worst_values_come_first_and_are_turned(client: Client, wide: Project) -> None:
    answer = client.get(reverse("map", args=[wide.slug]), {"field": "phone"})
    turned = answer.context["turned"]
    assert turned[0].before == "call the office"
    assert turned[0].problem
    assert any(one.after for one in turned)
    answer = client.get(reverse("map", args=[wide.slug]), {"field": "trait_1"})
    befores = [one.before for one in answer.context["turned"]]
    assert befores[0] == "Zoë" or befores[0] == "Böb"
    assert "Empty in 10 records" in answer.content.decode()


def test_accepting_a_row_moves_on_to_the_next_that_needs_somebody(client: Client, wide: Project) -> None:
    before = states(client, wide)
    page = press(client, wide, "change-map", field="trait_0", to="accept")
    assert "Accepted trait_0" in page
    assert "About the field trait_1" in page
    assert states(client, wide) == {**before, "needs": before["needs"] - 1, "ready": before["ready"] + 1}
    assert wide.map_series.versions.count() == 1


def test_an_acceptance_is_void_when_the_row_is_changed_by_somebody_else(
    client: Client, wide: Project, engineer: User
) -> None:
    press(client, wide, "change-map", field="trait_0", to="accept")
    changed = spec(wide).model_copy(
        update={
            "objects": (
                spec(wide)
                .objects[0]
                .model_copy(
                    update={
                        "fields": tuple(
                            one.model_copy(update={"label": "Other"}) if one.source == "trait_0" else one
                            for one in spec(wide).objects[0].fields
                        )
                    }
                ),
            )
        }
    )
    map_services.save_map(project=wide, spec=changed, by=engineer)
    page = show(client, wide, field="trait_0")
    assert "Customer Person accepted this row before it was changed" in page


def test_nobody_accepts_what_somebody_else_has_just_changed(
    client: Client, wide: Project, engineer: User, log_in: LogIn
) -> None:
    seen = client.get(reverse("map", args=[wide.slug]), {"field": "trait_1"}).context["row"].digest
    press(log_in(engineer), wide, "map-target", field="trait_1", destination="jobTitle")
    page = press(client, wide, "change-map", field="trait_1", to="accept", seen=seen)
    assert "was changed by somebody else meanwhile" in page
    assert not wide.map_series.decisions.filter(by=User.objects.get(email="customer@example.com")).exists()


def test_leaving_behind_taking_again_and_undoing(client: Client, wide: Project) -> None:
    press(client, wide, "change-map", field="trait_0", to="leave")
    assert rule(wide, "trait_0").action == Action.SKIP
    assert states(client, wide)["left"] == 1
    assert "Undone: left trait_0 behind" in press(client, wide, "undo-map")
    assert rule(wide, "trait_0") == wide_map.rule_of(0)
    assert states(client, wide)["left"] == 0
    assert "nothing here that could be undone" in press(client, wide, "undo-map")


def test_undo_takes_back_an_acceptance_too(client: Client, wide: Project) -> None:
    before = states(client, wide)
    press(client, wide, "change-map", field="trait_0", to="accept")
    press(client, wide, "undo-map")
    assert states(client, wide) == before


def test_undo_is_ones_own_and_stops_before_the_work_of_others(
    client: Client, wide: Project, engineer: User, log_in: LogIn
) -> None:
    press(client, wide, "change-map", field="trait_0", to="leave")
    theirs = log_in(engineer)
    assert "nothing here that could be undone" in press(theirs, wide, "undo-map")
    press(theirs, wide, "change-map", field="trait_0", to="take")
    assert "was changed since" in press(client, wide, "undo-map")
    assert rule(wide, "trait_0").action == Action.CREATE


def test_all_that_we_are_sure_of_is_accepted_at_once_and_undone_at_once(client: Client, wide: Project) -> None:
    before = states(client, wide)
    assert "Accept the 4 we are sure of" in show(client, wide)
    press(client, wide, "decide-many", what="sure")
    assert states(client, wide)["ready"] == before["ready"] + 4
    press(client, wide, "undo-map")
    assert states(client, wide) == before


def test_fields_that_hardly_anybody_fills_are_left_behind_together(
    project: Project, engineer: User, customer: User, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wide_map, "PEOPLE", 100)
    wide_map.make(project, engineer, 12)
    client = log_in(customer)
    assert "Leave 1 hardly filled behind" in show(client, project)
    press(client, project, "decide-many", what="hardly")
    assert rule(project, "trait_0").action == Action.SKIP
    assert rule(project, "trait_1").action == Action.CREATE


def test_searching_finds_a_field_in_every_tab(client: Client, wide: Project) -> None:
    press(client, wide, "change-map", field="trait_0", to="leave")
    answer = client.get(reverse("map", args=[wide.slug]), {"q": "TRAIT_0"})
    assert [row.rule.source for row in answer.context["rows"]] == ["trait_0"]
    assert "No field is called like" in show(client, wide, q="zebra")


def test_a_field_is_sent_to_a_place_that_is_there(client: Client, wide: Project) -> None:
    page = show(client, wide, field="trait_1", do="change")
    check(page)
    assert "Job Title" in page
    assert "These would lose something" in page
    page = press(client, wide, "map-target", field="trait_1", destination="jobTitle")
    assert "Sent trait_1 to Job Title" in page
    found = rule(wide, "trait_1")
    assert (found.action, found.destination, found.type) == (Action.MAP, "jobTitle", "TEXT")
    assert found.decided_by == "Customer Person"


def test_a_new_field_gets_a_name_that_the_destination_allows(client: Client, wide: Project) -> None:
    press(client, wide, "map-target", field="phone", destination="+new", label="Plan", type="TEXT", transform="")
    found = rule(wide, "phone")
    assert (found.action, found.destination, found.label) == (Action.CREATE, "planTrait", "Plan")
    assert found.description == "Customer.io person attribute phone"


def test_a_new_select_field_has_its_options_from_the_values(client: Client, wide: Project) -> None:
    press(client, wide, "map-target", field="phone", destination="+new", label="Who", type="SELECT", transform="")
    found = rule(wide, "phone")
    assert {choice.source for choice in found.choices} == {"+1 202 224 3441", "call the office", "(202) 225-4365"}
    assert (found.transform, found.raw_destination) == ("select", "phoneRaw")
    assert len({choice.value for choice in found.choices}) == 3


def test_a_select_field_is_refused_where_it_would_lose_values(client: Client, wide: Project) -> None:
    data = {"field": "trait_1", "destination": "+new", "label": "Who", "type": "SELECT", "transform": ""}
    assert "a select field would lose them" in press(client, wide, "map-target", **data)
    assert rule(wide, "trait_1") == wide_map.rule_of(1)


def test_what_a_value_becomes_that_cannot_be_turned_is_chosen(client: Client, wide: Project) -> None:
    same = {"field": "phone", "destination": "phones.primaryPhoneNumber", "transform": "phone"}
    press(client, wide, "map-target", **same, option_default_country="DE", on_error="hold")
    found = rule(wide, "phone")
    assert (found.on_error, found.raw_destination, found.options["default_country"]) == (OnError.HOLD, "", "DE")
    assert "the record is held" in show(client, wide, field="phone")
    press(client, wide, "map-target", **same, option_default_country="US", on_error="keep_raw")
    assert rule(wide, "phone").raw_destination


def test_the_options_of_a_transform_make_a_form_of_their_own(client: Client, wide: Project) -> None:
    same = {"field": "trait_1", "destination": "trait1", "label": "Trait 1", "type": "TEXT", "transform": "lookup"}
    url = reverse("map-preview", args=[wide.slug])
    part = client.post(url, {"object": "person", **same}, headers=HTMX).content.decode()
    assert 'name="option_table"' in part
    assert "expected “value = result”" in press(client, wide, "map-target", **same, option_table="Zoë")
    press(client, wide, "map-target", **same, option_table="Zoë = Zoe\nBöb = Bob")
    found = rule(wide, "trait_1")
    assert (found.transform, found.options["table"]) == ("lookup", {"Zoë": "Zoe", "Böb": "Bob"})
    assert "Zoë = Zoe" in show(client, wide, field="trait_1", do="change")
    country = {"field": "phone", "destination": "phones.primaryPhoneNumber", "transform": "phone"}
    assert "is no country code" in press(client, wide, "map-target", **country, option_default_country="ZZ")


def test_a_place_that_is_not_there_is_refused(client: Client, wide: Project) -> None:
    assert "has no field “wings”" in press(client, wide, "map-target", field="phone", destination="wings")
    assert rule(wide, "phone").destination == "phones.primaryPhoneNumber"


def test_a_preview_stores_nothing(client: Client, wide: Project) -> None:
    url = reverse("map-preview", args=[wide.slug])
    data = {"object": "person", "field": "trait_1", "destination": "+new", "label": "X", "type": "NUMBER"}
    part = client.post(url, data, headers=HTMX).content.decode()
    assert "is not a plain number" in part or "Zoë" in part
    assert "<html" not in part
    whole = client.post(url, data).content.decode()
    check(whole)
    assert wide.map_series.versions.count() == 1


def test_the_drawer_counts_values_without_an_option_and_creates_one(client: Client, wide: Project) -> None:
    page = show(client, wide, field="plan_9", do="values")
    check(page)
    assert "1 value in 1 record has no option yet" in page
    data = {"field": "plan_9", "value": ["enterprise", "pro", "free"], "option": ["+", "PRO", "-"]}
    press(client, wide, "map-values", **data)
    found = {choice.source: choice.value for choice in rule(wide, "plan_9").choices}
    assert found == {"enterprise": "ENTERPRISE", "pro": "PRO"}
    assert "no option" in show(client, wide)


def test_the_drawer_matches_the_values_of_lists_too(client: Client, wide: Project) -> None:
    lists = {"type": FieldType.MULTI_SELECT, "transform": "multi_select", "options": {"separator": ";"}}
    owner = spec(wide).objects[0]
    fields = tuple(one.model_copy(update=lists if one.source == "plan_9" else {}) for one in owner.fields)
    wide.map_series.add(MapSpec(objects=(owner.model_copy(update={"fields": fields}),)))
    assert "Match values and options" in show(client, wide, field="plan_9")
    page = show(client, wide, field="plan_9", do="values")
    check(page)
    assert "1 value in 1 record has no option yet" in page
    press(client, wide, "map-values", field="plan_9", value=["enterprise", "pro"], option=["PRO", "PRO"])
    found = {choice.source: choice.value for choice in rule(wide, "plan_9").choices}
    assert found == {"enterprise": "PRO", "pro": "PRO"}


def test_conflicts_block_the_signature_and_name_the_row(client: Client, wide: Project, customer: User) -> None:
    press(client, wide, "map-target", field="trait_1", destination="jobTitle")
    press(client, wide, "map-target", field="trait_2", destination="jobTitle")
    page = client.get(reverse("confirm-map", args=[wide.slug])).content.decode()
    assert "“trait_1” and “trait_2” both go to jobTitle" in page
    assert "Look at trait_2" in page
    assert "Type your name" not in page
    with pytest.raises(services.Refused, match="both go to jobTitle"):
        services.sign(project=wide, gate=gates.MAP, by=customer, name="Carla Customer")


def test_values_that_would_be_lost_block_until_they_have_a_place(client: Client, wide: Project) -> None:
    url = reverse("map", args=[wide.slug])
    lost = next(one for one in client.get(url).context["problems"] if one.field == "plan_9")
    assert (lost.blocks, lost.example) == (False, "enterprise")
    owner = spec(wide).objects[0]
    fields = tuple(one.model_copy(update={"raw_destination": ""}) for one in owner.fields)
    wide.map_series.add(MapSpec(objects=(owner.model_copy(update={"fields": fields}),)))
    lost = next(one for one in client.get(url).context["problems"] if one.field == "plan_9")
    assert lost.blocks
    assert "would be lost" in lost.sentence


def test_warnings_stand_apart_and_do_not_block(client: Client, wide: Project, customer: User) -> None:
    page = client.get(reverse("confirm-map", args=[wide.slug])).content.decode()
    check(page)
    assert "2 warnings: nothing of this stops you" in page
    assert "conflict" not in page
    services.sign(project=wide, gate=gates.MAP, by=customer, name="Carla Customer")
    assert gates.is_signed(wide, gates.MAP)


def test_a_signature_decides_every_row_and_a_change_opens_only_its_own(
    confirmed: Project, customer: User, engineer: User, log_in: LogIn
) -> None:
    client = log_in(customer)
    assert states(client, confirmed)["needs"] == 0
    page = press(log_in(engineer), confirmed, "change-map", field="plan", to="leave")
    assert "The signature under the former map is void" in page
    assert "the signature is void" in show(client, confirmed)
    assert gates.is_signed(confirmed, gates.MAP) is False


def test_the_confirm_page_says_what_is_made_what_stays_and_what_is_paused(
    mapped: Project, customer: User, log_in: LogIn
) -> None:
    page = log_in(customer).get(reverse("confirm-map", args=[mapped.slug])).content.decode()
    check(page)
    for words in ("Customer.io ID", "Boats", "Create company when adding a new person", "Confirm this map",
                  "stand as we proposed them"):  # fmt: skip
        assert words in page
    version = mapped.map_series.latest()
    assert version is not None
    assert version.digest[:8] in page


def test_customer_and_engineer_talk_beside_a_field(
    client: Client, wide: Project, engineer: User, log_in: LogIn
) -> None:
    press(client, wide, "comment-map", field="phone", text="Is this <b>the office</b>?")
    page = show(log_in(engineer), wide, field="phone")
    assert "1 comment" in page
    assert "&lt;b&gt;the office" in page
    said = wide.map_series.comments.get()
    log_in(engineer).post(reverse("settle-comment", args=[wide.slug, said.pk]))
    assert "settled" in show(client, wide, field="phone")


def test_a_comment_of_another_project_is_out_of_reach(client: Client, wide: Project, admin: User) -> None:
    other = services.create_project(name="Elsewhere", by=admin)
    other.map_series.add(wide_map.spec_of(4), by=admin)
    said = map_services.comment(project=other, by=admin, row=Row("person", "phone"), text="Mine.")
    assert client.post(reverse("settle-comment", args=[wide.slug, said.pk])).status_code == 404


def test_engineers_see_the_shape_of_values_when_the_customer_wants_it(
    client: Client, wide: Project, engineer: User, log_in: LogIn
) -> None:
    theirs = log_in(engineer)
    assert "call the office" in show(theirs, wide, field="phone")
    assert "you may not" in press(theirs, wide, "show-values", shown="no")
    press(client, wide, "show-values", shown="no")
    wide.refresh_from_db()
    for query in ({"field": "phone"}, {"field": "trait_1"}, {"field": "phone", "do": "change"},
                  {"field": "plan_9", "do": "values"}):  # fmt: skip
        page = show(theirs, wide, **query)
        for value in ("call the office", "Zoë", "enterprise", "202 224"):
            assert value not in page, (query, value)
    assert "xxxx xxx xxxxxx" in show(theirs, wide, field="phone")
    assert "call the office" in show(client, wide, field="phone")
    exported = theirs.get(reverse("export-map", args=[wide.slug, "csv"])).content.decode()
    assert "Zoë" not in exported


def test_the_page_asks_the_database_as_often_for_five_hundred_fields_as_for_twelve(
    project: Project, engineer: User, customer: User, log_in: LogIn, django_assert_num_queries: Any
) -> None:
    client = log_in(customer)
    wide_map.make(project, engineer, 12)
    url = reverse("map", args=[project.slug])
    client.get(url)
    with CaptureQueriesContext(connection) as asked:
        client.get(url)
    number = len(asked)
    assert number <= 40
    project.map_series.add(wide_map.spec_of(500), by=engineer)
    with django_assert_num_queries(number):
        client.get(url)
    press(client, project, "decide-many", what="sure")
    with django_assert_num_queries(number):
        client.get(url)


def test_a_thousand_fields_come_a_hundred_at_a_time(
    project: Project, engineer: User, customer: User, log_in: LogIn
) -> None:
    wide_map.make(project, engineer, 1000)
    client = log_in(customer)
    answer = client.get(reverse("map", args=[project.slug]), {"page": "3"})
    assert len(answer.context["rows"]) == 100


def test_with_htmx_only_what_has_changed_comes_back(client: Client, wide: Project) -> None:
    data = {"object": "person", "field": "trait_0", "to": "accept", "tab": "needs"}
    answer = client.post(reverse("change-map", args=[wide.slug]), data, headers=HTMX)
    part = answer.content.decode()
    assert "<html" not in part
    assert 'aria-label="About the field trait_1"' in part
    assert part.count("<tr id=") == 1
    assert '<p class="progress-line" id="progress" aria-live="polite" hx-swap-oob="innerHTML">' in part
    assert "field=trait_1" in answer["HX-Replace-Url"]


def test_what_is_refused_comes_back_with_htmx_too(client: Client, wide: Project) -> None:
    data = {"object": "person", "field": "email", "to": "leave"}
    part = client.post(reverse("change-map", args=[wide.slug]), data, headers=HTMX).content.decode()
    assert "always goes along" in part
    assert 'aria-label="About the field email"' in part


def test_a_single_version_is_not_compared_with_anything(client: Client, wide: Project) -> None:
    url = reverse("map-versions", args=[wide.slug])
    for asked in ({}, {"from": "0", "to": "1"}):
        answer = client.get(url, asked)
        page = answer.content.decode()
        check(page)
        assert "This is the only version" in page
        assert "What changed from" not in page


def test_versions_say_what_changed_who_and_when(client: Client, wide: Project) -> None:
    press(client, wide, "change-map", field="trait_0", to="leave")
    press(client, wide, "map-target", field="trait_1", destination="jobTitle")
    answer = client.get(reverse("map-versions", args=[wide.slug]), {"from": "1", "to": "3"})
    check(answer.content.decode())
    changed = {one.source: (one.before, one.after) for one in answer.context["changes"]}
    assert changed == {"trait_0": ("trait0 (new)", "left behind"), "trait_1": ("trait1 (new)", "jobTitle")}
    assert "Customer Person" in answer.content.decode()
    assert client.get(reverse("map-versions", args=[wide.slug]), {"from": "9", "to": "3"}).status_code == 404
