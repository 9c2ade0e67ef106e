"""Whose a field is, as the names beside it tell: the record's own, a child's, a parent's, a buyer's."""

from __future__ import annotations

import pytest

from connectors.twenty.catalogue import stock
from connectors.twenty.names import TwentyNaming
from mapping.fixed import COMPANY
from mapping.profile import FieldProfile
from mapping.proposer import SourceObject, propose, roles
from mapping.proposing.model import auto_accept
from mapping.rules import Action, ObjectRule

FIRST = ["Mila", "Jonas", "Carla", "Pieter", "Rosa", "Emil"]
LAST = ["Berger", "Costa", "Vermeer", "Lindt", "Moreau", "Okafor"]
WHOLE = [f"{first} {last}" for first, last in zip(FIRST, LAST, strict=True)]
MAILS = [f"{first.lower()}@post.example" for first in FIRST]
OTHER_MAILS = [f"{last.lower()}@inbox.example" for last in LAST]
PHONES = [f"+49 151 2345678{place}" for place in range(6)]
JOBS = ["Nurse", "Teacher", "Engineer", "Lawyer", "Dentist", "Accountant"]
PICTURES = [f"https://files.example/p/{place}.jpg" for place in range(6)]


def proposed(name: str, fields: dict[str, list[str]]) -> ObjectRule:
    profiles = tuple(FieldProfile.of_values(field, seen) for field, seen in fields.items())
    return propose(SourceObject(name, name, "", profiles), stock(), TwentyNaming())


def home(rule: ObjectRule, field: str) -> str:
    found = rule.rule_for(field)
    assert found is not None
    return found.destination if found.action is Action.MAP else ""


@pytest.mark.parametrize("spelt", ["{}_responsavel", "responsavel_{}"])
def test_who_answers_for_a_child_is_the_person_wherever_the_word_stands(spelt: str) -> None:
    own = {spelt.format("nome"): WHOLE, spelt.format("email"): MAILS, spelt.format("celular"): PHONES}
    rule = proposed("person", {**own, "nome_aluno": WHOLE[::-1]})
    assert [home(rule, field) for field in own] == ["name", "emails.primaryEmail", "phones.primaryPhoneNumber"]
    assert home(rule, "nome_aluno") == ""


def test_a_parents_job_is_the_persons_where_the_parent_is_the_person() -> None:
    names = {"Parent/Guardian First Name": FIRST, "Parent/Guardian Last Name": LAST, "Parent/Guardian Email": MAILS}
    rule = proposed("person", {**names, "Parent Occupation": JOBS})
    assert home(rule, "Parent Occupation") == "jobTitle"


def test_of_two_parents_the_first_is_the_person() -> None:
    first = {"ouder1_voornaam": FIRST, "ouder1_achternaam": LAST, "ouder1_email": MAILS}
    second = {"ouder2_voornaam": FIRST[::-1], "ouder2_email": OTHER_MAILS}
    beside = {field: ["A", "B", "C"] * 2 for field in ("groep", "locatie", "dagdelen", "contractsoort")}
    rule = proposed("person", first | second | beside)
    assert home(rule, "ouder1_email") == "emails.primaryEmail"
    assert home(rule, "ouder2_voornaam") == home(rule, "ouder2_email") == ""


def test_an_assistant_is_never_the_person_beside_the_persons_own_address() -> None:
    rule = proposed("person", {"email": MAILS, "assistant_name": WHOLE, "assistant_phone": PHONES})
    assert home(rule, "assistant_name") == home(rule, "assistant_phone") == ""


def test_what_is_said_of_somebody_with_another_name_is_theirs() -> None:
    own = {"first_name": FIRST, "last_name": LAST, "email": MAILS}
    theirs = {"Camper First Name": FIRST[::-1], "Camper Nickname": FIRST[::-1], "Camper Photo": PICTURES}
    rule = proposed("person", own | theirs)
    assert [home(rule, field) for field in theirs] == ["", "", ""]


def test_the_buyers_address_is_not_the_attendees() -> None:
    own = {"Attendee first name": FIRST, "Attendee last name": LAST, "Attendee email": MAILS}
    assert home(proposed("person", own | {"Buyer email": OTHER_MAILS}), "Buyer email") == ""
    assert home(proposed("person", {"Buyer name": WHOLE, "Buyer email": MAILS}), "Buyer email") == "emails.primaryEmail"


def test_a_further_number_with_a_word_that_nobody_knows_is_left_to_a_person() -> None:
    rule = proposed("person", {"first_name": FIRST, "mobile": PHONES, "zorblat_phone": PHONES[::-1]})
    assert home(rule, "mobile") == "phones.primaryPhoneNumber"
    unknown = next(field for field in rule.fields if field.source == "zorblat_phone")
    assert unknown.confidence < auto_accept()


def test_of_a_surname_or_company_the_values_decide() -> None:
    rule = proposed("person", {"first_name": FIRST, "surname_or_company": LAST, "email": MAILS})
    assert home(rule, "surname_or_company") == "name.lastName"


def test_a_thing_without_a_name_goes_by_its_number() -> None:
    numbers = [f"SH-{place}04711" for place in range(6)]
    rule = proposed("shift", {"shift_ref": numbers, "worker_name": WHOLE, "ward": ["A", "B"] * 3})
    assert home(rule, "shift_ref") == "name"
    assert home(rule, "worker_name") == ""


def test_what_names_end_with_for_the_object_is_not_read() -> None:
    fields = {
        "bezeichnung_kt": ["Voss GmbH", "Nordlicht GmbH", "Werft AG", "Jessen KG"],
        "strasse_kt": ["Am Markt 1", "Werkstr. 3", "Lollfuß 9", "Deichweg 4"],
        "plz_kt": ["24837", "25813", "24376", "24866"],
        "ort_kt": ["Schleswig", "Husum", "Kappeln", "Busdorf"],
    }
    profiles = tuple(FieldProfile.of_values(field, seen) for field, seen in fields.items())
    assert roles([SourceObject("Kostentraeger", "Kostenträger", "", profiles)]) == [COMPANY]
