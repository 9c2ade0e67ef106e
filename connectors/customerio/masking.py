"""Secrets in automations: masked before they leave the connector, so that nothing that stores or shows them has any.

What is masked stays recognisable: its name, its scheme and where it stood. Placeholders such as `{{customer.id}}`
are no secrets and stay.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote, urlsplit

from connectors.exact import loads

MASK = "•••"

_NAMES = (
    r"api[-_ ]?key|apikey|access[-_ ]?key|secret|token|passw(?:or)?d|passwd|pwd|passphrase|auth|authorization"
    r"|authentication|credential|signature|sig|hmac|jwt|bearer|cookie|session[-_ ]?id|private[-_ ]?key|client[-_ ]?id"
    r"|license[-_ ]?key|webhook[-_ ]?key|app[-_ ]?key|site[-_ ]?id|x-functions-key"
)
SECRET_NAME = re.compile(rf"(?:^|[^a-z])(?:{_NAMES})(?:s|$|[^a-z])|^(?:key|code|pass)$", re.IGNORECASE)
"""Names of headers, parameters and keys whose values are secret; camelCase is split first."""

KNOWN_FORMS = re.compile(
    r"\b(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{8,}|\bsa_live_[A-Za-z0-9_-]{8,}|\bxox[abeoprs]-[A-Za-z0-9-]{8,}"
    r"|\bgh[opsu]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bAIza[\w-]{30,}|\bSG\.[\w-]{16,64}\.[\w-]{16,64}|\bkey-[0-9a-f]{32}\b|\bsk-[\w-]{20,}|\bpat[-.]?(?:na1|eu1)?-[\w-]{20,}"
    r"|\beyJ[\w-]{8,1000}+\.[\w-]{4,4000}+\.[\w-]*|\bEAA[A-Za-z0-9]{40,}|\bshp(?:at|ss|ca|pa)_[0-9a-fA-F]{16,}"
)
"""Tokens whose issuers gave them a form of their own, wherever they stand."""

SCHEME = re.compile(
    r"\b(Bearer|Basic|Token|ApiKey|Digest|AWS4-HMAC-SHA256|Key)(\s+)(?!\{\{)([^\s\"'<>,;{}]{6,})", re.IGNORECASE
)
SURE_SCHEME = re.compile(r"\b(Bearer|Basic)(\s+)(?!\{\{)(?=[^\s\"'<>]*[0-9=._~+/-])([^\s\"'<>,;{}]{16,})")
PAIR = re.compile(
    r"""(["']?)([\w.-]{2,40})\1(\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|(?:\{\{[^{}]*\}\}|[^\s"'<>,;&{}])+)"""
)
TAG = re.compile(r"<([\w:.-]{2,40})>([^<]{1,400})</\1>")
URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s\"'<>\\]+", re.IGNORECASE)
PLACEHOLDER = re.compile(r"(?:\{\{[^{}]*\}\}|\{%[^{}%]*%\}|\s)*")
LONG_SEGMENT = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[\w~.=:+-]{16,}|[A-Za-z0-9_-]{24,}")
HOOK_HOST = re.compile(
    r"(?:^|\.)(?:hooks?|webhooks?)\.|^hook\d|\.webhook\.office\.com$|^discord(?:app)?\.com$|^api\.telegram\.org$"
)

HOOK_WORDS = frozenset(
    "api catch hook hooks messages services standard trigger v1 v2 webhook webhooks workflows".split()
)
"""Path segments of such hosts that are words and no keys."""


def secret_name(name: str) -> bool:
    """Whether what stands under this name is secret."""
    return bool(SECRET_NAME.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)))


def mask_webhook(value: Any, name: str = "") -> Any:
    """A webhook's part with every secret masked: URLs, headers and bodies in any usual form, to any depth."""
    if isinstance(value, dict):
        return _mask_mapping(value)
    if isinstance(value, list):
        return [mask_webhook(item, name) for item in value]
    if not isinstance(value, str) or not value:
        return MASK if secret_name(name) and isinstance(value, int | float) and not isinstance(value, bool) else value
    if secret_name(name):
        return _mask_value(value)
    if value.lstrip()[:1] in ("{", "["):
        try:
            inside = loads(value)
        except ValueError:
            return _mask_text(value)
        # A text without secrets stays to the letter.
        masked = mask_webhook(inside)
        return value if masked == inside else json.dumps(masked, ensure_ascii=False)
    return _mask_text(value)


