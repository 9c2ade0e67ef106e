"""The workflow-rebuild handoff: everything that did not come along as a running thing, and how to build it anew."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from connectors.registry import get_connector
from mapping.rules import MapSpec
from projects import gates
from projects.documents.automations import Automation, automation_of
from projects.documents.deliveries import Deliveries, deliveries_of
from projects.documents.head import Head, head_of
from projects.documents.moved import Moved, NotMoved, Relink, moved, not_moved, relinks, since
from projects.documents.rows import (
    AUTOMATIONS,
    BROADCAST,
    CAMPAIGN,
    NEWSLETTER,
    REPORTING_WEBHOOK,
    TRANSACTIONAL,
    Configuration,
    deltas_since,
    discovery_of,
    moving_run,
    profiles_of,
    sides,
)
from projects.documents.scope import FieldSpec, NewField, NewObject, field_specs, new_fields, new_objects
from projects.documents.segments import SegmentItem, segment_items
from projects.labels import labels_of
from projects.models import Connection, HandoffItem, JournalEntry, Profile, Project
from projects.models import Integration as Writer
from projects.pipeline import unbuild
from projects.pipeline.phases import PERSON


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the source and what it is called in the destination."""

    word: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Integration:
    """Something that still talks to the source, how it was noticed, and how to switch it off."""

    name: str
    noticed: str
    switch_off: str


@dataclass(frozen=True, slots=True)
class Decided:
    """Who decided what: a signature under a gate."""

    gate: str
    name: str
    at: str
    note: str


@dataclass(frozen=True, slots=True)
class Link:
    """Where a rebuilt thing stands, and how far it is."""

    kind: str
    key: str
    state: str
    owner: str
    link: str
    note: str


@dataclass(frozen=True, slots=True)
class OnRequest:
    """Something that can be made in the destination by a key: what the server says to it, and how many stand there."""

    what: str
    server: str
    made: int


@dataclass(frozen=True, slots=True)
class Handoff:
    """The whole document."""

    head: Head
    source: str
    destination: str
    moved: tuple[Moved, ...]
    not_moved: tuple[NotMoved, ...]
    decided: tuple[Decided, ...]
    counts: dict[str, int]
    unread: tuple[str, ...]
    hours: float
    segments: tuple[SegmentItem, ...]
    campaigns: tuple[Automation, ...]
    broadcasts: tuple[Automation, ...]
    newsletters: tuple[Automation, ...]
    transactional: tuple[Automation, ...]
    relinks: tuple[Relink, ...]
    integrations: tuple[Integration, ...]
    progress: tuple[Link, ...]
    on_request: tuple[OnRequest, ...]
    fields: tuple[FieldSpec, ...]
    new_objects: tuple[NewObject, ...]
    new_fields: tuple[NewField, ...]
    glossary: tuple[Term, ...]
    rollback: tuple[str, ...]
    since: str = ""
    """What deltas carried over after the run whose numbers are told, in a sentence; empty where none ran."""


GLOSSARY = (
    Term("Segment", "A View of people with filters; who was in it when it was read also stands in their tags."),
    Term("Campaign, journey", "A workflow: one trigger, then actions. It sends single e-mails, never a series."),
    Term("Broadcast", "A workflow that is launched by hand on chosen people, or by a webhook."),
    Term("Newsletter", "No counterpart: an e-mail tool that is fed from a View."),
    Term("Transactional message", "Stays with the code that sends it: another provider, or a webhook workflow."),
    Term("Attribute, trait", "A field of the person."),
    Term("Event", "A record of the object Activity, linked to its person."),
    Term("Object, object type", "A record of a custom object; of the type Company a company."),
    Term("Relationship", "A link between person and record, with a record of its own where it has attributes."),
)

