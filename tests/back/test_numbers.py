"""Every number in scope, certificate and handoff is a number of the rows: the JSON beside what SQL counts."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from django.db import connection

from bench.handoff import fill
from mapping.profile import ObjectProfile
from projects import rebuilding
from projects.documents import certificate, checklist
from projects.documents.kept import keep
from projects.labels import labels_of
from projects.models import Run
from tests.back.conftest import landed
from tests.back.test_delta import carry_over
from tests.journey import checkpoint
from tests.journey.conftest import Migration

AUTOMATIONS = ("campaign", "broadcast", "newsletter", "transactional")
LANDED = "('created', 'updated', 'unchanged')"
COLUMNS = ("created", "updated", "unchanged", "merged", "held", "excluded", "rejected")


def rows(question: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the database says, past every model."""
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        return list(cursor.fetchall())


def one(question: str, *values: Any) -> Any:
    return rows(question, *values)[0][0]


def numbers(text: str) -> list[int]:
    return [int(found.replace(",", "")) for found in re.findall(r"\d[\d,]*", text)]


@pytest.fixture
def moved(small: Migration) -> tuple[Migration, Run]:
    """The small company in production, with campaigns of every kind read along, and a list made."""

    def go() -> Run:
        run = landed(small)
        fill(run, campaigns=8, segments=0)
        rebuilding.build(project=small.project, by=small.admin)
        return run

    return small, checkpoint.reach(small, "moved", go)


def test_the_numbers_of_the_scope(moved: tuple[Migration, Run]) -> None:
    small, _run = moved
    made = keep(project=small.project, kind="scope", by=small.admin).content
    found = one("SELECT max(id) FROM projects_run WHERE kind = 'discovery'")
    profiles = rows("SELECT object, announced, read, missing, kind FROM projects_profile WHERE run_id = %s", found)
    read = {object: number for object, _, number, _, _ in profiles}
    assert {
        (row["object"], row["announced"], row["read"], row["missing"], row["kind"]) for row in made["inventory"]
    } == {*profiles}
    records = sum(
        number for object, _, number, _, kind in profiles
        if kind in ("record", "link", "happening") and not object.startswith("relationship:") and object != "membership"
    )  # fmt: skip
    assert made["records"] == records
    lines = {line["label"]: numbers(line["sentence"]) for line in made["grade"]["lines"]}
    ones = sum(row["how"] == "1:1" for row in made["compatibility"])
    graded = sum(row["how"] != "left behind" for row in made["compatibility"])
    assert (made["grade"]["one_to_one"], made["grade"]["objects"]) == (ones, graded)
    assert lines["Object compatibility"] == [ones, graded, 1, 1, graded - ones]
    assert lines["Timeline"] == [graded]
    assert lines["Data volume"] == [records]
    assert lines["Workflow weight"] == [read["segment"], sum(read.get(kind, 0) for kind in AUTOMATIONS)]
    assert lines["Identity quality"][1] == read["person"] == 12
    assert len(made["new_objects"]) == one("SELECT count(*) FROM projects_journalentry WHERE verb = 'create_object'")
    assert len(made["new_fields"]) == one("SELECT count(*) FROM projects_journalentry WHERE verb = 'create_field'")
    assert made["head"]["run"] == one("SELECT number FROM projects_run WHERE id = %s", found)
    fields_match_their_profiles(small, made, found)


def fields_match_their_profiles(small: Migration, made: Any, found: int) -> None:
    """How often each field is filled, in the profile as it is stored."""
    labels = labels_of(small.project)
    seen = {
        (labels[object], field.name): (field.filled, round(100 * field.filled / field.total, 1))
        for object, data in rows("SELECT object, data FROM projects_profile WHERE run_id = %s", found)
        if "profile" in (stored := json.loads(data))
        for field in ObjectProfile.from_json(stored["profile"]).field_profiles()
        if field.total
    }
    told = {(row["object"], row["field"]): (row["filled"], row["percent"]) for row in made["fields"] if row["filled"]}
    assert len(told) > 8
    assert {name: seen[name] for name in told} == told


def test_discovery_counts_the_people_whom_nothing_happened_to(small: Migration) -> None:
    small.run("discovery")
    made = keep(project=small.project, kind="scope", by=small.admin).content
    told = next(row for row in made["gotchas"] if row["title"] == "Inactive profiles inflate the bill")
    # Six of the twelve have booked a trip, and nobody was written to.
    assert told["number"] == 6
    assert told["sentence"].startswith("6 of 12 people have no event and no message in what was read.")


