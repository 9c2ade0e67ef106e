"""Tells calls, meetings, notes and tasks among events and object types (contracts/customerio/FACTS.md section 16).

There is no standard for their names, so this only proposes; the customer confirms it with the map. A name alone is
not enough: a typical property has to stand beside it, or a property that says the kind outright. What is weak stays
an event, with what it may be named beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mapping.engagements import (
    ANY,
    GENERIC,
    NEVER,
    ORDER,
    OWN_PRODUCT,
    PARTS,
    PRODUCT_DEMO,
    SAID,
    STRONG,
    TYPICAL,
    VENDORS,
)
from mapping.happenings import Stream, at_path
from mapping.lexicon import squeezed, words
from mapping.rules import Action, ActivityRule, Home, Kind

EVENT, MESSAGE = "event", "message"

OFTEN = 20
"""Occurrences per person above which a name is taken for something that a product does all day."""

STRONG_ENOUGH = 0.7
"""Confidence from which a kind is proposed; below it stays an event."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a stream counts as, how sure that is, and why."""

    kind: Kind
    confidence: float
    reason: str


def normal(name: str) -> str:
    """The name as lower-case words without vendors: `SFDC_Task-Created` is `task created`."""
    said = [word for word in words(name) if word not in VENDORS]
    joined = " ".join(said) or " ".join(words(name))
    return joined.replace("followup", "follow up").replace("noshow", "no show").replace("phone call", "call")


def propose_activities(streams: Sequence[Stream], sources: Sequence[str]) -> list[ActivityRule]:
    """One rule for each stream (several where a property tells the kind), and one for what comes up later.

    `sources` are the streams that the source has at all, even where nothing was seen in them yet.
    """
    rules = [rule for stream in streams for rule in _rules(stream)]
    return [*rules, *(catch_all(source) for source in sources)]


def catch_all(source: str) -> ActivityRule:
    """What becomes of happenings of a source for which no other rule stands."""
    kind = Kind.EMAIL if source == MESSAGE else Kind.EVENT
    reason = "Every message that was sent." if source == MESSAGE else "Events under names that discovery did not see."
    return ActivityRule(source=source, kind=kind, confidence=1.0, reason=reason)


def _rules(stream: Stream) -> Iterable[ActivityRule]:
    said = list(_told_by_a_property(stream))
    if said:
        yield from said
        told = sum(rule.count for rule in said)
        # Of an object type nothing is caught by the rule for all events, so the rest always has a rule.
        if stream.source != EVENT or told < stream.count:
            yield _rule(
                stream, Judgement(Kind.EVENT, 0.9, "Whatever else this event tells."), count=stream.count - told
            )
        return
    judged = judge(stream)
    if stream.source != EVENT and judged.kind is Kind.EVENT:
        return  # an object type that is no engagement stays an object of its own
    yield _rule(stream, judged)


def judge(stream: Stream) -> Judgement:
    """What the stream's name and properties make of it."""
    named = normal(stream.name)
    kind = next((kind for kind in ORDER if STRONG[kind].match(named)), None)
    if kind is None or NEVER.search(" ".join(words(stream.name))):
        return Judgement(Kind.EVENT, 0.95, "Nothing says that it is a call, a meeting, a note or a task.")
    known = {squeezed(path.rpartition(".")[2]) for path in stream.properties}
    telling = sorted(known & TYPICAL[kind])
    foreign = sorted(known & OWN_PRODUCT[kind])
    why = f"Its name says {kind.value}"
    if foreign:
        return Judgement(kind, 0.4, f"{why}, but “{foreign[0]}” looks like an object of your own product.")
    if stream.per_person > OFTEN:
        often = f"{stream.per_person:.0f} times per person"
        return Judgement(kind, 0.45, f"{why}, but it happens {often}: more often than people {_does(kind)}.")
    if PRODUCT_DEMO.match(named) and len(telling) < 2:
        return Judgement(kind, 0.5, f"{why}, but a demo may also be one in the browser.")
    if telling:
        listed = ", ".join(f"“{name}”" for name in telling[:3])
        so = "so does" if len(telling) == 1 else "so do"
        return Judgement(kind, round(min(0.98, 0.86 + 0.04 * len(telling)), 2), f"{why}, and {so} {listed}.")
    if known & ANY:
        return Judgement(kind, 0.72, f"{why}, and it has what an entry of a CRM has.")
    return Judgement(kind, 0.5, f"{why}, but no property of it is typical of one.")


