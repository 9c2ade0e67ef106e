"""A map as a file: whatever it says comes back with the same digest, and bad lines are named."""

from __future__ import annotations

import contextlib
import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.catalogue import FieldType
from mapping import exchange
from mapping.rules import (
    Action,
    ActivityRule,
    Choice,
    FieldRule,
    Home,
    Kind,
    MapSpec,
    ObjectRule,
    OnError,
    RelationRule,
)

text = st.text(max_size=12)
risky = st.one_of(
    text, st.sampled_from(["=1+1", "@SUM(A1)", "-2", "+3", "\t=x", "\r\n=y", "'quoted", "''", "＝1", '"', "a;b"])
)
jsons = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), risky),
    lambda children: st.one_of(st.lists(children, max_size=3), st.dictionaries(text, children, max_size=3)),
    max_leaves=5,
)
share = st.floats(0, 1)

fields = st.builds(
    FieldRule,
    source=risky,
    also=st.lists(risky, max_size=2).map(tuple),
    action=st.sampled_from(Action),
    destination=risky,
    type=st.one_of(st.none(), st.sampled_from(FieldType)),
    label=risky,
    description=risky,
    unique=st.booleans(),
    transform=risky,
    options=st.dictionaries(text, jsons, max_size=2),
    choices=st.lists(st.builds(Choice, source=risky, value=risky, label=risky), max_size=3).map(tuple),
    on_error=st.sampled_from(OnError),
    raw_destination=risky,
    confidence=share,
    reason=risky,
)
relations = st.builds(
    RelationRule, source=risky, to=risky, by=risky, destination=risky, label=risky, inverse_label=risky,
    action=st.sampled_from(Action), confidence=share, reason=risky,
)  # fmt: skip
objects = st.builds(
    ObjectRule,
    source=risky,
    destination=risky,
    action=st.sampled_from(Action),
    create=st.booleans(),
    plural=risky,
    label=risky,
    label_plural=risky,
    description=risky,
    match_on=risky,
    hold_without_match=st.booleans(),
    fields=st.lists(fields, max_size=4, unique_by=lambda rule: rule.source).map(tuple),
    relations=st.lists(relations, max_size=2).map(tuple),
    reason=risky,
)
streams = st.builds(
    ActivityRule, source=risky, name=risky, where=risky, equals=risky, action=st.sampled_from(Action),
    kind=st.sampled_from(Kind), home=st.sampled_from(Home), parts=st.dictionaries(text, risky, max_size=2),
    columns=st.booleans(), confidence=share,
)  # fmt: skip
specs = st.builds(
    MapSpec,
    default_country=risky,
    objects=st.lists(objects, max_size=3, unique_by=lambda rule: rule.source).map(tuple),
    activities=st.lists(streams, max_size=2).map(tuple),
)


@given(specs)
@settings(max_examples=200, deadline=None)
def test_a_map_comes_back_from_json_and_from_csv_with_the_same_digest(spec: MapSpec) -> None:
    for name, content in (("map.json", exchange.to_json(spec)), ("map.csv", exchange.to_csv(spec))):
        assert exchange.read(name, content.encode()).digest() == spec.digest()


@given(specs)
@settings(max_examples=50, deadline=None)
def test_no_cell_begins_as_a_formula_would(spec: MapSpec) -> None:
    for line in csv.reader(io.StringIO(exchange.to_csv(spec).removeprefix("\ufeff"), newline="")):
        assert not [cell for cell in line if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@given(st.text(max_size=200))
def test_any_text_is_a_map_or_is_refused_in_sentences(content: str) -> None:
    for name in ("map.csv", "map.json"):
        with contextlib.suppress(exchange.Unreadable):
            assert exchange.read(name, content.encode()).digest()


SPEC = MapSpec(
    objects=(
        ObjectRule(
            source="person",
            destination="person",
            fields=(
                FieldRule(source="email", action=Action.MAP, destination="emails.primaryEmail", type=FieldType.EMAILS),
                FieldRule(source="plan", action=Action.CREATE, destination="planTrait", type=FieldType.TEXT),
            ),
        ),
    )
)


def edited(**cells: str) -> str:
    """The CSV with the line of `plan` as a person changed it."""
    rows = list(csv.DictReader(io.StringIO(exchange.to_csv(SPEC).removeprefix("\ufeff"))))
    rows[3] |= cells
    out = io.StringIO()
    writer = csv.DictWriter(out, exchange.COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def test_a_person_with_a_spreadsheet_changes_where_a_field_goes() -> None:
    spec = exchange.from_csv(edited(action=" Map ", destination="jobTitle", transform="trim"))
    rule = spec.objects[0].rule_for("plan")
    assert rule is not None
    assert (rule.action, rule.destination, rule.transform) == (Action.MAP, "jobTitle", "trim")


def test_a_spreadsheet_that_writes_semicolons_is_understood() -> None:
    rows = csv.reader(io.StringIO(exchange.to_csv(SPEC).removeprefix("\ufeff")))
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(rows)
    assert exchange.from_csv(out.getvalue()).digest() == SPEC.digest()


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"action": "movee"}, "Line 5, column “action”: found “movee”, expected 'map', 'create', 'combine' or 'skip'."),
        ({"line": "fild"}, "Line 5, column “line”: found “fild”, expected one of map, object, field, relation, event."),
        ({"type": "STRING"}, "Line 5, column “type”: found “STRING”, expected"),
        ({"options": "{oops"}, "Line 5, column “options”: found “{oops”, expected JSON, an object in braces."),
        ({"field": "email"}, "Line 5: “email” stands on line 4 already."),
        ({"object": "persons"}, "Line 5, column “object”: found “persons”, expected an object type of a line above"),
        ({"unique": "perhaps"}, "Line 5, column “unique”: found “perhaps”, expected yes, or nothing."),
        ({"more": '{"wings": 2}'}, "Line 5, column “wings”: found “2”, expected"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_with_what_was_found_and_what_is_expected(cells: dict[str, str], said: str) -> None:
    with pytest.raises(exchange.Unreadable) as error:
        exchange.from_csv(edited(**cells))
    assert said in str(error.value)


def test_every_bad_line_is_named_at_once() -> None:
    content = edited(action="movee").replace("field,person,email,map", "field,person,email,mpa")
    with pytest.raises(exchange.Unreadable) as error:
        exchange.from_csv(content)
    assert [problem[:6] for problem in error.value.problems] == ["Line 4", "Line 5"]


def test_a_file_without_its_columns_or_in_another_encoding_says_so() -> None:
    with pytest.raises(exchange.Unreadable, match="columns line, object, field"):
        exchange.read("x.csv", b"a,b\n1,2\n")
    with pytest.raises(exchange.Unreadable, match="CSV UTF-8"):
        exchange.read("x.csv", "lörem".encode("latin-1"))
    with pytest.raises(exchange.Unreadable, match="no JSON"):
        exchange.read("x.json", b"{")
