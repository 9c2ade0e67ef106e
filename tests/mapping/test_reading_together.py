"""What the names of an object's fields tell together, what kind of record it is, and that their order is no matter."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.catalogue import Field, FieldType
from connectors.twenty.catalogue import stock
from connectors.twenty.names import TwentyNaming
from mapping.apply import compile_rule
from mapping.fixed import COMPANY, CUSTOM, PERSON
from mapping.profile import FieldProfile
from mapping.proposer import SourceObject, propose, propose_map, roles
from mapping.proposing.abbreviations import longer
from mapping.proposing.candidates import weigh
from mapping.proposing.choosing import Settled, choose
from mapping.proposing.model import auto_accept
from mapping.proposing.shared import without_shared
from mapping.rules import Action, ObjectRule
from tests.mapping.workspace import workspace


def source(name: str, **values: list[str]) -> SourceObject:
    return SourceObject(name, name, "", tuple(FieldProfile.of_values(field, seen) for field, seen in values.items()))


def proposed(name: str, **values: list[str]) -> ObjectRule:
    return propose(source(name, **values), stock(), TwentyNaming())


def home(rule: ObjectRule, field: str) -> str:
    found = rule.rule_for(field)
    assert found is not None
    return found.destination if found.action is Action.MAP else ""


def decisions(fields: tuple[FieldProfile, ...], label: str, doubt: float) -> list[Settled]:
    target = stock().object("company")
    assert target is not None
    return choose(weigh(fields, "company", label, target), (), doubt)


FIRM = {
    "web": ["acme.example", "https://brandt.example"],
    "street": ["1 Main St", "22 High Street"],
    "city": ["Leeds", "York"],
    "postcode": ["LS1 4AP", "YO1 7HH"],
}


@pytest.mark.parametrize("name", ["Dealer", "School", "Mandant", "Klant", "Fornitore", "Tenant", "Xyz"])
def test_what_has_the_fields_of_a_firm_is_a_company(name: str) -> None:
    people = source("person", email=["a@b.example"])
    assert roles([people, source(name, **FIRM)]) == [PERSON, COMPANY]


@pytest.mark.parametrize("name", ["Order", "Fahrzeug", "Reserva", "Policy", "Machine"])
def test_what_is_called_like_a_thing_stays_a_thing(name: str) -> None:
    assert roles([source(name, serial=["A-1", "A-2"], price=["10", "12"], started=["2024-01-01"])]) == [CUSTOM]


def test_the_likeliest_of_several_firms_is_the_company() -> None:
    partner, account = source("Partner", note=["x"]), source("Account", **FIRM)
    assert roles([partner, account]) == [CUSTOM, COMPANY]
    assert roles([account, partner]) == [COMPANY, CUSTOM]


def test_what_most_names_begin_with_is_not_read() -> None:
    names = ["cli_nome", "cli_email", "cli_tel", "cli_cidade", "id"]
    assert without_shared(names)["cli_email"] == "email"
    assert without_shared(["DLRNAME", "DLRCITY", "DLRZIPC", "DLRPHONE"], "Dealer")["DLRCITY"] == "CITY"
    assert without_shared(["name", "email", "phone", "city"])["email"] == "email"


@pytest.mark.parametrize(
    ("short", "whole"), [("cty", "city"), ("strt", "street"), ("phn", "phone"), ("logr", "logradouro"), ("zip", "zip")]
)
def test_short_forms_stand_for_usual_words(short: str, whole: str) -> None:
    assert whole in longer(short)


def test_one_beginning_for_all_parts_makes_one_address() -> None:
    rule = proposed(
        "Empresa",
        end_logr=["Rua Augusta, 10", "Rua B, 2"],
        end_cid=["Recife", "Natal"],
        end_cep=["50030-230", "59012-300"],
        site=["a.example", "b.example"],
    )
    assert home(rule, "end_logr") == "address.addressStreet1"
    assert home(rule, "end_cid") == "address.addressCity"
    assert home(rule, "end_cep") == "address.addressPostcode"


def test_another_persons_number_gets_no_home_of_ours() -> None:
    rule = proposed("person", chef_epost=["a@b.example", "c@d.example"], spouse_phone=["+44 7700 900123"])
    assert home(rule, "chef_epost") == home(rule, "spouse_phone") == ""


def test_a_plain_e_mail_comes_before_one_with_a_qualifier() -> None:
    rule = proposed("person", Email=["a@b.example"], work_email=["c@d.example"])
    assert home(rule, "Email") == "emails.primaryEmail"


def test_a_country_is_written_by_its_english_name() -> None:
    rule = proposed("Firma", **{**FIRM, "Land": ["Deutschland", "Schweiz"]})
    assert compile_rule(rule)({"Land": "Deutschland"}).fields["address"]["addressCountry"] == "Germany"


def test_an_address_put_together_before_is_found_again() -> None:
    parts = {"street": ["1 Main St"], "city": ["Bonn"], "zip": ["53113"]}
    first = propose(source("person", **parts), workspace(), TwentyNaming())
    made = first.rule_for("city")
    assert made is not None
    assert made.action is Action.COMBINE
    name = made.destination.partition(".")[0]
    standing = Field(name, "Postal Address", FieldType.ADDRESS, description=made.description)
    again = propose(source("person", **parts), workspace(person=(standing,)), TwentyNaming())
    assert home(again, "city") == made.destination


NAMES = ("email", "E-Mail", "first_name", "First Name", "firstName", "city", "City", "plan", "Plan", "score", "phone")


@settings(deadline=None, max_examples=40)
@given(st.permutations(NAMES))
def test_the_order_of_fields_does_not_change_where_they_land(names: list[str]) -> None:
    values = {name: ["12", "yes", f"{name}x"] for name in NAMES} | {"email": ["a@b.example"], "phone": ["+4930123456"]}
    usual = propose_map([source("person", **{name: values[name] for name in NAMES})], stock(), TwentyNaming())
    mixed = propose_map([source("person", **{name: values[name] for name in names})], stock(), TwentyNaming())
    where = [{field.source: field.destination for field in spec.objects[0].fields} for spec in (usual, mixed)]
    assert where[0] == where[1]


def test_the_dated_of_two_addresses_is_the_earlier_one() -> None:
    seen = {"email_2019": ["old@a.example", "older@b.example"], "email_current": ["new@a.example", "newer@b.example"]}
    found = proposed("person", **seen)
    assert home(found, "email_current") == "emails.primaryEmail"


def test_a_few_values_that_come_again_and_again_are_no_title() -> None:
    trades = ["Nurse", "Software Engineer", "Teacher", "Lawyer", "Chef", "Designer", "Plumber", "Buyer"]
    found = proposed("person", title=["Whale", "Shrimp"] * 4, occupation=trades)
    assert (home(found, "title"), home(found, "occupation")) == ("", "jobTitle")


def test_a_whole_name_of_one_word_beside_a_last_name_is_the_first_name() -> None:
    found = proposed("person", full_name=["Ada", "Bob", "Cleo"], last_name=["Lovelace", "Byron", "Nguyen"])
    assert (home(found, "full_name"), home(found, "last_name")) == ("name.firstName", "name.lastName")


def test_a_latitude_without_a_longitude_is_doubtful() -> None:
    alone = proposed("Account", firm=["Acme Ltd", "Brandt GmbH"], lat_bid=["0.51", "3.20"])
    found = alone.rule_for("lat_bid")
    assert found is not None
    assert found.action is not Action.MAP or found.confidence < auto_accept()


def test_a_doubtful_kind_of_object_makes_all_its_fields_doubtful() -> None:
    fields = source("Horeca", **FIRM).fields
    label = "Horeca"
    sure, unsure = (
        {made.weighed.profile.name: made.confidence for made in decisions(fields, label, doubt)} for doubt in (0.0, 1.0)
    )
    assert all(unsure[name] < sure[name] for name in sure)


def test_what_is_left_over_of_an_address_makes_no_second_one() -> None:
    found = proposed(
        "Account", county=["Kent", "Surrey"], stateorprovince=["Kent", "Surrey"], line1=["", "PO Box 1"], **FIRM
    )
    assert all(made.action is not Action.COMBINE for made in found.fields)


def test_the_billing_address_is_the_first_where_there_is_no_other() -> None:
    seen = {"billing_first_name": ["Ada"], "billing_last_name": ["Byron"], "billing_email": ["ada@a.example"]}
    assert home(proposed("person", **seen), "billing_email") == "emails.primaryEmail"
