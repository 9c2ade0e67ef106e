"""No secret of a webhook leaves the connector, in whatever form it was written."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.customerio.masking import MASK, mask_tokens, mask_webhook

SECRET = "s3cr3tV4lueThatNobodyMaySee42"
BASIC = base64.b64encode(f"user:{SECRET}".encode()).decode()

FORMS: list[Any] = [
    # headers
    json.dumps([{"name": "Authorization", "value": f"Bearer {SECRET}"}]),
    [{"name": "Authorization", "value": f"Basic {BASIC}"}],
    [{"key": "X-Api-Key", "value": SECRET}],
    [{"value": SECRET, "name": "x-auth-token"}],
    {"Authorization": SECRET},
    {"authorization": [f"Bearer {SECRET}", f"Token token={SECRET}"]},
    {"X-Shopify-Access-Token": SECRET, "Cookie": f"sid={SECRET}"},
    f"Authorization: Bearer {SECRET}\r\nContent-Type: application/json",
    f"x-functions-key: {SECRET}",
    # addresses
    f"https://user:{SECRET}@example.com/hook",
    f"https://{SECRET}@example.com/hook",
    f"https://example.com/hook?api_key={SECRET}&email={{{{customer.email}}}}",
    f"https://example.com/hook?apikey={SECRET}",
    f"https://example.com/hook?access_token={SECRET}#x",
    f"https://example.com/hook?X-Amz-Signature={SECRET}",
    f"https://example.com/hook?sig={SECRET}",
    f"https://example.com/cb#access_token={SECRET}",
    f"https://example.com/in/{SECRET}",
    f"https://hooks.slack.com/services/T0001/B0002/{SECRET}",
    f"https://discord.com/api/webhooks/123456/{SECRET}",
    f"https://api.telegram.org/bot123:{SECRET}/sendMessage",
    f"https://hook.eu1.make.com/{SECRET}",
    # bodies
    json.dumps({"auth": {"user": "a", "password": SECRET}, "list": [{"clientSecret": SECRET}]}),
    json.dumps({"credentials": SECRET}),
    json.dumps({"inner": json.dumps({"api_token": SECRET})}),
    f'{{"email": {{{{customer.email}}}}, "secret_key": "{SECRET}"}}',
    f"grant_type=client_credentials&client_secret={SECRET}&scope=all",
    f"<login><password>{SECRET}</password></login>",
    f"user: a\npassword: '{SECRET}'\n",
    f"curl -H 'Authorization: Bearer {SECRET}' https://example.com",
    # known forms, wherever they stand
    f"sk_live_{SECRET}",
    f"the key is xoxb-{SECRET}, keep it",
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{SECRET}",
    f"sa_live_{SECRET}",
]


@pytest.mark.parametrize("form", FORMS, ids=range(len(FORMS)))
def test_a_secret_is_masked_in_every_form(form: Any) -> None:
    masked = json.dumps(mask_webhook(form), ensure_ascii=False)
    assert SECRET not in masked
    assert BASIC not in masked
    assert MASK in masked


PLAIN: list[Any] = [
    "https://my.example.com/webhook",
    "https://example.com/v2/people?email={{customer.email}}&token={{customer.token}}",
    '{"email":"{{customer.email}}", "author" : "Ann", "keyboard":"qwerty"}',
    [{"name": "Content-Type", "value": "application/json"}, {"name": "X-Custom-Header", "value": "custom-value"}],
    {"Authorization": "{{snippets.auth}}", "X-Mailgun-Tag": "my-cool-tag"},
    "Bearer {{customer.token}}",
    "A token of our appreciation; monkey: banana; tokenize it",
    {"count": 3, "active": True, "nothing": None, "list": []},
    "<name>Ada</name>",
]


@pytest.mark.parametrize("value", PLAIN, ids=range(len(PLAIN)))
def test_what_is_no_secret_stays_to_the_letter(value: Any) -> None:
    assert mask_webhook(value) == value


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789", min_size=12, max_size=40), st.data())
def test_any_value_under_a_secret_name_is_masked(secret: str, data: st.DataObject) -> None:
    name = data.draw(
        st.sampled_from(["password", "apiKey", "X-API-KEY", "access_token", "client-secret", "Authorization"])
    )
    for form in ({name: secret}, {"a": [{name: secret}]}, json.dumps({name: secret}), f"{name}={secret}&b=1"):
        masked = json.dumps(mask_webhook(form))
        assert f'"{secret}"' not in masked
        assert f"={secret}" not in masked
        assert secret not in json.loads(masked if isinstance(form, dict) else "[]")


def test_an_emails_text_is_left_alone_but_for_tokens() -> None:
    text = "Forgot your password: click here. Bearer of good news! https://example.com/r?token={{t}}"
    assert mask_tokens(text) == text
    assert SECRET not in mask_tokens(f"<a href='https://u:{SECRET}@example.com'>x</a> sk_live_{SECRET} Bearer {SECRET}")


def test_what_is_masked_stays_recognisable() -> None:
    assert (
        mask_webhook(f"https://u:{SECRET}@example.com/a/b?key={SECRET}&x=1")
        == f"https://{MASK}@example.com/a/b?key={MASK}&x=1"
    )
    assert mask_webhook({"Authorization": f"Basic {BASIC}"}) == {"Authorization": f"Basic {MASK}"}


@pytest.mark.parametrize(
    "part", ["{{a}}", "{{", " ", "a=", "a:b@", "://", "Bearer ", "<aa>", '"', "\\", "eyJ", "eyJ-", "SG.", "key-", "%7B"]
)
def test_no_text_takes_long_however_it_is_made(part: str) -> None:
    started = time.monotonic()
    for text in (part * 20_000 + "x", f"token={part * 20_000}x", f"https://example.com/{part * 20_000}x"):
        mask_webhook(text)
        mask_webhook({"Authorization": text})
        mask_tokens(text)
    assert time.monotonic() - started < 5
