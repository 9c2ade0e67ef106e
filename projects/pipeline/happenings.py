"""Happenings: events, messages and object types that are activities become rows of activities, comments and tasks.

One stream of the source may land in several places, as its rules say; so a row is kept under the place where it
goes, and whatever the map leaves behind is kept as left behind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from connectors.contract import Page
from mapping.activities import EVENT, MESSAGE
from mapping.drafting import Drafted, Happening, draft
from mapping.exact import as_text, is_empty
from mapping.rules import Action, Home
from projects.models import Record, Run
from projects.pipeline import delta, departed
from projects.pipeline.context import Context, Progress
from projects.pipeline.extract import has_new, not_barren, sample_keys, to_records
from projects.pipeline.phases import COMMENT, PERSON, TASK, relationship_of
from projects.pipeline.rows import save_rows, store
from projects.pipeline.transform import DRAFTED, check
from projects.text import plain

PAGE = 1000

SAMPLE_KEYS = 50
"""People (or objects) asked about at once for a sample: one request each."""

SAMPLE_PAGES = 20
"""Pages of an archive that a sandbox run reads at most to find what the sampled people did."""

SAMPLE_ROWS = 300
"""Rows kept of one page of a sample, and of an archive."""

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
    """Reads the next page of one stream, from the API and then from the archive; of the sample only, in a sandbox."""
    source = context.step.object.removesuffix(".read")
    if context.run.kind == Run.Kind.SANDBOX:
        return _sample(context, source)
    if delta.of_changes(context.run):
        return _changed(context, source)
    cursor = context.step.cursor
    page = _next_page(context, source, cursor)
    rows = _rows(context, page, source)
    new = cursor.get("archive") or not rows or has_new(context.run, rows)
    barren = not_barren(source, cursor, bool(new))
    following = _following(context, source, cursor, page)
    if following is not None:
        following["barren"] = barren
    total = context.source.count(source) if not cursor else None
    return Progress(following, done=len(rows), total=total, tally=_left_out(page), save=lambda: store(rows))


def _changed(context: Context, source: str) -> Progress:
    """What is new in one stream, then what was held before, then what changed hands as people went into others."""
    cursor = context.step.cursor
    if "handed" in cursor:
        found, after = delta.changed_hands(context, source, cursor["handed"])
        following = None if after is None else {"handed": after}
    elif "held" in cursor:
        found, after = delta.held_happenings(context, source, cursor["held"])
        following = {"handed": 0} if after is None else {"held": after}
    else:
        changed, read_on = delta.happenings(context, source)
        found, following = _rows(context, changed, source), read_on or {"held": 0}
    return Progress(following, done=len(found), save=lambda: store(found))


def _next_page(context: Context, source: str, cursor: dict[str, Any]) -> Page:
    if cursor.get("archive"):
        return context.archive_page(source, cursor.get("next"))
    return next(iter(context.source.pages(source, cursor.get("next"))), Page((), None))


def _following(context: Context, source: str, cursor: dict[str, Any], page: Page) -> dict[str, Any] | None:
    """Where to go on: in the same place, or from the API to the archive."""
    if page.cursor is not None:
        return {"next": page.cursor, **({"archive": True} if cursor.get("archive") else {})}
    if not cursor.get("archive") and context.project.archives.filter(object=source).exists():
        return {"archive": True}
    return None


def _left_out(page: Page) -> Counter[str]:
    """What the stream holds and is no record of it, by name."""
    return Counter({f"left_out.{name}": number for name, number in page.left_out.items()})


def _sample(context: Context, source: str) -> Progress:
    """What the sampled people did and were sent, or the sampled objects; then what an archive knows of them."""
    cursor = context.step.cursor
    if cursor.get("archive"):
        return _sample_of_archive(context, source, cursor)
    objects = source.startswith("object:")
    keys = cursor.get("keys")
    if keys is None:
        people = Record.objects.of(context.run, PERSON).exclude(state=Record.State.HELD)
        keys = sample_keys(context, source) if objects else list(people.values_list("key", flat=True))
    chosen, rest = keys[:SAMPLE_KEYS], keys[SAMPLE_KEYS:]
    fetch = context.source.fetch if objects else context.source.of_people
    rows = _rows(context, fetch(source, chosen), source)[:SAMPLE_ROWS] if chosen else []
    following = {"keys": rest} if rest else _following(context, source, cursor, Page((), None))
    return Progress(following, done=len(rows), save=lambda: store(rows))


def _sample_of_archive(context: Context, source: str, cursor: dict[str, Any]) -> Progress:
    page = _next_page(context, source, cursor)
    rows = _rows(context, page, source)
    sampled = _of_the_sample(context, rows)[: SAMPLE_ROWS - cursor.get("kept", 0)]
    pages, kept = cursor.get("pages", 0) + 1, cursor.get("kept", 0) + len(sampled)
    enough = page.cursor is None or pages >= SAMPLE_PAGES or kept >= SAMPLE_ROWS
    following = None if enough else {"archive": True, "next": page.cursor, "pages": pages, "kept": kept}
    return Progress(following, done=len(sampled), save=lambda: store(sampled))


def _of_the_sample(context: Context, rows: list[Record]) -> list[Record]:
    """What the sampled people did."""
    people = people_of(context, rows)
    return [row for row in rows if any(name in people for name in _names_of(row))]


def _rows(context: Context, page: Page, source: str) -> list[Record]:
    """The page's rows, each under the place where it goes."""
    rows = to_records(context, page, source)
    for row in rows:
        if row.state == Record.State.HELD:
            continue
        rule = context.compiled.activities.rule_for(source, _name(source, row.raw), _properties(source, row.raw))
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
    people = people_of(context, rows, {made.assignee for _, made in drafted})
    for row, made in drafted:
        _finish(context, row, made, people)
    return Progress({"after": rows[-1].pk}, done=len(rows), save=lambda: save_rows(rows, [*DRAFTED, "refs"]))