def test_the_gotchas_of_the_scope_have_numbers_of_the_rows(moved: tuple[Migration, Run]) -> None:
    small, run = moved
    made = keep(project=small.project, kind="scope", by=small.admin).content
    told = {row["title"]: row["number"] for row in made["gotchas"]}
    count = "SELECT count(*) FROM projects_record WHERE run_id = %s AND object = %s"
    kinds = {kind: one(count, run.pk, kind) for kind in AUTOMATIONS}
    sent = rows("SELECT raw FROM projects_record WHERE run_id = %s AND object IN ('campaign', 'broadcast')", run.pk)
    pushes = sum(raw.count('"type":"push"') for (raw,) in sent)
    hidden = one(f"{count} AND raw LIKE '%%\"hide_message_body\":true%%'", run.pk, "transactional")
    active = one(
        "SELECT count(DISTINCT person) FROM projects_change WHERE run_id = %s AND object IN ('event', 'message') "
        "AND person <> ''", run.pk,
    )  # fmt: skip
    people = one(f"{count} AND state IN {LANDED}", run.pk, "person")
    assert told["Push needs a new version of the app"] == pushes > 0
    assert told["The broadcast API is limited"] == kinds["broadcast"] > 0
    assert told["Text of transactional messages may be redacted"] == hidden
    assert told["There are no native e-mail sequences"] == sum(kinds.values())
    assert told["Inactive profiles inflate the bill"] == people - active == 6
    deleted = "SELECT count(*) FROM projects_record WHERE run_id = %s AND reason LIKE 'deleted%%'"
    assert told["Deleted records go on owning their unique values"] == one(deleted, run.pk)


def test_the_numbers_of_the_certificate(moved: tuple[Migration, Run]) -> None:
    small, run = moved
    made = certificate.issue(run=run, by=small.admin).content
    for phase in made["phases"]:
        steps = rows(
            "SELECT s.object, s.tally FROM projects_step s JOIN projects_phase p ON p.id = s.phase_id "
            "WHERE p.run_id = %s AND p.name = %s", run.pk, phase["phase"],
        )  # fmt: skip
        names = tuple(object for object, _ in steps)
        marks = ", ".join(["%s"] * len(names))
        where = f"run_id = %s AND object IN ({marks})"
        states = dict(rows(f"SELECT state, count(*) FROM projects_record WHERE {where} GROUP BY state", run.pk, *names))
        balance = phase["balance"]
        assert balance["read"] == sum(balance[column] for column in COLUMNS)
        assert all(balance[column] <= states.get(column, 0) for column in COLUMNS)
        assert balance["held"] == states.get("held", 0)
        proved = one(
            f"SELECT count(*) FROM projects_record WHERE {where} AND state IN {LANDED} AND proof <> ''",
            run.pk,
            *names,
        )
        compared = sum(
            number for _, tally in steps for name, number in json.loads(tally).items()
            if name.startswith("field.") and name.endswith(".compared")
        )  # fmt: skip
        differing = one(f"SELECT count(*) FROM projects_difference WHERE {where} AND kind <> 'edited'", run.pk, *names)
        assert (phase["records"], phase["values"], phase["differences"]) == (proved, compared, differing), phase[
            "phase"
        ]
        assert compared in numbers(phase["verdict"]) or not compared
    people = next(phase["balance"] for phase in made["phases"] if phase["phase"] == "people")
    assert people["read"] == one("SELECT count(*) FROM projects_record WHERE run_id = %s AND object = 'person'", run.pk)
    whole = [sum(phase[name] for phase in made["phases"]) for name in ("records", "values")]
    assert numbers(made["verdict"])[:2] == whole
    trees = {name: tree["count"] for name, tree in made["trees"].items()}
    whose = "SELECT count(*) FROM projects_record WHERE run_id = %s"
    rest = f"{whose} AND state NOT IN {LANDED}"
    assert trees == {
        "source": one(whose, run.pk),
        "destination": one(f"{whose} AND state IN {LANDED} AND destination_id IS NOT NULL", run.pk),
        "schema": one(
            "SELECT count(*) FROM projects_journalentry WHERE verb IN ('create_object', 'create_field', 'add_options')"
        ),
        "exceptions": one(rest, run.pk) + one("SELECT count(*) FROM projects_difference WHERE run_id = %s", run.pk),
        "corrections": one("SELECT count(*) FROM projects_correction"),
        "approvals": one("SELECT count(*) FROM projects_signature") + one("SELECT count(*) FROM projects_acceptance"),
        "identity": one("SELECT count(*) FROM projects_link"),
    }  # fmt: skip


