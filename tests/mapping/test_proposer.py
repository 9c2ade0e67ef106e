"""The proposed map keeps the service page's promises and is one that a customer can read."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.catalogue import Field, FieldType, ObjectType, Option
from mapping.apply import compile_rule
from mapping.fixed import companion_description
from mapping.profile import FieldProfile
from mapping.proposer import SourceObject, propose, propose_map
from mapping.rules import Action, FieldRule, MapSpec, ObjectRule
from tests.mapping.workspace import WorkspaceNaming, system_fields, workspace

NAMING = WorkspaceNaming()


def person(**samples: list[str]) -> SourceObject:
    return source("person", "Person", "People", **samples)


def source(name: str, label: str, plural: str, /, **samples: list[str]) -> SourceObject:
    return SourceObject(name, label, plural, tuple(FieldProfile.of_values(*item) for item in samples.items()))


def proposed(object: SourceObject, **more: Any) -> ObjectRule:
    return propose(object, workspace(**more), NAMING)


def field(rule: ObjectRule, name: str) -> FieldRule:
    found = rule.rule_for(name)
    assert found is not None
    return found


def test_people_land_on_person_by_their_email() -> None:
    rule = proposed(person(email=["ada@example.org"]))
    assert (rule.destination, rule.match_on, rule.hold_without_match) == ("person", "emails.primaryEmail", True)
    assert (rule.action, rule.create) == (Action.MAP, False)


def test_the_ids_of_customerio_are_kept_for_ever() -> None:
    rule = proposed(person())
    cio_id, user_id = field(rule, "cio_id"), field(rule, "id")
    assert (cio_id.destination, cio_id.unique, cio_id.type) == ("customerioId", True, FieldType.TEXT)
    assert (user_id.destination, user_id.unique) == ("customerioUserId", False)
    assert cio_id.description == "Customer.io person attribute cio_id"


@pytest.mark.parametrize(
    ("name", "values", "destination"),
    [
        ("first_name", ["Ada"], "name.firstName"),
        ("firstName", ["Ada"], "name.firstName"),
        ("FNAME", ["Ada"], "name.firstName"),
        ("Last Name", ["Lovelace"], "name.lastName"),
        ("full_name", ["Ada Lovelace"], "name"),
        ("mobile_phone", ["202-225-2171"], "phones.primaryPhoneNumber"),
        ("contact_phone", ["202-225-2171"], "phones.primaryPhoneNumber"),
        ("title", ["Countess"], "jobTitle"),
        ("linkedin_url", ["https://www.linkedin.com/in/ada"], "linkedinLink.primaryLinkUrl"),
        ("avatar", ["https://example.org/ada.png"], "avatarUrl"),
        ("created_at", ["1672704000"], "createdAt"),
        ("secondary_email", ["ada@home.org"], "emails.additionalEmails"),
        ("job_tittle", ["Countess"], "jobTitle"),
    ],
)
def test_a_trait_with_a_home_goes_there(name: str, values: list[str], destination: str) -> None:
    rule = field(proposed(person(**{name: values})), name)
    assert (rule.action, rule.destination) == (Action.MAP, destination)
    assert rule.confidence >= 0.7


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("title", ["Mr", "Mrs"]),
        ("phone", ["yes", "no"]),
        ("first_name", ["1", "2"]),
        ("avatar", ["blue"]),
        ("utm_first", ["x"]),
        ("email_count", ["3"]),
        ("phone_verified", ["true"]),
        ("company", ["Acme"]),
        ("city", ["Bonn"]),
        ("twitter_followers", ["12"]),
    ],
)
def test_a_trait_without_a_home_gets_a_field_of_its_own(name: str, values: list[str]) -> None:
    rule = field(proposed(person(**{name: values})), name)
    assert rule.action is Action.CREATE
    assert rule.description == f"Customer.io person attribute {name}"


def test_values_that_speak_against_a_name_are_the_reason() -> None:
    reason = field(proposed(person(phone=["yes", "no"])), "phone").reason
    assert reason.startswith("Named like Phones (Primary Phone Number), but all values are yes or no.")


def test_two_traits_never_share_one_home() -> None:
    rule = proposed(person(phone=["202-225-2171"], mobile=["202-225-2172"]))
    assert field(rule, "phone").destination == "phones.primaryPhoneNumber"
    mobile = field(rule, "mobile")
    assert (mobile.action, mobile.destination) == (Action.MAP, "phones.additionalPhones")
    assert mobile.alternatives[0].destination == "phones.primaryPhoneNumber"


def test_a_whole_name_gives_way_to_first_and_last_name() -> None:
    rule = proposed(person(full_name=["Ada Lovelace"], first_name=["Ada"], last_name=["Lovelace"]))
    assert field(rule, "full_name").action is Action.CREATE
    assert field(rule, "first_name").destination == "name.firstName"


def test_only_fields_that_are_there_are_targets() -> None:
    city = Field("city", "City", FieldType.TEXT)
    assert field(proposed(person(city=["Bonn"]), person=(city,)), "city").action is Action.MAP
    locked = Field("city", "City", FieldType.TEXT, writable=False)
    assert field(proposed(person(city=["Bonn"]), person=(locked,)), "city").action is Action.CREATE


def test_on_an_older_server_a_twitter_name_becomes_the_x_link() -> None:
    x_link = Field("xLink", "X", FieldType.LINKS)
    rule = field(proposed(person(twitter=["SenSanders"]), person=(x_link,)), "twitter")
    assert (rule.destination, rule.transform) == ("xLink.primaryLinkUrl", "handle")


def test_values_of_an_existing_select_are_matched_to_its_options() -> None:
    tier = Field("tier", "Tier", FieldType.SELECT, custom=True, options=(Option("GOLD", "Gold"), Option("TIN", "Tin")))
    rule = field(proposed(person(tier=["gold", "tin"]), person=(tier,)), "tier")
    assert {choice.source: choice.value for choice in rule.choices} == {"gold": "GOLD", "tin": "TIN"}


def test_a_field_made_before_is_found_again() -> None:
    made = Field("planTrait", "Plan", FieldType.TEXT, "Customer.io person attribute plan", custom=True)
    rule = field(proposed(person(plan=["pro"]), person=(made,)), "plan")
    assert (rule.action, rule.destination) == (Action.MAP, "planTrait")


def test_a_field_made_for_one_attribute_is_not_given_to_another() -> None:
    made = Field("twitter", "Twitter", FieldType.TEXT, "Customer.io person attribute twitter", custom=True)
    rule = proposed(person(twiter=["x y"], tags=["a"]), person=(made, Field("tags", "Tags", FieldType.TEXT)))
    assert {field(rule, "twiter").action, field(rule, "tags").action} == {Action.CREATE}


def test_a_companion_made_before_is_found_again() -> None:
    made = Field("emailTrait", "Email (as it came)", FieldType.TEXT, companion_description("email"), custom=True)
    rule = proposed(person(email=["not an email"]), person=(made,))
    assert field(rule, "email").raw_destination == "emailTrait"


def test_values_that_do_not_turn_get_a_companion_field() -> None:
    rule = proposed(person(email=["ada@example.org", "not an email"], fax=["202-225-2171", "555-0100"], note=["x"]))
    assert field(rule, "email").raw_destination == "emailRaw"
    assert field(rule, "fax").raw_destination == "faxRaw"
    assert field(rule, "note").raw_destination == ""


def test_names_of_relations_and_tags_are_left_to_the_migration() -> None:
    rule = proposed(person(tags=["a"], company=["Acme"]))
    assert not {"tags", "company"} & {made.destination for made in rule.fields}


@pytest.mark.parametrize("label", ["Company", "Account", "Organization", "companies"])
def test_a_company_like_type_lands_on_company(label: str) -> None:
    rule = proposed(source("object:1", label, f"{label}s", name=["Acme"], domain=["acme.com"]))
    assert (rule.destination, rule.match_on) == ("company", "domainName.primaryLinkUrl")
    assert field(rule, "cio_object_id").unique
    assert field(rule, "object_id").destination == "customerioObjectId"


def test_domain_and_web_site_make_one_key_and_the_page_is_kept() -> None:
    rule = proposed(source("object:1", "Company", "Companies", website=["https://acme.com/shop"], domain=["acme.com"]))
    assert [made.source for made in rule.fields if made.field == "domainName"] == ["domain", "website"]
    assert field(rule, "website").raw_destination == "websiteRaw"
    made = compile_rule(rule)({"domain": "www.acme.com", "website": "https://acme.com/shop"}).fields
    assert made["domainName"]["primaryLinkUrl"] == "https://acme.com"
    assert made["websiteRaw"] == "https://acme.com/shop"


def test_the_parts_of_an_address_stay_apart() -> None:
    rule = proposed(source("object:1", "Company", "Companies", address=["1 Main St"], city=["Bonn"], zip=["53113"]))
    made = compile_rule(rule)({"address": "1 Main St; Bonn, CA 12345", "city": "Bonn", "zip": "53113"})
    assert made.fields["address"]["addressStreet1"] == "1 Main St; Bonn, CA 12345"
    assert made.fields["address"]["addressPostcode"] == "53113"
    assert not made.notes


def test_any_other_type_gets_an_object_of_its_own() -> None:
    rule = proposed(
        source("object:2", "Boat Trip", "Boat Trips", title=["Elba"], price=["12"], created_at=["1672704000"])
    )
    assert (rule.destination, rule.plural, rule.create) == ("boatTrip", "boatTrips", True)
    assert (rule.label, rule.label_plural, rule.match_on) == ("Boat Trip", "Boat Trips", "customerioId")
    assert field(rule, "title").destination == "name"
    assert field(rule, "created_at").destination == "createdAt"
    assert field(rule, "price").description == "Customer.io boat trip attribute price"


def test_without_a_name_the_records_are_called_by_their_id() -> None:
    rule = proposed(source("object:3", "Office", "Offices", phone=["202-225-2171"]))
    made = compile_rule(rule)({"object_id": "HQ-1", "cio_object_id": "ob1"}).fields
    assert (made["name"], made["customerioObjectId"], made["customerioId"]) == ("HQ-1", "HQ-1", "ob1")


def test_an_object_made_before_is_found_again() -> None:
    trips = source("object:2", "Boat Trip", "Boat Trips", title=["Elba"])
    description = propose(trips, workspace(), NAMING).description
    again = ObjectType("boatTrip", "Boat Trip", "Boat Trips", "id", system_fields(), description=description)
    rule = propose(trips, workspace(again), NAMING)
    assert (rule.destination, rule.create) == ("boatTrip", False)


def test_relationships_become_associations_with_all_their_attributes() -> None:
    rule = proposed(source("relationship", "Relationship", "Relationships", key=["1:1:a"], title=["Chair"], name=["x"]))
    assert (rule.destination, rule.plural, rule.create) == ("companyAssociation", "companyAssociations", True)
    assert field(rule, "key").unique
    title = field(rule, "title")
    assert (title.action, title.description) == (Action.CREATE, "Customer.io relationship attribute title")
    assert not {"name", "person", "company"} & {made.destination for made in rule.fields}


def test_only_one_type_lands_on_company() -> None:
    objects = [source("object:1", "Company", "Companies"), source("object:2", "Account", "Accounts")]
    spec = propose_map(objects, workspace(), NAMING)
    assert [rule.destination for rule in spec.objects] == ["company", "account"]


def test_a_map_goes_out_and_comes_back_unchanged() -> None:
    spec = propose_map([person(email=["a@x.org"], plan=["pro"])], workspace(), NAMING)
    again = MapSpec.model_validate_json(spec.model_dump_json())
    assert again == spec
    assert again.digest() == spec.digest()


def test_the_same_evidence_gives_the_same_map() -> None:
    objects = [person(email=["a@x.org"], plan=["pro"], mobile=["202-225-2171"])]
    assert propose_map(objects, workspace(), NAMING) == propose_map(objects, workspace(), NAMING)
