"""The form in which two values of a Twenty field are compared (contracts/twenty/FACTS.md section 7).

What we send and what we read back differ in form where Twenty has rules of its own (lower-case e-mails, split
phone numbers, cut milliseconds) and where the two lines answer differently (latitudes as text or as numbers).
`canonical` takes both to one form and names the rule, so that a report can say why two values count as equal.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from connectors.catalogue import FieldType
from connectors.twenty.links import canonical_url
from connectors.twenty.phones import countries_of, read_phone

Json = Any
Rule = Callable[[Json], tuple[Json, str]]

SUBFIELDS: dict[FieldType, tuple[str, ...]] = {
    FieldType.FULL_NAME: ("firstName", "lastName"),
    FieldType.EMAILS: ("primaryEmail", "additionalEmails"),
    FieldType.PHONES: (
        "primaryPhoneNumber",
        "primaryPhoneCallingCode",
        "primaryPhoneCountryCode",
        "additionalPhones",
    ),
    FieldType.LINKS: ("primaryLinkUrl", "primaryLinkLabel", "secondaryLinks"),
    FieldType.ADDRESS: (
        "addressStreet1",
        "addressStreet2",
        "addressCity",
        "addressState",
        "addressPostcode",
        "addressCountry",
        "addressLat",
        "addressLng",
    ),
    FieldType.CURRENCY: ("amountMicros", "currencyCode"),
    FieldType.RICH_TEXT: ("markdown", "blocknote"),
    FieldType.ACTOR: ("source", "name", "workspaceMemberId", "context"),
}
"""The sub-fields of the composite types, as the REST body names them."""

LISTS = frozenset({"additionalEmails", "additionalPhones", "secondaryLinks"})
NUMBERS = frozenset({"addressLat", "addressLng", "amountMicros"})

EXACT = 2**53
"""Beyond this, JavaScript rounds whole numbers."""

_MOMENT = re.compile(
    r"^\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|z|[+-]\d\d(?::?\d\d)?)?)?\s*$"
)
_DAY = re.compile(r"^(\d{4}-\d\d-\d\d)(?:[T ].*)?$", re.DOTALL)


def canonical(type: FieldType, value: Json) -> tuple[Json, str]:
    """The comparable form and the rule that made it; see `Destination.canonical`."""
    if value is None:
        return None, ""
    if value == "" or value == [] or value == {}:
        return None, "empty value"
    return _RULES.get(type, _as_it_is)(value)


def parse_moment(text: str) -> datetime | None:
    """The moment that an ISO text means, cut to milliseconds; without a zone it is UTC. None if it means none."""
    match = _MOMENT.match(text)
    if not match:
        return None
    day, minutes, seconds, fraction, zone = match.groups()
    zone = "+00:00" if not zone or zone in "Zz" else zone
    if len(zone) == 3:
        zone += ":00"
    iso = f"{day}T{minutes or '00:00'}:{seconds or '00'}.{(fraction or '')[:3]:0<3}{zone}"
    try:
        return datetime.fromisoformat(iso).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def number(value: Json) -> Json:
    """A number as JavaScript keeps it: whole floats as integers, whole numbers beyond 2^53 rounded."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, int):
        return value if abs(value) <= EXACT else _rounded(value)
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def _rounded(value: int) -> Json:
    try:
        return int(float(value))
    except OverflowError:
        return str(value)


def _as_it_is(value: Json) -> tuple[Json, str]:
    return value, ""


def _changed(before: Json, after: Json, rule: str) -> tuple[Json, str]:
    """The rule is named only where it made a difference; `1 == 1.0 == True` must not hide one."""
    return after, rule if after != before or after is None else ""


def _number(value: Json) -> tuple[Json, str]:
    return _changed(value, number(value), "number form")


def _date(value: Json) -> tuple[Json, str]:
    match = _DAY.match(value) if isinstance(value, str) else None
    return _changed(value, match.group(1), "date without time") if match else (value, "")


def _date_time(value: Json) -> tuple[Json, str]:
    moment = parse_moment(value) if isinstance(value, str) else None
    if moment is None:
        return value, ""
    # strftime would lose the leading zeros of a year before 1000.
    text = moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    return _changed(value, text, "time in UTC to the millisecond")


