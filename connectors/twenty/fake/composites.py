"""What composite fields accept and how a partial one merges with what is stored (contracts/twenty/FACTS.md §2.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from . import values
from .errors import Refusal, coded, inspect, invalid_data
from .phones import accept_phones
from .schema import BLANKS, COMPOSITES, Field

Json = Any
Composite = dict[str, Json]

SPACE = "\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
"""JavaScript's `\\s`."""
EMAIL = re.compile(rf'[^{SPACE}@"]{{1,64}}@[^{SPACE}@]{{1,255}}')
SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
BARE_HOST = re.compile(r"^[^\s/?#:@]+\.[^\s/?#:@.]+(:\d+)?([/?#].*)?$")
WITH_ORIGIN = ("http", "https", "ftp", "ws", "wss")


def accept_composite(item: Field, value: Json, previous: Composite, *, modern: bool) -> Composite:
    """The merged composite; null changes nothing, an unknown sub-field is refused."""
    if _crashes(item, value, modern=modern):
        text = "Cannot read properties of null (reading 'blocknote')"
        raise Refusal(400, {"statusCode": 400, "error": "TypeError", "messages": [text]}, message=text)
    if value is None:
        return previous
    path = item.name
    if not isinstance(value, dict):
        raise _not_an_object(item, value, modern=modern)
    for sub_field in value:
        if sub_field not in COMPOSITES[item.type]:
            kind = item.type.lower().replace("_", " ")
            raise invalid_data(f'Invalid subfield {sub_field} for {kind} field "{path}"')
    return MERGERS[item.type](value, previous, path, modern)


def _crashes(item: Field, value: Json, *, modern: bool) -> bool:
    """Rich text is the one composite whose null is no "no change" but a TypeError; on 1.x `{}` is one, too."""
    if item.type != ("RICH_TEXT" if modern else "RICH_TEXT_V2"):
        return False
    return value is None or (value == {} and not modern)


def _not_an_object(item: Field, value: Json, *, modern: bool) -> Refusal:
    if item.type == "RICH_TEXT_V2" and not modern:
        shown = inspect(value)
        return invalid_data(f'Invalid rich text v2 value {shown} for field "{item.name}" - Should be an object')
    return invalid_data(f'Invalid object value {inspect(value)} for field "{item.name}"')


def json_list(value: Json) -> list[Json]:
    """A list, or a string that JSON.parse turns into one; its SyntaxError reaches the client."""
    if value is None:
        return []
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except ValueError:
            message = f"Unexpected token '{value[:1]}', \"{value}\" is not valid JSON"
            body = {"statusCode": 400, "error": "SyntaxError", "messages": [message]}
            raise Refusal(400, body, message=message) from None
        return parsed if isinstance(parsed, list) else [parsed]
    return value if isinstance(value, list) else [value]


def merge_full_name(value: Composite, previous: Composite, path: str, modern: bool) -> Composite:
    given = {name: values.text(part, f"{path}.{name}", modern=modern) for name, part in value.items()}
    return {**previous, **given}


def merge_emails(value: Composite, previous: Composite, path: str, modern: bool) -> Composite:
    """Leaving out primaryEmail blanks it; leaving out additionalEmails keeps them (FACTS.md §2.1)."""
    primary = _email(value.get("primaryEmail"), f"{path}.primaryEmail", modern=modern)
    if "additionalEmails" not in value:
        return {"primaryEmail": primary, "additionalEmails": previous["additionalEmails"]}
    where = f"{path}.additionalEmails"
    additional = [_email(item, where, modern=modern) for item in json_list(value["additionalEmails"])]
    return {"primaryEmail": primary, "additionalEmails": additional}


def _email(value: Json, path: str, *, modern: bool) -> str:
    """Lower-cased; only 2.x validates, and one bad address refuses the whole batch (FACTS-2.x.md §7)."""
    address = values.text(value, path, modern=modern)
    units = len(address.encode("utf-16-le", "surrogatepass")) // 2
    if address and modern and (units > 255 or not EMAIL.fullmatch(address)):
        raise invalid_data(f'Invalid string value {inspect(address)} for email field "{path}"')
    return address.lower()


def merge_links(value: Composite, previous: Composite, path: str, modern: bool) -> Composite:
    """Links are always replaced whole; without a URL the first secondary link is promoted (FACTS.md §2.1, §7)."""
    url = link_url(values.text(value.get("primaryLinkUrl"), f"{path}.primaryLinkUrl", modern=modern))
    label = values.text(value.get("primaryLinkLabel"), f"{path}.primaryLinkLabel", modern=modern)
    secondary = []
    for item in json_list(value.get("secondaryLinks")):
        entry = item if isinstance(item, dict) else {}
        secondary.append({"url": link_url(entry.get("url") or ""), "label": entry.get("label") or ""})
    if not url:
        label = ""
        if secondary:
            first = secondary.pop(0)
            url, label = first["url"], first["label"]
    return {"primaryLinkLabel": label, "primaryLinkUrl": url, "secondaryLinks": secondary}


