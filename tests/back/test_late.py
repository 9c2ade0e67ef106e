"""Audit, freeze, cutover and hypercare: who was deleted stays away, and Twenty becomes the system of record once."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connectors.customerio.fake import Workspace
from projects import (
    audits,
    cutover,
    deletions,
    deltas,
    freeze,
    gates,
    hypercare,
    late_gates,
    rollback,
    selectors,
    services,
)
from projects.documents.audience import audience_of
from projects.keeping_up import watch_sources
from projects.models import Connection, GroupMember, Link, Project, Record, Run
from projects.pipeline import engine
from projects.pipeline.scope import Scope
from projects.services import Refused
from tests.back.conftest import DAY, ask, landed
from tests.back.test_delta import carry_over, people
from tests.journey import checkpoint
from tests.journey.conftest import Migration

HOUR = 3600


def five_deleted(migration: Migration) -> dict[str, str]:
    """Five people are deleted, two come back: one through a shop, one without a name; gives their new keys."""
    return checkpoint.reach(migration, "five deleted", lambda: delete_five(migration.source.workspace))


def delete_five(source: Workspace) -> dict[str, str]:
    now = source.now()
    source.change_attributes("00000010", {"unsubscribed": True}, at=now - 2 * DAY)
    for number in range(8, 13):
        source.delete_person(f"{number:08d}", at=now - DAY)
    bounce = {"type": "bounces", "domain": "company2.example", "email": "p9@company2.example"}
    source.listings.suppressions.append(bounce | {"created": now - 3 * DAY, "reason": "550", "status": "5.1.1"})
    shop = source.add_person(id="u10", email="again@company1.example", at=now - HOUR).cio_id
    source.add_event(shop, "Shopify Order Placed", {"integration": "Shopify"}, at=now - HOUR + 5)
    quiet = source.add_person(id="x", email="p11@company2.example", at=now - HOUR).cio_id
    return {"u10": shop, "p11": quiet}


def test_of_five_deleted_the_two_who_came_back_are_named_with_what_brought_them(small: Migration) -> None:
    back = five_deleted(small)
    small.to_map()
    content = audits.make(project=small.project, by=small.admin).content
    rows = {row["cio_id"]: row for row in content["deleted"]}
    assert content["counts"] == {
        "deleted": 5,
        "returned": 2,
        "merged": 0,
        "people": 9,
        "billable": 14,
        "expected": 7,
        "migrated": None,
        "in_destination": 0,
        "in_bin": 0,
    }
    assert rows["00000010"]["returned_as"] == back["u10"]
    assert "Shopify" in rows["00000010"]["trace"]
    assert rows["00000011"]["returned_as"] == back["p11"]
    assert "leaves no name" in rows["00000011"]["trace"]
    assert rows["00000009"]["suppressed"] == "bounces"
    assert "p10@company1.example" in content["do_not_contact"]
    assert "Shopify" in {one["name"] for one in content["integrations"]}


def test_nobody_who_was_deleted_is_in_twenty_at_the_end(small: Migration) -> None:
    back = five_deleted(small)
    small.to_map()
    audits.make(project=small.project, by=small.admin)
    assert small.run("sandbox", sample_size=6).state == Run.State.SUCCEEDED
    small.sign(gates.SANDBOX)
    run = small.production()
    assert set(people(small)) == {f"{number:08d}" for number in range(1, 8)}
    left = Record.objects.filter(run=run, object="person", reason="deleted_at_source")
    assert set(left.values_list("key", "state")) == {(key, "excluded") for key in back.values()}


@pytest.mark.parametrize("full", [False, True])
def test_who_came_back_and_landed_before_the_audit_is_taken_out_again(small: Migration, full: bool) -> None:
    back = five_deleted(small)
    landed(small)
    assert back["p11"] in people(small)
    audits.make(project=small.project, by=small.admin)
    audits.readmit(project=small.project, key=back["u10"], by=small.admin)
    carry_over(small, full=full)
    now = set(people(small))
    assert back["p11"] not in now
    assert {f"{number:08d}" for number in range(1, 8)} <= now
    assert audits.make(project=small.project, by=small.admin).content["counts"]["in_destination"] == (
        back["u10"] in now
    )


def test_who_is_let_in_by_name_keeps_the_right_not_to_be_written_to(small: Migration) -> None:
    back = five_deleted(small)
    small.to_map()
    audits.make(project=small.project, by=small.admin)
    audits.readmit(project=small.project, key=back["u10"], by=small.admin)
    assert small.run("sandbox", sample_size=6).state == Run.State.SUCCEEDED
    small.sign(gates.SANDBOX)
    small.production()
    assert people(small)[back["u10"]]["customerioUnsubscribed"] is True
    assert back["p11"] not in people(small)


def test_who_is_not_to_be_written_to_is_on_no_list(small: Migration) -> None:
    back = five_deleted(small)
    small.source.workspace.add_segment("Asked", members=[back["u10"], "00000001", "00000003"])
    small.to_map()
    audits.make(project=small.project, by=small.admin)
    audits.readmit(project=small.project, key=back["u10"], by=small.admin)
    assert small.run("sandbox", sample_size=6).state == Run.State.SUCCEEDED
    small.sign(gates.SANDBOX)
    run = small.production()
    merged_away = Link.objects.get(object="person", key="00000003")
    kept = {name: getattr(merged_away, name) for name in ("project", "run", "object", "destination", "destination_id")}
    Link.objects.create(**kept, key="twin", origin=Link.Origin.MERGED)
    Record.objects.create(run=run, object="person", key="twin", raw={"unsubscribed": True}, digest="d" * 64)
    group = GroupMember.objects.filter(run=run, key=back["u10"]).values_list("group", flat=True).get()
    found = audience_of(small.project, group)
    assert found.members == (people(small)["00000001"]["id"],)
    assert found.sentence == "1 of 3 members; 2 have unsubscribed and are not on it"


def test_the_audit_is_signed_over_settled_integrations_and_void_when_somebody_comes_back(small: Migration) -> None:
    five_deleted(small)
    small.to_map()
    audits.make(project=small.project, by=small.admin)
    with pytest.raises(Refused, match="1 integration is not looked at"):
        small.sign("audit")
    for one in small.project.integrations.all():
        audits.settle_integration(project=small.project, name=one.name, owner="Ann", state="paused", by=small.admin)
    small.sign("audit")
    assert gates.is_signed(small.project, "audit")
    small.source.workspace.add_person(id="u12", email="new@company1.example")
    audits.make(project=small.project, by=small.admin)
    assert not gates.is_signed(small.project, "audit")


def test_who_unsubscribes_after_the_last_run_and_is_deleted_then_keeps_that_right(small: Migration) -> None:
    small.to_map()
    assert small.run("sandbox", sample_size=6).state == Run.State.SUCCEEDED
    read = Record.objects.filter(run__project=small.project, object="person").latest("pk")
    small.source.workspace.change_attributes(read.key, {"unsubscribed": True})
    small.source.workspace.delete_person(read.key)
    assert audits.make(project=small.project, by=small.admin).content["do_not_contact"] == [read.raw["email"]]


def test_the_cutover_waits_until_nobody_who_was_deleted_stands_in_twenty(small: Migration, client: Client) -> None:
    landed(small)
    for number in (8, 9):
        small.source.workspace.delete_person(f"{number:08d}")
    audits.make(project=small.project, by=small.admin)
    assert "2 people who were deleted stand in Twenty." in checklist_of(small)
    client.force_login(small.admin)
    url = reverse("audit", args=[small.project.slug])
    assert "the next delta takes 2 out" in client.get(url).content.decode()
    delta = carry_over(small)
    assert "Nobody who was deleted and is known of stands in Twenty." in checklist_of(small)
    page = client.get(url).content.decode()
    assert f"{delta} has ended since: look again before you acknowledge this." in page
    client.post(reverse("refresh-audit", args=[small.project.slug]))
    assert "has ended since" not in client.get(url).content.decode()


def checklist_of(migration: Migration) -> set[str]:
    """The sentences of the cutover's checklist."""
    return {check.sentence for check in gates.Standing(migration.project).checks}


