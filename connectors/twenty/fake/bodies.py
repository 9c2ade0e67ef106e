"""Request bodies as Twenty's web framework reads them, with its own error texts (contracts/twenty exchanges 04)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request

from .errors import Refusal, framework, type_error
from .values import javascript_integer, javascript_number

Json = Any

LARGEST_BODY = 10 * 1024 * 1024


class TooLarge(Exception):
    """More than 10 MB: a 500, with an empty body on 1.x (contracts/twenty/FACTS.md §1)."""


def read_body(request: Request) -> Json:
    """The decoded body; an empty one is an empty object."""
    raw = request.get_data()
    kind = request.mimetype
    if len(raw) > LARGEST_BODY and kind != "multipart/form-data":
        raise TooLarge
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode(), keep_blank_values=True))
    if kind == "text/plain":
        return PlainText(raw.decode("utf-8", "replace"))
    if kind == "multipart/form-data" and request.form.get("operations"):
        return _upload(request)
    if not raw or kind == "multipart/form-data":
        return {}
    return parse_json(raw.decode("utf-8", "replace"))


def _upload(request: Request) -> Json:
    """A GraphQL request with a file, by the graphql-multipart-request-spec."""
    body = json.loads(request.form["operations"])
    file = next(iter(request.files.values()), None)
    if file is not None:
        body["variables"]["file"] = {"filename": file.filename or "", "size": len(file.read())}
    return body


class PlainText(str):
    """A body that was not parsed; using it as a record is a TypeError."""

    __slots__ = ()

    def refuse(self, *, modern: bool) -> Refusal:
        if modern:
            return type_error(f"Cannot create property 'position' on string '{self}'")
        return type_error("Cannot read properties of undefined (reading 'position')")


def parse_json(text: str) -> Json:
    """Strict JSON: a scalar at the top is refused, numbers become JavaScript's doubles."""
    stripped = text.strip()
    if stripped[:1] not in ("{", "["):
        shown = f"Unexpected token '{stripped[:1]}', \"{stripped}\" is not valid JSON"
        raise framework(400, shown, "Bad Request")
    try:
        return json.loads(stripped, parse_int=javascript_integer, parse_float=_double)
    except json.JSONDecodeError as error:
        message = "Unexpected end of JSON input"
        if error.pos < len(stripped):
            token = stripped[error.pos]
            message = f"Unexpected token '{token}', \"{stripped[:20]}\" is not valid JSON"
        raise framework(400, message, "Bad Request") from None


def _double(digits: str) -> float:
    return javascript_number(float(digits))
