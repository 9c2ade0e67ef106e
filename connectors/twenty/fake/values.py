"""What each scalar field type accepts and what it stores (contracts/twenty/FACTS.md §7, exchanges 04 and 08)."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from .errors import Refusal, coded, database, inspect, invalid_data, opaque
from .schema import Field

Json = Any

RECORD_ID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", re.IGNORECASE)
ANY_UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.IGNORECASE)
MISPLACED_SPACE = re.compile(r"^\s|\s$|:\S*\s")
REFUSED_BY_1 = re.compile(r",|:\S*[+-]\d\d$")
"""A comma before the fraction, and a zone without minutes: 2.x takes them."""
PLAIN_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
SURROGATE = re.compile("[\ud800-\udfff]")
EXACT_INTEGER = 2**53
ACTOR_SOURCES = (
    "EMAIL",
    "CALENDAR",
    "WORKFLOW",
    "AGENT",
    "API",
    "IMPORT",
    "MANUAL",
    "SYSTEM",
    "WEBHOOK",
    "APPLICATION",
)


def text(value: Json, path: str, *, modern: bool) -> str:
    """A string as PostgreSQL keeps it: null is "", a lone surrogate becomes U+FFFD, NUL is refused."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid_data(f'Invalid string value {inspect(value)} for text field "{path}"')
    if "\x00" in value:
        raise opaque('invalid byte sequence for encoding "UTF8": 0x00', modern=modern)
    return value if value.isascii() else SURROGATE.sub("�", value)


