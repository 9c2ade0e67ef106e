"""Where is one record? Look-ups by e-mail address, key, id or destination id, each over an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from mapping.rules import Action, MapSpec
from projects.gates import Standing
from projects.labels import labels_of
from projects.models import Difference, JournalEntry, Link, Project, Record, Reversal, Run
from projects.reasons import reason_label
from projects.taken_back import destinations_of, told

MOST = 50
"""Records that one look-up gives at most."""

NEAR = 40
"""Requests before a write that are looked through for the one that carried a record: more than halving ever makes."""


def moving_runs(project: Project) -> list[int]:
    """The runs that have records, newest first; a delta has those that came or changed since."""
    runs = project.runs.filter(kind__in=[Run.Kind.SANDBOX, Run.Kind.PRODUCTION, Run.Kind.DELTA])
    return list(runs.exclude(state=Run.State.CANCELLED).order_by("-number").values_list("pk", flat=True))


def find_records(project: Project, asked: str, *, runs: Sequence[int]) -> list[Record]:
    """The records of these runs that go by what was typed, the newest of each; in a constant number of look-ups."""
    text = asked.strip()
    if not text or not runs:
        return []
    rows = Record.objects.filter(run__in=runs)
    found: set[int] = set()
    # One look-up per index: joined by OR, a planner may read the whole table.
    for condition in (Q(email=text.lower()), Q(own_id=text.lower()), Q(key__in={text, text.lower()})):
        found.update(rows.filter(condition).values_list("pk", flat=True)[:MOST])
    objects = list(labels_of(project))
    shared = rows.filter(object__in=objects, match_key=text.lower()).exclude(match_key="")
    found.update(shared.values_list("pk", flat=True)[:MOST])
    for object, key in _by_destination(project, text):
        found.update(rows.filter(object=object, key=key).values_list("pk", flat=True)[:MOST])
    newest: dict[tuple[str, str], Record] = {}
    for row in Record.objects.filter(pk__in=found).select_related("run").order_by("pk"):
        newest[row.object, row.key] = row
    return sorted(newest.values(), key=lambda row: (row.object != "person", row.object, row.key))[:MOST]


def _by_destination(project: Project, text: str) -> list[tuple[str, str]]:
    """The source records behind a destination id; two may share one (a person, and the company of that person)."""
    try:
        wanted = UUID(text)
    except ValueError:
        return []
    links = Link.objects.filter(project=project, destination__in=destinations_of(project), destination_id=wanted)
    return list(links.values_list("object", "key")[:5])


@dataclass(frozen=True, slots=True)
class Answer:
    """Where a record is, or why it is not there. `tone`: ok, wait, bad or mute."""

    tone: str
    sentence: str


def answer_for(
    record: Record,
    link: Link | None,
    source: str,
    destination: str,
    since: Difference | None = None,
    back: Reversal | None = None,
) -> Answer:
    """One sentence about one record.

    `since`: an open difference that a later verification found; `back`: what took it back after it was read.
    """
    because = reason_label(record.reason)
    because = because[:1].lower() + because[1:]
    if record.state in Record.LANDED and back is not None:
        return Answer("mute" if link is None else "wait", told(back, link, destination))
    if record.state in Record.LANDED:
        there = f"as {link.destination} {link.destination_id}" if link else f"as {record.destination_id}"
        proof = {"equal": "read back and equal", "different": "read back, and different"}.get(
            record.proof, "not read back"
        )
        if since is not None:
            gone = since.kind == Difference.Kind.MISSING
            now = f"it was not there any more in {since.run}" if gone else f"{since.run} found it different since"
            return Answer("bad", f"It landed in {destination} {there} ({proof}), but {now}.")
        return Answer("ok" if record.proof == "equal" else "wait", f"It is in {destination} {there}: {proof}.")
    if record.state == Record.State.HELD:
        return Answer("wait", f"Not migrated yet, because {because}. It waits for a decision. {record.detail}".strip())
    if record.state == Record.State.MERGED:
        return Answer("ok", f"It went into {record.merged_into}, because {because}.")
    if record.state == Record.State.EXCLUDED:
        return Answer("mute", f"Not migrated, because {because}. {record.detail}".strip())
    if record.state == Record.State.REJECTED:
        return Answer("bad", f"Not migrated, because {because}: {record.detail}")
    return Answer("wait", f"It was read from {source} and is still on its way.")


def found_since(project: Project, rows: Sequence[Record]) -> dict[tuple[str, str], Difference]:
    """What the newest verification found about these records and nobody has mended or accepted."""
    verification = Standing(project).verification
    if verification is None or not rows:
        return {}
    open_ones = Difference.objects.filter(run=verification, object__in={row.object for row in rows}).unexplained()
    named = open_ones.filter(key__in=[row.key for row in rows]).select_related("run")
    return {(one.object, one.key): one for one in named}


def looks_like_a_name(asked: str) -> bool:
    """Whether this can hardly be an address, a key or an id: letters and no digit, no sign that only those have."""
    return not any(one.isdigit() or one in "@:_/" for one in asked)


def answer_for_nothing(project: Project, asked: str, source: str) -> Answer:
    """Why a key that no run has read is not there: what was read and when, and what the map leaves behind."""
    if looks_like_a_name(asked):
        return Answer(
            "mute",
            f"No record has “{asked}” as its e-mail address, key or id. Names are not searched: "
            "search by e-mail address, key or id.",
        )
    whole = project.runs.filter(pk__in=moving_runs(project)).exclude(kind=Run.Kind.DELTA)
    run = whole.select_related("field_map").order_by("-number").first()
    if run is None:
        return Answer("mute", f"Nothing was moved yet, so “{asked}” is nowhere but in {source}.")
    when = f"{run.started_at or run.created_at:%-d %b %Y, %H:%M} UTC"
    if run.kind == Run.Kind.SANDBOX:
        return Answer("mute", f"Not migrated, because {run} ({when}) moved a sample, and “{asked}” is not in it.")
    spec = run.field_map.spec if run.field_map else MapSpec()
    labels = labels_of(project)
    left = [labels[rule.source] for rule in spec.objects if rule.action == Action.SKIP]
    more = f" The map leaves these behind whole: {', '.join(left)}." if left else ""
    return Answer(
        "bad",
        f"Not migrated, because it was never read: {source} did not list “{asked}” when {run} read it ({when}). "
        f"It may be newer than that, have been deleted before, or be spelt otherwise.{more}",
    )


def requests_for(link: Link) -> list[JournalEntry]:
    """The requests that carried a record on its last way, refused ones too, newest first."""
    id = str(link.destination_id)
    entries = JournalEntry.objects.filter(
        project=link.project_id, object=link.destination, sent_at__lte=link.written_at
    ).order_by("-sent_at")[:NEAR]
    return [entry for entry in entries if id in entry.detail.get("ids", ())]
