"""Why Twenty would refuse a value: asked before anything is sent (contracts/twenty/FACTS.md section 7).

One bad value refuses its whole batch, and the answer does not say which row it was. The stricter rules of 2.x
hold on both lines, so that a run does not depend on when the server is upgraded.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from uuid import UUID

from connectors.catalogue import Field, FieldType
from connectors.twenty.links import link_problem
from connectors.twenty.phones import read_phone
from connectors.twenty.values import LISTS, NUMBERS, SUBFIELDS, parse_moment

Json = Any
Check = Callable[[Field, Json], str]

JS_SPACE = "\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
"""What `\\s` means in JavaScript; Python takes some control characters for spaces, and not the byte order mark."""
EMAIL = re.compile(rf'[^{JS_SPACE}@"]{{1,64}}@[^{JS_SPACE}@]{{1,255}}')
EMAIL_LIMIT = 255
"""In UTF-16 units, as JavaScript counts."""
UNIQUE_LIMIT = 2600
"""Bytes of a unique value: an entry of PostgreSQL's index must stay below 2,704."""
SEARCH_LIMIT = 900_000
"""Bytes of text in one value: all texts of a record together must stay below 1 MB to be searchable."""
JSON_LIMIT = 8_000_000
RATINGS = tuple(f"RATING_{stars}" for stars in range(1, 6))
SOURCES = frozenset(
    ("EMAIL", "CALENDAR", "WORKFLOW", "AGENT", "API", "IMPORT", "MANUAL", "SYSTEM", "WEBHOOK", "APPLICATION")
)


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

_MISREAD = re.compile(r"^\s|\s$|:\S*\s|,|:\S*[+-]\d\d$")
"""Times refused by a server: spaces around them or before the zone; on 1.x a comma, or a zone without minutes."""


def problem(field: Field, value: Json) -> str:
    """See `Destination.problem`. A sentence without the value itself, which may be long or private."""
    if value is None:
        return "" if field.nullable else f"{field.label} must not be empty."
    if not field.writable:
        return f"{field.label} cannot be written."
    reason = _bad_text(value) or _CHECKS.get(field.type, _refused_type)(field, value)
    return f"{field.label} {reason}." if reason else ""


def _bad_text(value: Json) -> str:
    for text in _texts(value):
        if not text.isascii() or "\x00" in text:
            found = _UNSTORABLE.search(text)
            if found is not None:
                what = "a NUL character" if found.group() == "\x00" else "half of a character"
                return f"contains {what}, which Twenty cannot store"
    return ""


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _refused_type(field: Field, value: Json) -> str:
    return "is computed by Twenty and cannot be written"


def _text(field: Field, value: Json) -> str:
    if not isinstance(value, str):
        return "must be a text"
    size = len(value.encode())
    if field.unique and size > UNIQUE_LIMIT:
        return "is too long for a value that must be unique"
    return "is too long for Twenty's search" if size > SEARCH_LIMIT else ""


def _number(field: Field, value: Json) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "must be a number"
    return "" if _is_finite(value) else "must be a finite number"


def _is_finite(value: float) -> bool:
    """Whether JavaScript can hold it: a whole number may be too large even where Python knows no limit."""
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _boolean(field: Field, value: Json) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _date(field: Field, value: Json) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return "must be a date like 2026-01-31"
    try:
        date.fromisoformat(value)
    except ValueError:
        return "is not a day of the calendar"
    return ""


def _date_time(field: Field, value: Json) -> str:
    good = isinstance(value, str) and parse_moment(value) is not None and not _MISREAD.search(value)
    return "" if good else "must be a time like 2026-01-31T12:00:00Z"


def _select(field: Field, value: Json) -> str:
    allowed = [option.value for option in field.options] or (RATINGS if field.type is FieldType.RATING else [])
    return "" if isinstance(value, str) and value in allowed else "is none of the options of this field"


def _multi_select(field: Field, value: Json) -> str:
    if not isinstance(value, list):
        return "must be a list of options"
    allowed = {option.value for option in field.options}
    good = all(isinstance(item, str) and item in allowed for item in value)
    return "" if good else "has an entry that is none of the options of this field"


def _array(field: Field, value: Json) -> str:
    good = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return "" if good else "must be a list of texts"


def _raw_json(field: Field, value: Json) -> str:
    if not isinstance(value, dict | list):
        return "must be a JSON object or list"
    try:
        size = len(json.dumps(value, allow_nan=False, ensure_ascii=False).encode())
    except (ValueError, TypeError, RecursionError):
        return "is no valid JSON"
    if not all(map(_is_finite, _whole_numbers(value))):
        return "has a number that is too large"
    return "is larger than Twenty takes in one request" if size > JSON_LIMIT else ""


def _whole_numbers(value: Json) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _whole_numbers(item)


def _uuid(field: Field, value: Json) -> str:
    try:
        parsed = UUID(value) if isinstance(value, str) and len(value) == 36 else None
    except ValueError:
        parsed = None
    # Version 7 and the nil id are refused (section 4).
    return "" if parsed is not None and parsed.version in (1, 2, 3, 4, 5) else "must be an id (UUID, versions 1 to 5)"


