"""What Twenty's refusals mean, as typed errors with a sentence (contracts/twenty/FACTS.md section 1).

The status alone says little: a missing permission is a 400, a revoked key a 403, and many mistakes of the
user come as a 500. What counts is the first message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from connectors.budget import Rate
from connectors.errors import AuthFailed, ConnectorError, NotAllowed, Rejected, Transient
from connectors.http import Refusal

NEW_KEY = "Make a new one in Twenty under Settings → APIs & Webhooks and put it into the connection."
UNIQUE = "unique"
"""The entry of `Rejected.fields` for a unique value that is taken: REST does not say which field it is."""
TOO_LONG = "url"
"""The entry of `Rejected.fields` for a request line that the server, or a proxy before it, found too long."""

DEFAULT_RATE = Rate(100, 0.62, assumed=True)
"""100 requests at once, then one per 0.6 s, of which we use 97 % (section 11); self-hosted servers often lift it."""

_LIMIT = re.compile(r"Limit reached \((\d+) tokens per (\d+) ms\)")
_QUOTED_FIELD = re.compile(r'(?:field|any) "([^"]+)"')

_FOLLOWS = re.compile(r"object metadata not found|^Could not find index", re.IGNORECASE)
_BY_SCHEMA_CHANGE = re.compile(r'Property "[^"]*" was not found in')

_USER_ERRORS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("A duplicate entry was detected|duplicate key value"), "A value that must be unique is there already."),
    (re.compile("foreign key constraint"), "It points to a record that does not exist in Twenty."),
    (re.compile("not-null constraint"), "A value that must not be empty is empty."),
    (
        re.compile("invalid byte sequence for encoding|unsupported Unicode escape|^Data validation error"),
        "A text holds a character that Twenty cannot store, or is too long to be searched.",
    ),
    (re.compile("too long for tsvector"), "The texts of this record are too long to be searched."),
    (re.compile("index row (size|requires)"), "A unique value is too long."),
    (re.compile("Missing createdBy field metadata"), "This server cannot update such records in bulk."),
    (re.compile("^Migration action"), "The change does not fit the records that are there."),
    (re.compile("request entity too large"), "The request was larger than the server allows."),
    (
        re.compile("invalid input (syntax|value)|out of range|cannot cast type|^Invalid|is not a valid|value too long"),
        "A value has a form that Twenty does not take.",
    ),
)
"""Messages that are the sender's fault whatever their status, and what they mean."""


def messages_of(body: Any, text: str = "") -> list[str]:
    """All messages of an error body: REST's, the web framework's, GraphQL's, or a bare string."""
    if isinstance(body, str):
        return [body]
    if not isinstance(body, dict):
        return [text] if text.strip() else []
    found = _reasons(body.get("errors"))
    for name in ("messages", "message") if not found else ():
        value = body.get(name)
        found += [value] if isinstance(value, str) else [str(item) for item in value] if isinstance(value, list) else []
    return found


def _reasons(errors: Any) -> list[str]:
    """The reasons inside `errors`: a list in GraphQL answers, a table by kind in metadata answers of 2.x."""
    if isinstance(errors, list):
        found = []
        for error in errors:
            extensions = error.get("extensions") if isinstance(error, dict) else None
            detail = extensions.get("errors") if isinstance(extensions, dict) else None
            found += _reasons(detail) or [str(error.get("message", "")) if isinstance(error, dict) else str(error)]
        return found
    if not isinstance(errors, dict):
        return []
    # The other kinds (views, view fields) only follow from these.
    kinds = [kind for kind in ("objectMetadata", "fieldMetadata", "index") if errors.get(kind)] or list(errors)
    entries = [entry for kind in kinds for entry in errors[kind] if isinstance(entry, dict)]
    reasons = [str(item.get("message", "")) for entry in entries for item in entry.get("errors", ())]
    # A refused object drags "not found" errors of its own fields behind it.
    return [text for text in dict.fromkeys(reasons) if not _FOLLOWS.search(text)] or reasons[:1]


def limit_of(text: str, current: Rate) -> Rate | None:
    """The rate that a refusal names, a little slower than allowed; None where it says nothing better than `current`.

    Either of two buckets may be named. One that refills faster than anyone sends cannot have been the empty
    one: then it is the default of 100 a minute that stands behind it (contracts/twenty/FACTS-2.x.md section 11).
    """
    match = _LIMIT.search(text)
    if not match:
        return None
    tokens, window = int(match.group(1)), int(match.group(2))
    rate = Rate(max(tokens, 1), window / max(tokens, 1) / 1000 * 1.033)
    if rate.interval < 0.05:
        rate = Rate(DEFAULT_RATE.capacity, DEFAULT_RATE.interval)
    slower = current.is_limited and not current.assumed and current.interval >= rate.interval
    return None if slower else rate


