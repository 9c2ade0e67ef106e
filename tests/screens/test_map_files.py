"""A map as a file and as a template: what goes out comes in again, and strangers get neither."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from connectors.registry import get_connector
from mapping import exchange
from mapping.parts import Row
from mapping.reuse import with_decided, with_template
from mapping.rules import Action, MapSpec
from projects import gates, map_services, members, proposals, services
from projects.models import Membership, Project, User
from projects.review import earlier_maps, keep_targets

from . import wide_map

LogIn = Callable[[User], Client]


@pytest.fixture
def wide(project: Project, engineer: User) -> Project:
    """A proposed map of twelve fields, in a project that knows its destination's fields."""
    wide_map.make(project, engineer, 12)
    stock = get_connector("twenty").stock
    assert stock is not None
    keep_targets(project, stock())
    return project


@pytest.fixture
def client(wide: Project, customer: User, log_in: LogIn) -> Client:
    """The customer's browser."""
    return log_in(customer)


def latest(project: Project) -> MapSpec:
    version = project.map_series.latest()
    assert version is not None
    return version.spec


def download(client: Client, project: Project, form: str) -> bytes:
    answer = client.get(reverse("export-map", args=[project.slug, form]))
    assert f"harbour-tours-map-v1.{form}" in answer["Content-Disposition"]
    return answer.content


def upload(client: Client, project: Project, name: str, content: bytes) -> str:
    data: dict[str, Any] = {"file": SimpleUploadedFile(name, content)}
    return client.post(reverse("import-map", args=[project.slug]), data, follow=True).content.decode()


def edit(content: bytes, field: str, **cells: str) -> bytes:
    """The CSV with one field's line as a person changed it."""
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    for row in rows:
        if row["field"] == field:
            row.update(cells)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, exchange.COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_map_that_goes_out_and_comes_in_changes_nothing(form: str, client: Client, wide: Project) -> None:
    page = upload(client, wide, f"map.{form}", download(client, wide, form))
    assert "says what map v1 says already" in page
    assert wide.map_series.versions.count() == 1


def test_a_person_with_a_spreadsheet_sends_a_field_elsewhere_and_need_not_know_its_type(
    client: Client, wide: Project
) -> None:
    content = edit(download(client, wide, "csv"), "plan_4", action="map", destination="jobTitle", transform="text",
                   choices="", raw_destination="")  # fmt: skip
    page = upload(client, wide, "map.csv", content)
    assert "The file is map v2 now" in page
    found = latest(wide).objects[0].rule_for("plan_4")
    assert found is not None
    assert (found.action, found.destination, found.type) == (Action.MAP, "jobTitle", "TEXT")


def test_an_import_voids_the_signature_and_says_so(client: Client, wide: Project, customer: User) -> None:
    services.sign(project=wide, gate=gates.MAP, by=customer, name="Carla Customer")
    content = edit(download(client, wide, "csv"), "trait_0", action="skip")
    assert "The signature under the former map is void" in upload(client, wide, "map.csv", content)
    assert not gates.is_signed(wide, gates.MAP)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"action": "movee"}, "column “action”: found “movee”, expected"),
        ({"action": "map", "destination": "jobTitel"}, "expected a field of person, such as “jobTitle”"),
        ({"transform": "magic"}, "names the transform “magic”, which does not exist"),
        ({"destination": "trait1"}, "“trait_0” and “trait_1” both go to trait1"),
    ],
)  # fmt: skip
def test_a_bad_file_changes_nothing_and_says_why(
    cells: dict[str, str], said: str, client: Client, wide: Project
) -> None:
    content = edit(edit(download(client, wide, "csv"), "trait_0", **cells), "trait_1", label="Half done")
    page = upload(client, wide, "map.csv", content).replace("&quot;", '"')
    assert "Nothing was imported" in page
    assert said in page
    assert wide.map_series.versions.count() == 1