def _uuid(value: Json) -> tuple[Json, str]:
    return _changed(value, value.lower(), "id case") if isinstance(value, str) else (value, "")


def _multi_select(value: Json) -> tuple[Json, str]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return value, ""
    return _changed(value, sorted(items), "multi-select order")


def _array(value: Json) -> tuple[Json, str]:
    return ([value], "single value as a list") if isinstance(value, str) else (value, "")


def _raw_json(value: Json) -> tuple[Json, str]:
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return value, ""
        if not isinstance(parsed, dict | list):
            return value, ""
        return (_numbers(parsed) or None), "JSON text"
    return _changed(value, _numbers(value), "JSON numbers")


def _numbers(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return number(value)


def _text(value: Json) -> Json:
    return "" if value is None else value


def _composite(type: FieldType) -> Callable[[Rule], Rule]:
    """Wraps a rule for a composite: other forms than an object pass unchanged, and all sub-fields empty is None."""

    def wrap(rule: Rule) -> Rule:
        def apply(value: Json) -> tuple[Json, str]:
            if not isinstance(value, dict) or not set(value) <= set(SUBFIELDS[type]):
                return value, ""
            result, name = rule(value)
            if not any(part not in (None, "", []) for part in result.values()):
                return None, "empty value"
            return result, name

        return apply

    return wrap


@_composite(FieldType.FULL_NAME)
def _full_name(value: Json) -> tuple[Json, str]:
    return {name: _text(value.get(name)) for name in SUBFIELDS[FieldType.FULL_NAME]}, ""


@_composite(FieldType.EMAILS)
def _emails(value: Json) -> tuple[Json, str]:
    primary, more = _text(value.get("primaryEmail")), value.get("additionalEmails") or []
    result = {"primaryEmail": _lower(primary), "additionalEmails": more}
    if isinstance(more, list):
        result["additionalEmails"] = [_lower(item) for item in more]
    changed = result != {"primaryEmail": primary, "additionalEmails": more}
    return result, "e-mail case" if changed else ""


def _lower(value: Json) -> Json:
    return value.lower() if isinstance(value, str) else value


@_composite(FieldType.PHONES)
def _phones(value: Json) -> tuple[Json, str]:
    main = tuple(_text(value.get(f"primaryPhone{part}")) for part in ("Number", "CallingCode", "CountryCode"))
    more = value.get("additionalPhones") or []
    found = _phone(main)
    result = dict(zip(SUBFIELDS[FieldType.PHONES], found, strict=False))
    others: Json = more
    if isinstance(more, list):
        others = [_additional_phone(item) for item in more]
    return {**result, "additionalPhones": others}, "phone form" if found != main or others != more else ""


def _phone(parts: tuple[Json, ...]) -> tuple[Json, ...]:
    """The three parts as libphonenumber splits them, until splitting them again changes nothing."""
    for _ in range(3):
        if not all(isinstance(part, str) for part in parts):
            return parts
        phone = read_phone(*parts)
        if phone.problem and parts[2] in countries_of(parts[1]):
            # Of countries that share a calling code the server's library, with older tables, may name another.
            phone = read_phone(parts[0], parts[1])
        if phone.problem or (phone.number, phone.calling_code, phone.country) == parts:
            return parts
        parts = (phone.number, phone.calling_code, phone.country)
    return parts


def _additional_phone(item: Json) -> Json:
    names = ("number", "callingCode", "countryCode")
    if not isinstance(item, dict) or not set(item) <= set(names):
        return item
    return dict(zip(names, _phone(tuple(_text(item.get(name)) for name in names)), strict=True))


@_composite(FieldType.LINKS)
def _links(value: Json) -> tuple[Json, str]:
    more = value.get("secondaryLinks") or []
    first = {"url": _text(value.get("primaryLinkUrl")), "label": _text(value.get("primaryLinkLabel"))}
    if not isinstance(more, list) or not all(isinstance(item, dict) for item in more):
        return {"primaryLinkUrl": first["url"], "primaryLinkLabel": first["label"], "secondaryLinks": more}, ""
    given = [first, *({"url": _text(item.get("url")), "label": _text(item.get("label"))} for item in more)]
    kept = [{**link, "url": _url(link["url"])} for link in given if link["url"] != ""]
    # Twenty drops links without an address, and moves the first of the others up (section 7).
    head, tail = (kept[0], kept[1:]) if kept else ({"url": "", "label": ""}, [])
    result = {"primaryLinkUrl": head["url"], "primaryLinkLabel": head["label"], "secondaryLinks": tail}
    moved = "link moved up" if given[0]["url"] == "" and kept else ""
    return result, "link slash and case" if kept != [link for link in given if link["url"] != ""] else moved


def _url(value: Json) -> Json:
    return canonical_url(value) if isinstance(value, str) else value


@_composite(FieldType.ADDRESS)
def _address(value: Json) -> tuple[Json, str]:
    result = {
        name: _coordinate(value.get(name)) if name in NUMBERS else _text(value.get(name))
        for name in SUBFIELDS[FieldType.ADDRESS]
    }
    # 1.x reads coordinates back as text, 2.x as numbers.
    changed = any(value.get(name) not in ("", result[name]) for name in ("addressLat", "addressLng"))
    return result, "coordinates as numbers" if changed else ""


def _coordinate(value: Json) -> Json:
    if isinstance(value, str):
        try:
            return number(float(value)) if value.strip() else None
        except ValueError:
            return value
    return number(value)


@_composite(FieldType.CURRENCY)
def _currency(value: Json) -> tuple[Json, str]:
    amount, code = value.get("amountMicros"), value.get("currencyCode") or None
    whole = _whole(amount)
    return {"amountMicros": whole, "currencyCode": code}, "whole micros" if whole != amount else ""


def _whole(amount: Json) -> Json:
    """Twenty keeps whole millionths and cuts the rest."""
    if isinstance(amount, str):
        if re.fullmatch(r"-?\d+", amount):
            return number(int(amount[:400]))
        try:
            amount = float(amount) if amount.strip() else None
        except ValueError:
            return amount
    if isinstance(amount, float) and math.isfinite(amount):
        return number(math.trunc(amount))
    return number(amount)


@_composite(FieldType.RICH_TEXT)
def _rich_text(value: Json) -> tuple[Json, str]:
    # The other form is derived from markdown by the server and never the same twice.
    text = _text(value.get("markdown"))
    return {"markdown": text}, "text of the note" if "blocknote" in value else ""


@_composite(FieldType.ACTOR)
def _actor(value: Json) -> tuple[Json, str]:
    result = {name: value.get(name) for name in ("source", "name", "workspaceMemberId")}
    return result, "author without context" if value.get("context") else ""


def _files(value: Json) -> tuple[Json, str]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return value, ""
    # `url` and `extension` are the server's; the address is signed and new with each answer.
    result = [{name: item.get(name) for name in ("fileId", "label")} for item in value]
    return _changed(value, result, "file without address")


def _computed(value: Json) -> tuple[Json, str]:
    return None, "computed by the server"


_RULES: dict[FieldType, Rule] = {
    FieldType.NUMBER: _number,
    FieldType.NUMERIC: _number,
    FieldType.POSITION: _number,
    FieldType.DATE: _date,
    FieldType.DATE_TIME: _date_time,
    FieldType.UUID: _uuid,
    FieldType.RELATION: _uuid,
    FieldType.MORPH_RELATION: _uuid,
    FieldType.MULTI_SELECT: _multi_select,
    FieldType.ARRAY: _array,
    FieldType.RAW_JSON: _raw_json,
    FieldType.FULL_NAME: _full_name,
    FieldType.EMAILS: _emails,
    FieldType.PHONES: _phones,
    FieldType.LINKS: _links,
    FieldType.ADDRESS: _address,
    FieldType.CURRENCY: _currency,
    FieldType.RICH_TEXT: _rich_text,
    FieldType.ACTOR: _actor,
    FieldType.FILES: _files,
    FieldType.TS_VECTOR: _computed,
}


def emptied(type: FieldType) -> Json:
    """What has to be sent to clear a field: for composites `null` changes nothing (section 2.1)."""
    names = SUBFIELDS.get(type)
    if not names or type is FieldType.ACTOR:
        return None
    return {name: [] if name in LISTS else None if name in NUMBERS or name == "currencyCode" else "" for name in names}
