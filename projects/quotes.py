"""Written quotes and requests for a call, made by people without an account; and the door that keeps machines out."""

from __future__ import annotations

import hashlib
import secrets
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from redis.exceptions import RedisError

from projects.estimator import Estimate
from projects.grading import rules
from projects.models import CallRequest, Quote, User

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""No letter that is taken for a digit: numbers of quotes are read out on the telephone."""

LOOKS = (120, 60)
WRITES = (10, 3600)
"""How often one client may ask: times, in so many seconds."""

FASTEST, SLOWEST = 2, 24 * 3600
"""Seconds between showing a form and its return: nobody types faster, and after a day it is stale."""

SALT = "estimate.form"


class Stale(Exception):
    """A form that came back too fast, too late, twice or without its token; `str()` is the sentence."""


def within_limit(request: HttpRequest, what: str, limit: tuple[int, int]) -> bool:
    """Whether this client may do this once more; counts it. A cache that is away lets everybody through."""
    times, seconds = limit
    window = int(time.time()) // seconds
    key = "door:" + hashlib.sha256(f"{what}:{client_of(request)}:{window}".encode()).hexdigest()
    try:
        cache.add(key, 0, timeout=seconds + 1)
        return cache.incr(key) <= times
    except (RedisError, ValueError):
        return True


def client_of(request: HttpRequest) -> str:
    """Whom a request comes from: behind a proxy the address that the proxy itself saw, which it adds last."""
    if settings.SECURE_PROXY_SSL_HEADER:
        told = request.headers.get("X-Forwarded-For", "").rsplit(",", 1)[-1].strip()
        if told:
            return told
    return str(request.META.get("REMOTE_ADDR", ""))


def form_token() -> str:
    """What a form carries so that it comes back once, from here, and not within a blink."""
    return signing.dumps({"at": time.time(), "once": secrets.token_urlsafe(9)}, salt=SALT)


def check_token(token: str) -> str:
    """Takes a form's token; gives what `spend` needs. Raises Stale."""
    try:
        told = signing.loads(token, salt=SALT, max_age=SLOWEST)
    except signing.BadSignature as error:
        raise Stale(
            "This form is too old or was changed on the way. It is here again: please send it once more."
        ) from (error)
    if time.time() - told["at"] < FASTEST:
        raise Stale("That was faster than anybody types. Please look at the form once more and send it again.")
    return str(told["once"])


def spend(once: str) -> None:
    """Uses the token up, so that one form makes one row. Raises Stale when it was used."""
    try:
        fresh = cache.add(f"door:once:{once}", 1, timeout=SLOWEST)
    except RedisError:
        fresh = True
    if not fresh:
        raise Stale("This form was sent already.")


@transaction.atomic
def write_quote(*, estimate: Estimate, name: str, email: str, company: str) -> tuple[Quote, str]:
    """Keeps a quote with everything that it says; gives it and the token of its link."""
    token = secrets.token_urlsafe(32)
    today = timezone.localdate()
    code = "".join(secrets.choice(LETTERS) for _ in range(6))
    quote = Quote.objects.create(
        number=f"Q-{today:%Y%m%d}-{code}",
        token_digest=_digest(token),
        source=estimate.pair.source.slug,
        destination=estimate.pair.destination.slug,
        name=name,
        company=company,
        email=email,
        content=estimate.to_json(),
        valid_until=today + timedelta(days=rules()["quote"]["valid_days"]),
    )
    return quote, token


def find_quote(token: str) -> Quote | None:
    """The quote behind a link. Without its token nobody finds out whether there is one."""
    return Quote.objects.filter(token_digest=_digest(token)).first()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def ask_for_call(*, about: str, quote: Quote | None = None, **typed: Any) -> CallRequest:
    """Keeps a request for a call."""
    return CallRequest.objects.create(about=about[:200], quote=quote, **typed)


def close_call(*, call: CallRequest, by: User) -> None:
    """Marks a call as made."""
    CallRequest.objects.filter(pk=call.pk, done_at=None).update(done_at=timezone.now(), done_by=by)
