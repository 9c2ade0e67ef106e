"""Campaigns, broadcasts, newsletters and transactional messages for the handoff: what they do, how to rebuild it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mapping.criteria import parse, words
from projects.documents.deliveries import sentence
from projects.documents.drawing import Step, steps_of
from projects.documents.html_text import plain
from projects.documents.segments import ids_of
from projects.grading import rules

TRIGGERS: Mapping[str, tuple[str, str]] = {
    "segment": ("DATABASE_EVENT", "Record is updated: Person, with the filter of the segment's View"),
    "event": ("WEBHOOK", "Webhook that your product calls with the event; or Record is created: Activity, by its name"),
    "date": ("CRON", "On a schedule, once a day: find the people whose date is today"),
    "relationship": ("DATABASE_EVENT", "Record is created: the link between the person and the object"),
    "object": ("DATABASE_EVENT", "Record is created or updated: the custom object"),
    "webhook": ("WEBHOOK", "Webhook: whoever calls Customer.io's calls the new address"),
    "form": ("WEBHOOK", "Webhook that the form posts to"),
    "triggered_broadcast": ("MANUAL", "Launched by hand on chosen people, or a Webhook that your code calls"),
}
"""Trigger type → the nearest trigger of a Twenty workflow and what to choose there."""

ACTIONS: Mapping[str, tuple[str, str]] = {
    "email": ("SEND_EMAIL", "Send e-mail from a connected mailbox: one message, no unsubscribe link, no tracking"),
    "webhook": ("HTTP_REQUEST", "HTTP request to the same address"),
    "attribute_update": ("UPDATE_RECORD", "Update record: the field that the attribute became"),
    "slack": ("HTTP_REQUEST", "HTTP request to Slack's incoming webhook"),
    "twilio": ("", "no text messages: an HTTP request to your provider"),
    "sms": ("", "no text messages: an HTTP request to your provider"),
    "whatsapp": ("", "no WhatsApp: an HTTP request to your provider"),
    "push": ("", "no push notifications: they need your app and a push service"),
    "urban_push": ("", "no push notifications: they need your app and a push service"),
    "in_app": ("", "no in-app messages: they need your app"),
}
"""Step type → the nearest action of a Twenty workflow and what is different about it; empty where there is none."""

CHANNELS = frozenset(ACTIONS) - {"webhook", "attribute_update"}


@dataclass(frozen=True, slots=True)
class Content:
    """One language or variant of a message."""

    name: str
    language: str
    subject: str
    sender: str
    preheader: str
    text: str


@dataclass(frozen=True, slots=True)
class Automation:
    """One campaign, broadcast, newsletter or transactional message."""

    kind: str
    key: str
    name: str
    description: str
    state: str
    started: str
    trigger: str
    filters: tuple[str, ...]
    targets: tuple[str, ...]
    channels: tuple[str, ...]
    languages: tuple[str, ...]
    steps: tuple[Step, ...]
    contents: tuple[Content, ...]
    statistics: tuple[str, ...]
    not_exposed: tuple[str, ...]
    gaps: int
    twenty_trigger: str
    twenty_trigger_type: str
    twenty_actions: tuple[str, ...]
    no_counterpart: tuple[str, ...]
    recipe: tuple[str, ...]
    hours: float
    order: int


def automation_of(
    kind: str, row: Mapping[str, Any], names: Mapping[str, str], sent: Mapping[str, int] | None = None
) -> Automation:
    """One of them, from its row as the source gave it; `sent` counts its messages by what became of them."""
    type = _type(kind, row)
    steps = steps_of(row)
    actions = [one for one in _rows(row.get("actions")) if one.get("type")]
    trigger = _trigger(kind, type, row, names)
    gaps = sum(step.kind == "gap" for step in steps)
    languages = _languages(row, actions)
    contents = tuple(_content(one) for one in _rows(row.get("contents")))
    channels = tuple(dict.fromkeys(str(one["type"]) for one in actions if one["type"] in CHANNELS))
    kinds = tuple(dict.fromkeys(str(one["type"]) for one in actions)) or ((str(row.get("type") or "email"),))
    targets = tuple(_segment_names(row.get("recipients", row.get("recipient_segment_ids")), names))
    return Automation(
        kind=kind,
        key=str(row["key"]),
        name=str(row.get("name") or f"{kind.capitalize()} {row['key']}"),
        description=str(row.get("description") or ""),
        state=str(row.get("state") or ("running" if kind == "transactional" else "")),
        started=_started(row),
        trigger=trigger,
        filters=tuple(_filters(row, names)),
        targets=targets,
        channels=channels,
        languages=languages,
        steps=steps,
        contents=contents,
        statistics=(*_statistics(row), *([sentence(dict(sent))] if sent else ())),
        not_exposed=tuple(str(one) for one in row.get("not_exposed") or ()),
        gaps=gaps,
        twenty_trigger=TRIGGERS.get(type, ("", "No trigger of a Twenty workflow is near to it"))[1],
        twenty_trigger_type=TRIGGERS.get(type, ("", ""))[0],
        twenty_actions=tuple(dict.fromkeys(ACTIONS[one][1] for one in kinds if ACTIONS.get(one, ("", ""))[0])),
        no_counterpart=tuple(_missing(kind, kinds, steps, languages)),
        recipe=tuple(_recipe(kind, trigger, bool(_filters(row, names)), steps)),
        hours=_hours(len(actions) or len(contents), gaps, len(languages)),
        order=0,
    )


def _languages(row: Mapping[str, Any], actions: list[dict[str, Any]]) -> tuple[str, ...]:
    """The languages of its messages; `default` is one of them where a step has a text without a language."""
    told = {str(one) for one in row.get("languages") or () if one}
    plain_ones = [
        one for one in actions if one["type"] in CHANNELS and not (one.get("languages") or one.get("language"))
    ]
    plain_ones += [one for one in _rows(row.get("contents")) if not one.get("language")]
    return (*(["default"] if told and plain_ones else []), *sorted(told))


def _started(row: Mapping[str, Any]) -> str:
    """Since when it runs; of what was sent once, when that was, to the minute."""
    sent = row.get("sent_at")
    if isinstance(sent, int) and sent > 0:
        return f"{datetime.fromtimestamp(sent, UTC):%Y-%m-%d, %H:%M} UTC"
    return _day(row.get("first_started"))


def _rows(told: Any) -> list[dict[str, Any]]:
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def _type(kind: str, row: Mapping[str, Any]) -> str:
    if kind == "broadcast":
        return "triggered_broadcast"
    return str(row.get("type") or "")


def _part(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = row.get(name)
    return part if isinstance(part, dict) else dict(row)


def _segment_names(told: Any, names: Mapping[str, str]) -> list[str]:
    return [names.get(id, f"segment {id} (archived or deleted)") for id in ids_of(told)]


def _trigger(kind: str, type: str, row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What starts it, in words."""
    told = _part(row, "trigger")
    if kind == "newsletter":
        return "sent once, to everybody in its segments at that moment"
    if kind == "transactional":
        return "sent by your code, one person at a time"
    if kind == "broadcast":
        return "started by a call of the API, which also says whom it goes to"
    if type == "segment":
        entered = " or ".join(f"“{name}”" for name in _segment_names(told.get("trigger_segment_ids"), names))
        return f"when somebody comes into the segment {entered or '(not told)'}"
    if type == "event":
        return f"when somebody does “{told.get('event_name') or 'an event that is not told'}”"
    if type == "date":
        often = {"once": "once", "monthly": "each month", "yearly": "each year"}.get(str(told.get("frequency")), "")
        hour = f"{int(told.get('start_hour') or 0):02}:{int(told.get('start_minutes') or 0):02}"
        zone = "the person's own time zone" if told.get("use_customer_timezone") else told.get("timezone") or "UTC"
        return f"on the date in “{told.get('date_attribute')}” {often} at {hour}, {zone}".replace("  ", " ")
    if type in ("object", "relationship"):
        what = "an object" if type == "object" else "a relationship to an object"
        return f"when {what} of type {told.get('object_type_id')} changes"
    return f"by a {type}" if type else "not told by the API"