def number(value: Json, path: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise invalid_data(f'Invalid number value {inspect(value)} for field "{path}"')
    if abs(value) > sys.float_info.max:
        raise invalid_data(f'Invalid number value Infinity for field "{path}"')
    return value


def numeric(value: Json, path: str) -> float | None:
    """A number or a numeric string, as JavaScript's Number() reads it."""
    if value is None or value == "":
        return None
    try:
        read = float(value)
    except (TypeError, ValueError):
        raise invalid_data(f'Invalid number value NaN for field "{path}"') from None
    return javascript_number(read)


def javascript_number(value: float) -> float:
    """A double as JavaScript prints it: integral values lose their fraction, large integers their last digits."""
    if value.is_integer() and abs(value) < 1e21:
        return int(value) if abs(value) <= EXACT_INTEGER else int(Decimal(repr(value)))
    return value


def javascript_integer(digits: str) -> float:
    """A JSON integer after JavaScript read it: exact up to 2**53, rounded beyond (FACTS.md §7, RAW_JSON)."""
    exact = int(digits)
    return exact if -EXACT_INTEGER <= exact <= EXACT_INTEGER else javascript_number(float(digits))


def boolean(value: Json, path: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise invalid_data(f'Invalid boolean value {inspect(value)} for field "{path}"')


def uuid_value(value: Json, path: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and RECORD_ID.match(value):
        return value.lower()
    raise invalid_data(f'Invalid UUID value {inspect(value)} for field "{path}"')


def record_id(value: Json) -> str:
    """A client-supplied id: versions 1 to 5 only, so v7, nil and version 0 are refused (FACTS.md §4)."""
    if isinstance(value, str) and RECORD_ID.match(value):
        return value.lower()
    shown = value if isinstance(value, str) else inspect(value)
    raise coded(f'Value "{shown}" is not a valid UUID', "INVALID_QUERY_INPUT")


def timestamp(moment: datetime) -> str:
    """ISO with exactly three decimals and Z, as every answer shows it; microseconds are cut, not rounded."""
    moment = moment.astimezone(UTC)
    whole = f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}T"
    return f"{whole}{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}.{moment.microsecond // 1000:03d}Z"


def date_time(value: Json, path: str, *, modern: bool) -> str | None:
    """Any ISO form; naive means UTC. An epoch number is 500 on 1.x and 400 on 2.x (FACTS.md §4)."""
    if value is None:
        return None
    if not modern and isinstance(value, (int, float)) and not isinstance(value, bool):
        raise database(f'date/time field value out of range: "{value}"', modern=False)
    parsed = parse_moment(value)
    if parsed is None or (not modern and REFUSED_BY_1.search(value)):
        raise _bad_moment(value, path, "date-time", "YYYY-MM-DDTHH:mm:ssZ", modern=modern)
    try:
        return timestamp(parsed)
    except OverflowError:
        raise opaque(f'date/time field value out of range: "{value}"', modern=modern) from None


def parse_moment(value: Json) -> datetime | None:
    if not isinstance(value, str) or MISPLACED_SPACE.search(value):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def plain_date(value: Json, path: str, *, modern: bool) -> str | None:
    """A calendar date; 1.x cuts a date-time to its literal date, 2.x refuses it (FACTS-2.x.md §7)."""
    if value is None:
        return None
    if isinstance(value, str) and (PLAIN_DATE.match(value) or (not modern and parse_moment(value))):
        try:
            return date.fromisoformat(value[:10]).isoformat()
        except ValueError:
            pass
    raise _bad_moment(value, path, "date", "YYYY-MM-DD", modern=modern)


def _bad_moment(value: Json, path: str, kind: str, form: str, *, modern: bool) -> Refusal:
    if modern:
        return invalid_data(f"Invalid value {inspect(value)} for {kind} field \"{path}\". Expected format: '{form}'")
    return invalid_data(f'Invalid value {inspect(value)} for date or date-time field "{path}"')


def select(value: Json, path: str, allowed: list[str], *, modern: bool) -> str | None:
    """The value of an option, never its label; 2.x lists the valid ones in its refusal."""
    if value is None:
        return None
    if isinstance(value, str) and value in allowed:
        return value
    if not isinstance(value, str):
        raise invalid_data(f'Invalid string value {inspect(value)} for text field "{path}"')
    friendly = f'Invalid value for field "{path}"'
    if modern:
        choices = ", ".join(allowed)
        raise invalid_data(f'Invalid value "{value}" for field "{path}". Valid values are: {choices}', friendly)
    raise invalid_data(f'Invalid value {inspect(value)} for field "{path}"', friendly)


def multi_select(value: Json, path: str, allowed: list[str]) -> list[str]:
    """A list of option values; a single string counts as a list of one."""
    if value is None:
        return []
    chosen = [value] if isinstance(value, str) else value
    if not isinstance(chosen, list) or any(item not in allowed for item in chosen):
        raise invalid_data(f'Invalid value {inspect(chosen)} for multi select field "{path}"')
    return chosen


def array(value: Json, path: str, *, modern: bool) -> list[str]:
    if value is None:
        return []
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or any(not isinstance(item, str) for item in items):
        raise invalid_data(f'Invalid value {inspect(items)} for field "{path} - Array values need to be string"')
    return [text(item, path, modern=modern) for item in items]


def raw_json(value: Json, path: str, *, modern: bool) -> Json:
    """An object or an array (or its JSON text); `{}` becomes null and jsonb forgets the order of keys (FACTS.md §7)."""
    if value is None:
        return None
    parsed = value
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except ValueError:
            parsed = None
    if not isinstance(parsed, (dict, list)):
        raise invalid_data(f'Invalid object value {inspect(value)} for field "{path}"')
    return jsonb(parsed, modern=modern) or None


def jsonb(value: Json, *, modern: bool) -> Json:
    """JSON as PostgreSQL's jsonb returns it: keys by length then bytes, no NUL, no infinity."""
    if isinstance(value, dict):
        ordered = sorted(value.items(), key=lambda pair: (len(pair[0].encode("utf-8", "replace")), pair[0]))
        return {key: jsonb(item, modern=modern) for key, item in ordered}
    if isinstance(value, list):
        return [jsonb(item, modern=modern) for item in value]
    if isinstance(value, str):
        if "\x00" in value:
            raise opaque("unsupported Unicode escape sequence", modern=modern)
        if not value.isascii() and SURROGATE.search(value):
            raise database("invalid input syntax for type json", modern=modern)
        return value
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return None
    return value


def files(item: Field, value: Json, path: str) -> Json:
    """Files that were uploaded for this field, for one record each (contracts/twenty/FACTS-2.x.md §10)."""
    if not value:
        return None
    if not isinstance(value, list):
        raise invalid_data(
            f'Invalid value "{inspect(value)}" for FILES field "{path}" - : '
            "Invalid input: expected array, received object"
        )
    for place, entry in enumerate(value):
        if "label" not in entry:
            raise invalid_data(
                f'Invalid value "{inspect(value)}" for FILES field "{path}" - {place}.label: '
                "Invalid input: expected string, received undefined"
            )
    kept = []
    for entry in value:
        name = item.uploads.get(entry["fileId"])
        if name is None:
            raise invalid_data(f"File not found: {entry['fileId']}")
        extension = f".{name.rpartition('.')[2]}"
        address = f"/file/files-field/{entry['fileId']}?token=signed"
        kept.append({"label": entry["label"], "fileId": entry["fileId"], "extension": extension, "url": address})
    return kept


def option_values(item: Field) -> list[str]:
    return [option["value"] for option in item.options or []]


Reader = Callable[[Field, Json, str, bool], Json]

SCALARS: dict[str, Reader] = {
    "TEXT": lambda item, value, path, modern: text(value, path, modern=modern),
    "NUMBER": lambda item, value, path, modern: number(value, path),
    "BOOLEAN": lambda item, value, path, modern: boolean(value, path),
    "UUID": lambda item, value, path, modern: uuid_value(value, path),
    "DATE_TIME": lambda item, value, path, modern: date_time(value, path, modern=modern),
    "DATE": lambda item, value, path, modern: plain_date(value, path, modern=modern),
    "SELECT": lambda item, value, path, modern: select(value, path, option_values(item), modern=modern),
    "RATING": lambda item, value, path, modern: select(value, path, option_values(item), modern=modern),
    "MULTI_SELECT": lambda item, value, path, modern: multi_select(value, path, option_values(item)),
    "ARRAY": lambda item, value, path, modern: array(value, path, modern=modern),
    "RAW_JSON": lambda item, value, path, modern: raw_json(value, path, modern=modern),
    "FILES": lambda item, value, path, modern: files(item, value, path),
}


def accept_scalar(item: Field, value: Json, *, modern: bool) -> Json:
    """The value to store for a scalar field, or the refusal that the server gives."""
    reader = SCALARS.get(item.type)
    if reader is None:
        raise invalid_data(f"{item.name} {item.type}-typed field does not support write operations")
    return reader(item, value, item.name, modern)