def link_url(raw: str) -> str:
    """The URL with a lower-cased origin and no trailing slash; without a scheme it stays without (FACTS.md §7)."""
    if not raw:
        return ""
    if SCHEME.match(raw) and not BARE_HOST.match(raw):
        return _absolute(raw)
    if not BARE_HOST.match(raw):
        raise coded("The URL of the link is not valid", "INVALID_URL")
    host, slash, rest = raw.partition("/")
    return f"{host.lower()}{slash}{rest}".removesuffix("/")


def _absolute(raw: str) -> str:
    parts = urlsplit(raw)
    path = quote(parts.path, safe="%/:@!$&'()*+,;=~-._")
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    if parts.scheme not in WITH_ORIGIN:
        # A mailto: URL has the origin "null", which the server then glues to the path.
        return f"null{path}{query}{fragment}".removesuffix("/")
    if not parts.hostname or " " in parts.netloc:
        raise coded("The URL of the link is not valid", "INVALID_URL")
    host = parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else parts.hostname
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{path}{query}{fragment}".removesuffix("/")


def merge_address(value: Composite, previous: Composite, path: str, modern: bool) -> Composite:
    """Latitude and longitude are read back as strings on 1.x and as numbers on 2.x (FACTS-2.x.md §2)."""
    merged = dict(previous)
    for name, part in value.items():
        where = f"{path}.{name}"
        if name in ("addressLat", "addressLng"):
            read = values.numeric(part, where)
            merged[name] = read if modern or read is None else str(read)
        else:
            merged[name] = values.text(part, where, modern=modern)
    return merged


def merge_currency(value: Composite, previous: Composite, path: str, modern: bool) -> Composite:
    """Micros are cut to an integer and lose precision beyond 2**53; the code is any text."""
    merged = dict(previous)
    if "amountMicros" in value:
        amount = values.numeric(value["amountMicros"], f"{path}.amountMicros")
        merged["amountMicros"] = None if amount is None else values.javascript_number(float(int(amount)))
    if "currencyCode" in value:
        merged["currencyCode"] = values.text(value["currencyCode"], f"{path}.currencyCode", modern=modern) or None
    return merged


def merge_actor(value: Composite, previous: Composite, path: str, modern: bool) -> Composite:
    merged = dict(previous)
    if "source" in value:
        merged["source"] = values.select(value["source"], f"{path}.source", list(values.ACTOR_SOURCES), modern=modern)
    if "name" in value:
        merged["name"] = values.text(value["name"], f"{path}.name", modern=modern)
    if "workspaceMemberId" in value:
        merged["workspaceMemberId"] = values.uuid_value(value["workspaceMemberId"], f"{path}.workspaceMemberId")
    if "context" in value:
        merged["context"] = values.raw_json(value["context"], f"{path}.context", modern=modern)
    return merged


def merge_rich_text(value: Composite, previous: Composite, path: str, modern: bool) -> Composite:
    """Markdown and blocknote are derived from each other; the derived blocknote here is one paragraph per line."""
    markdown, blocknote = value.get("markdown"), value.get("blocknote")
    if markdown:
        text = values.text(markdown, f"{path}.markdown", modern=modern)
        return {"blocknote": _paragraphs(text), "markdown": text}
    if blocknote:
        text = values.text(blocknote, f"{path}.blocknote", modern=modern)
        return {"blocknote": _compact(text), "markdown": _plain_text(text)}
    return dict(BLANKS["RICH_TEXT_V2"])


def _paragraphs(markdown: str) -> str:
    style = {"backgroundColor": "default", "textColor": "default", "textAlignment": "left"}
    blocks = [
        {
            "id": f"00000000-0000-4000-8000-{number:012x}",
            "type": "paragraph",
            "props": style,
            "content": [{"type": "text", "text": line, "styles": {}}],
            "children": [],
        }
        for number, line in enumerate(filter(None, markdown.split("\n")))
    ]
    return json.dumps(blocks, separators=(",", ":"), ensure_ascii=False)


def _compact(blocknote: str) -> str:
    try:
        return json.dumps(json.loads(blocknote), separators=(",", ":"), ensure_ascii=False)
    except ValueError:
        return blocknote


def _plain_text(blocknote: str) -> str:
    try:
        blocks = json.loads(blocknote)
    except ValueError:
        return ""
    lines = ["".join(part.get("text", "") for part in block.get("content") or []) for block in blocks]
    return "\n\n".join(lines) + "\n"


Merger = Callable[[Composite, Composite, str, bool], Composite]

MERGERS: dict[str, Merger] = {
    "FULL_NAME": merge_full_name,
    "EMAILS": merge_emails,
    "PHONES": accept_phones,
    "LINKS": merge_links,
    "ADDRESS": merge_address,
    "CURRENCY": merge_currency,
    "ACTOR": merge_actor,
    "RICH_TEXT_V2": merge_rich_text,
}