def _parts(field: Field, value: Json) -> str:
    """What holds for every composite: an object with known sub-fields of the right kind."""
    if not isinstance(value, dict):
        return "must be an object with sub-fields"
    names = SUBFIELDS[field.type]
    for name, part in value.items():
        if name not in names:
            return f"has no sub-field “{name}”"
        if part is None or name == "context":
            continue
        if name in LISTS:
            if not isinstance(part, list):
                return f"needs a list in {name}"
        elif name not in NUMBERS and not isinstance(part, str):
            return f"needs a text in {name}"
    return ""


def _emails(field: Field, value: Json) -> str:
    if reason := _parts(field, value):
        return reason
    primary = value.get("primaryEmail")
    if primary and not _is_email(primary):
        return "is not an e-mail address"
    if not all(_is_email(item) for item in value.get("additionalEmails") or ()):
        return "has an additional entry that is not an e-mail address"
    return ""


def _is_email(value: Json) -> bool:
    if not isinstance(value, str) or not EMAIL.fullmatch(value):
        return False
    return len(value.encode("utf-16-le")) <= 2 * EMAIL_LIMIT


def _phones(field: Field, value: Json) -> str:
    if reason := _parts(field, value):
        return reason
    main = [value.get(f"primaryPhone{part}") or "" for part in ("Number", "CallingCode", "CountryCode")]
    if reason := read_phone(*main).problem:
        return reason
    for item in value.get("additionalPhones") or ():
        if not isinstance(item, dict) or not isinstance(item.get("number"), str) or not item["number"].strip():
            # A bare text here is accepted and stored as an empty object: data loss (section 7).
            return "has an additional number that is not an object with a number"
        if unknown := set(item) - {"number", "callingCode", "countryCode"}:
            return f"has an additional number with “{min(unknown)}”, which Twenty would drop"
        parts = [item.get(name) or "" for name in ("number", "callingCode", "countryCode")]
        if not all(isinstance(part, str) for part in parts):
            return "has an additional number in a wrong form"
        if reason := read_phone(*parts).problem:
            return f"has an additional number that {reason}"
    return ""


def _links(field: Field, value: Json) -> str:
    if reason := _parts(field, value):
        return reason
    url = value.get("primaryLinkUrl") or ""
    if url and (reason := link_problem(url)):
        return reason
    if field.unique and len(url.encode()) > UNIQUE_LIMIT:
        return "is too long for a value that must be unique"
    for item in value.get("secondaryLinks") or ():
        if not isinstance(item, dict) or not isinstance(item.get("url"), str):
            return "has a further link that is not an object with a url"
        if unknown := set(item) - {"url", "label"}:
            return f"has a further link with “{min(unknown)}”, which Twenty would drop"
        if item["url"] and (reason := link_problem(item["url"])):
            return f"has a further link that {reason}"
    return ""


def _address(field: Field, value: Json) -> str:
    if reason := _parts(field, value):
        return reason
    for name in ("addressLat", "addressLng"):
        if not _is_numeric(value.get(name)):
            return f"needs a number in {name}"
    return ""


def _currency(field: Field, value: Json) -> str:
    if reason := _parts(field, value):
        return reason
    return "" if _is_numeric(value.get("amountMicros")) else "needs a number in amountMicros"


def _is_numeric(value: Json) -> bool:
    """Whether it is a number, as text too; an empty text is not, since Twenty keeps 0 for it."""
    if value is None:
        return True
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        return math.isfinite(float(value)) and "_" not in str(value)
    except (ValueError, OverflowError):
        return False


def _rich_text(field: Field, value: Json) -> str:
    if reason := _parts(field, value):
        return reason
    return "is too long for Twenty's search" if len((value.get("markdown") or "").encode()) > SEARCH_LIMIT else ""


def _actor(field: Field, value: Json) -> str:
    if reason := _parts(field, value):
        return reason
    if value.get("source") not in (None, *SOURCES):
        return "has an unknown source"
    member = value.get("workspaceMemberId")
    return "" if member in (None, "") else _uuid(field, member)


def _files(field: Field, value: Json) -> str:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return "must be a list of files"
    # A file without a label is refused (contracts/twenty/FACTS-2.x.md section 10).
    good = all(isinstance(item.get(name), str) and item[name] for item in value for name in ("fileId", "label"))
    return "" if good else "has a file without id or label"


_CHECKS: dict[FieldType, Check] = {
    FieldType.TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.POSITION: _number,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.DATE_TIME: _date_time,
    FieldType.SELECT: _select,
    FieldType.RATING: _select,
    FieldType.MULTI_SELECT: _multi_select,
    FieldType.ARRAY: _array,
    FieldType.RAW_JSON: _raw_json,
    FieldType.UUID: _uuid,
    FieldType.RELATION: _uuid,
    FieldType.MORPH_RELATION: _uuid,
    FieldType.FULL_NAME: _parts,
    FieldType.EMAILS: _emails,
    FieldType.PHONES: _phones,
    FieldType.LINKS: _links,
    FieldType.ADDRESS: _address,
    FieldType.CURRENCY: _currency,
    FieldType.RICH_TEXT: _rich_text,
    FieldType.ACTOR: _actor,
    FieldType.FILES: _files,
}