def test_the_page_shows_who_came_back_first_and_says_how_many_more_there_are(
    small: Migration, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    five_deleted(small)
    small.to_map()
    audits.make(project=small.project, by=small.admin)
    monkeypatch.setattr("projects.views.audit.SHOWN", 2)
    client.force_login(small.admin)
    page = client.get(reverse("audit", args=[small.project.slug]))
    assert all(one["returned_as"] for one in page.context["deleted"])
    assert "3 more are in the CSV and the PDF." in page.content.decode()


def test_deletions_are_kept_although_the_log_forgets_them(small: Migration) -> None:
    small.source.workspace.delete_person("00000001")
    deletions.poll_all()
    small.to_map()
    assert deletions.poll(small.project) >= 0
    small.source.quirks.activity_days = 0
    assert audits.make(project=small.project, by=small.admin).content["counts"]["deleted"] == 1


def to_the_eve(migration: Migration) -> None:
    """Everything before the cutover: production, the audit, the freeze."""
    landed(migration)
    checkpoint.reach(migration, "eve", lambda: audit_and_freeze(migration))


def audit_and_freeze(migration: Migration) -> None:
    audits.make(project=migration.project, by=migration.admin)
    for one in migration.project.integrations.all():
        audits.settle_integration(
            project=migration.project, name=one.name, owner="A", state="paused", by=migration.admin
        )
    migration.sign("audit")
    cutover.announce(project=migration.project, at=timezone.now(), by=migration.admin)


def open_checks(migration: Migration) -> set[str]:
    return {check.name for check in cutover.checks(migration.project) if not check.passed}


def test_the_cutover_waits_for_every_check_and_stamps_the_moment(small: Migration) -> None:
    to_the_eve(small)
    assert open_checks(small) == {"deltas", "replay"}
    with pytest.raises(Refused):
        small.sign("cutover")
    carry_over(small)
    carry_over(small, full=True)
    small.run("replay")
    assert open_checks(small) == set()
    assert selectors.stage_of(small.project) == "cutover"
    small.sign("cutover")
    small.project.refresh_from_db()
    assert small.project.cut_over_at is not None
    assert selectors.stage_of(small.project) == "hypercare"
    assert selectors.status(small.project)["gates"][-2]["state"] == "signed"


def test_who_writes_during_the_freeze_is_named(small: Migration) -> None:
    to_the_eve(small)
    small.source.workspace.change_attributes("00000001", {"shopify_total": "3"}, at=small.source.workspace.now() + 2)
    found = next(check for check in cutover.checks(small.project) if check.name == "source")
    assert not found.passed
    assert "1 changed attributes by shopify, last " in found.sentence


def test_the_checklist_names_webhooks_that_hear_of_every_change(small: Migration) -> None:
    to_the_eve(small)
    secret = "https://user:s3cret@a.example/in/s3cret?key=s3cret"
    for address, operations in ((secret, ["person.*"]), ("https://b.example/in", ["task.created"])):
        headers = {"Authorization": f"Bearer {small.destination.api_key}"}
        with httpx.Client(transport=httpx.WSGITransport(app=small.destination), base_url="https://x.test") as client:
            body = {"targetUrl": address, "operations": operations}
            assert client.post("/rest/metadata/webhooks", json=body, headers=headers).status_code == 201
    found = next(check for check in cutover.checks(small.project) if check.name == "webhooks")
    assert found.sentence.endswith("of a person or company: a.example.")


def ready_to_cut_over(migration: Migration) -> None:
    """Everything before the signature under the cutover: what is left is a person's."""
    to_the_eve(migration)
    carry_over(migration)
    carry_over(migration, full=True)
    migration.run("replay")
    freeze.look(migration.project)


def cut_over(migration: Migration) -> None:
    """Twenty is the system of record."""
    ready_to_cut_over(migration)
    migration.sign("cutover")
    migration.project.refresh_from_db()


def sign_on_the_page(migration: Migration, gate: str, note: str = "") -> str:
    """The signature as the page sends it; gives what the next page says."""
    client = Client()
    client.force_login(migration.admin)
    form = client.get(reverse(gate, args=[migration.project.slug])).context["sign_form"].initial
    url = reverse("sign", args=[migration.project.slug, gate])
    return client.post(url, {**form, "name": "Ada Admin", "note": note}, follow=True).content.decode()


def test_the_cutover_is_not_signed_over_a_look_from_before_the_last_write(small: Migration) -> None:
    ready_to_cut_over(small)
    assert selectors.stage_of(small.project) == "cutover"
    small.source.workspace.change_attributes("00000001", {"shopify_total": "3"}, at=small.source.workspace.now() + 2)
    assert "Somebody still writes to the source" in sign_on_the_page(small, "cutover")
    small.project.refresh_from_db()
    assert small.project.cut_over_at is None


def test_a_freeze_is_watched_although_nobody_presses_anything(small: Migration) -> None:
    to_the_eve(small)
    small.source.workspace.change_attributes("00000001", {"shopify_total": "3"}, at=small.source.workspace.now() + 2)
    watch_sources()
    found = next(check for check in gates.Standing(small.project).checks if check.name == "source")
    assert "1 changed attributes by shopify, last " in found.sentence


def test_who_rolls_production_back_after_the_cutover_has_to_cut_over_again(small: Migration) -> None:
    cut_over(small)
    number = small.project.runs.filter(kind="production").latest("number").number
    run = rollback.start(project=small.project, scope=Scope(run=number), by=small.admin)
    engine.drive(run.pk)
    small.project.refresh_from_db()
    assert small.project.cut_over_at is not None
    run.refresh_from_db()
    rollback.confirm(run=run, typed=small.project.name, by=small.admin)
    small.project.refresh_from_db()
    assert (small.project.cut_over_at, small.project.freeze_at) == (None, None)
    assert engine.drive(run.pk).state == Run.State.SUCCEEDED
    assert selectors.stage_of(small.project) == "production"
    cutover.announce(project=small.project, at=timezone.now(), by=small.admin)


def test_an_issue_is_closed_over_a_look_at_both_systems(small: Migration) -> None:
    with pytest.raises(Refused, match="opens with the cutover"):
        hypercare.raise_concern(project=small.project, key="00000001", text="Wrong city", by=small.admin)
    cut_over(small)
    person = people(small)["00000001"]
    small.destination.edit("person", person["id"], {"city": "Wrong"})
    concern = hypercare.raise_concern(
        project=small.project, key="p1@company2.example", field="city", text="Wrong city", by=small.admin
    )
    with pytest.raises(Refused, match="over a look"):
        hypercare.resolve(concern=concern, by=small.admin)
    assert hypercare.check(concern=concern, by=small.admin).check_passed is False
    with pytest.raises(Refused, match="not resolved"):
        small.sign("hypercare")
    small.destination.edit("person", person["id"], {"city": "Town 1"})
    assert hypercare.check(concern=concern, by=small.admin).check_passed is True
    hypercare.resolve(concern=concern, by=small.admin)
    with pytest.raises(Refused, match="open until"):
        small.sign("hypercare")
    type(small.project).objects.update(cut_over_at=timezone.now() - timedelta(days=8))
    small.project.refresh_from_db()
    assert late_gates.doubt(small.project, "hypercare") == ""
    small.sign("hypercare")
    assert selectors.stage_of(small.project) == "closed"
    assert hypercare.report(small.project)["issues"][0]["state"] == "resolved"


def test_every_screen_of_the_last_stages_opens_and_the_report_is_a_file(small: Migration) -> None:
    to_the_eve(small)
    carry_over(small)
    assert deltas.lag(small.project).last is not None
    client = Client()
    client.force_login(small.admin)
    base = f"/projects/{small.project.slug}"
    for name in ("audit", "delta", "cutover", "hypercare", "rollback"):
        answer = client.get(f"{base}/{name}/")
        assert answer.status_code == 200, name
        assert answer.content.count(b"<h1>") == 1
    assert client.get(f"{base}/audit/csv/").content.startswith(b"cio_id,id,email")
    assert client.get(f"{base}/audit/pdf/").content.startswith(b"%PDF")
    assert client.get(f"{base}/hypercare/?format=pdf").content.startswith(b"%PDF")
    answer = client.post(f"{base}/rollback/start/", {"what": "phase", "which": "activities"})
    run = engine.drive(small.project.runs.filter(kind="rollback").latest("number").pk)
    assert b"Type the name of the project" in client.get(f"{base}/rollback/").content
    client.post(f"{base}/rollback/{run.number}/confirm/", {"typed": small.project.name})
    assert engine.drive(run.pk).state == Run.State.SUCCEEDED
    assert not small.destination.records("activity")


def ready(migration: Migration) -> None:
    """Everything that a cutover waits for."""
    to_the_eve(migration)
    carry_over(migration)
    carry_over(migration, full=True)
    migration.run("replay")
    assert open_checks(migration) == set()


def test_a_look_that_is_old_or_from_before_the_freeze_says_nothing_about_who_writes_now(small: Migration) -> None:
    ready(small)
    source = Connection.objects.get(project=small.project, side="source")
    looked = source.known["cutover"]
    small.project.refresh_from_db()
    assert small.project.freeze_at is not None
    for at in (timezone.now() - timedelta(minutes=61), small.project.freeze_at - timedelta(seconds=1)):
        source.known["cutover"] = {**looked, "at": at.isoformat()}
        source.save()
        with pytest.raises(Refused, match="who has written since is not known"):
            small.sign("cutover")
    source.known["cutover"] = looked
    source.save()
    # Two people press at once: both read the project before either had signed.
    other = Project.objects.get(pk=small.project.pk)
    small.sign("cutover")
    stamped = Project.objects.get(pk=other.pk).cut_over_at
    late_gates.stamp(other)
    assert Project.objects.get(pk=other.pk).cut_over_at == other.cut_over_at == stamped
    assert small.project.events.filter(verb="CUT_OVER").count() == 1


def test_a_change_that_twenty_refuses_holds_the_cutover_up(small: Migration) -> None:
    to_the_eve(small)
    theirs = {"emails": {"primaryEmail": "theirs@x.example", "additionalEmails": []}}
    ask(small.destination, "POST", "/rest/people", theirs)
    small.source.workspace.change_attributes("00000005", {"email": "theirs@x.example", "city": "Rome"})
    run = carry_over(small)
    assert Record.objects.get(run=run, object="person", key="00000005").state == "rejected"
    held = next(check for check in cutover.checks(small.project) if check.name == "held")
    assert held.sentence == f"Twenty refused 1 record of {run}: what changed there has not landed."
    ours = next(
        row for row in small.destination.records("person") if row["emails"]["primaryEmail"] == "theirs@x.example"
    )
    ask(small.destination, "DELETE", f"/rest/people/{ours['id']}")
    carry_over(small)
    assert people(small)["00000005"]["emails"]["primaryEmail"] == "theirs@x.example"
    assert "held" not in open_checks(small)


def test_whoever_was_let_in_can_be_kept_out_again(small: Migration) -> None:
    back = five_deleted(small)
    landed(small)
    audits.make(project=small.project, by=small.admin)
    audits.readmit(project=small.project, key=back["p11"], by=small.admin)
    carry_over(small)
    assert back["p11"] in people(small)
    audits.keep_out(project=small.project, key=back["p11"], by=small.admin)
    carry_over(small)
    assert back["p11"] not in people(small)
    with pytest.raises(Refused, match="was let in"):
        audits.keep_out(project=small.project, key=back["p11"], by=small.admin)


def test_an_integration_is_paused_since_when_the_customer_says(small: Migration, client: Client) -> None:
    client.force_login(small.admin)
    page = reverse("settle-integration", args=[small.project.slug])
    client.post(page, {"name": "Our shop", "owner": "Ann", "state": "paused", "since": "2026-11-01T08:30"})
    row = small.project.integrations.get(name="Our shop")
    assert f"{row.since:%Y-%m-%d %H:%M}" == "2026-11-01 08:30"
    client.post(page, {"name": "Our shop", "owner": "Ann", "state": "open", "since": ""})
    row.refresh_from_db()
    assert row.since is None


def test_an_event_that_was_dated_back_is_found_before_the_cutover(small: Migration) -> None:
    landed(small)
    source = small.source.workspace
    source.add_event("00000002", "trip_booked", {"seats": 3}, at=source.now() - 2 * DAY, activity_id="dated-back")
    carry_over(small)
    names = {row["customerioId"] for row in small.destination.records("activity")}
    assert "dated-back" not in names
    with pytest.raises(SystemExit):
        call_command("migration", "cutover", small.project.slug, "--freeze", "--foreground")
    names = {row["customerioId"] for row in small.destination.records("activity")}
    assert "dated-back" in names
    small.project.refresh_from_db()
    assert not {"replay", "deltas"} & open_checks(small)


def test_the_audit_says_how_many_were_left_behind(small: Migration, client: Client) -> None:
    small.source.workspace.add_person(id="nobody", attributes={"first_name": "Nobody"})
    landed(small)
    services.decide_held(
        project=small.project, object="person", reason="no_match_value", verdict="drop", by=small.admin
    )  # fmt: skip
    carry_over(small)
    audits.make(project=small.project, by=small.admin)
    client.force_login(small.admin)
    page = client.get(reverse("audit", args=[small.project.slug])).content.decode()
    assert "1 fewer than expected: 1 was left behind." in page
