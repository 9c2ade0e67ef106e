"""Values tell what they are, whatever the field is called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.profile import FieldProfile
from mapping.proposing.evidence import evidence
from mapping.proposing.looks import looks
from mapping.proposing.suits import SUITS, called


@pytest.mark.parametrize(
    ("text", "look"),
    [
        ("ada@example.org", "email"),
        ("a@x.org; b@y.org", "email"),
        ("+44 7700 900123", "phone"),
        ("0761/5550-144", "phone"),
        ("044 555 22 11 / 078 555 90 01", "phone"),
        ('[{"label":"work","value":"+353 1 555 0123"}]', "phone"),
        ("31.12.2023", "time"),
        ("12/03/2021 10:11", "time"),
        ("2021-02-11T15:20:44.000+0000", "time"),
        ("1612345678", "epoch"),
        ("https://de.linkedin.com/in/ada", "linkedin"),
        ("https://cdn.example.org/faces/1.jpg", "image"),
        ("https://example.org/report.pdf", "file"),
        ("example.org", "root"),
        ("oui", "boolean"),
        ("Herr", "salutations"),
        ("churned", "status"),
        ("viewer", "permissions"),
        ("1.250.000,00", "amount"),
        ("2'400'000", "amount"),
        ("Österreich", "country"),
        ("GBR", "country"),
        ("M50 3AZ", "postcode"),
        ("Calle Mayor 12", "street"),
        ("Maria Rossi", "full name"),
        ("Geschäftsführerin", "job"),
        ("Blechtec GmbH", "legal"),
        ("Europe/Berlin", "zone"),
        ("192.0.2.11", "ip"),
    ],
)
def test_a_value_looks_like_what_it_is(text: str, look: str) -> None:
    assert look in looks(text)


@pytest.mark.parametrize(
    ("text", "look"),
    [("31.12.2023", "phone"), ("41244.19", "phone"), ("192.0.2.11", "phone"), ("0041550012", "sure phone")],
)
def test_a_value_does_not_look_like_what_it_is_not(text: str, look: str) -> None:
    assert look not in looks(text)


def test_frequent_values_weigh_more() -> None:
    seen = evidence(FieldProfile.of_values("x", ["yes"] * 9 + ["ada@example.org"]))
    assert seen.share("boolean") == pytest.approx(0.9)
    assert called(seen)[0] == "yes or no"


@given(st.lists(st.text(max_size=80), max_size=12))
def test_any_values_give_shares(values: list[str]) -> None:
    seen = evidence(FieldProfile.of_values("x", values))
    assert all(0 <= share <= 1 for share in seen.shares.values())
    for suit in SUITS.values():
        fits, giveaway = suit(seen)
        assert -1e-6 <= fits <= 1 + 1e-6
        assert -1e-6 <= giveaway <= 1 + 1e-6