def _draft(context: Context, row: Record) -> Drafted:
    happened = happening(row)
    name = _name(happened.source, row.raw)
    rule = context.compiled.activities.rule_for(happened.source, name, happened.properties)
    if rule is None:
        raise LookupError(f"No rule for {row}: the map of a run does not change.")
    return draft(rule, happened)


def _names_of(row: Record) -> list[str]:
    """By what the row names its person, the surest first."""
    if "person" in row.refs:
        return [row.refs["person"][1]]
    return [str(row.raw[name]) for name in ("cio_id", "customer_id", "email") if row.raw.get(name)]


def people_of(context: Context, rows: Iterable[Record], others: Iterable[str] = ()) -> dict[str, str]:
    """Who is named by a key, an id or an e-mail address → that person's key."""
    names = {name for row in rows for name in _names_of(row)} | {name for name in others if name}
    if not names:
        return {}
    known = Record.objects.known_to(context.run, PERSON)
    found = {name: context.merged_people[name] for name in names & context.merged_people.keys()}
    if rest := names - found.keys():
        found |= dict(known.filter(key__in=rest).values_list("key", "key"))
    if rest := names - found.keys():
        found |= dict(known.filter(alias__in=rest).values_list("alias", "key"))
    if rest := names - found.keys():
        by_value = known.filter(match_key__in={name.lower() for name in rest}).values_list("match_key", "key")
        matched = dict(by_value)
        found |= {name: key for name in rest if (key := matched.get(name.lower()))}
    return found


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
        if row.refs["person"][1] in context.deleted_people:
            row.state, row.reason = Record.State.EXCLUDED, departed.DELETED
            row.detail = "The source deleted the person that it belongs to."
            return
    _name_assignee(context, row, made, people)
    if context.step.destination != "activity":
        row.mapped["createdBy"] = _author(context, row, made)
    check(context, row, context.step.destination)


def _name_person(row: Record, people: dict[str, str]) -> None:
    """The person: as the source says (or in whom that one lives on), else known by the own id or the address."""
    if "person" in row.refs:
        key = row.refs["person"][1]
        row.refs = {**row.refs, "person": [PERSON, people.get(key, key)]}
        return
    told = _names_of(row)
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
        both = made.author_name and made.author and made.author_name != made.author
        named = f"{made.author_name} <{made.author}>" if both else made.author_name or made.author
        return {"source": "IMPORT", "name": named or "Customer.io"}
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
        related = (
            Record.objects.known_to(context.run, relationship_of(source)).filter(match_key__in=keys).order_by("key")
        )
        for refs in related.values_list("refs", flat=True):
            found[keys[refs["object"][1]]].append(refs["person"][1])
    return found
