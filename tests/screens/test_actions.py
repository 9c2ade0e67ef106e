"""What the buttons do: connecting, changing the map, signing, deciding, starting and stopping."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connectors.contract import Identity
from projects import gates, members, selectors, services
from projects.models import Connection, Decision, Invitation, Membership, Project, Record, Run, Signature, User
from projects.pipeline import reconcile

from .conftest import SECRET, TRIGGER

LogIn = Callable[[User], Client]


def gate_of(project: Project, name: str) -> gates.GateView:
    return next(view for view in gates.all_gates(project) if view.gate == name)


def post(client: Client, view: str, args: list[Any], **data: Any) -> str:
    return client.post(reverse(view, args=args), data, follow=True).content.decode()


def test_a_connection_is_saved_and_an_empty_key_keeps_the_stored_one(
    project: Project, engineer: User, log_in: LogIn
) -> None:
    data = {"connector": "customerio", "host": "https://api.customer.io", "api_key": "", "requests_per_minute": "30"}
    page = post(log_in(engineer), "save-connection", [project.slug, "source"], **data)
    connection = project.connections.get(side="source")
    assert connection.secrets == {"api_key": SECRET}
    assert connection.requests_per_minute == 30
    assert "A key is stored" in page


def test_a_stored_key_does_not_follow_to_another_address(project: Project, engineer: User, log_in: LogIn) -> None:
    data = {"connector": "customerio", "host": "another", "base_url": "https://evil.example.com", "api_key": ""}
    answer = log_in(engineer).post(reverse("save-connection", args=[project.slug, "source"]), data)
    assert answer.status_code == 422
    assert "enter the key again" in answer.content.decode()
    assert project.connections.get(side="source").base_url == "https://api.customer.io"


def test_a_connection_that_cannot_be_this_side_is_not_found(project: Project, engineer: User, log_in: LogIn) -> None:
    url = reverse("save-connection", args=[project.slug, "source"])
    assert log_in(engineer).post(url, {"connector": "twenty"}).status_code == 404


def test_testing_a_connection_shows_whose_account_it_opens(
    project: Project, engineer: User, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "test_connection", lambda **_: Identity("Harbour Tours Ltd."))
    assert "Harbour Tours Ltd." in post(log_in(engineer), "test-connection", [project.slug, "source"])


def test_leaving_a_field_behind_makes_a_new_map_and_voids_the_signature(
    confirmed: Project, customer: User, log_in: LogIn
) -> None:
    client = log_in(customer)
    page = post(client, "change-map", [confirmed.slug], object="person", field="plan", to="leave")
    latest = confirmed.map_series.latest()
    assert latest is not None
    assert latest.number == 2
    assert "is void" in page
    assert gate_of(confirmed, "map").state == "void"
    post(client, "change-map", [confirmed.slug], object="person", field="plan", to="take")
    again = confirmed.map_series.latest()
    assert again is not None
    person = again.spec.object("person")
    rule = person.rule_for("plan") if person else None
    assert rule is not None
    assert (rule.action, rule.destination) == ("create", "planTrait")
    assert rule.decided_by == "Customer Person"


@pytest.mark.parametrize("field", ["cio_id", "email"])
def test_the_field_by_which_records_are_recognised_stays(
    field: str, mapped: Project, customer: User, log_in: LogIn
) -> None:
    page = post(log_in(customer), "change-map", [mapped.slug], object="person", field=field, to="leave")
    assert "always goes along" in page
    assert mapped.map_series.versions.count() == 1


def test_the_map_is_signed_over_what_was_shown(mapped: Project, customer: User, log_in: LogIn) -> None:
    shown = gate_of(mapped, "map")
    page = post(
        log_in(customer), "sign", [mapped.slug, "map"], digest=shown.digest, seen=TRIGGER["id"], name="Carla Customer"
    )
    assert "Signed: Field map, by Carla Customer" in page
    assert gate_of(mapped, "map").state == "signed"


def test_a_signature_over_something_else_is_refused(mapped: Project, customer: User, log_in: LogIn) -> None:
    page = post(
        log_in(customer), "sign", [mapped.slug, "map"], digest="0" * 64, seen=TRIGGER["id"], name="Carla Customer"
    )
    assert "has changed meanwhile" in page
    assert not Signature.objects.exists()


def test_nobody_signs_a_list_of_workflows_that_was_not_shown(mapped: Project, customer: User, log_in: LogIn) -> None:
    page = post(
        log_in(customer), "sign", [mapped.slug, "map"], digest=gate_of(mapped, "map").digest, seen="", name="Carla"
    )
    assert "list of workflows" in page
    assert not Signature.objects.exists()


def test_a_signature_needs_a_name(mapped: Project, customer: User, log_in: LogIn) -> None:
    digest = gate_of(mapped, "map").digest
    page = post(log_in(customer), "sign", [mapped.slug, "map"], digest=digest, seen=TRIGGER["id"], name="  ")
    assert "type your name" in page
    assert not Signature.objects.exists()


def test_rejecting_the_sandbox_tells_the_engineers_why(
    sandbox: Run, customer: User, engineer: User, log_in: LogIn
) -> None:
    post(log_in(customer), "reject", [sandbox.project.slug, "sandbox"], why="The plans are wrong.")
    page = log_in(engineer).get(reverse("project", args=[sandbox.project.slug])).content.decode()
    assert "Rejected" in page
    assert "The plans are wrong." in page
    assert (
        "The plans are wrong." in log_in(customer).get(reverse("sandbox", args=[sandbox.project.slug])).content.decode()
    )


def test_a_rejected_phase_is_told_until_something_else_stands_there(
    production: Run, customer: User, engineer: User, log_in: LogIn
) -> None:
    project, client = production.project, log_in(engineer)
    post(log_in(customer), "reject", [project.slug, "people"], why="Five plans are wrong.")
    overview, run = reverse("project", args=[project.slug]), reverse("run", args=[project.slug, production.number])
    told = f"Rejected by Customer Person on {timezone.now():%-d %b %Y}: Five plans are wrong."
    for url in (overview, run):
        assert told in client.get(url).content.decode()
    assert "then the run goes on by itself" not in client.get(run).content.decode()
    assert client.get(overview).content.decode().count(">Rejected</span>") == 1
    Record.objects.filter(run=production, state="held").update(state="excluded", reason="left_by_decision")
    reconcile.close(production.phases.get(name="people"))
    for url in (overview, run):
        assert "Rejected by" not in client.get(url).content.decode()
    assert "It changed since it was rejected." in client.get(overview).content.decode()


def test_what_a_service_refuses_is_a_sentence_on_the_page(project: Project, customer: User, log_in: LogIn) -> None:
    assert "Discover first" in post(log_in(customer), "propose-map", [project.slug])


def test_approving_a_phase_lets_the_run_go_on(production: Run, customer: User, log_in: LogIn) -> None:
    data = {"digest": gate_of(production.project, "people").digest, "name": "Carla Customer"}
    client, url = log_in(customer), [production.project.slug, "people"]
    assert "why you accept what differs" in post(client, "sign", url, **data)
    production.refresh_from_db()
    assert production.state == Run.State.WAITING
    post(client, "sign", url, note="Five plans were changed by hand.", **data)
    production.refresh_from_db()
    assert production.state == Run.State.RUNNING


def test_a_name_is_not_said_to_be_missing(production: Run, customer: User, log_in: LogIn) -> None:
    client, url = log_in(customer), reverse("find", args=[production.project.slug])
    page = client.get(url, {"q": "Cantwell"}).content.decode()
    assert "Names are not searched: search by e-mail address, key or id." in page
    assert "Not migrated" not in page
    assert 'maxlength="200"' in page
    assert "it was never read" in client.get(url, {"q": "cantwell@example.com"}).content.decode()


def test_a_number_of_the_books_leads_to_the_records_it_counts(production: Run, customer: User, log_in: LogIn) -> None:
    step = production.steps.exclude(object="person").filter(phase__name="people").order_by("order").first()
    assert step is not None
    Record.objects.create(run=production, object=step.object, key="9", raw={}, digest="d" * 64, state="created")
    reconcile.close(production.phases.get(name="people"))
    url = reverse("records", args=[production.project.slug, production.number])
    answer = log_in(customer).get(url, {"state": "created", "phase": "people"})
    assert answer.context["asked"].object == "person"
    assert answer.context["count"] == 5


def test_the_trail_and_preflight_speak_in_the_customers_words(
    production: Run, customer: User, engineer: User, log_in: LogIn
) -> None:
    group = {"code": "no_match_value", "object": "object:7", "severity": "held", "count": 2}
    report = {"checked": 9, "ready": 3, "landed": 4, "held": 2, "groups": [group]}
    production.phases.filter(name="people").update(preflight=report)
    client = log_in(engineer)
    page = client.get(reverse("run", args=[production.project.slug, production.number])).content.decode()
    assert "3 ready, 4 were there already, 2 held" in page
    assert "<td>Boats</td>" in page
    data = {"object": "person", "reason": "duplicate_match_value", "verdict": "merge"}
    post(log_in(customer), "decide", [production.project.slug], **data)
    trail = client.get(reverse("trail", args=[production.project.slug])).content.decode()
    assert "held people (Same address or web host as another): merge" in trail
    Run.objects.filter(pk=production.pk).update(state=Run.State.SUCCEEDED)
    page = client.get(reverse("rollback", args=[production.project.slug])).content.decode()
    assert "Object types: People, Boats" in page
    gate = gate_of(production.project, "objects")
    assert gate.why_not == f"The phase “{gate.label}” has not been reconciled yet."


def test_a_verdict_for_a_whole_group_is_kept(sandbox: Run, customer: User, log_in: LogIn) -> None:
    data = {"object": "person", "reason": "no_match_value", "verdict": "import"}
    page = post(log_in(customer), "decide", [sandbox.project.slug], **data)
    assert "Decided for 5 records: imported as they are." in page
    assert Decision.objects.get().verdict == "import"


@pytest.mark.parametrize(("reason", "verdict"), [("no_match_value", "import"), ("duplicate_match_value", "merge")])
def test_what_is_decided_and_about_to_be_carried_out_has_no_buttons(
    reason: str, verdict: str, production: Run, customer: User, log_in: LogIn
) -> None:
    client, where = log_in(customer), {"object": "person", "reason": reason}
    decided = f'name="verdict" value="{verdict}"'
    assert decided in client.get(reverse("held", args=[production.project.slug]), where).content.decode()
    page = post(client, "decide", [production.project.slug], **where, verdict=verdict)
    assert "the run carries it out in a moment" in page
    assert 'name="verdict"' not in page
    assert 'name="keep"' not in page
    assert page.partition("<main")[2].count("not yet") == 1, "the other group"
    Run.objects.filter(pk=production.pk).update(state=Run.State.SUCCEEDED)
    assert decided in client.get(reverse("held", args=[production.project.slug]), where).content.decode()


def test_keeping_one_of_two_doubles_leaves_the_other_behind(sandbox: Run, customer: User, log_in: LogIn) -> None:
    twins = list(Record.objects.filter(match_key="twin0@example.com").order_by("key").values_list("key", flat=True))
    data = {"object": "person", "reason": "duplicate_match_value", "keys": twins, "keep": twins[1]}
    post(log_in(customer), "decide", [sandbox.project.slug], **data)
    decision = Decision.objects.get()
    assert (decision.key, decision.verdict) == (twins[0], "drop")


@pytest.mark.parametrize(("verdict", "button", "said"), [
    ("restore", "Restore and update", "restored and updated"),
    ("remove", "Remove the deleted one for good", "the deleted one removed for good"),
])  # fmt: skip
def test_what_becomes_of_a_deleted_owner_can_be_decided(
    verdict: str, button: str, said: str, sandbox: Run, customer: User, log_in: LogIn
) -> None:
    Record.objects.filter(run=sandbox, reason="no_match_value").update(reason="deleted_owner")
    client, url = log_in(customer), reverse("held", args=[sandbox.project.slug])
    where = {"object": "person", "reason": "deleted_owner"}
    shown = client.get(url, where)
    assert button in shown.content.decode()
    assert [(one.verdict, one.landed, one.left) for one in shown.context["outcomes"]] == [
        ("", 0, 0), ("restore", 5, 0), ("remove", 5, 0), ("drop", 0, 5)
    ]  # fmt: skip
    answer = client.post(reverse("decide", args=[sandbox.project.slug]), where | {"verdict": verdict}, follow=True)
    assert said in answer.content.decode()
    assert Decision.objects.get().verdict == verdict


@pytest.mark.parametrize(("reason", "landed"), [("edited_on_both_sides", 5), ("deleted_at_source", 0)])
def test_a_conflict_with_twenty_can_be_decided_for_either_side(
    reason: str, landed: int, sandbox: Run, customer: User, log_in: LogIn
) -> None:
    Record.objects.filter(run=sandbox, reason="no_match_value").update(reason=reason)
    client, where = log_in(customer), {"object": "person", "reason": reason}
    shown = client.get(reverse("held", args=[sandbox.project.slug]), where)
    assert "Take what Customer.io says" in shown.content.decode()
    told = [(one.verdict, one.landed) for one in shown.context["outcomes"]]
    assert told[1:] == [("ours", landed), ("theirs", landed)]
    assert "kept as it stands in Twenty" in post(client, "decide", [sandbox.project.slug], **where, verdict="ours")


def test_a_verdict_that_makes_no_sense_is_refused(sandbox: Run, customer: User, log_in: LogIn) -> None:
    data = {"object": "person", "reason": "no_match_value", "verdict": "merge"}
    assert "does not fit" in post(log_in(customer), "decide", [sandbox.project.slug], **data)
    assert not Decision.objects.exists()


def test_every_decision_leaves_the_sum_of_the_books_alone(sandbox: Run, customer: User, log_in: LogIn) -> None:
    url = reverse("held", args=[sandbox.project.slug])
    for reason in ("no_match_value", "duplicate_match_value"):
        answer = log_in(customer).get(url, {"object": "person", "reason": reason})
        sums = {one.held + one.landed + one.merged + one.left for one in answer.context["outcomes"]}
        assert len(sums) == 1


def test_a_run_is_started_with_a_sample_of_the_size_asked_for(
    confirmed: Project, engineer: User, log_in: LogIn
) -> None:
    post(log_in(engineer), "start-run", [confirmed.slug], kind="sandbox", sample_size="50")
    run = confirmed.runs.get(kind=Run.Kind.SANDBOX)
    assert run.sample_size == 50
    assert run.state == Run.State.QUEUED


def test_what_cannot_be_started_says_why(mapped: Project, engineer: User, log_in: LogIn) -> None:
    page = log_in(engineer).get(reverse("runs", args=[mapped.slug])).content.decode()
    assert "has to be signed first" in page
    assert "not confirmed" in post(log_in(engineer), "start-run", [mapped.slug], kind="sandbox", sample_size="50")


def test_a_paused_run_is_resumed(production: Run, engineer: User, log_in: LogIn) -> None:
    Run.objects.filter(pk=production.pk).update(state=Run.State.PAUSED, problem="Twenty does not know the key.")
    url = [production.project.slug, production.number]
    page = log_in(engineer).get(reverse("run", args=url)).content.decode()
    assert "Twenty does not know the key." in page
    assert "Resume" in page
    post(log_in(engineer), "resume-run", url)
    production.refresh_from_db()
    assert production.state == Run.State.RUNNING


def test_cancelling_needs_a_reason(production: Run, engineer: User, log_in: LogIn) -> None:
    url = [production.project.slug, production.number]
    assert "Say why" in post(log_in(engineer), "cancel-run", url, why=" ")
    post(log_in(engineer), "cancel-run", url, why="The wrong workspace.")
    production.refresh_from_db()
    assert (production.state, production.problem) == (Run.State.CANCELLED, "The wrong workspace.")


def invited(project: Project, admin: User, email: str) -> str:
    link = members.invite(project=project, email=email, role=Membership.Role.CUSTOMER, by=admin)
    return reverse("invitation", args=[link.rstrip("/").rpartition("/")[2]])


def test_an_invitation_shows_who_invites_and_lets_one_person_in_once(project: Project, admin: User) -> None:
    url, client = invited(project, admin, "new@example.com"), Client()
    page = client.get(url).content.decode()
    assert "Admin Person" in page
    assert "Harbour Tours" in page
    assert client.post(url, {"name": "Nora New"}).status_code == 302
    assert client.get(reverse("project", args=[project.slug])).status_code == 200
    assert User.objects.get(email="new@example.com").name == "Nora New"
    assert "used or out of date" in Client().get(url).content.decode()


def test_looking_at_an_invitation_does_not_use_it_up(project: Project, admin: User) -> None:
    url = invited(project, admin, "new@example.com")
    Client().get(url)
    assert Invitation.objects.get().accepted_at is None


def test_an_old_invitation_says_so(project: Project, admin: User) -> None:
    url = invited(project, admin, "new@example.com")
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    answer = Client().get(url)
    assert answer.status_code == 410
    assert "out of date" in answer.content.decode()


def test_a_link_does_not_open_an_account_that_has_a_password(project: Project, admin: User, stranger: User) -> None:
    url, client = invited(project, admin, stranger.email), Client()
    assert "Log in" in client.post(url, {}).content.decode()
    assert "_auth_user_id" not in client.session
    client.force_login(stranger)
    client.post(url, {})
    assert project.memberships.filter(user=stranger).exists()


def test_a_link_does_not_open_a_seat_in_a_project_the_inviter_does_not_manage(project: Project, admin: User) -> None:
    guest = User.objects.create_user("guest@example.com", name="Gus Guest")
    owner = User.objects.create_user("owner@example.com", "a-long-password")
    other = services.create_project(name="Somewhere else", by=owner)
    members.add_member(project=other, user=guest, role=Membership.Role.CUSTOMER, by=owner)
    client = Client()
    client.post(invited(project, admin, "guest@example.com"), {})
    assert "_auth_user_id" not in client.session


def test_a_connection_form_never_sends_the_stored_key(project: Project, engineer: User, log_in: LogIn) -> None:
    page = log_in(engineer).get(reverse("connections", args=[project.slug])).content.decode()
    assert 'type="password"' in page
    assert SECRET not in page
    assert Connection.objects.filter(project=project).count() == 2


def test_the_customer_looks_the_sample_through_and_the_engineer_answers(
    sandbox: Run, customer: User, engineer: User, log_in: LogIn
) -> None:
    project, browser = sandbox.project, log_in(customer)
    first, second = Record.objects.filter(run=sandbox).order_by("pk")[:2]
    before = gate_of(project, "sandbox").digest
    post(browser, "look", [project.slug, first.pk], word="ok")
    page = post(browser, "look", [project.slug, second.pk], word="comment", comment="This is not her company.")
    assert "2 of 14 looked at" in page
    assert "Comments that wait" in page
    assert gate_of(project, "sandbox").digest != before
    assert gates.doubt(project, "sandbox").endswith("1 comment on the sample waits.")
    assert "the customer looks the sample through" in post(
        log_in(engineer), "look", [project.slug, first.pk], word="ok"
    )
    page = post(log_in(engineer), "look", [project.slug, second.pk], word="answered", comment="Mended in the map.")
    assert "Comments that wait" not in page
    assert "comment on the sample" not in gates.doubt(project, "sandbox")


def test_a_look_after_the_signature_makes_it_void(sandbox: Run, customer: User, log_in: LogIn) -> None:
    services.sign(project=sandbox.project, gate="sandbox", by=customer, name="Carla Customer", note="Seen.")
    record = Record.objects.filter(run=sandbox).order_by("pk")[0]
    post(log_in(customer), "look", [sandbox.project.slug, record.pk], word="comment", comment="Wait.")
    assert gate_of(sandbox.project, "sandbox").state == "void"


def test_differences_are_accepted_by_name_on_their_page(production: Run, customer: User, log_in: LogIn) -> None:
    browser, args = log_in(customer), [production.project.slug, production.number, "people"]
    assert "5 unexplained" in browser.get(reverse("reconciliation", args=args)).content.decode()
    assert "Type your name" in post(browser, "accept-differences", args, name="", why="")
    one = production.differences.order_by("pk")[0]
    post(browser, "accept-differences", args, name="Carla Customer", why="An old plan.", ids=[one.pk])
    page = post(browser, "accept-differences", args, name="Carla Customer", why="All of them.")
    assert "4 accepted by Carla Customer" in page
    assert "0 unexplained, 5 mended or accepted by name" in page
    assert "BALANCED" in page
    page = browser.get(reverse("reconciliation", args=args), {"show": "all"}).content.decode()
    assert "accepted by Carla Customer" in page
    digest = gate_of(production.project, "people").digest
    post(browser, "sign", [production.project.slug, "people"], name="Carla Customer", digest=digest)
    assert gate_of(production.project, "people").state == "signed"


def test_an_engineer_accepts_nothing(production: Run, engineer: User, log_in: LogIn) -> None:
    args = [production.project.slug, production.number, "people"]
    page = post(log_in(engineer), "accept-differences", args, name="Eva", why="Because.")
    assert "you may not accept differences" in page
    assert production.differences.unexplained().count() == 5


def test_a_record_is_found_by_address_key_and_destination_id(production: Run, customer: User, log_in: LogIn) -> None:
    browser = log_in(customer)
    row = Record.objects.filter(run=production, state="created").order_by("pk")[0]
    link = production.links.order_by("pk")[0]
    link.key = row.key
    link.save()
    for asked in (f" {row.raw['email'].upper()} ", row.key, str(link.destination_id)):
        page = browser.get(reverse("find", args=[production.project.slug]), {"q": asked}).content.decode()
        assert reverse("record", args=[production.project.slug, production.number, row.pk]) in page, asked
        assert "It is in Twenty CRM as person" in page
    held = Record.objects.filter(run=production, reason="no_match_value").order_by("pk")[0]
    page = browser.get(reverse("find", args=[production.project.slug]), {"q": held.key}).content.decode()
    assert "Not migrated yet, because no e-mail address. It waits for a decision." in page
    page = browser.get(reverse("find", args=[production.project.slug]), {"q": "ghost@example.com"}).content.decode()
    assert "it was never read: Customer.io did not list “ghost@example.com” when Production run 3 read it" in page


def test_a_void_map_says_what_differs_from_what_was_signed(confirmed: Project, customer: User, log_in: LogIn) -> None:
    url = reverse("project", args=[confirmed.slug])
    confirmed.connections.filter(side="destination").update(base_url="https://other.example.com")
    page = log_in(customer).get(url).content.decode()
    assert "now it is https://other.example.com." in page
    assert "it was changed to" not in page
    post(log_in(customer), "change-map", [confirmed.slug], object="person", field="plan", to="leave")
    page = log_in(customer).get(url).content.decode()
    assert "Map v1 was signed; since then it was changed to v2. The destination was " in page


def test_an_audit_that_was_passed_over_is_not_done(production: Run, customer: User) -> None:
    views = gates.all_gates(production.project)
    stops = {stop.stage: (stop.state, stop.note) for stop in selectors.rail(production.project, views)}
    assert selectors.stage_of(production.project, views) == "production"
    assert stops["audit"] == ("ahead", "not yet")
    assert stops["sandbox"][0] == "done"
