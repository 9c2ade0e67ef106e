"""Happenings: events, messages and object types that are activities become rows of activities, comments and tasks.

One stream of the source may land in several places, as its rules say; so a row is kept under the place where it
goes, and whatever the map leaves behind is kept as left behind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from connectors.contract import Page
from mapping.activities import EVENT, MESSAGE, rule_for
from mapping.drafting import Drafted, Happening, draft
from mapping.exact import as_text, is_empty
from mapping.rules import Action, Home
from projects.models import Record, Run
from projects.pipeline.context import Context, Progress
from projects.pipeline.extract import has_new, not_barren, sample_keys, store, to_records
from projects.pipeline.phases import COMMENT, PERSON, TASK, relationship_of
from projects.pipeline.transform import DRAFTED, check, save_rows
from projects.text import plain

PAGE = 500

SAMPLE_PAGES = 20
"""Pages of a stream that a sandbox run reads at most to find what the sampled people did."""

SAMPLE_ROWS = 300

LEFT_IN_MAP = "left_in_map"
ASSIGNEE_TEXT = "assignee_as_text"
AUTHOR_TEXT = "author_as_text"
RELATIONSHIP_ATTRIBUTES = "relationship_attributes"
BECAME_TARGET = "became_link"

KEPT_UNDER = {Home.COMMENT: COMMENT, Home.TASK: TASK}
TIMES = ("timestamp", "occurred_at", "hs_timestamp", "date", "start_time", "starts_at", "created_at", "created")
"""Attributes by which an object that is an activity tells when it happened, the truest first."""

PERSONAL = frozenset({"id", "cio_id", "customer_id", "email"})
"""Fields of a message that say to whom it went, which the relation says too."""


def read(context: Context) -> Progress:
    """Reads the next page of one stream; of the sampled people only, in a sandbox run."""
    source = context.step.object.removesuffix(".read")
    if context.run.kind == Run.Kind.SANDBOX:
        return _sample(context, source)
    cursor = context.step.cursor
    page = next(iter(context.source.pages(source, cursor.get("next"))))
    rows = _rows(context, page, source)
    barren = not_barren(source, cursor, bool(has_new(context.run, rows)) or not rows)
    following = None if page.cursor is None else {"next": page.cursor, "barren": barren}
    total = context.source.count(source) if not cursor else None
    return Progress(following, done=len(rows), total=total, tally=_left_out(page), save=lambda: store(rows))


def _left_out(page: Page) -> Counter[str]:
    """What the stream holds and is no record of it, by name."""
    return Counter({f"left_out.{name}": number for name, number in getattr(page, "left_out", {}).items()})


def _sample(context: Context, source: str) -> Progress:
    if source.startswith("object:"):
        keys = context.step.cursor.get("keys")
        keys = sample_keys(context, source) if keys is None else keys
        page = context.source.fetch(source, keys[:100])
        rows = _rows(context, page, source)
        following = {"keys": keys[100:]} if keys[100:] else None
        return Progress(following, done=len(rows), save=lambda: store(rows))
    cursor = context.step.cursor or {"pages": 0, "kept": 0, "next": None}
    page = next(iter(context.source.pages(source, cursor["next"])))
    people = {ref[1] for record in page.records if (ref := record.refs.get("person"))}
    sampled = set(Record.objects.of(context.run, PERSON).filter(key__in=people).values_list("key", flat=True))
    kept = tuple(record for record in page.records if record.refs.get("person", ("", ""))[1] in sampled)
    rows = _rows(context, Page(kept, None), source)[: SAMPLE_ROWS - cursor["kept"]]
    pages, number = cursor["pages"] + 1, cursor["kept"] + len(rows)
    more = page.cursor is not None and pages < SAMPLE_PAGES and number < SAMPLE_ROWS
    following = {"pages": pages, "kept": number, "next": page.cursor} if more else None
    return Progress(following, done=len(rows), save=lambda: store(rows))


def _rows(context: Context, page: Page, source: str) -> list[Record]:
    """The page's rows, each under the place where it goes."""
    rows = to_records(context, page, source)
    for row in rows:
        if row.state == Record.State.HELD:
            continue
        rule = rule_for(context.spec.activities, source, _name(source, row.raw), _properties(source, row.raw))
        if rule is None or rule.action == Action.SKIP:
            row.state, row.reason = Record.State.EXCLUDED, LEFT_IN_MAP
            row.detail = "The confirmed map leaves it behind."
        elif rule.home in KEPT_UNDER:
            row.object = KEPT_UNDER[rule.home]
            row.meta = {**row.meta, "source": source, "key": row.key}
            row.key = row.key if source == EVENT else f"{source}/{row.key}"[:400]
    return rows


