"""Extract: source pages become Record rows, unchanged. Never maps, never writes to the destination."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from connectors.contract import Page, SourceRecord
from connectors.errors import Terminal
from mapping.exact import as_text, is_empty
from mapping.rules import Action
from projects.models import GroupMember, Link, Profile, Record, Run
from projects.pipeline.context import Context, Progress
from projects.pipeline.ends import OTHER, SELF, ends_of
from projects.pipeline.phases import (
    COMPANY,
    PERSON,
    SEGMENT,
    activity_objects,
    object_rules,
    object_types,
    relationship_of,
    relationship_rules,
)
from projects.pipeline.rows import store
from projects.text import plain

FETCH = 100
"""Keys fetched at once for a sample."""

BARREN_PAGES = 50
"""Pages in a row without one new record after which the source's paging is taken to run in a circle."""

NOT_DELIVERED = "not_delivered"

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def digest_of(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form."""
    return hashlib.sha256(_canonical(value).encode()).hexdigest()


def not_barren(object: str, cursor: dict[str, Any], new: bool) -> int:
    """Pages in a row that held nothing new. Raises Terminal when there are so many that the paging must be a circle."""
    barren = 0 if new else cursor.get("barren", 0) + 1
    if barren >= BARREN_PAGES:
        raise Terminal(
            f"Loop detected: {BARREN_PAGES} pages of {object} in a row held nothing new.",
            "Nothing is lost. Resume to try again; if it happens again, report it to the source's vendor.",
        )
    return int(barren)


def page(context: Context) -> Progress:
    """Reads one page of the step's object type: of the sample in a sandbox run, else of everything."""
    if context.run.kind == Run.Kind.SANDBOX and context.step.object != SEGMENT:
        return _sample_page(context)
    return _source_page(context, context.step.object)


def _source_page(context: Context, object: str) -> Progress:
    cursor = context.step.cursor
    read = next(iter(context.source.pages(object, cursor.get("next"))))
    records = to_records(context, read, object)
    barren = not_barren(object, cursor, has_new(context.run, records))
    total = None if cursor else context.source.count(object) or _counted(context, object)
    following = None if read.cursor is None else {"next": read.cursor, "barren": barren}
    return Progress(following, done=len(records), total=total, save=lambda: store(records))


def _counted(context: Context, object: str) -> int | None:
    """How many there were at the last discovery, where the source does not tell: enough to say how long it takes."""
    profile = Profile.objects.filter(project=context.project, object=object).order_by("-run_id").first()
    return profile.read if profile and profile.read else None


def has_new(run: Run, records: list[Record]) -> bool:
    keys = {(record.object, record.key) for record in records}
    known = Record.objects.filter(run=run, key__in=[key for _, key in keys]).values_list("object", "key")
    return bool(keys - set(known))


def _sample_page(context: Context) -> Progress:
    """Reads the next hundred keys of the sample; the list is settled on the first page and kept in the cursor."""
    cursor = context.step.cursor or {"keys": sample_keys(context, context.step.object)}
    keys, rest = cursor["keys"][:FETCH], cursor["keys"][FETCH:]
    if not keys:
        return Progress(None)
    read = context.source.fetch(context.step.object, keys)
    records = to_records(context, read, context.step.object)
    total = len(cursor["keys"]) if not context.step.cursor else None
    return Progress({"keys": rest} if rest else None, done=len(keys), total=total, save=lambda: store(records))


def sample_keys(context: Context, object: str) -> list[str]:
    """The keys a sandbox run reads: discovery's cover, plus what the sampled people are related to."""
    size = context.run.sample_size or 100
    wanted = dict.fromkeys(_sample_of(context, object, size))
    wanted.update(dict.fromkeys(_parents_of_samples(context, object, size)))
    return list(wanted)


def _sample_of(context: Context, object: str, size: int) -> list[str]:
    profile = Profile.objects.filter(project=context.project, object=object).order_by("-run_id").first()
    related = Record.objects.of(context.run, relationship_of(object)).values_list("refs", flat=True)
    return [*(profile.sample(size) if profile else ()), *(refs["object"][1] for refs in related.iterator())]


def _parents_of_samples(context: Context, object: str, size: int) -> Iterator[str]:
    """Records of this type that sampled records of any type name by an attribute: a child shows with its parent."""
    known: set[str] = set()
    for rule in object_types(context.spec):
        names = [
            relation.source for relation in rule.relations if relation.to == object and relation.action != Action.SKIP
        ]
        if not names:
            continue
        keys = list(dict.fromkeys(_sample_of(context, rule.source, size)))
        for at in range(0, len(keys), FETCH):
            for record in context.source.fetch(rule.source, keys[at : at + FETCH]).records:
                known |= {as_text(value).strip() for name in names if not is_empty(value := record.fields.get(name))}
    found = sorted(known)
    for at in range(0, len(found), FETCH):
        # What is not there is no loss here: the relation says so when it is made.
        yield from (record.key for record in context.source.fetch(object, found[at : at + FETCH]).records)


def aliases(context: Context, object: str) -> str:
    """The field, other than the key, by which attributes of other records name records of this type; or nothing."""
    named = (
        relation.by
        for rule in object_types(context.spec)
        for relation in rule.relations
        if relation.to == object and relation.action != Action.SKIP
    )
    by = next((by for by in named if by in ("id", "object_id")), "")
    # Happenings may name a person by the customer's own id.
    return "id" if object == PERSON and context.spec.activities else by


def to_records(context: Context, read: Page, object: str) -> list[Record]:
    """Rows of a page, without doubles; what was announced and not delivered is held, not forgotten."""
    alias = aliases(context, object) if context.run.field_map else ""
    rows = {record.key: _row(context.run, object, record, alias) for record in read.records}
    for key in read.missing:
        rows[key] = Record(
            run=context.run,
            object=object,
            key=key,
            raw={},
            digest=digest_of({}),
            state=Record.State.HELD,
            reason=NOT_DELIVERED,
            detail=plain(read.reasons.get(key) or "The source lists it but did not give its fields."),
        )
    return list(rows.values())


def _row(run: Run, object: str, record: SourceRecord, alias: str = "") -> Record:
    refs = {role: list(ref) for role, ref in record.refs.items()}
    fields = dict(record.fields)
    return Record(
        run=run,
        object=object,
        key=record.key,
        raw=fields,
        meta=dict(record.meta),
        refs=refs,
        digest=digest_of([fields, refs]),
        alias=plain(as_text(fields[alias]).strip())[:400] if alias and not is_empty(fields.get(alias)) else "",
    )


def members(context: Context) -> Progress:
    """Reads segment membership: the snapshot behind the tags, for segments that the map turns into tags."""
    wanted = set(
        Record.objects.of(context.run, SEGMENT)
        .filter(state__in=[Record.State.CREATED, Record.State.UNCHANGED])
        .values_list("key", flat=True)
    )
    cursor = context.step.cursor
    read = next(iter(context.source.pages("membership", cursor.get("next"))))
    rows = [
        GroupMember(run=context.run, group=record.refs["segment"][1], key=record.refs["person"][1])
        for record in read.records
        if record.refs["segment"][1] in wanted
    ]
    return Progress(
        None if read.cursor is None else {"next": read.cursor},
        done=len(rows),
        save=lambda: _store_members(rows),
    )


def _store_members(rows: list[GroupMember]) -> None:
    GroupMember.objects.bulk_create(rows, batch_size=2000, ignore_conflicts=True)


def relationships(context: Context) -> Progress:
    """Reads person–object relationships once for all object types; keeps those to types that land."""
    cursor = context.step.cursor
    if context.run.kind == Run.Kind.SANDBOX:
        keys = cursor.get("keys")
        if keys is None:
            keys = list(Record.objects.of(context.run, PERSON).values_list("key", flat=True))
        read = context.source.fetch("relationship", keys[:FETCH])
        following = {"keys": keys[FETCH:]} if keys[FETCH:] else None
    else:
        read = next(iter(context.source.pages("relationship", cursor.get("next"))))
        following = None if read.cursor is None else {"next": read.cursor}
    return keep_relationships(context, read, following)


def keep_relationships(context: Context, read: Page, following: dict[str, Any] | None) -> Progress:
    """Keeps the relationships of a page that lead to types that land."""
    wanted = {rule.source for rule in relationship_rules(context.spec)}
    wanted |= {relationship_of(source) for source in activity_objects(context.spec)}
    rows = [row for row in _relationship_rows(context, read) if row.object in wanted]
    tally = Counter({"gone": len(read.missing)}) if read.missing else Counter[str]()
    return Progress(following, done=len(rows), tally=tally, save=lambda: store(rows))


def _relationship_rows(context: Context, read: Page) -> list[Record]:
    """Rows kept per object type; `match_key` is the person, so that one person's rows stand together.

    Where the relationship sets a relation of the object, it is the object, which has room for one of them.
    """
    rows = []
    for record in read.records:
        row = _row(context.run, relationship_of(record.refs["object"][0]), record)
        row.match_key = record.refs[ends_of(context.spec, row.object).onto or "person"][1]
        rows.append(row)
    return rows


def primary_company(context: Context) -> Progress:
    """Derives one row per person with companies: which of them becomes the person's own company on Twenty.

    The earliest relationship that landed wins, by its time at the source, then by the order of the keys.
    """
    objects = [relationship_of(source) for source in object_rules(context.spec, COMPANY)]
    after = context.step.cursor.get("after", "")
    landed = (
        Record.objects.filter(run=context.run, object__in=objects, match_key__gt=after)
        .landed()
        .order_by("match_key", "key")
    )
    rows = list(landed[:2000])
    # The last person of a full page may go on on the next one.
    if len(rows) == 2000:
        rows = [row for row in rows if row.match_key != rows[-1].match_key] or list(
            landed.filter(match_key=rows[-1].match_key)
        )
    derived = []
    for person, theirs in groupby(rows, key=lambda row: row.match_key):
        first = min(theirs, key=lambda row: (row.meta.get("related_at") or 2**40, row.key))
        refs = {SELF: [PERSON, person], OTHER: first.refs["object"]}
        derived.append(
            Record(
                run=context.run,
                object=context.step.object,
                key=person,
                raw={"company": first.refs["object"][1]},
                refs=refs,
                digest=digest_of(refs),
                mapped={},
                state=Record.State.READY,
            )
        )
    following = {"after": rows[-1].match_key} if rows else None
    return Progress(following, done=len(derived), save=lambda: store_derived(context, derived))


def store_derived(context: Context, derived: list[Record]) -> None:
    """Stores derived rows; one that is there from before a decision and says something else now lands again."""
    keys = [row.key for row in derived]
    known = Record.objects.of(context.run, context.step.object).filter(key__in=keys)
    digests = dict(known.values_list("key", "digest"))
    changed = [row.key for row in derived if digests.get(row.key, row.digest) != row.digest]
    known.filter(key__in=changed).delete()
    store(derived)


def linked(context: Context, keys: dict[str, set[str]]) -> dict[tuple[str, str], Link]:
    """The identity map of these source records: (object type, key) → link."""
    found: dict[tuple[str, str], Link] = {}
    for object, wanted in keys.items():
        for link in Link.objects.filter(project=context.project, object=object, key__in=wanted):
            found[object, link.key] = link
    return found