ROLLBACK = (
    "Every change of the destination was written down before it was sent, with the values that stood there before.",
    "A record that was made is known by the identity map; one that was there before gets its old values back.",
    "What somebody has changed in the destination since is kept and listed, never overwritten.",
    (
        "In Carryover: Rollback, Make the plan. Nothing is written yet; the plan says what goes, what gets its old "
        "values back and what stays. Then type the name of the project. "
        "On a command line: manage.py migration rollback, with --plan to see the plan only."
    ),
    "All of it can be taken back, or one run, one phase, one object type, one field or one person.",
    (
        "Views, lists and drafts that were made from this handoff go first; then records, then fields and objects, "
        "where nothing uses them any more. At the end every record is read back and compared with how it stood before."
    ),
    "Ask for it before hypercare is closed. Nothing of it needs Customer.io.",
)

ANY_SERVER = "a key can make them"
NOT_LOOKED = "not looked at yet: “Test connection” looks"
REQUESTS = (
    ("Views of segments that translate exactly", "", "create_view"),
    ("Lists with the members of the other segments", "Message lists", "create_list"),
    ("Drafts of workflows with name and trigger", "Workflows", "create_workflow"),
)
"""What can be made on request, the fact that says whether the server takes it, and the verb of the journal."""

STATE_ORDER = {"running": 0, "active": 0, "draft": 2, "stopped": 3}


def context(project: Project) -> Handoff | None:
    """The handoff as things stand; None before discovery has read the source."""
    discovery = discovery_of(project)
    if discovery is None:
        return None
    moving, read = moving_run(project), Configuration(project)
    deltas = deltas_since(moving) if moving else []
    stored, both = project.map_series.latest(), sides(project)
    spec = stored.spec if stored else MapSpec()
    labels, profiles = labels_of(project), profiles_of(discovery)
    systems = {side: get_connector(one.connector).label for side, one in both.items()}
    people = next((profile for profile in profiles if profile.object == PERSON), None)
    segments = segment_items(read, spec, people)
    found = _automations(read, {item.key: item.name for item in segments}, deliveries_of(project) or {})
    return Handoff(
        head=head_of(project, f"Workflow-rebuild handoff of {project.name}", moving or discovery, stored),
        source=systems.get("source", ""),
        destination=systems.get("destination", ""),
        moved=moved(labels, moving),
        not_moved=not_moved(labels, moving),
        decided=_decided(project),
        counts=_counts(segments, found),
        unread=_unread(read, profiles),
        hours=_hours(segments, found),
        segments=segments,
        campaigns=found[CAMPAIGN],
        broadcasts=found[BROADCAST],
        newsletters=found[NEWSLETTER],
        transactional=found[TRANSACTIONAL],
        relinks=relinks([moving, *deltas] if moving else []),
        integrations=(*_integrations(read, found), *_seen(project)),
        progress=_progress(project),
        on_request=_on_request(project, both.get("destination")),
        fields=field_specs(spec, profiles, labels),
        new_objects=new_objects(spec),
        new_fields=new_fields(spec),
        glossary=GLOSSARY,
        rollback=ROLLBACK,
        since=since(deltas),
    )


def to_json(made: Handoff) -> dict[str, Any]:
    """The handoff as JSON, in the shape that its schema publishes."""
    dumped: dict[str, Any] = TypeAdapter(Handoff).dump_python(made, mode="json")
    return dumped


def _automations(read: Configuration, names: dict[str, str], sent: Deliveries) -> dict[str, tuple[Automation, ...]]:
    """Everything that sends something, by kind, in the order in which it is best rebuilt.

    What runs by itself, campaigns and broadcasts, has one order; what is sent by hand or by code one of its own.
    """
    made = {
        kind: [automation_of(kind, row, names, sent.get((kind, str(row["key"])))) for row in read.rows(kind)]
        for kind in AUTOMATIONS
    }
    both = _ordered(made[CAMPAIGN] + made[BROADCAST])
    found = {kind: tuple(one for one in both if one.kind == kind) for kind in (CAMPAIGN, BROADCAST)}
    return {kind: found.get(kind, _ordered(items)) for kind, items in made.items()}


def _ordered(items: list[Automation]) -> tuple[Automation, ...]:
    """What is running first, and of that the quickest first, so that something works soon."""
    best = sorted(items, key=lambda one: (STATE_ORDER.get(one.state, 1), one.hours, one.name))
    return tuple(dataclasses.replace(one, order=number) for number, one in enumerate(best, 1))


