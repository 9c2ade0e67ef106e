"""The deleted-profile audit: who was deleted, who came back and by what, and who must not be written to again."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from connectors.contract import Destination, Source, SourceRecord
from connectors.errors import ConnectorError
from projects import audit
from projects.connections import open_destination, open_source
from projects.models import (
    AuditReport,
    Connection,
    Decision,
    DeletedProfile,
    Integration,
    Link,
    Project,
    Record,
    Watch,
)
from projects.pipeline.extract import digest_of
from projects.pipeline.phases import PERSON
from projects.source_log import AGAIN, KEPT, followed_since, moment, note_changes, note_lines, whole_second
from projects.text import plain
from projects.verbs import Verb

logger = logging.getLogger(__name__)

RETURNED = "deleted_at_source"
"""Reason of people who were deleted at the source and came back through an integration: they are left behind."""


def watch_of(project: Project) -> Watch:
    """How far the log was read; the first time it begins as far back as the log reaches."""
    begin = timezone.now() - KEPT
    return Watch.objects.get_or_create(project=project, defaults={"since": begin, "read_to": begin})[0]


def poll(project: Project) -> int:
    """Reads the log since the last time; gives the number of new lines.

    Always who was deleted, merged and made; from the first phase of production on, whatever a delta will carry over.
    """
    watch, now = watch_of(project), timezone.now()
    since, followed = watch.read_to - AGAIN, followed_since(project)
    new, written = 0, None
    try:
        with open_source(project) as source:
            for page in source.deleted(since.timestamp()):
                new += note_lines(project, page.records)
                _note_deletions(project, source, page.records)
            if followed is not None:
                more, written = note_changes(project, source, max(since, whole_second(followed)))
                new += more
    except ConnectorError as error:
        Watch.objects.filter(pk=watch.pk).update(polled_at=now, problem=str(error))
        raise
    written_at = max(filter(None, (written, watch.written_at)), default=None)
    Watch.objects.filter(pk=watch.pk).update(read_to=now, polled_at=now, written_at=written_at, problem="")
    return new


def poll_all() -> None:
    """Polls every project from its first discovery to its cutover; a source that cannot be reached is asked again."""
    begun = Project.objects.filter(runs__isnull=False, cut_over_at=None, connections__side="source").distinct()
    for project in begun:
        try:
            poll(project)
        except ConnectorError as error:
            logger.warning("the log of %s could not be read: %s", project.slug, error)


def _note_deletions(project: Project, source: Source, lines: Iterable[SourceRecord]) -> None:
    told = [(line, *_gone(line)) for line in lines]
    noted = project.deleted_profiles.filter(cio_id__in={gone for _line, gone, _into in told})
    known = set(noted.values_list("cio_id", flat=True))
    for line, gone, into in told:
        if not gone or gone in known:
            continue
        known.add(gone)
        DeletedProfile.objects.create(
            project=project,
            cio_id=gone,
            id_there="" if into else plain(str(line.fields.get("customer_id") or ""))[:400],
            email="" if into else plain(str(line.fields.get("email") or "").lower())[:400],
            deleted_at=moment(line.fields.get("timestamp")),
            merged_into=into,
            unsubscribed=None if into else _unsubscribed(project, source, gone),
        )


def _gone(line: SourceRecord) -> tuple[str, str]:
    """Who is gone by this line of the log, and into whom; both empty where it tells of nobody's end."""
    person = line.refs.get("person", ("", ""))[1]
    if line.fields.get("type") == "profile_delete":
        return person, ""
    if line.fields.get("type") == "profile_merge" and "secondary" in line.refs:
        return line.refs["secondary"][1], person
    return "", ""


def _unsubscribed(project: Project, source: Source, cio_id: str) -> bool | None:
    """Whether a deleted person had unsubscribed: the newest word of their own log, else the newest row that was read.

    The row comes second: whoever unsubscribed after it was read and was deleted then keeps that right too.
    """
    lines = source.changes_of(cio_id).records
    for line in sorted(lines, key=lambda line: line.fields.get("timestamp") or 0, reverse=True):
        kind, data = str(line.fields.get("type")), line.fields.get("data")
        if kind.startswith(("unsubscribed_", "spammed_")):
            return True
        if kind == "attribute_change" and isinstance(data, dict) and isinstance(data.get("unsubscribed"), dict):
            return str(data["unsubscribed"].get("to")).lower() == "true"
    row = Record.objects.filter(run__project=project, object=PERSON, key=cio_id).order_by("-run_id").first()
    return None if row is None else str(row.raw.get("unsubscribed")).lower() == "true"


