"""The shapes of fields with sub-fields. They are always written whole: Twenty blanks or drops what is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.catalogue import FieldType

Body = dict[str, Any]

BLANKS: Mapping[FieldType, Callable[[], Body]] = {
    FieldType.EMAILS: lambda: {"primaryEmail": "", "additionalEmails": []},
    FieldType.PHONES: lambda: {
        "primaryPhoneNumber": "",
        "primaryPhoneCallingCode": "",
        "primaryPhoneCountryCode": "",
        "additionalPhones": [],
    },
    FieldType.LINKS: lambda: {"primaryLinkUrl": "", "primaryLinkLabel": "", "secondaryLinks": []},
    FieldType.FULL_NAME: lambda: {"firstName": "", "lastName": ""},
    FieldType.ADDRESS: lambda: {
        "addressStreet1": "",
        "addressStreet2": "",
        "addressCity": "",
        "addressState": "",
        "addressPostcode": "",
        "addressCountry": "",
        "addressLat": None,
        "addressLng": None,
    },
    FieldType.CURRENCY: lambda: {"amountMicros": None, "currencyCode": ""},
}
"""An empty value of each composite type, with every sub-field."""

MAIN_PARTS: Mapping[FieldType, str] = {
    FieldType.EMAILS: "primaryEmail",
    FieldType.PHONES: "primaryPhoneNumber",
    FieldType.LINKS: "primaryLinkUrl",
    FieldType.FULL_NAME: "firstName",
    FieldType.ADDRESS: "addressStreet1",
    FieldType.CURRENCY: "amountMicros",
}
"""Where a value goes that names no sub-field."""


Items = list[Any]


def _more_emails(value: Any) -> Items:
    if not isinstance(value, dict):
        return [value]
    return [value["primaryEmail"], *value.get("additionalEmails", ())]


def _more_phones(value: Any) -> Items:
    first = {
        "number": value["primaryPhoneNumber"],
        "callingCode": value["primaryPhoneCallingCode"],
        "countryCode": value["primaryPhoneCountryCode"],
    }
    return [first, *value.get("additionalPhones", ())]


def _more_links(value: Any) -> Items:
    link = value if isinstance(value, dict) else {"primaryLinkUrl": value}
    return [{"url": link["primaryLinkUrl"], "label": link.get("primaryLinkLabel", "")}]


LISTS: Mapping[str, Callable[[Any], Items]] = {
    "additionalEmails": _more_emails,
    "additionalPhones": _more_phones,
    "secondaryLinks": _more_links,
}
"""Sub-fields that take any number of values, and the entries that a turned value makes in them."""


def join_names(field: str, type: FieldType) -> tuple[str, ...]:
    """Names that a composite field blocks for other fields: `phonesPrimaryPhoneNumber` for `phones`."""
    return tuple(field + part[:1].upper() + part[1:] for part in BLANKS[type]()) if type in BLANKS else ()


def put(composite: Body, part: str, value: Any) -> bool:
    """Writes a turned value into its composite; false when another value already stands there.

    The first value stays. A value that is a set of parts (a phone, a name) is written as one or not at all;
    further values that it brings along join the list.
    """
    if part in LISTS:
        _join(composite, part, LISTS[part](value))
        return True
    parts = value if isinstance(value, dict) else {part: value}
    single = {name: other for name, other in parts.items() if name not in LISTS}
    if any(composite.get(name) not in (None, "", other) for name, other in single.items()):
        return False
    composite.update(single)
    for name in parts.keys() - single.keys():
        _join(composite, name, parts[name])
    return True


def _join(composite: Body, part: str, items: Items) -> None:
    composite[part] += [item for item in items if item not in composite[part]]
