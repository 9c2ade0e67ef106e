"""What two versions of a map say differently, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from mapping.rules import EVIDENCE, Action, ActivityRule, FieldRule, MapSpec, ObjectRule

SHOWN = 80


@dataclass(frozen=True, slots=True)
class Change:
    """One row that differs. `before` and `after` say where it goes; `details` name what else is different."""

    object: str
    source: str
    before: str
    after: str
    details: tuple[str, ...] = ()


def diff(before: MapSpec, after: MapSpec) -> list[Change]:
    """Everything that is decided differently, in the order of the newer map."""
    found: list[Change] = []
    if before.default_country != after.default_country:
        found.append(Change("", "Country of telephone numbers", before.default_country, after.default_country))
    names = dict.fromkeys([rule.source for rule in after.objects] + [rule.source for rule in before.objects])
    for name in names:
        was, now = before.object(name), after.object(name)
        found += _pair(name, "", was, now, {"fields", "relations"})
        found += _fields(name, was, now)
        found += _relations(name, was, now)
    old = {rule.key: rule for rule in before.activities}
    new = {rule.key: rule for rule in after.activities}
    for key in dict.fromkeys([*new, *old]):
        found += _pair("", key, old.get(key), new.get(key), set())
    return found


def _fields(name: str, was: ObjectRule | None, now: ObjectRule | None) -> Iterator[Change]:
    old = {rule.source: rule for rule in was.fields} if was else {}
    new = {rule.source: rule for rule in now.fields} if now else {}
    for source in dict.fromkeys([*new, *old]):
        yield from _pair(name, source, old.get(source), new.get(source), set())


def _relations(name: str, was: ObjectRule | None, now: ObjectRule | None) -> Iterator[Change]:
    old = {rule.source: rule for rule in was.relations} if was else {}
    new = {rule.source: rule for rule in now.relations} if now else {}
    for source in dict.fromkeys([*new, *old]):
        yield from _pair(name, source, old.get(source), new.get(source), set())


def _pair(name: str, source: str, was: BaseModel | None, now: BaseModel | None, without: set[str]) -> Iterator[Change]:
    old = was.model_dump(mode="json", exclude=EVIDENCE | without) if was else {}
    new = now.model_dump(mode="json", exclude=EVIDENCE | without) if now else {}
    if old == new:
        return
    told = {"action", "destination", "source", "home"}
    details = [
        f"{key.replace('_', ' ')}: {_short(old[key])} → {_short(new[key])}"
        for key in new
        if key in old and key not in told and old[key] != new[key]
    ]
    yield Change(name, source, _where(was), _where(now), tuple(details))


def _where(rule: BaseModel | None) -> str:
    if rule is None:
        return "(not in this map)"
    if isinstance(rule, ActivityRule):
        return "left behind" if rule.action == Action.SKIP else f"{rule.kind} → {rule.home}"
    if isinstance(rule, FieldRule | ObjectRule):
        return "left behind" if rule.action == Action.SKIP else f"{rule.destination}{_new(rule)}"
    return str(getattr(rule, "destination", ""))


def _new(rule: FieldRule | ObjectRule) -> str:
    return " (new)" if rule.action in (Action.CREATE, Action.COMBINE) else ""


def _short(value: object) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"{len(value)} options"
    text = str(value) if value not in (None, "", [], {}, ()) else "nothing"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