def test_the_numbers_of_the_handoff(moved: tuple[Migration, Run]) -> None:
    small, run = moved
    checklist.set_item(project=small.project, kind="campaign", key="1", by=small.admin, state="built", owner="Ada")
    made = keep(project=small.project, kind="handoff", by=small.admin).content
    states: dict[str, Counter[str]] = {}
    asked = (
        "SELECT object, state, count(*) FROM projects_record WHERE run_id = %s AND reason <> 'kept_for_handoff' "
        "AND object NOT IN ('segment', 'reporting_webhook') GROUP BY object, state"
    )
    for object, state, number in rows(asked, run.pk):
        states.setdefault(object, Counter())[state] = number
    assert {row["object"] for row in made["moved"]} == set(states)
    for row in made["moved"]:
        found = states[row["object"]]
        assert row["read"] == sum(found.values())
        assert row["landed"] == sum(found[state] for state in ("created", "updated", "unchanged"))
        told = (row["merged"], row["held"], row["left_behind"], row["refused"])
        assert told == tuple(found[state] for state in ("merged", "held", "excluded", "rejected"))
        aside = sum(one["count"] for one in made["not_moved"] if one["object"] == row["object"])
        assert aside == sum(told)
    members = dict(
        rows('SELECT "group", count(*) FROM projects_groupmember WHERE run_id = %s GROUP BY "group"', run.pk)
    )
    assert {row["key"]: row["members"] for row in made["segments"]} == members
    assert made["counts"]["segment_members"] == sum(members.values()) == 3
    assert len(made["decided"]) == one("SELECT count(*) FROM projects_signature")
    assert len(made["relinks"]) == one("SELECT count(*) FROM projects_record WHERE notes LIKE '%%recording_link%%'")
    automations_match_their_rows(made, run)
    progress = rows("SELECT kind, key, state, owner, link, note FROM projects_handoffitem")
    assert {
        tuple(row[name] for name in ("kind", "key", "state", "owner", "link", "note")) for row in made["progress"]
    } == {*progress}
    standing = dict(rows(
        "SELECT verb, count(*) FROM projects_journalentry WHERE state = 'done' AND verb IN "
        "('create_view', 'create_list', 'create_workflow') GROUP BY verb"))  # fmt: skip
    assert [row["made"] for row in made["on_request"]] == [
        standing.get(verb, 0) for verb in ("create_view", "create_list", "create_workflow")
    ]
    assert sum(standing.values()) > 8


def test_the_handoff_tells_of_production_whatever_deltas_came_after_it(small: Migration) -> None:
    run = landed(small)
    before = keep(project=small.project, kind="handoff", by=small.admin).content
    small.source.workspace.change_attributes("00000001", {"city": "Elsewhere"})
    carry_over(small)
    carry_over(small)
    made = keep(project=small.project, kind="handoff", by=small.admin).content
    assert made["head"]["run"] == run.number
    for part in ("moved", "not_moved", "relinks"):
        assert made[part] == before[part]
    deltas = "SELECT count(*) FROM projects_run WHERE kind = 'delta'"
    changed = (
        "SELECT count(*) FROM projects_record r JOIN projects_run u ON u.id = r.run_id "
        "WHERE u.kind = 'delta' AND r.state IN ('created', 'updated') AND r.object <> 'segment'"
    )
    assert numbers(made["since"]) == [one(deltas), one(changed)] == [2, 1]


def automations_match_their_rows(made: Any, run: Run) -> None:
    """Campaigns and the like: how many, their steps, gaps and order."""
    for kind in AUTOMATIONS:
        name = kind if kind == "transactional" else f"{kind}s"
        count = one("SELECT count(*) FROM projects_record WHERE run_id = %s AND object = %s", run.pk, kind)
        assert made["counts"][name] == len(made[name]) == count > 0
    raws = [
        json.loads(raw)
        for (raw,) in rows(
            "SELECT raw FROM projects_record WHERE run_id = %s AND object IN ('campaign', 'broadcast')", run.pk
        )
    ]
    assert made["counts"]["steps"] == sum(len(raw["actions"]) for raw in raws)
    assert made["counts"]["gaps"] == sum(len(raw["gaps"]) for raw in raws)
    both = sorted(one["order"] for one in (*made["campaigns"], *made["broadcasts"]))
    assert both == list(range(1, len(both) + 1)), "campaigns and broadcasts have one order"
    hours = sum(one["hours"] for name in ("segments", "campaigns", "broadcasts", "newsletters", "transactional")
                for one in made[name])  # fmt: skip
    assert made["hours"] == pytest.approx(hours, abs=0.06)