def test_something_else_than_a_map_is_refused_in_a_sentence(client: Client, wide: Project) -> None:
    assert "is no JSON" in upload(client, wide, "map.json", b"\x7b")
    assert "not UTF-8" in upload(client, wide, "map.csv", b"\xff\xfe\x00")
    assert "Choose a file" in client.post(reverse("import-map", args=[wide.slug]), {}, follow=True).content.decode()
    assert client.get(reverse("export-map", args=[wide.slug, "exe"])).status_code == 404


@pytest.mark.parametrize("name", ["map.csv", "map.json"])
def test_the_command_line_takes_a_map_out_and_in(
    name: str, wide: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    digest = latest(wide).digest()
    call_command("migration", "map", wide.slug, "--as", "admin@example.com", "--export", str(path))
    assert exchange.read(name, path.read_bytes()).digest() == digest
    capsys.readouterr()
    call_command("migration", "map", wide.slug, "--as", "admin@example.com", "--import", str(path), "--json")
    assert json.loads(capsys.readouterr().out) == {"map": 1, "digest": digest}


def test_the_command_line_names_the_bad_line(wide: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "map.csv"
    path.write_text(exchange.to_csv(latest(wide)).replace("field,person,phone,map", "field,person,phone,mpa"))
    with pytest.raises(SystemExit) as ended:
        call_command("migration", "map", wide.slug, "--as", "admin@example.com", "--import", str(path))
    assert ended.value.code == 1
    assert "Line 5, column “action”: found “mpa”" in capsys.readouterr().err


def save_as_template(client: Client, project: Project, name: str) -> str:
    url = reverse("map-template", args=[project.slug])
    return client.post(url, {"name": name}, follow=True).content.decode()


def test_a_template_is_offered_to_members_of_its_project_only(
    client: Client, wide: Project, customer: User, engineer: User, stranger: User, admin: User, log_in: LogIn
) -> None:
    assert "Saved as the template “Harbour”" in save_as_template(client, wide, "Harbour")
    template = map_services.templates_for(customer).get()
    elsewhere = services.create_project(name="Elsewhere", by=stranger)
    wide_map.make(elsewhere, stranger, 4)
    assert list(map_services.templates_for(engineer)) == [template]
    assert not map_services.templates_for(stranger).exists()
    theirs = log_in(stranger)
    assert "Harbour" not in theirs.get(reverse("map", args=[elsewhere.slug])).content.decode()
    url = reverse("propose-map", args=[elsewhere.slug])
    page = theirs.post(url, {"template": str(template.pk)}, follow=True).content.decode()
    assert "There is no such template" in page
    wide.memberships.filter(user=engineer).delete()
    assert not map_services.templates_for(engineer).exists()
    assert list(map_services.templates_for(User.objects.create_superuser("root@example.com", "x"))) == [template]


def test_a_template_holds_decisions_and_no_evidence(client: Client, wide: Project, customer: User) -> None:
    save_as_template(client, wide, "Harbour")
    kept = map_services.templates_for(customer).get().latest()
    assert kept is not None
    assert kept.digest == latest(wide).digest()
    assert "Zoë" not in json.dumps(kept.content, ensure_ascii=False)
    assert not wide.map_series.templates.get().comments.exists()


def test_fields_of_the_same_name_do_what_the_template_says_and_the_rest_is_proposed(wide: Project) -> None:
    proposed = wide_map.spec_of(12)
    owner = proposed.objects[0]
    template = MapSpec(objects=(owner.model_copy(update={"fields": tuple(
        one.model_copy(update={"action": Action.SKIP, "destination": ""}) if one.source == "trait_0"
        else one.model_copy(update={"destination": "elsewhere"}) if one.source in ("trait_1", "email") else one
        for one in owner.fields if one.source != "trait_2"
    )}),))  # fmt: skip
    made = with_template(proposed, template, "“Harbour”").objects[0]
    found = {one.source: one for one in made.fields}
    assert found["trait_0"].action == Action.SKIP
    assert found["trait_1"].destination == "elsewhere"
    assert found["trait_1"].reason == "As the template “Harbour” has it."
    assert found["trait_1"].decided_by == ""
    assert found["email"].destination == "emails.primaryEmail"
    assert found["trait_2"] == wide_map.rule_of(2)


def reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A destination that has what a new account has."""
    stock = get_connector("twenty").stock
    assert stock is not None

    class Destination:
        catalogue = staticmethod(stock)

        def __enter__(self) -> Destination:
            return self

        def __exit__(self, *args: object) -> None:
            """Nothing is open."""

    monkeypatch.setattr(proposals, "open_destination", lambda _: Destination())
    monkeypatch.setattr(proposals, "workspace_members", lambda *_: {})


def test_a_new_proposal_keeps_what_was_decided_unless_it_is_to_be_forgotten(
    client: Client, wide: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, url = reverse("change-map", args=[wide.slug]), reverse("propose-map", args=[wide.slug])
    client.post(change, {"object": "person", "field": "trait_0", "to": "leave"})
    client.post(change, {"object": "person", "field": "trait_3", "to": "accept"})
    reachable(monkeypatch)
    client.post(url, {})
    fields = {one.source: one for one in latest(wide).objects[0].fields}
    assert fields["trait_0"].action == Action.SKIP
    assert fields["trait_3"] == wide_map.rule_of(3)
    assert fields["trait_6"] != wide_map.rule_of(6)
    client.post(url, {"forget": "yes"})
    fields = {one.source: one for one in latest(wide).objects[0].fields}
    assert fields["trait_0"].action == Action.CREATE
    assert fields["trait_3"] != wide_map.rule_of(3)


def test_a_project_starts_from_a_template(
    client: Client, wide: Project, customer: User, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post(reverse("change-map", args=[wide.slug]), {"object": "person", "field": "trait_0", "to": "leave"})
    save_as_template(client, wide, "Harbour")
    template = map_services.templates_for(customer).get()
    reachable(monkeypatch)
    proposals.propose(project=wide, by=customer, template=template)
    found = latest(wide).objects[0].rule_for("trait_0")
    assert found is not None
    assert found.action == Action.SKIP
    assert wide.map_series.targets.content["objects"]


def test_the_map_of_a_project_is_not_a_template(wide: Project, stranger: User, admin: User) -> None:
    members.add_member(project=wide, user=stranger, role=Membership.Role.ENGINEER, by=admin)
    with pytest.raises(services.Refused, match="no such template"):
        map_services.template_of(stranger, str(wide.map_series_id))
    with pytest.raises(services.Refused, match="no row"):
        map_services.comment(project=wide, by=stranger, row=Row("person", "wings"), text="Hm")


def test_what_was_confirmed_elsewhere_is_known_to_those_who_may_see_it(
    wide: Project, customer: User, admin: User, stranger: User
) -> None:
    services.sign(project=wide, gate=gates.MAP, by=customer, name="Carla Customer")
    elsewhere = services.create_project(name="Elsewhere", by=admin)
    assert earlier_maps(elsewhere, admin) == [latest(wide)]
    assert earlier_maps(wide, admin) == []
    assert earlier_maps(elsewhere, stranger) == []


def test_new_segments_get_their_tags_although_the_old_ones_were_signed() -> None:
    spec = wide_map.spec_of(4)
    tags = wide_map.rule_of(4).model_copy(update={"source": "segments", "decided_by": "Carryover"})
    before, after = (
        MapSpec(objects=(spec.objects[0].model_copy(update={"fields": (rule, *spec.objects[0].fields)}),))
        for rule in (tags, tags.model_copy(update={"choices": tags.choices[:1]}))
    )
    assert with_decided(after, before, {Row("person"), Row("person", "segments")}) == after