def mask_tokens(value: Any) -> Any:
    """Anything else (an e-mail's text, say) with only that masked which can be nothing but a secret."""
    if isinstance(value, dict):
        return {key: mask_tokens(item) for key, item in value.items()}
    if isinstance(value, list):
        return [mask_tokens(item) for item in value]
    if not isinstance(value, str):
        return value
    text = KNOWN_FORMS.sub(MASK, value)
    text = SURE_SCHEME.sub(rf"\1\2{MASK}", text)
    return re.sub(r"(://)([^\s/@:]+):([^\s/@]+)@", rf"\1{MASK}@", text)


def _mask_mapping(value: dict[str, Any]) -> dict[str, Any]:
    """A mapping; where it is one named header (`{"name": …, "value": …}`), the name decides about the value."""
    named = next((value[key] for key in ("name", "key", "header") if isinstance(value.get(key), str)), "")
    made = {}
    for key, item in value.items():
        of_pair = key.lower() in ("value", "val", "content") and bool(named)
        in_pair = key.lower() in ("name", "key", "header") and isinstance(value.get("value"), str)
        made[key] = item if in_pair else mask_webhook(item, named if of_pair else key)
    return made


def _mask_value(text: str) -> str:
    """A secret's own text: the scheme is kept, and placeholders are no secrets."""
    if PLACEHOLDER.fullmatch(text):
        return text
    scheme = re.match(r"(Bearer|Basic|Token|ApiKey|Digest)\s+", text, re.IGNORECASE)
    rest = text[scheme.end() :] if scheme else text
    if PLACEHOLDER.fullmatch(rest):
        return text
    return f"{scheme.group(0)}{MASK}" if scheme else MASK


def _mask_text(text: str) -> str:
    """Free text: known tokens, schemes, URLs, `name=value` and `<name>value</name>`."""
    text = KNOWN_FORMS.sub(MASK, text)
    text = URL.sub(lambda found: _mask_url(found.group(0)), text)
    text = SCHEME.sub(lambda found: f"{found[1]}{found[2]}{MASK}" if _is_token(found[3]) else found[0], text)
    text = TAG.sub(
        lambda found: f"<{found[1]}>{_mask_value(found[2])}</{found[1]}>" if secret_name(found[1]) else found[0], text
    )
    return PAIR.sub(_mask_pair, text)


def _is_token(text: str) -> bool:
    """Whether a word after “Token” or “Key” is one, and not the next word of a sentence."""
    return bool(re.search(r"[0-9=_/+.-]", text)) or len(text) >= 16


def _mask_pair(found: re.Match[str]) -> str:
    quote, name, between, value = found.groups()
    if not secret_name(name) or value.startswith("//"):
        return found[0]
    bare = value[1:-1] if value[:1] in "\"'" and len(value) > 1 else value
    masked = _mask_value(bare)
    return f"{quote}{name}{quote}{between}" + (value[0] + masked + value[0] if bare != value else masked)


def _mask_url(url: str) -> str:
    """A URL: user and password, secret parameters, and path segments that are keys."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return MASK
    netloc = f"{MASK}@{parts.netloc.rpartition('@')[2]}" if "@" in parts.netloc else parts.netloc
    path = "/".join(_mask_segment(part) for part in parts.path.split("/"))
    if HOOK_HOST.search(host):
        path = _mask_hook(parts.path)
    query, fragment = (_mask_query(part) for part in (parts.query, parts.fragment))
    made = f"{parts.scheme}://{netloc}{path}"
    return made + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def _mask_segment(segment: str) -> str:
    text = unquote(segment)
    return MASK if "{{" not in text and LONG_SEGMENT.fullmatch(text) else segment


def _mask_hook(path: str) -> str:
    """The path of a service whose addresses are keys in themselves: all but the words in it."""
    parts = path.split("/")
    return "/".join(part if not part or part in HOOK_WORDS or "{{" in part else MASK for part in parts)


def _mask_query(query: str) -> str:
    made = []
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        hidden = secret_name(unquote(name)) or LONG_SEGMENT.fullmatch(unquote(value)) is not None
        made.append(f"{name}{equals}{_mask_value(value)}" if equals and hidden and "{{" not in value else part)
    return "&".join(made)
