"""A field's name is read as people mean it, in seven languages and in every spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.proposing.concepts import LANGUAGES, aliases, concepts
from mapping.proposing.names import ABOUT, OTHERS, read

ROLE_OF = {"company_name": "company", "domain": "company", "record_name": "custom", "record_number": "custom"}


def best(name: str, role: str = "person", label: str = "") -> str:
    matches = read(name, role, label).matches
    return max(matches, key=lambda key: matches[key].score, default="")


@pytest.mark.parametrize(
    "name",
    ["first_name", "FirstName", "firstName", "First Name", "FIRST-NAME", "$first_name", "traits.first_name",
     "FirstName__c", "usr_first_name", "contact first name", "properties_firstname", "fname"],
)  # fmt: skip
def test_spelling_and_prefixes_do_not_change_what_a_name_means(name: str) -> None:
    assert best(name) == "first_name"


@pytest.mark.parametrize(
    ("name", "concept"),
    [
        ("Kundentelefonnummer", "phone"),
        ("E-Mail-Adresse", "email"),
        ("EMail1", "email"),
        ("EMail2", "other_email"),
        ("Geschaeftliche_E-Mail", "email"),
        ("Straße", "street"),
        ("strasse", "street"),
        ("bezoek_postcode", "postcode"),
        ("huisnummer", "house_number"),
        ("cmp_cntry", "country"),
        ("cogn", "last_name"),
        ("numero_de_telefono", "phone"),
        ("phone_mobile", "phone"),
        ("job_tittle", "job_title"),
        ("nom_de_famille", "last_name"),
    ],
)
def test_compounds_short_forms_and_typos_are_understood(name: str, concept: str) -> None:
    assert best(name) == concept


@pytest.mark.parametrize("name", ["phone_verified", "email_count", "email_hash", "consenso_telefono", "E-Mail-Sperre"])
def test_a_fact_about_a_thing_is_not_the_thing(name: str) -> None:
    reading = read(name, "person")
    assert best(name) not in ("phone", "email") or ABOUT in reading.against


@pytest.mark.parametrize("name", ["manager_email", "emrgncy_cntct_phone", "gift_recipient_first_name", "Mgr Email"])
def test_what_belongs_to_somebody_else_is_told_apart(name: str) -> None:
    reading = read(name, "person")
    assert OTHERS in reading.against or best(name) == "other_people"


@pytest.mark.parametrize("name", ["invited_by_email", "referredByPhone", "aangemeld door e-mail"])
def test_what_somebody_did_is_not_the_records_own(name: str) -> None:
    assert OTHERS in read(name, "person").against


@pytest.mark.parametrize(
    ("name", "concept"),
    [
        ("Ticket holder first name", "first_name"),
        ("What is your work email?", "email"),
        ("joined_ts", "signed_up"),
        ("Client Email", "email"),
        ("cli_ap1", "last_name"),
        ("Datensatz angelegt", "created"),
    ],
)
def test_words_around_a_usual_name_do_not_hide_it(name: str, concept: str) -> None:
    found = read(name, "person")
    assert max(found.matches, key=lambda key: found.matches[key].score) == concept
    assert not found.against


def test_who_made_a_record_is_not_when_it_was_made() -> None:
    assert best("angelegt von") != "created" == best("angelegt")


def test_whose_attribute_it_is_depends_on_the_object() -> None:
    assert best("contact_email", "person") == "email"
    assert (
        best("order_name", "custom", "Order") == "record_name"
        or "record_name" in read("order_name", "custom", "Order").matches
    )
    assert "company_name" not in read("contact_name", "company").matches


def test_numbered_names_mean_nothing() -> None:
    assert read("attr_17", "person").cryptic
    assert read("Link 2", "company").cryptic
    assert not read("vorname", "person").cryptic


@pytest.mark.parametrize("key", [key for key, concept in concepts().items() if concept.homes])
def test_each_thing_with_a_home_is_known_in_each_language(key: str) -> None:
    concept = concepts()[key]
    role = ROLE_OF.get(key, next(iter(concept.homes)))
    for language in set(LANGUAGES) & set(concept.names):
        match = read(concept.names[language][0], role).matches[key]
        assert match.score > 0.9


def test_the_lexicon_is_large_and_no_name_is_empty() -> None:
    assert len({(alias.concept, alias.parts) for alias in aliases()}) > 3_000
    assert all(alias.parts for alias in aliases())
    assert all("en" in concept.names for concept in concepts().values())


@given(st.text(max_size=60), st.sampled_from(["person", "company", "custom"]))
def test_any_name_can_be_read(name: str, role: str) -> None:
    reading = read(name, role, "Thing")
    assert all(0 <= match.score <= 1 for match in reading.matches.values())
