"""Web addresses as Twenty keeps them and takes them (contracts/twenty/FACTS.md section 7, LINKS).

Twenty reads an address with the URL class of JavaScript and keeps what that class says: the host in lower
case, no user name, no default port, no slash at the end. What has no scheme is kept as it was typed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

_ABSOLUTE = re.compile(r"^(https?)://([^/?#\\]*)([^?#]*)(\?[^#]*)?(#.*)?$", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_PREFIX = re.compile(r"^(http|https|HTTP|HTTPS)://")
_NUMBER = re.compile(r"^\d+(/[a-zA-Z]*)?$")
_HOST = re.compile(
    r"^((?!-)(xn--|_)?[a-z0-9-]{0,61}[a-z0-9]\.){1,10}(xn--)?([a-z0-9][a-z0-9-]{0,60}|[a-z0-9-]{1,30}\.[a-z]{2,})$"
)
_SHORT_IP = re.compile(r"^(?!\d+\.\d+\.\d+\.\d+$)([^.]+\.)*(\d+|0x[0-9a-f]*)$")
"""A host ending in a number that is no full address: JavaScript makes 1.2.0.3 of 1.2.3."""
_PORTS = {"http": "80", "https": "443"}


@lru_cache(maxsize=4096)
def canonical_url(url: str) -> str:
    """The address in the form in which two of them are compared: the server's, and percent signs undone.

    The 1.x line undoes percent-encoding before it stores, 2.x adds it where it was missing. What was encoded
    may matter once it is undone (a slash at the end, a `..`), so the form is taken until nothing changes.
    """
    for _ in range(8):
        form = _form(url)
        if form == url:
            break
        url = form
    return url


def _form(url: str) -> str:
    match = _ABSOLUTE.match(re.sub(r"[\t\r\n]", "", url.strip()))
    if not match:
        return url
    scheme, authority, path, query, fragment = match.groups()
    host = _host(scheme.lower(), authority)
    query = "" if query == "?" else query
    rest = _decode(_path(path or "/") + (query or "") + (fragment or ""))
    return f"{scheme.lower()}://{host}{rest}".rstrip("/?#")


def _host(scheme: str, authority: str) -> str:
    host, _, port = authority.rpartition("@")[2].lower().partition(":")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return host
    return host if port in ("", _PORTS[scheme]) else f"{host}:{port}"


def _path(path: str) -> str:
    """The path with `.` and `..` resolved, as browsers do."""
    if "." not in path and "\\" not in path:
        return path
    out: list[str] = []
    parts = path.replace("\\", "/").split("/")
    for index, part in enumerate(parts):
        if part in (".", ".."):
            if part == ".." and len(out) > 1:
                out.pop()
            if index == len(parts) - 1:
                out.append("")
        else:
            out.append(part)
    return "/".join(out)


def _decode(text: str) -> str:
    while (decoded := unquote(text)) != text:
        text = decoded
    return text


@lru_cache(maxsize=4096)
def link_problem(url: str) -> str:
    """Why the server refuses or spoils this address, as a clause ("is not a web address"); empty when it is fine."""
    text = url.strip()
    absolute = text if _PREFIX.match(text) else f"https://{text}"
    bare = absolute.split("://", 1)[1]
    match = _ABSOLUTE.match(absolute)
    if "\x00" in _decode(text):
        return "contains an encoded NUL character, which Twenty cannot store"
    if not match or re.search(r"\s", bare.split("/", 1)[0]) or _NUMBER.match(bare):
        return "is not a web address"
    host = _host(match.group(1).lower(), match.group(2))
    name, _, port = host.partition(":")
    if (
        (name != "localhost" and not _HOST.match(name))
        or (text == absolute and _SHORT_IP.match(name))
        or (port and not (port.isdigit() and int(port) < 65536))
    ):
        return "is not a web address"
    if text != absolute and _SCHEME.match(text):
        # JavaScript reads "shop.example:8080" as the scheme "shop.example:"; Twenty then stores "null8080".
        return "would be stored in a damaged form: it needs https:// in front"
    return ""
