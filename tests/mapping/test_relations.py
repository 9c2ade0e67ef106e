"""Relations between object types: proposed where values are ids, named so that nothing is in their way."""

from __future__ import annotations

from connectors.twenty.catalogue import stock
from connectors.twenty.names import TwentyNaming
from mapping.overlap import Pointers
from mapping.profile import FieldProfile
from mapping.proposer import SourceObject, propose_map
from mapping.relations import MEMBER, Pointing, propose_relations
from mapping.rules import ObjectRule

PEOPLE = [{"cio_id": f"c{n}", "email": f"p{n}@acme.example"} for n in range(50)]
COMPANIES = [{"object_id": f"acme-{n}", "name": f"Acme {n}"} for n in range(40)]


def proposed(rows: list[dict[str, object]], members: dict[str, str] | None = None) -> ObjectRule:
    """The rule of an object type `Deal` with these rows, beside people and companies."""
    sources, pointing = [], []
    for name, label, ids, some in (
        ("person", "Person", ("cio_id", "email"), PEOPLE),
        ("object:1", "Company", ("object_id",), COMPANIES),
        ("object:2", "Deal", ("object_id",), rows),
    ):
        pointers, names = Pointers(), dict.fromkeys(key for row in some for key in row)
        for row in some:
            pointers.add(row, ids)
        fields = tuple(FieldProfile.of_values(key, [row.get(key) for row in some]) for key in names)
        sources.append(SourceObject(name, label, f"{label}s", fields))
        pointing.append(Pointing(name, label, "", pointers, fields))
    spec = propose_map(sources, stock(), TwentyNaming())
    rule = spec.object("object:2")
    assert rule is not None
    return propose_relations(rule, pointing[2], pointing, stock(), TwentyNaming(), members or {})


def deals(**fields: object) -> list[dict[str, object]]:
    made = []
    for number in range(30):
        row = {name: value(number) if callable(value) else value for name, value in fields.items()}
        made.append({"object_id": f"d-{number}", "name": f"Deal {number}", **row})
    return made


def test_an_attribute_that_names_companies_becomes_a_relation_and_stays_as_text() -> None:
    rule = proposed(deals(company_id=lambda n: f"acme-{n}"))
    (relation,) = rule.relations
    assert (relation.to, relation.by, relation.destination) == ("object:1", "object_id", "company")
    assert relation.reason.startswith("30 of 30 different values")
    text = rule.rule_for("company_id")
    assert text is not None
    assert text.destination not in ("company", "companyId")


def test_a_parent_of_the_same_type_needs_to_be_called_one() -> None:
    parent = proposed(deals(parent_deal=lambda n: f"d-{(n + 1) % 30}", external_id=lambda n: f"d-{n}"))
    assert [(relation.source, relation.to) for relation in parent.relations] == [("parent_deal", "object:2")]


def test_numbers_that_happen_to_be_ids_are_no_relation() -> None:
    assert proposed(deals(rank=lambda n: str(n), score_id=lambda n: f"x{n}")).relations == ()


def test_a_person_named_by_address_becomes_a_contact() -> None:
    (relation,) = proposed(deals(email=lambda n: f"p{n}@acme.example")).relations
    assert (relation.to, relation.by, relation.destination) == ("person", "email", "contact")


def test_an_owner_is_linked_to_a_member_and_who_is_none_yet_is_named() -> None:
    rows = deals(owner_email=lambda n: "rep@acme.test" if n % 2 else "new@acme.test")
    (relation,) = proposed(rows, {"rep@acme.test": "Rita Rep"}).relations
    assert (relation.to, relation.destination) == (MEMBER, "owner")
    assert "1 of 2 seen are members" in relation.reason
    assert "new@acme.test" in relation.reason
    assert "rep@acme.test" not in relation.reason