def _name(source: str, fields: dict[str, Any]) -> str:
    return str(fields.get("name") or "") if source == EVENT else ""


def _properties(source: str, fields: dict[str, Any]) -> Any:
    """What the happening tells, as one object: an event's data, else the fields themselves."""
    if source == EVENT:
        return fields.get("data")
    left = PERSONAL if source == MESSAGE else frozenset[str]()
    return {name: value for name, value in fields.items() if name not in left and value is not None}


def happening(row: Record) -> Happening:
    """The row as a happening."""
    source, fields = row.meta.get("source", row.object), row.raw
    key = row.meta.get("key", row.key)
    properties = _properties(source, fields)
    if source == EVENT:
        return Happening(key, source, _name(source, fields), fields.get("timestamp"), properties)
    if source == MESSAGE:
        sent = fields.get("sent_at") or fields.get("created")
        title, status = str(fields.get("title") or ""), str(fields.get("status") or "")
        return Happening(key, source, str(fields.get("type") or source), sent, properties, title, status)
    at = next((fields[name] for name in TIMES if not is_empty(fields.get(name))), None)
    known = [time for time in (row.meta.get("timestamps") or {}).values() if isinstance(time, int) and time > 0]
    name = next((as_text(fields[name]) for name in ("name", "title", "subject") if not is_empty(fields.get(name))), "")
    return Happening(key, source, name, at if at is not None else min(known, default=None), properties, name)


def page(context: Context) -> Progress:
    """Drafts the next rows of one place, and finds the people that they name."""
    rows = list(
        Record.objects.of(context.run, context.step.object).filter(state=Record.State.READ).order_by("id")[:PAGE]
    )
    if not rows:
        return Progress(None)
    drafted = [(row, _draft(context, row)) for row in rows]
    people = people_of(context, drafted)
    for row, made in drafted:
        _finish(context, row, made, people)
    return Progress({"after": rows[-1].pk}, done=len(rows), save=lambda: save_rows(rows, [*DRAFTED, "refs"]))


def _draft(context: Context, row: Record) -> Drafted:
    happened = happening(row)
    rule = rule_for(context.spec.activities, happened.source, _name(happened.source, row.raw), happened.properties)
    if rule is None:
        raise LookupError(f"No rule for {row}: the map of a run does not change.")
    return draft(rule, happened)


def people_of(context: Context, drafted: Iterable[tuple[Record, Drafted]]) -> dict[str, str]:
    """Who is named by an id or an e-mail address → that person's key."""
    names: set[str] = set()
    for row, made in drafted:
        names |= {made.assignee} - {""}
        if "person" not in row.refs:
            names |= {str(row.raw[name]) for name in ("cio_id", "customer_id", "email") if row.raw.get(name)}
    if not names:
        return {}
    rows = Record.objects.of(context.run, PERSON)
    found = dict(rows.filter(match_key__in={name.lower() for name in names}).values_list("match_key", "key"))
    found |= dict(rows.filter(alias__in=names).values_list("alias", "key"))
    found |= dict(rows.filter(key__in=names).values_list("key", "key"))
    return {name: key for name in names if (key := found.get(name) or found.get(name.lower()))}


def _finish(context: Context, row: Record, made: Drafted, people: dict[str, str]) -> None:
    row.mapped = dict(made.fields)
    row.notes = [
        {"field": note.field, "code": note.code, "sentence": plain(note.sentence), "raw": note.raw}
        for note in made.notes
    ]
    row.state, row.reason, row.detail = Record.State.READY, "", ""
    if made.hold:
        row.state, row.reason = Record.State.HELD, made.hold
        row.detail = plain(" ".join(note.sentence for note in made.notes))
        return
    if not row.meta.get("source", row.object).startswith("object:"):
        _name_person(row, people)
    _name_assignee(context, row, made, people)
    if context.step.destination != "activity":
        row.mapped["createdBy"] = _author(context, row, made)
    check(context, row, context.step.destination)


