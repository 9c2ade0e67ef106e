"""What the proposer settles for all fields of an object together, why, and what it offers instead."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.catalogue import Field, FieldType
from connectors.twenty.catalogue import stock
from connectors.twenty.names import API_NAME, TwentyNaming
from mapping.apply import compile_rule
from mapping.checks import map_problems
from mapping.profile import FieldProfile
from mapping.proposer import SourceObject, propose, propose_map
from mapping.proposing import meaning
from mapping.proposing.concepts import LANGUAGES, concepts
from mapping.proposing.history import Confirmed, history_of
from mapping.proposing.model import auto_accept
from mapping.rules import Action, FieldRule, MapSpec, ObjectRule
from tests.mapping.workspace import workspace

VALUES = {
    "email": ["ada@example.org", "bob@example.org"],
    "phone": ["+44 7700 900123", "+44 7700 900456"],
    "given_name": ["Ada", "Bob"],
    "family_name": ["Lovelace", "Byron"],
    "full_name": ["Ada Lovelace", "Bob Byron"],
    "job": ["Engineer", "Sales Manager"],
    "linkedin": ["https://www.linkedin.com/in/ada"],
    "image": ["https://example.org/a.png"],
    "time": ["2024-05-01T10:00:00Z"],
    "organisation": ["Acme Ltd", "Blechtec GmbH"],
    "web": ["acme.example.org", "https://www.example.org"],
    "money": ["1200000", "350000"],
    "street": ["1 Main Street", "Calle Mayor 12"],
    "place": ["Bonn", "Lyon"],
    "region": ["Bayern", "Texas"],
    "postcode": ["M50 3AZ", "1015 EA"],
    "country": ["Germany", "France"],
    "coordinate": ["52.1102", "48.2"],
    "text": ["Suite 4", "2nd floor"],
    "label": ["Elba tour", "Capri tour"],
}
NAMES = {"person": "person", "company": "Company", "custom": "Boat Trip"}


def proposed(name: str, history: tuple[Confirmed, ...] = (), /, **samples: list[str]) -> ObjectRule:
    profiles = tuple(FieldProfile.of_values(*item) for item in samples.items())
    return propose(SourceObject(name, "", "", profiles), stock(), TwentyNaming(), history=history)


def rule(found: ObjectRule, name: str) -> FieldRule:
    made = found.rule_for(name)
    assert made is not None
    return made


def homes() -> Iterator[tuple[str, str, str]]:
    """Each thing that the stock catalogue has room for, once in each language."""
    for concept in concepts().values():
        for role, paths in concept.homes.items():
            target = stock().object(role)
            names = {field.name for field in target.fields} if target else {"name", "createdAt"}
            native = [path for path in paths if path.split(".")[0] in names]
            for language in LANGUAGES.keys() & concept.names.keys() if native else ():
                yield concept.key, role, language


@pytest.mark.parametrize(("key", "role", "language"), sorted(homes()))
def test_each_thing_finds_its_home_in_each_language(key: str, role: str, language: str) -> None:
    concept = concepts()[key]
    name = concept.names[language][0]
    made = rule(proposed(NAMES[role], **{name: VALUES[concept.values]}), name)
    accepted = {*concept.homes[role], "emails.primaryEmail", "phones.primaryPhoneNumber"}
    if key in ("person_name", "first_name", "last_name"):
        accepted |= {"name", "name.firstName", "name.lastName"}
    assert made.action is Action.MAP
    assert made.destination in accepted


@pytest.mark.parametrize("key", [key for key, concept in concepts().items() if not concept.homes])
def test_what_has_no_home_is_never_guessed_onto_a_similar_field(key: str) -> None:
    concept = concepts()[key]
    role = "person" if "person" in concept.roles else "company"
    names = [names[0] for language, names in concept.names.items() if language in LANGUAGES]
    found = proposed(NAMES[role], **{name: ["blue", "green"] for name in names})
    assert {rule(found, name).action for name in names} <= {Action.CREATE, Action.COMBINE}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("phone", ["true", "false"]),
        ("phone", ["iPhone 12", "Pixel 8"]),
        ("title", ["Mr", "Mrs", "Dr"]),
        ("role", ["admin", "member", "viewer"]),
        ("linkedin", ["1204", "330"]),
        ("avatar", ["yes", "no"]),
        ("email", ["3", "4"]),
        ("mail", ["weekly", "daily"]),
        ("first_name", ["https://example.org", "https://example.com"]),
    ],
)
def test_values_veto_a_name(name: str, values: list[str]) -> None:
    if name == "email":
        name = "E-Mail"
    made = rule(proposed("person", **{name: values}), name)
    assert made.action is Action.CREATE
    assert made.reason.startswith(("Named like", "It is about", "It is a fact"))


def test_a_state_that_is_a_status_is_no_part_of_an_address() -> None:
    assert rule(proposed("Company", state=["active", "churned", "trial"]), "state").action is Action.CREATE


def test_values_carry_a_name_that_says_nothing() -> None:
    found = proposed(
        "person",
        attr_1=["ada@example.org", "bob@example.org"],
        attr_2=["+44 7700 900123", "+49 171 2345678"],
        attr_3=["https://www.linkedin.com/in/ada"],
        attr_4=["Maria Rossi", "Peter Klein", "Anna Schmidt"],
        attr_5=["true", "false"],
    )
    assert [rule(found, f"attr_{n}").destination for n in range(1, 5)] == [
        "emails.primaryEmail",
        "phones.primaryPhoneNumber",
        "linkedinLink.primaryLinkUrl",
        "name",
    ]
    assert rule(found, "attr_5").action is Action.CREATE
    assert rule(found, "attr_1").reason.startswith("The name does not say it, but the values do.")


def test_a_name_beside_a_first_name_is_the_last_name() -> None:
    found = proposed("person", Vorname=["Jens", "Eva"], Name=["Hartmann", "Özdemir"])
    assert rule(found, "Name").destination == "name.lastName"
    found = proposed("person", nome=["Ana", "Rui"], sobrenome=["Silva", "Costa"])
    assert rule(found, "nome").destination == "name.firstName"


def test_reasons_name_the_language_and_what_the_values_say() -> None:
    reason = rule(proposed("person", vorname=["Ada", "Bob"]), "vorname").reason
    assert reason.startswith("“Vorname” is German for first name. All 2 values look like first names.")
    reason = rule(proposed("person", phone=["yes", "no"]), "phone").reason
    assert "Named like Phones (Primary Phone Number), but all values are yes or no." in reason


def test_parts_of_an_address_make_one_new_field_where_there_is_none() -> None:
    found = proposed("person", street=["1 Main St"], city=["Bonn"], zip=["53113"], billing_city=["Köln"])
    parts = [rule(found, name) for name in ("street", "city", "zip")]
    assert {part.action for part in parts} == {Action.COMBINE}
    assert [part.destination for part in parts] == [
        "postalAddress.addressStreet1",
        "postalAddress.addressCity",
        "postalAddress.addressPostcode",
    ]
    assert rule(found, "billing_city").action is Action.CREATE
    body = compile_rule(found)({"street": "1 Main St", "city": "Bonn", "zip": "53113"}).fields
    assert body["postalAddress"]["addressCity"] == "Bonn"
    assert not map_problems(MapSpec(objects=(found,)))


def test_a_second_address_of_a_company_is_a_field_of_its_own() -> None:
    found = proposed(
        "Company",
        BillingStreet=["1 Main St"],
        BillingCity=["Bonn"],
        ShippingStreet=["2 Dock Rd"],
        ShippingCity=["Köln"],
    )
    assert rule(found, "BillingCity").destination == "address.addressCity"
    assert rule(found, "ShippingCity").destination == "shippingAddress.addressCity"
    assert rule(found, "ShippingCity").action is Action.COMBINE


def test_an_object_with_the_fields_of_a_company_is_one() -> None:
    found = proposed("Clienti", ragione_sociale=["X Srl"], sito_web=["x.it"], dipendenti=["8"], CAP=["80134"])
    assert found.destination == "company"


def test_the_catalogue_decides_what_has_a_home() -> None:
    city = Field("city", "City", FieldType.TEXT)
    people = SourceObject("person", "", "", (FieldProfile.of_values("Wohnort", ["Bonn", "Köln"]),))
    made = propose(people, workspace(person=(city,)), TwentyNaming()).rule_for("Wohnort")
    assert made is not None
    assert (made.action, made.destination) == (Action.MAP, "city")


def test_each_proposal_names_what_else_it_could_be() -> None:
    found = proposed("person", phone=["+44 7700 900123"], mobile=["+44 7700 900456"], plan=["pro"])
    first = rule(found, "phone").alternatives
    assert (first[-1].destination, first[-1].type) == ("phone", FieldType.PHONES)
    assert all(other.reason and other.type for made in found.fields for other in made.alternatives)
    assert rule(found, "mobile").alternatives[0].destination == "phones.primaryPhoneNumber"
    assert all(len(made.alternatives) <= 2 for made in found.fields)


def test_confidence_tells_the_plain_from_the_doubtful() -> None:
    found = proposed(
        "person",
        first_name=["Ada", "Grace"],
        last_name=["Lovelace", "Hopper"],
        phone=["+44 7700 900123"],
        billing_phone=["+44 7700 900124"],
        city=["Bath"],
    )
    plain, doubtful = rule(found, "first_name").confidence, rule(found, "billing_phone").confidence
    assert rule(found, "city").confidence >= auto_accept() > doubtful
    assert plain > rule(found, "city").confidence, "even among the sure ones some are surer"
    assert plain < 1


def test_a_second_number_is_never_sure() -> None:
    found = proposed("person", phone=["+44 7700 900123"], mobile=["+44 7700 900456"], fax=["+44 7700 900789"])
    second = [made for made in found.fields if made.destination == "phones.additionalPhones"]
    assert second
    assert all(made.confidence < auto_accept() for made in second)


def test_what_was_confirmed_before_wins() -> None:
    earlier = Confirmed("person", "desk", "phones.primaryPhoneNumber", times=3, projects=3)
    made = rule(proposed("person", (earlier,), desk=["12", "14"]), "desk")
    assert made.action is Action.CREATE, "values that speak against it still veto"
    made = rule(proposed("person", (earlier,), desk=["+44 7700 900123"]), "desk")
    assert made.destination == "phones.primaryPhoneNumber"
    assert made.reason.startswith("Mapped so in 3 of your 3 earlier projects.")
    assert made.confidence > 0.95
    never = Confirmed("person", "job_title", "", times=1, projects=2)
    made = rule(proposed("person", (never,), job_title=["Engineer"]), "job_title")
    assert made.action is Action.CREATE
    assert made.reason.startswith("Mapped so in 1 of your 2 earlier projects.")


def test_history_is_read_from_maps_and_the_newest_wins() -> None:
    def spec(destination: str, action: Action) -> MapSpec:
        field = FieldRule(source="Job Title", action=action, destination=destination)
        return MapSpec(objects=(ObjectRule(source="person", destination="person", fields=(field,)),))

    found = history_of([spec("jobTitle", Action.MAP), spec("jobTitle", Action.MAP), spec("own", Action.CREATE)])
    assert [(row.destination, row.times, row.projects, row.newest) for row in found] == [
        ("jobTitle", 2, 3, False),
        ("", 1, 3, True),
    ]
    assert rule(proposed("person", found, job_title=["Engineer"]), "job_title").action is Action.CREATE


def test_without_the_word_vectors_the_lexicon_carries_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(meaning, "PACKAGE", "no_such_package_here")
    for cached in (meaning.model, meaning._descriptions):
        cached.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            assert rule(proposed("person", vorname=["Ada"]), "vorname").destination == "name.firstName"
        assert "by the lexicon alone" in caplog.text
    finally:
        monkeypatch.undo()
        for cached in (meaning.model, meaning._descriptions):
            cached.cache_clear()


ANY_FIELDS = st.dictionaries(
    st.text(min_size=1, max_size=30) | st.sampled_from(["email", "phone", "name", "Vorname", "city", "zip"]),
    st.lists(st.text(max_size=30) | st.sampled_from(["a@x.org", "+44 7700 900123", "Ada"]), max_size=4),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(ANY_FIELDS, st.sampled_from(["person", "Company", "Thing"]))
def test_any_fields_give_a_legal_map_and_the_same_one_again(fields: dict[str, list[str]], name: str) -> None:
    sources = [SourceObject(name, "", "", tuple(FieldProfile.of_values(*item) for item in fields.items()))]
    spec = propose_map(sources, stock(), TwentyNaming())
    assert spec == propose_map(sources, stock(), TwentyNaming())
    found = spec.objects[0]
    assert set(fields) <= {made.source for made in found.fields}
    compile_rule(found)
    made = [rule for rule in found.fields if rule.action is Action.CREATE]
    assert len({rule.field for rule in made}) == len(made)
    assert all(API_NAME.match(rule.field) and 0 < rule.confidence < 1 for rule in found.fields)
    assert all(rule.reason.endswith(".") for rule in found.fields)
