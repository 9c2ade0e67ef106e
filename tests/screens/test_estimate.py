"""The public estimator as somebody without an account meets it."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from projects import quotes
from projects.models import CallRequest, Quote, User

PAIR = {"source": "customerio", "destination": "twenty"}


@pytest.fixture(autouse=True)
def open_door() -> None:
    cache.clear()


@pytest.fixture
def visitor(db: None) -> Client:
    return Client()


def asked(visitor: Client, **typed: Any) -> str:
    answer = visitor.get(reverse("estimate"), PAIR | typed)
    assert answer.status_code == 200
    return str(answer.content.decode())


def token(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def send(visitor: Client, address: str, page: str, seconds: float = 30, **typed: Any) -> Any:
    """Sends a form as a person does: some time after it was shown."""
    with time_machine.travel(time.time() + seconds, tick=True):
        body = {"token": token(page), "website": "", "name": "Ada", "email": "ada@example.com", **typed}
        return visitor.post(address, body)


def written(visitor: Client) -> tuple[Quote, str]:
    page = asked(visitor, people=12_000, fields=40)
    answer = send(visitor, f"{reverse('write-quote')}?source=customerio&destination=twenty&people=12000", page)
    assert answer.status_code == 302
    return Quote.objects.get(), answer["Location"]


def test_the_steps_lead_from_a_category_to_a_grade_without_an_account(visitor: Client) -> None:
    first = visitor.get(reverse("estimate")).content.decode()
    assert "Marketing automation" in first
    assert "Customer.io" not in first
    second = visitor.get(reverse("estimate"), {"category": "Marketing automation"}).content.decode()
    assert "Customer.io" in second
    assert "Braze (not built yet)" in second
    third = asked(visitor)
    assert "How much is there?" in third
    last = asked(visitor, people="12,000", segments=10)
    assert "3 · Customer.io to Twenty CRM" in last
    assert "weeks" in last
    assert "12,000" in last


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("-5", "There cannot be fewer than none."),
        (str(10**12), "is more than any account holds"),
        ("many", "“many” is not a whole number."),
        ("1.5", "“1.5” is not a whole number."),
        ("٣", "is not a whole number."),
        ("<script>alert(1)</script>", "“&lt;script&gt;alert(1)&lt;/script&gt;” is not a whole number."),
        ("9" * 5000, "is more than any account holds"),
        ("", "Say how many records there are"),
    ],
)
def test_what_is_no_number_gets_a_sentence(visitor: Client, typed: str, sentence: str) -> None:
    page = asked(visitor, people=typed)
    assert sentence in page
    assert "3 · Customer.io" not in page
    assert "<script>alert" not in page


def test_above_two_million_records_is_scoped_individually(visitor: Client) -> None:
    assert "Scoped individually" not in asked(visitor, people=2_000_000)
    page = asked(visitor, people=2_000_001)
    assert "Scoped individually" in page
    assert "2,000,001" in page


def test_what_would_make_it_cheaper_is_offered_with_the_saving(visitor: Client) -> None:
    page = asked(visitor, people=1000, no_address=300)
    assert "Clean the addresses in the source before the migration" in page
    assert "USD 450 less" in page


def test_a_pair_that_is_not_built_says_so_and_names_its_neighbours(visitor: Client) -> None:
    page = visitor.get(reverse("estimate"), {"source": "braze", "destination": "twenty"}).content.decode()
    assert "This pair is not built yet" in page
    assert "Other ways to leave Braze" in page
    assert "Other ways to arrive at Twenty CRM" in page
    assert "Customer.io to Twenty CRM" in page


def test_nonsense_in_the_address_leads_back_to_the_first_step(visitor: Client) -> None:
    page = visitor.get(reverse("estimate"), {"source": "'; drop", "destination": "x", "category": "<b>"})
    assert page.status_code == 200
    assert "How much is there?" not in page.content.decode()


def test_a_quote_is_kept_and_found_by_its_link_alone(visitor: Client) -> None:
    quote, address = written(visitor)
    assert quote.content["records"] == 12_000
    assert quote.content["price"] > 0
    assert quote.number in visitor.get(address).content.decode()
    paper = visitor.get(f"{address}pdf/")
    assert paper.content.startswith(b"%PDF")
    assert quote.number not in address
    for guess in (quote.number, str(quote.pk), "x" * 43):
        assert visitor.get(reverse("quote", args=[guess])).status_code == 404


def test_a_form_that_comes_back_in_a_blink_or_twice_is_not_taken(visitor: Client) -> None:
    page = asked(visitor, people=100)
    address = f"{reverse('write-quote')}?source=customerio&destination=twenty&people=100"
    assert "faster than anybody types" in send(visitor, address, page, seconds=0).content.decode()
    assert send(visitor, address, page).status_code == 302
    assert "was sent already" in send(visitor, address, page).content.decode()
    assert "too old" in send(visitor, address, page, token="made-up").content.decode()
    assert "too old" in send(visitor, address, page, seconds=90_000).content.decode()
    assert Quote.objects.count() == 1


def test_who_fills_in_the_hidden_field_is_thanked_and_nothing_is_kept(visitor: Client) -> None:
    page = asked(visitor, people=100)
    address = f"{reverse('write-quote')}?source=customerio&destination=twenty&people=100"
    assert "Thank you" in send(visitor, address, page, website="http://spam.example").content.decode()
    assert not Quote.objects.exists()


def test_a_wrong_address_keeps_what_was_typed_and_can_be_mended(visitor: Client) -> None:
    page = asked(visitor, people=100)
    address = f"{reverse('write-quote')}?source=customerio&destination=twenty&people=100"
    again = send(visitor, address, page, email="nobody", name="Grace").content.decode()
    assert "Enter a valid email address" in again
    assert "Grace" in again
    assert send(visitor, address, again, seconds=90).status_code == 302


def test_the_limit_answers_429_with_a_page_and_counts_each_client_by_itself(visitor: Client) -> None:
    for _ in range(quotes.LOOKS[0]):
        assert visitor.get(reverse("estimate")).status_code == 200
    refused = visitor.get(reverse("estimate"))
    assert refused.status_code == 429
    assert "That was too often" in refused.content.decode()
    assert refused["Retry-After"] == "60"
    assert Client(REMOTE_ADDR="192.0.2.7").get(reverse("estimate")).status_code == 200


def test_a_client_cannot_choose_its_address_by_a_header(visitor: Client) -> None:
    for number in range(quotes.LOOKS[0]):
        visitor.get(reverse("estimate"), headers={"x-forwarded-for": f"192.0.2.{number}"})
    assert visitor.get(reverse("estimate"), headers={"x-forwarded-for": "198.51.100.1"}).status_code == 429


def test_an_administrator_sees_who_wants_to_be_called_and_nobody_else_does(
    visitor: Client, admin: User, log_in: Any
) -> None:
    _, address = written(visitor)
    page = visitor.get(address).content.decode()
    send(visitor, address, page, phone="+1 202 555 0100", message="<b>Tuesday</b>")
    call = CallRequest.objects.get()
    assert visitor.get(reverse("calls")).status_code == 302
    assert log_in(admin).get(reverse("calls")).status_code == 404
    User.objects.filter(pk=admin.pk).update(is_superuser=True)
    seat = log_in(User.objects.get(pk=admin.pk))
    listed = seat.get(reverse("calls")).content.decode()
    assert "&lt;b&gt;Tuesday&lt;/b&gt;" in listed
    seat.post(reverse("calls"), {"call": call.pk})
    call.refresh_from_db()
    assert call.done_by == admin


def test_somebody_may_ask_about_a_pair_that_is_not_built(visitor: Client) -> None:
    address = {"source": "braze", "destination": "twenty"}
    page = visitor.get(reverse("estimate"), address).content.decode()
    answer = send(visitor, f"{reverse('ask-for-call')}?source=braze&destination=twenty", page, message="When?")
    assert "Thank you" in answer.content.decode()
    assert CallRequest.objects.get().about == "Braze to Twenty CRM"