def _name_person(row: Record, people: dict[str, str]) -> None:
    """The person: as the source says, else known by the customer's own id or the address."""
    if "person" in row.refs:
        return
    told = [str(row.raw[name]) for name in ("cio_id", "customer_id", "email") if row.raw.get(name)]
    key = next((people[name] for name in told if name in people), told[0] if told else "nobody")
    row.refs = {**row.refs, "person": [PERSON, key]}


def _name_assignee(context: Context, row: Record, made: Drafted, people: dict[str, str]) -> None:
    """Whom it is assigned to: a person by address, on a task of Twenty's own a member; else the text, and a note."""
    if not made.assignee or row.mapped is None or context.step.object == COMMENT:
        return
    if context.step.object == TASK:
        if member := context.members.get(made.assignee):
            row.mapped["assigneeId"] = member.id
            return
    else:
        row.mapped["assignedTo"] = made.assignee
        if key := people.get(made.assignee):
            row.refs = {**row.refs, "assignee": [PERSON, key]}
            return
    whom = "member of the workspace" if context.step.object == TASK else "imported person"
    sentence = f"It is assigned to “{made.assignee}”, who is no {whom}: the name stays as text."
    row.notes.append({"field": "assignee", "code": ASSIGNEE_TEXT, "sentence": plain(sentence), "raw": made.assignee})


def _author(context: Context, row: Record, made: Drafted) -> dict[str, Any]:
    """Who wrote it: the member of the workspace with that address, else the name as it was."""
    member = context.members.get(made.author)
    if member is None:
        if made.author:
            sentence = f"Its author “{made.author}” is no member of the workspace: the name stands as text."
            row.notes.append({"field": "author", "code": AUTHOR_TEXT, "sentence": plain(sentence), "raw": made.author})
        return {"source": "IMPORT", "name": made.author or "Customer.io"}
    name = member.fields.get("name") or {}
    written = " ".join(part for part in (name.get("firstName"), name.get("lastName")) if part)
    return {"source": "IMPORT", "name": written or made.author, "workspaceMemberId": member.id}


def attach(context: Context) -> Progress:
    """Relationships of objects that are activities: they set the activity's person, or link a comment or task."""
    source = context.step.object.replace("relationship:", "object:", 1)
    rows = list(
        Record.objects.of(context.run, context.step.object).filter(state=Record.State.READ).order_by("id")[:PAGE]
    )
    if not rows:
        return Progress(None)
    keys = {f"{source}/{row.refs['object'][1]}" for row in rows}
    linked = Record.objects.filter(run=context.run, object__in=(COMMENT, TASK), key__in=keys)
    elsewhere = set(linked.values_list("key", flat=True))
    for row in rows:
        row.mapped, row.state = {}, Record.State.READY
        if row.raw:
            sentence = "The relationship has attributes, for which an activity has no place."
            row.notes = [{"field": "", "code": RELATIONSHIP_ATTRIBUTES, "sentence": sentence, "raw": row.raw}]
        if (key := f"{source}/{row.refs['object'][1]}") in elsewhere:
            row.state, row.reason, row.merged_into = Record.State.MERGED, BECAME_TARGET, key
            row.detail = "It became the link between the comment or task and the person."
    fields = ["mapped", "notes", "state", "reason", "detail", "merged_into"]
    return Progress({"after": rows[-1].pk}, done=len(rows), save=lambda: save_rows(rows, fields))


def related_people(context: Context, rows: Iterable[Record]) -> dict[str, list[str]]:
    """The people of comments and tasks: key of the row → keys of people."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    by_source: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        source = row.meta.get("source", "")
        if source.startswith("object:"):
            by_source[source][row.meta["key"]] = row.key
        elif "person" in row.refs:
            found[row.key].append(row.refs["person"][1])
    for source, keys in by_source.items():
        related = Record.objects.of(context.run, relationship_of(source)).filter(match_key__in=keys).order_by("key")
        for refs in related.values_list("refs", flat=True):
            found[keys[refs["object"][1]]].append(refs["person"][1])
    return found