def _does(kind: Kind) -> str:
    return {Kind.CALL: "call", Kind.MEETING: "meet", Kind.NOTE: "take notes", Kind.TASK: "get tasks"}[kind]


def _told_by_a_property(stream: Stream) -> Iterable[ActivityRule]:
    """A generic event (“activity logged”) whose property says the kind outright."""
    if not GENERIC.match(normal(stream.name)):
        return
    for path, counted in stream.values.items():
        kinds = {value: kind for value in counted if (kind := kind_said(value)) is not None}
        if not kinds:
            continue
        for value, kind in kinds.items():
            reason = f"“{path}” says “{value}” in {counted[value]:,} of {stream.count:,}."
            judged = Judgement(kind, 0.93, reason)
            yield _rule(stream, judged, where=path, equals=value, count=counted[value])
        return


def kind_said(value: str) -> Kind | None:
    """What a discriminating value means; None where it means none of the kinds."""
    said = squeezed(value)
    return next((kind for kind, known in SAID.items() if said in known), None)


def _rule(stream: Stream, judged: Judgement, *, where: str = "", equals: str = "", count: int = 0) -> ActivityRule:
    sure = judged.confidence >= STRONG_ENOUGH
    kind = judged.kind if sure else Kind.EVENT
    reason = judged.reason if sure else f"{judged.reason} It stays an event unless you say that it is a {judged.kind}."
    return ActivityRule(
        source=stream.source,
        name=stream.name if stream.source == EVENT else "",
        where=where,
        equals=equals,
        action=Action.MAP if sure or stream.source == EVENT else Action.SKIP,
        kind=kind,
        home=Home.COMMENT if kind is Kind.NOTE else Home.ACTIVITY,
        parts=parts_of(stream.properties, judged.kind),
        count=count or stream.count,
        examples=stream.examples,
        alternative=None if sure else judged.kind,
        confidence=judged.confidence if sure else 0.6,
        reason=reason,
    )


def parts_of(properties: Mapping[str, int], kind: Kind) -> dict[str, str]:
    """Which property plays which part, by name; an event keeps its properties and needs no parts."""
    if kind is Kind.EVENT:
        return {}
    found: dict[str, str] = {}
    by_name: dict[str, str] = {}
    for path in sorted(properties, key=lambda path: (path.count("."), -properties[path], path)):
        by_name.setdefault(squeezed(path.rpartition(".")[2]), path)
    if kind is Kind.TASK and "hstimestamp" in by_name:
        found["due"] = by_name["hstimestamp"]
    for part, names in PARTS.items():
        chosen = next((by_name[name] for name in names.split() if name in by_name), None)
        if chosen is not None and part not in found:
            found[part] = chosen
    return found


def rule_for(rules: Sequence[ActivityRule], source: str, name: str, data: object) -> ActivityRule | None:
    """The rule of one happening: one that a property of it meets, else that of its name, else that for all."""
    named = [rule for rule in rules if rule.source == source and rule.name in ("", name)]
    told = [rule for rule in named if rule.where]
    for rule in sorted(told, key=lambda rule: rule.name == ""):
        if at_path(data, rule.where) == rule.equals:
            return rule
    plain = [rule for rule in named if not rule.where]
    return next((rule for rule in plain if rule.name), None) or next(iter(plain), None)
