"""The write side, as the customer's own systems use it: one person or object in a request (FACTS.md §13).

What is written here changes the workspace and leaves its line in the log, so that a source can live on while it is
migrated. Basic authorisation with the Track credentials; the App API key does not work here, and the other way round.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from werkzeug.wrappers import Response

from connectors.customerio.fake.calls import Call, Route
from connectors.customerio.fake.records import ObjectKey, Person, Row

IDENTIFIERS = ("cio_id", "id", "email", "phone")

ADDED = ("identify", "event")
"""Actions that add the person whom they name, where there is nobody yet."""


class Refused(Exception):
    """A request that makes no sense; the API says so under `meta`, unlike its read side (FACTS.md §1)."""


def entity(call: Call) -> Row | Response:
    """Carries out one action on a person or an object; the answer is empty."""
    try:
        _carry_out(call, call.body())
    except Refused as refused:
        return Response(json.dumps({"meta": {"error": str(refused)}}), 400, mimetype="application/json")
    return {}


def _carry_out(call: Call, body: Row) -> None:
    kind, action = body.get("type"), body.get("action")
    known = {"person": PERSON, "object": OBJECT}.get(str(kind))
    if known is None:
        _refuse(f"type: {kind!r} is neither person nor object")
    if action not in known:
        _refuse(f"action: {action!r} is none of {', '.join(known)}")
    known[action](call, body)


def _refuse(problem: str) -> NoReturn:
    raise Refused(problem)


def _part(body: Mapping[str, Any], name: str) -> Row:
    part = body.get(name) or {}
    if not isinstance(part, dict):
        _refuse(f"{name}: must be an object")
    return part


def _named(call: Call, identifiers: Mapping[str, Any]) -> Person | None:
    """The person whom exactly one identifier names; None where there is nobody."""
    given = [(kind, str(identifiers[kind])) for kind in IDENTIFIERS if identifiers.get(kind)]
    if len(given) != 1:
        _refuse(f"identifiers: expected one of {', '.join(IDENTIFIERS)}")
    kind, value = given[0]
    return next(iter(call.workspace.people.find(value, kind)), None)


def _person(call: Call, body: Mapping[str, Any], name: str = "identifiers") -> Person:
    found = _named(call, _part(body, name))
    if found is None and body["action"] in ADDED:
        given = {kind: str(value) for kind, value in _part(body, name).items() if kind in ("id", "email")}
        found = call.workspace.add_person(id=given.get("id"), email=given.get("email")) if given else None
    if found is None:
        _refuse(f"{name}: names nobody")
    return found


def _identify(call: Call, body: Row) -> None:
    person = _person(call, body)
    call.workspace.change_attributes(person.cio_id, _part(body, "attributes"))
    _relate(call, body, person)


def _event(call: Call, body: Row) -> None:
    person, name = _person(call, body), str(body.get("name") or "").strip()
    if not name:
        _refuse("name: an event needs one")
    at = body.get("timestamp")
    call.workspace.add_event(person.cio_id, name, _part(body, "attributes"), at=int(at) if at else None)


def _delete(call: Call, body: Row) -> None:
    call.workspace.delete_person(_person(call, body).cio_id)


def _merge(call: Call, body: Row) -> None:
    kept, gone = _person(call, body, "primary"), _person(call, body, "secondary")
    if kept.cio_id == gone.cio_id:
        _refuse("secondary: is the primary")
    call.workspace.merge_people(kept.cio_id, gone.cio_id)


def _relate(call: Call, body: Row, person: Person | None = None) -> None:
    person = person or _person(call, body)
    for tie in body.get("cio_relationships") or ():
        _add_object(call, tie)
        call.workspace.relate(person.cio_id, _key(tie), tie.get("relationship_attributes"))


def _unrelate(call: Call, body: Row) -> None:
    person = _person(call, body)
    for tie in body.get("cio_relationships") or ():
        call.workspace.unrelate(person.cio_id, _object(call, tie))


def _key(body: Mapping[str, Any]) -> ObjectKey:
    given = _part(body, "identifiers")
    return str(given.get("object_type_id") or ""), str(given.get("object_id") or "")


def _object(call: Call, body: Mapping[str, Any]) -> ObjectKey:
    key = _key(body)
    if key not in call.workspace.objects:
        _refuse(f"identifiers: there is no object {key[1]!r} of the type {key[0]!r}")
    return key


def _add_object(call: Call, body: Mapping[str, Any]) -> None:
    """An object that is named and not there is added, with nothing in it."""
    key = _key(body)
    if key[0] not in call.workspace.object_types:
        _refuse(f"identifiers: there is no object type {key[0]!r}")
    if key not in call.workspace.objects:
        call.workspace.add_object(*key)


def _identify_object(call: Call, body: Row) -> None:
    _add_object(call, body)
    call.workspace.change_object(_key(body), _part(body, "attributes"))


def _delete_object(call: Call, body: Row) -> None:
    call.workspace.delete_object(_object(call, body))


Action = Callable[[Call, Row], None]

PERSON: dict[str, Action] = {
    "identify": _identify,
    "event": _event,
    "delete": _delete,
    "merge": _merge,
    "add_relationships": _relate,
    "delete_relationships": _unrelate,
}

OBJECT: dict[str, Action] = {"identify": _identify_object, "delete": _delete_object}

ROUTES = (Route("POST", "/api/v2/entity", entity, "Basic"),)