def _filters(row: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    told = _part(row, "filters")
    lines = [f"are in “{name}”" for name in _segment_names(told.get("filter_segment_ids"), names)]
    others = [(key, what) for key, what in RELATED.items() if told.get(key)]
    return [*lines, *(f"have {what} for which {_said(told[key], names)}" for key, what in others)]


RELATED = {"filter_object_attributes": "an object", "filter_relationship_attributes": "a relationship"}


def _said(condition: Any, names: Mapping[str, str]) -> str:
    """A filter of objects in the words of a segment's criteria; as it came where it is none."""
    if isinstance(condition, str):
        return condition
    return words(parse(_of_people(condition)), names)


def _of_people(node: Any) -> Any:
    """Conditions on objects and relationships, written like those on people: they are built the same."""
    if isinstance(node, list):
        return [_of_people(one) for one in node]
    if not isinstance(node, dict):
        return node
    bare = {key: one for key, one in node.items() if key != "type_id"}
    return {key.removeprefix("object_").removeprefix("relationship_"): _of_people(one) for key, one in bare.items()}


def _content(row: Mapping[str, Any]) -> Content:
    sender = row.get("from") or row.get("from_id") or ""
    return Content(
        name=str(row.get("name") or ""),
        language=str(row.get("language") or "default"),
        subject=str(row.get("subject") or ""),
        sender=str(sender),
        preheader=str(row.get("preheader_text") or ""),
        text=plain(str(row.get("body") or "")),
    )


def _statistics(row: Mapping[str, Any]) -> list[str]:
    """Numbers that came with it: metrics as they are named, and how often a broadcast was started."""
    lines = []
    metrics = row.get("metrics") or row.get("metric")
    for name, value in metrics.items() if isinstance(metrics, dict) else ():
        number = sum(value) if isinstance(value, list) and all(isinstance(one, int) for one in value) else value
        if isinstance(number, int | float):
            lines.append(f"{name}: {number:,}")
    triggers = row.get("triggers")
    if isinstance(triggers, list) and triggers:
        newest = max((_day(one.get("created_at")) for one in _rows(triggers)), default="")
        lines.append(f"started {len(triggers):,} time{'' if len(triggers) == 1 else 's'}, last on {newest}")
    return lines


def _day(told: Any) -> str:
    return datetime.fromtimestamp(told, UTC).date().isoformat() if isinstance(told, int) and told > 0 else ""


def _missing(kind: str, kinds: tuple[str, ...], steps: tuple[Step, ...], languages: tuple[str, ...]) -> list[str]:
    if kind == "newsletter":
        return ["one e-mail to many at once: send the next one from an e-mail tool that is fed from the View or list"]
    if kind == "transactional":
        return ["a message that your code asks for: let it ask another e-mail provider, with this text"]
    lines = [ACTIONS[one][1] for one in kinds if one in ACTIONS and not ACTIONS[one][0]]
    lines += [f"a step of the type “{one}” is not known" for one in kinds if one not in ACTIONS]
    if sum(step.type == "email" for step in steps) > 1:
        lines.append("several e-mails in a row: Twenty has no sequences, so waits and exits are built by hand")
    if len(languages) > 1:
        lines.append("a message per language: one branch each")
    return list(dict.fromkeys(lines))


def _recipe(kind: str, trigger: str, filtered: bool, steps: tuple[Step, ...]) -> list[str]:
    if kind == "newsletter":
        return ["Send it to yourself from the new tool, and compare it with the text here."]
    if kind == "transactional":
        return ["Let your code send it to an address of your own, and compare it with the text here."]
    first = next((step for step in steps if step.kind == "step"), None)
    shown = f"“{first.name or first.type}”" if first else "its message"
    lines = [f"Make a test person with an address of your own, and let it happen: {trigger}."]
    if filtered:
        lines.append("Make a second one that misses one of the filters: nothing may start for it.")
    lines.append(f"The first thing that has to happen is {shown}; compare it with the same in Customer.io.")
    lines.append("Switch it off in Customer.io, then on in Twenty, never both at once.")
    return lines


def _hours(steps: int, gaps: int, languages: int) -> float:
    effort = rules()["effort"]
    extra = max(0, languages - 1) * effort["language"]
    return round(float(effort["automation"] + steps * effort["step"] + gaps * effort["gap"] + extra), 2)