def _hours(segments: tuple[SegmentItem, ...], found: dict[str, tuple[Automation, ...]]) -> float:
    """The effort of everything together."""
    ours = sum(item.hours for item in segments)
    return round(ours + sum(item.hours for items in found.values() for item in items), 1)


def _counts(segments: tuple[SegmentItem, ...], found: dict[str, tuple[Automation, ...]]) -> dict[str, int]:
    how = Counter(item.how for item in segments)
    return {
        "segments": len(segments),
        "segments_exactly": how["exactly"],
        "segments_partly": how["partly"],
        "segments_quoted": how["quoted"],
        "segments_by_hand": how["by hand"],
        "segment_members": sum(item.members for item in segments),
        **{f"{kind}s" if kind != TRANSACTIONAL else kind: len(items) for kind, items in found.items()},
        "steps": sum(step.kind == "step" for items in found.values() for item in items for step in item.steps),
        "gaps": sum(item.gaps for items in found.values() for item in items),
    }


def _unread(read: Configuration, profiles: list[Profile]) -> tuple[str, ...]:
    """What discovery saw and no run has read yet."""
    return tuple(
        f"{profile.label_plural}: {profile.announced or profile.read:,} are there and not read yet."
        for profile in profiles
        if profile.object in AUTOMATIONS and (profile.announced or profile.read) and not read.rows(profile.object)
    )


def _decided(project: Project) -> tuple[Decided, ...]:
    rows = project.signatures.order_by("pk")
    return tuple(
        Decided(gates.label_of(one.gate), one.name, one.signed_at.isoformat(timespec="seconds"), one.note)
        for one in rows
    )


def _integrations(read: Configuration, found: dict[str, tuple[Automation, ...]]) -> tuple[Integration, ...]:
    """What can be told of outside systems that send to the source or are called by it."""
    lines = [
        Integration(item.name, f"Your system starts this broadcast{_last(item)}.", "Stop the call in your code.")
        for item in found[BROADCAST]
    ]
    lines += [
        Integration(item.name, "Your code sends this message through the API.", "Send it by another provider.")
        for item in found[TRANSACTIONAL]
    ]
    lines += [
        Integration(
            item.name, f"Something outside starts this campaign: {item.trigger}.", "Point it to the new webhook."
        )
        for item in found[CAMPAIGN]
        if item.twenty_trigger_type == "WEBHOOK"
    ]
    lines += [
        Integration(
            str(row.get("name") or row["key"]),
            "Customer.io reports to it what it sent.",
            "Delete the reporting webhook in Customer.io.",
        )
        for row in read.rows(REPORTING_WEBHOOK)
    ]
    return tuple(lines)


def _seen(project: Project) -> tuple[Integration, ...]:
    """What the audit has seen in the source's log; the configuration says the rest."""
    rows = project.integrations.exclude(origin=Writer.Origin.LISTED).order_by("name")
    return tuple(
        Integration(
            one.name,
            f"{one.trace} Last seen on {one.last_seen:%Y-%m-%d}." if one.last_seen else one.trace,
            "Pause it, or point it to the destination." if one.state == Writer.State.OPEN else one.get_state_display(),
        )
        for one in rows
    )


def _last(item: Automation) -> str:
    return f", {item.statistics[-1]}" if item.statistics else ""


def _progress(project: Project) -> tuple[Link, ...]:
    rows = HandoffItem.objects.filter(project=project).order_by("kind", "key")
    return tuple(Link(one.kind, one.key, one.state, one.owner, one.link, one.note) for one in rows)


def _on_request(project: Project, destination: Connection | None) -> tuple[OnRequest, ...]:
    """What this server takes, as the connection's test found it, and how many of each stand there."""
    facts = ((destination.known.get("capabilities") or {}).get("facts") or {}) if destination else {}
    stands = unbuild.made(project).filter(state=JournalEntry.State.DONE)
    standing = Counter(stands.values_list("verb", flat=True))
    return tuple(
        OnRequest(what, facts.get(fact, NOT_LOOKED) if fact else ANY_SERVER, standing[verb])
        for what, fact, verb in REQUESTS
    )