def refresh(project: Project) -> AuditReport:
    """Polls, joins everything that is known, and keeps the report if it says something new."""
    poll(project)
    with open_source(project) as source, open_destination(project) as destination:
        _find_returned(project, source)
        _find_suppressed(project, source)
        _find_in_destination(project, destination)
        _list_integrations(project, source)
        held = source.count(PERSON)
    note_looked(project)
    content = report(project, people=held)
    digest = digest_of({name: value for name, value in content.items() if name != "log"})
    newest = project.audit_reports.order_by("-pk").first()
    if newest is not None and newest.digest == digest:
        return newest
    with transaction.atomic():
        made = AuditReport.objects.create(project=project, content=content, digest=digest)
        audit.record(Verb.AUDIT_MADE, project, deleted=content["counts"]["deleted"], back=content["counts"]["returned"])
    return made


def note_looked(project: Project) -> None:
    """Keeps when both systems were last asked: a report that says the same again is not made anew."""
    source = project.connections.get(side=Connection.Side.SOURCE)
    source.known = {**source.known, "audited": timezone.now().isoformat()}
    source.save(update_fields=["known"])


def looked_at(project: Project) -> datetime | None:
    """When both systems were last asked for the audit."""
    source = project.connections.filter(side=Connection.Side.SOURCE).first()
    at = source.known.get("audited") if source else None
    return datetime.fromisoformat(at) if at else None


def still_there(project: Project) -> int:
    """Deleted people whose record was written here and stands yet, where nobody has decided that it may."""
    gone = project.deleted_profiles.filter(merged_into="").order_by()
    back = gone.exclude(returned_as="").values("returned_as")
    decided = Decision.objects.filter(project=project, object=PERSON, reason=RETURNED)
    if decided.filter(key="").exists():
        return 0
    theirs = Q(key__in=gone.values("cio_id")) | Q(key__in=back)
    links = Link.objects.filter(theirs, project=project, object=PERSON).exclude(origin=Link.Origin.MERGED)
    return links.exclude(key__in=decided.values("key")).count()


def _find_returned(project: Project, source: Source) -> None:
    """People with the id or address of a deleted one and another cio_id, and what brought them back."""
    for gone in project.deleted_profiles.filter(merged_into="", returned_as=""):
        back = _newcomer(project, gone)
        if not back:
            continue
        lines = sorted(source.changes_of(back).records, key=lambda line: line.fields.get("timestamp") or 0)
        writers = [str(line.meta["writer"]) for line in lines if line.meta.get("writer")]
        first = lines[0].fields.get("timestamp") if lines else None
        gone.returned_as = back
        gone.returned_at = moment(first) if first else None
        gone.trace = plain(_trace(writers, [str(line.fields.get("name") or line.fields["type"]) for line in lines]))[
            :400
        ]
        gone.save(update_fields=["returned_as", "returned_at", "trace"])


def _newcomer(project: Project, gone: DeletedProfile) -> str:
    for line in project.source_changes.filter(kind="profile_create", at__gte=gone.deleted_at).order_by("at"):
        same_id = gone.id_there and line.data["id"] == gone.id_there
        same_email = gone.email and str(line.data["email"]).lower() == gone.email
        if line.key != gone.cio_id and (same_id or same_email):
            return line.key
    rows = Record.objects.filter(run__project=project, object=PERSON, match_key=gone.email).exclude(key=gone.cio_id)
    newest = rows.order_by("-run_id") if gone.email else ()
    return next((row.key for row in newest if _made_since(project, row, gone)), "")


def _made_since(project: Project, row: Record, gone: DeletedProfile) -> bool:
    """Whether somebody with a deleted person's address was made after the deletion: a twin from before is nobody new.

    By the log, else by the time at which the profile got its key.
    """
    made = project.source_changes.filter(kind="profile_create", key=row.key, at__gte=gone.deleted_at)
    born = (row.meta.get("timestamps") or {}).get("cio_id")
    return made.exists() or (isinstance(born, int) and moment(born) >= gone.deleted_at)


def _trace(writers: list[str], lines: list[str]) -> str:
    if writers:
        return f"{writers[0]} (first lines: {', '.join(dict.fromkeys(lines[:4]))})"
    if lines:
        return f"through the API, by a writer that leaves no name (first lines: {', '.join(dict.fromkeys(lines[:4]))})"
    return "the log says nothing about it"


def _find_suppressed(project: Project, source: Source) -> None:
    """Which suppression list names the address of a deleted person."""
    wanted = {gone.email: gone for gone in project.deleted_profiles.exclude(email="")}
    if not wanted:
        return
    try:
        pages = list(source.pages("suppression"))
    except ConnectorError:
        return
    for page in pages:
        for row in page.records:
            gone = wanted.get(str(row.fields.get("email")).lower())
            if gone is not None:
                gone.suppressed = str(row.fields.get("category"))[:40]
                gone.save(update_fields=["suppressed"])


