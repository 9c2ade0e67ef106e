"""Values of files as JSON values and as times, nothing rounded that can be kept."""

from __future__ import annotations

import base64
import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

DIGITS = re.compile(r"[+-]?[0-9]{1,19}(?:\.[0-9]+)?")
DAY = re.compile(r"(?:19|20)[0-9]{6}")
ZONE = re.compile(r"\s*(?:UTC|GMT|Z)$")
OFFSET = re.compile(r"\s+([+-][0-9]{2}):?([0-9]{2})?$")
SECONDS = (1e11, 1e14, 1e17)
"""Above these a number counts milli-, micro- or nanoseconds: as seconds they would lie after the year 5000."""

LAST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def plain(value: Any) -> Any:
    """A value of a Parquet file as JSON: times as ISO text, decimals as text, bytes as text or base64."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        # A map comes as a list of pairs.
        if value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
            return {str(key): plain(item) for key, item in value}
        return [plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def moment(value: Any) -> int | float | None:
    """A time in Unix seconds, with milliseconds where they are told; None for what is no time.

    Numbers may count seconds or thousandths, millionths or billionths of them; texts are ISO 8601 in its usual
    forms, read as UTC where no zone is told.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        return _read(value.strip())
    return _number(value) if isinstance(value, int | float) else None


def _number(number: int | float) -> int | float | None:
    if isinstance(number, float) and not math.isfinite(number):
        return None
    divisor = 1000 ** sum(abs(number) >= limit for limit in SECONDS)
    seconds = number / divisor if divisor > 1 else number
    return _whole(seconds) if abs(seconds) <= LAST else None


def _whole(seconds: float) -> int | float:
    cut = round(seconds, 3)
    return int(cut) if cut == int(cut) else cut


def _read(text: str) -> int | float | None:
    if DAY.fullmatch(text):
        try:
            return _whole(datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).timestamp())
        except ValueError:
            return None
    if DIGITS.fullmatch(text):
        return _number(float(text) if "." in text else int(text))
    named = ZONE.search(text)
    body = ZONE.sub("", text)
    body = OFFSET.sub(lambda found: f"{found[1]}:{found[2] or '00'}", body)
    try:
        found = datetime.fromisoformat(body)
        found = found if found.tzinfo and not named else found.replace(tzinfo=found.tzinfo or UTC)
        return _whole(found.timestamp())
    except (ValueError, OverflowError):
        return None
