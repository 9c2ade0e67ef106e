"""The map of a real workspace (the public Congress records) is one to be proud of, and it loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connectors.catalogue import FieldType
from mapping.apply import compile_rule
from mapping.profile import ObjectProfile
from mapping.proposer import SourceObject, propose_map
from mapping.rules import Action, MapSpec
from tests.mapping.workspace import WorkspaceNaming, workspace

DATA = json.loads(Path(__file__).with_name("data").joinpath("congress.json").read_text())


def rows(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records of an object type as the source gives them."""
    if name == "person":
        for row in DATA["people"]:
            yield row["cio_id"], {**row["attributes"], "cio_id": row["cio_id"], "unsubscribed": False}
    elif name == "relationship":
        for row in DATA["relationships"]:
            key = f"{row['cio_id']}:{row['object_type_id']}:{row['object_id']}"
            yield key, {**row["attributes"], "key": key}
    else:
        for row in DATA["objects"]:
            if f"object:{row['object_type_id']}" == name:
                keys = {name: row[name] for name in ("cio_object_id", "object_id")}
                yield row["cio_object_id"], {**row["attributes"], **keys}


@cache
def congress() -> MapSpec:
    """The map proposed for the whole workspace."""
    types = {f"object:{t['id']}": (t["singular_name"], t["name"]) for t in DATA["object_types"]}
    labels = {"person": ("Person", "People"), **types, "relationship": ("Relationship", "Relationships")}
    objects = []
    for name, (label, plural) in labels.items():
        profile = ObjectProfile.start(("email",) if name == "person" else ())
        for key, fields in rows(name):
            profile.add(key, fields)
        objects.append(SourceObject(name, label, plural, profile.field_profiles()))
    return propose_map(objects, workspace(), WorkspaceNaming())


OBJECTS = ["person", "object:1", "object:2", "object:3", "relationship"]


@pytest.mark.parametrize(
    ("object", "source", "action", "destination", "type"),
    [
        ("person", "email", "map", "emails.primaryEmail", "EMAILS"),
        ("person", "first_name", "map", "name.firstName", "FULL_NAME"),
        ("person", "last_name", "map", "name.lastName", "FULL_NAME"),
        ("person", "official_full_name", "create", "officialFullName", "TEXT"),
        ("person", "phone", "map", "phones.primaryPhoneNumber", "PHONES"),
        ("person", "job_title", "map", "jobTitle", "TEXT"),
        ("person", "created_at", "map", "createdAt", "DATE_TIME"),
        ("person", "birthday", "create", "birthday", "DATE"),
        ("person", "term_ends", "create", "termEnds", "DATE"),
        ("person", "terms_served", "create", "termsServed", "NUMBER"),
        ("person", "is_freshman", "create", "isFreshman", "BOOLEAN"),
        ("person", "unsubscribed", "create", "customerioUnsubscribed", "BOOLEAN"),
        ("person", "party", "create", "party", "SELECT"),
        ("person", "state", "create", "state", "TEXT"),
        ("person", "fec_ids", "create", "fecIds", "ARRAY"),
        ("person", "external_ids", "create", "externalIds", "RAW_JSON"),
        ("person", "wikidata_id", "create", "wikidataId", "TEXT"),
        ("person", "website", "create", "website", "LINKS"),
        ("person", "twitter", "create", "twitter", "LINKS"),
        ("person", "youtube", "create", "youtube", "LINKS"),
        ("person", "facebook", "create", "facebook", "LINKS"),
        ("object:1", "name", "map", "name", "TEXT"),
        ("object:1", "domain", "map", "domainName.primaryLinkUrl", "LINKS"),
        ("object:1", "website", "map", "domainName.primaryLinkUrl", "LINKS"),
        ("object:1", "address", "map", "address.addressStreet1", "ADDRESS"),
        ("object:1", "phone", "create", "phone", "PHONES"),
        ("object:1", "chamber", "create", "chamber", "SELECT"),
        ("object:2", "name", "map", "name", "TEXT"),
        ("object:2", "parent_committee_id", "create", "parentCommitteeId", "TEXT"),
        ("object:3", "zip", "create", "zip", "TEXT"),
        ("object:3", "latitude", "create", "latitude", "NUMBER"),
        ("relationship", "rank", "create", "rank", "NUMBER"),
        ("relationship", "party", "create", "party", "SELECT"),
    ],
)
def test_each_attribute_lands_where_a_careful_person_would_put_it(
    object: str, source: str, action: str, destination: str, type: str
) -> None:
    rule = congress().object(object)
    assert rule is not None
    field = rule.rule_for(source)
    assert field is not None
    assert (field.action, field.destination, field.type) == (Action(action), destination, FieldType(type))


@pytest.mark.parametrize("name", OBJECTS)
def test_every_attribute_has_a_rule_and_every_rule_a_reason(name: str) -> None:
    rule = congress().object(name)
    assert rule is not None
    assert {field for _, fields in rows(name) for field in fields} <= {field.source for field in rule.fields}
    assert all(field.reason.endswith(".") and 0.3 <= field.confidence < 1 for field in rule.fields)


@pytest.mark.parametrize("name", OBJECTS)
def test_no_destination_is_made_twice(name: str) -> None:
    rule = congress().object(name)
    assert rule is not None
    made = [field.destination for field in rule.fields if field.action is Action.CREATE]
    made += [field.raw_destination for field in rule.fields if field.raw_destination]
    assert len(made) == len(set(made))


def test_what_does_not_turn_is_kept_beside_it() -> None:
    codes: dict[tuple[str, str, str], int] = {}
    for name in OBJECTS:
        rule = congress().object(name)
        assert rule is not None
        run = compile_rule(rule)
        for _, fields in rows(name):
            for note in run(fields).notes:
                codes[name, note.field, note.code] = codes.get((name, note.field, note.code), 0) + 1
    assert codes == {("person", "contact_form", "kept_raw"): 1, ("object:1", "website", "kept_raw"): 2}


def test_only_the_member_without_an_address_has_no_match_value() -> None:
    rule = congress().object("person")
    assert rule is not None
    run = compile_rule(rule)
    assert rule.hold_without_match
    assert len([key for key, fields in rows("person") if "emails" not in run(fields).fields]) == 1
