"""Fetches one file from an address that stands in the customer's data: public hosts only, and only so much."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import unquote, urlsplit

from connectors.errors import Rejected, Terminal, Transient
from connectors.http import open_guarded, transfer_errors

LARGEST = 25_000_000
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file as it came: a name with an extension, what it says it is, and its bytes."""

    name: str
    type: str
    content: bytes


def download(url: str, *, allow_private: bool, transport: Any = None, largest: int = LARGEST) -> Download:
    """The file behind an address. Raises Rejected where it cannot be had, Transient where it may be tried again.

    Redirects are followed, each to a host that is checked anew; no key of ours is sent along.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise Rejected("Its address is no web address.")
    content = bytearray()
    try:
        with (
            open_guarded(allow_private=allow_private, transport=transport) as client,
            transfer_errors(urlsplit(url).hostname or url),
            client.stream("GET", url) as response,
        ):
            if response.status_code in (429, 500, 502, 503, 504):
                raise Transient(f"{urlsplit(url).hostname} answered {response.status_code}.", retry_after=30)
            if response.status_code >= 300:
                raise Rejected(f"Its address answers {response.status_code}.", "It may have expired, or need a log-in.")
            for part in response.iter_bytes():
                content += part
                if len(content) > largest:
                    raise Rejected(f"It is larger than {largest // 1_000_000} MB.", "Put it into Twenty by hand.")
            return Download(
                _name(str(response.url), response.headers.get("content-disposition", "")),
                response.headers.get("content-type", "application/octet-stream").split(";")[0].strip(),
                bytes(content),
            )
    except Terminal as error:
        # A private host or an unusable address is this file's problem, not the run's.
        raise Rejected(error.sentence, error.advice) from error


def _name(url: str, disposition: str) -> str:
    """The file's name: as the server calls it, else the end of the address; always with an extension."""
    message = Message()
    message["content-disposition"] = disposition
    told = message.get_filename() if disposition else None
    name = (told or unquote(urlsplit(url).path.rpartition("/")[2])).replace("/", "_").replace("\x00", "").strip()
    name = name[-120:] or "file"
    return name if "." in name.strip(".") else f"{name}.bin"