def _find_in_destination(project: Project, destination: Destination) -> None:
    """Whether a deleted person stands in the destination: live, in the bin, or not at all."""
    people = list(project.deleted_profiles.filter(merged_into=""))
    if not people:
        return
    linked = dict(Link.objects.filter(project=project, object=PERSON).values_list("key", "destination_id"))
    ids = {gone.pk: str(linked.get(gone.cio_id) or project.destination_id(PERSON, gone.cio_id)) for gone in people}
    back = {gone.pk: str(linked.get(gone.returned_as) or "") for gone in people}
    emails = [gone.email for gone in people if gone.email]
    asked = [id for id in (*ids.values(), *back.values()) if id]
    found = destination.find(PERSON, ids=asked, keys={"emails.primaryEmail": emails} if emails else None)
    by_id = {one.id: one for one in found}
    by_email = {str((one.fields.get("emails") or {}).get("primaryEmail") or "").lower(): one for one in found}
    for gone in people:
        there = (
            by_id.get(ids[gone.pk]) or by_id.get(back[gone.pk]) or (by_email.get(gone.email) if gone.email else None)
        )
        gone.in_destination = "" if there is None else "bin" if there.deleted else "live"
    DeletedProfile.objects.bulk_update(people, ["in_destination"])


def _list_integrations(project: Project, source: Source) -> None:
    """What the source lists, and what the log of those who came back suggests: each once, what people said stays."""
    try:
        hooks = [row for page in source.pages("reporting_webhook") for row in page.records]
    except ConnectorError:
        hooks = []
    for hook in hooks:
        name = plain(f"Reporting webhook {hook.fields.get('name') or hook.key}")[:200]
        trace = f"It sends {len(hook.fields.get('events') or [])} kinds of events to {hook.fields.get('endpoint')}."
        state = Integration.State.HARMLESS if hook.fields.get("disabled") else Integration.State.OPEN
        Integration.objects.get_or_create(
            project=project,
            name=name,
            defaults={"origin": Integration.Origin.LISTED, "trace": plain(trace), "state": state},
        )
    seen: dict[str, datetime] = {}
    for writer, at in project.source_changes.exclude(writer="").values_list("writer", "at"):
        seen[writer] = max(at, seen.get(writer, at))
    for gone in project.deleted_profiles.exclude(trace=""):
        name = gone.trace.partition(" (")[0][:200]
        if not name.startswith(("through the API", "the log says")):
            seen.setdefault(name, gone.returned_at or gone.deleted_at)
    for name, at in seen.items():
        trace = "Lines of Customer.io's log carry its name."
        row, _ = Integration.objects.get_or_create(
            project=project, name=name[:200], defaults={"origin": Integration.Origin.SEEN, "trace": trace}
        )
        Integration.objects.filter(pk=row.pk).update(last_seen=at)


def report(project: Project, *, people: int | None) -> dict[str, Any]:
    """What is signed: who was deleted, who came back, who may not be written to, and the two totals."""
    rows = list(project.deleted_profiles.order_by("deleted_at", "cio_id"))
    deleted = [row for row in rows if not row.merged_into]
    # Who came back and was deleted again is not there any more.
    back = {row.returned_as for row in deleted if row.returned_as} - {row.cio_id for row in rows}
    watch = watch_of(project)
    return {
        "log": {"since": watch.since.isoformat(), "read_to": watch.read_to.isoformat()},
        "deleted": [_row(row) for row in deleted],
        "merged": [{"cio_id": row.cio_id, "into": row.merged_into} for row in rows if row.merged_into],
        "do_not_contact": sorted({row.email for row in deleted if row.email and (row.unsubscribed or row.suppressed)}),
        "readmitted": sorted(readmitted(project)),
        "counts": {
            "deleted": len(deleted),
            "returned": len(back),
            "merged": len(rows) - len(deleted),
            "people": people,
            "billable": None if people is None else people + len(deleted),
            "expected": None if people is None else people - len(back - readmitted(project)),
            "migrated": migrated(project),
            "in_destination": sum(row.in_destination == "live" for row in deleted),
            "in_bin": sum(row.in_destination == "bin" for row in deleted),
        },
        "integrations": [
            {
                "name": one.name,
                "trace": one.trace,
                "owner": one.owner,
                "state": one.state,
                "since": one.since.isoformat() if one.since else None,
            }
            for one in project.integrations.all()
        ],
    }


def migrated(project: Project) -> int | None:
    """People whose link stands at this moment; None before production has run."""
    if not project.runs.filter(kind__in=["production", "delta"]).exclude(state="cancelled").exists():
        return None
    return Link.objects.filter(project=project, object=PERSON).exclude(origin=Link.Origin.MERGED).count()


def _row(row: DeletedProfile) -> dict[str, Any]:
    return {
        "cio_id": row.cio_id,
        "id": row.id_there,
        "email": row.email,
        "deleted_at": row.deleted_at.isoformat(),
        "returned_as": row.returned_as,
        "returned_at": row.returned_at.isoformat() if row.returned_at else None,
        "trace": row.trace,
        "unsubscribed": row.unsubscribed,
        "suppressed": row.suppressed,
        "in_destination": row.in_destination,
    }


def readmitted(project: Project) -> set[str]:
    """People who came back and whom somebody let in by name."""
    decided = Decision.objects.filter(project=project, object=PERSON, reason=RETURNED, verdict=Decision.Verdict.IMPORT)
    return set(decided.exclude(key="").values_list("key", flat=True))