def explain(refusal: Refusal, mask: Callable[[str], str]) -> ConnectorError | None:
    """The error for a refusal; None leaves it to the common table of statuses."""
    messages = [mask(message) for message in messages_of(refusal.body, refusal.text)]
    first = messages[0] if messages else ""
    code = str(refusal.body.get("code", "")) if isinstance(refusal.body, dict) else ""
    if refusal.status in (401, 403):
        return _about_the_key(refusal.status, first, code)
    if refusal.status in (414, 431):
        return Rejected("The request line was too long for Twenty.", fields={TOO_LONG: str(refusal.status)})
    if code in ("PERMISSION_DENIED", "FORBIDDEN_EXCEPTION"):
        return _not_allowed()
    return by_message(messages) or _by_status(refusal, messages)


def _about_the_key(status: int, message: str, code: str) -> ConnectorError | None:
    if code == "PERMISSION_DENIED" or "does not have permission" in message:
        return _not_allowed()
    if code == "FIELD_MUTATION_NOT_ALLOWED":
        return Rejected(message)
    if "revoked" in message:
        return AuthFailed("This Twenty API key was revoked.", NEW_KEY)
    if "expired" in message:
        return AuthFailed("This Twenty API key has expired.", NEW_KEY)
    if "Missing authentication token" in message:
        return AuthFailed(
            "Twenty did not receive the API key.", "If a proxy stands before the server, let it pass Authorization on."
        )
    if "orkspace not found" in message or "WORKSPACE_NOT_FOUND" in message:
        return AuthFailed("The workspace of this Twenty API key does not exist.", "Check the address and the key.")
    if status == 401:
        return AuthFailed("Twenty does not accept this API key.", f"Is it complete? {NEW_KEY}")
    return None


def _not_allowed() -> NotAllowed:
    return NotAllowed(
        "The role of this Twenty API key does not allow this.",
        "Give the key a role that may see and edit all records and the data model (Settings → Roles).",
    )


def by_message(messages: Sequence[str]) -> ConnectorError | None:
    """The error for a known message, whatever the status it came with."""
    text = "; ".join(message for message in messages if message)
    first = messages[0] if messages else ""
    if _BY_SCHEMA_CHANGE.search(first):
        return Transient(
            "Twenty is changing its data model at the moment.", "The run goes on by itself.", retry_after=2
        )
    for pattern, meaning in _USER_ERRORS:
        if pattern.search(first):
            return Rejected(f"Twenty refused this: {_short(text)}.", meaning, fields=_fields(messages))
    return None


def _by_status(refusal: Refusal, messages: Sequence[str]) -> ConnectorError | None:
    if refusal.status in (408, 425) or refusal.status >= 500 or 300 <= refusal.status < 400:
        return None
    if refusal.status == 404 and not messages:
        return None
    text = "; ".join(message for message in messages if message) or f"status {refusal.status}"
    return Rejected(f"Twenty refused this: {_short(text)}.", fields=_fields(messages))


def _fields(messages: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for message in messages:
        if "duplicate" in message:
            found[UNIQUE] = _short(message)
        elif match := _QUOTED_FIELD.search(message):
            found[match.group(1)] = _short(message)
    return found


def _short(text: str) -> str:
    text = text.strip().rstrip(".")
    return text if len(text) <= 300 else text[:299] + "…"


def graphql_error(errors: Sequence[Mapping[str, Any]], mask: Callable[[str], str]) -> ConnectorError:
    """The error for the `errors` of a GraphQL answer, which comes as HTTP 200."""
    messages = [mask(message) for message in _reasons(list(errors))]
    extensions = errors[0].get("extensions") if errors else None
    code = str(extensions.get("code", "")) if isinstance(extensions, dict) else ""
    if code == "UNAUTHENTICATED":
        return _about_the_key(401, messages[0], code) or AuthFailed("Twenty does not accept this API key.", NEW_KEY)
    if code == "FORBIDDEN":
        return _not_allowed()
    known = by_message(messages)
    if known:
        return known
    if code == "INTERNAL_SERVER_ERROR":
        return Transient("Twenty had an internal error.", "The run tries again by itself.", maybe_done=True)
    text = "; ".join(message for message in messages if message) or "no reason given"
    return Rejected(f"Twenty refused this: {_short(text)}.", fields=_fields(messages))


def is_limit(errors: Any) -> bool:
    """Whether a GraphQL answer says that the request limit is reached: with HTTP 200 (section 11)."""
    return isinstance(errors, list) and any(
        isinstance(error, dict) and (error.get("extensions") or {}).get("subCode") == "LIMIT_REACHED"
        for error in errors
    )
