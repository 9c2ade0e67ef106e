"""Hypercare: the first days of live use. An issue on a record is answered, mended, and checked in both systems."""

from __future__ import annotations

import re
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from connectors.errors import ConnectorError
from mapping.apply import compile_rule
from mapping.rules import ObjectRule
from projects import audit, gates, late_gates, services
from projects.connections import open_destination, open_source
from projects.labels import labels_of
from projects.models import Concern, Link, Project, Record, Remark, User
from projects.permissions import Can
from projects.pipeline.hidden import with_hidden_columns
from projects.pipeline.phases import PERSON
from projects.services import Refused
from projects.text import in_quotes, plain
from projects.verbs import Verb

NAMED = 12
"""Fields that a refusal names."""

LONGEST = 90
"""Days; who needs longer needs another project."""


@transaction.atomic
def set_days(*, project: Project, days: int, by: User) -> None:
    """Says how long hypercare is open from the cutover on."""
    services.allow(by, Can.MANAGE, project)
    if not 1 <= days <= LONGEST:
        raise Refused(f"Hypercare lasts 1 to {LONGEST} days, not {days}.")
    Project.objects.filter(pk=project.pk).update(hypercare_days=days)
    project.hypercare_days = days
    audit.record(Verb.HYPERCARE_SET, project, days=days)


@transaction.atomic
def raise_concern(*, project: Project, key: str, text: str, by: User, field: str = "") -> Concern:
    """A customer says what is wrong with a record, named by its key or e-mail address."""
    services.allow(by, Can.LOOK, project)
    if project.cut_over_at is None:
        raise Refused("Hypercare opens with the cutover.")
    if gates.is_signed(project, late_gates.HYPERCARE):
        raise Refused("Hypercare is closed: its closing report stands as it was signed.")
    record = _record(project, key.strip())
    if field.strip():
        _check_field(project, record, field.strip())
    number = (project.concerns.aggregate(top=Max("number"))["top"] or 0) + 1
    made = Concern.objects.create(
        project=project,
        number=number,
        object=record.object,
        key=record.key,
        field=plain(field.strip())[:160],
        text=plain(text),
        raised_by=by,
    )
    audit.record(Verb.CONCERN_RAISED, project, told(made))
    return made


def _record(project: Project, key: str) -> Record:
    rows = Record.objects.filter(run__project=project, run__kind__in=["production", "delta"]).order_by("-run_id")
    found = rows.filter(key=key).first() or rows.filter(match_key=key.lower()).exclude(match_key="").first()
    if found is None:
        raise Refused(f"No record with the key or address “{key}” was migrated.")
    return found


def told(concern: Concern) -> str:
    """The issue in a sentence of the trail, with the object type as its own pages call it."""
    return f"issue {concern.number}: {labels_of(concern.project)[concern.object]} {concern.key}"


def _check_field(project: Project, record: Record, field: str) -> None:
    """A field that no map knows would be looked at by nobody, and each look would find it equal."""
    latest = project.map_series.latest()
    rule = latest.spec.object(record.object) if latest else None
    if rule is None or _named(rule, field):
        return
    names = dict.fromkeys(one.source for one in rule.fields if one.destination and not one.source.startswith("@"))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    known = f"{', '.join([*names][:NAMED])}{more}"
    raise Refused(f"The map has no field “{field}” for this record. It has: {known}. Or leave the field empty.")


def _named(rule: ObjectRule, field: str) -> set[str]:
    """The destination's fields that somebody means: by the name in either system, or by its label."""
    meant = _bare(field)
    return {
        one.destination.partition(".")[0]
        for one in rule.fields
        if one.destination
        and meant in map(_bare, (one.source, one.destination, one.destination.partition(".")[0], one.label))
    }


def _bare(name: str) -> str:
    """A name without what people leave out: `Job title`, `job_title` and `jobTitle` are one."""
    return re.sub(r"[\W_]", "", name).casefold()


@transaction.atomic
def answer(*, concern: Concern, text: str, by: User) -> None:
    """An engineer (or the customer) says something under an issue."""
    services.allow(by, Can.LOOK, concern.project)
    if not text.strip():
        raise Refused("Say something: an answer needs words.")
    Remark.objects.create(concern=concern, text=plain(text), by=by)
    Concern.objects.filter(pk=concern.pk, state=Concern.State.OPEN).update(state=Concern.State.ANSWERED)
    audit.record(Verb.CONCERN_ANSWERED, concern.project, told(concern))


def check(*, concern: Concern, by: User) -> Remark:
    """Reads the record in both systems and says where they differ under the map."""
    services.allow(by, Can.RUN, concern.project)
    try:
        differences = _differences(concern)
    except ConnectorError as error:
        raise Refused(str(error)) from error
    passed = not differences
    text = " ".join(differences) if differences else "Every mapped field says the same in both systems."
    with transaction.atomic():
        made = Remark.objects.create(concern=concern, text=plain(text), check_passed=passed, by=by)
        audit.record(Verb.CONCERN_CHECKED, concern.project, told(concern), outcome="equal" if passed else "different")
    return made


def _differences(concern: Concern) -> list[str]:
    project = concern.project
    link = Link.objects.filter(project=project, object=concern.object, key=concern.key).first()
    if link is None:
        return ["It has no record in Twenty."]
    latest = project.map_series.latest()
    rule = latest.spec.object(concern.object) if latest else None
    with open_source(project) as source, open_destination(project) as destination:
        read = source.fetch(concern.object, [concern.key]).records if concern.object == PERSON or rule else ()
        found = destination.read(link.destination, [str(link.destination_id)])
        target = destination.catalogue().object(link.destination)
        if not found or target is None:
            return ["Its record is not in Twenty any more."]
        if not read:
            return ["The source does not have it any more."]
        meant: dict[str, Any] = dict(compile_rule(rule)(dict(read[0].fields)).fields) if rule else dict(link.written)
        there_now = with_hidden_columns(destination, target, [meant], {one.id: one for one in found})
        fields = next(iter(there_now.values())).fields
        only = _named(rule, concern.field) if rule and concern.field else set(meant)
        said = []
        for name, value in meant.items():
            if name not in only:
                continue
            kind = target.field(name)
            there = fields.get(name)
            same = there == value or (
                kind is not None
                and destination.canonical(kind.type, value)[0] == destination.canonical(kind.type, there)[0]
            )
            if not same:
                label = kind.label if kind is not None and kind.label else name
                said.append(f"{label}: Customer.io gives {in_quotes(value)}, Twenty has {in_quotes(there)}.")
        return said


@transaction.atomic
def resolve(*, concern: Concern, by: User) -> None:
    """Closes an issue, once a check of that very record has passed, or somebody said why it may differ."""
    services.allow(by, Can.LOOK, concern.project)
    remarks = list(concern.remarks.all())
    looks = [one for one in remarks if one.check_passed is not None]
    last = looks[-1] if looks else None
    # An issue that was raised again keeps the moment at which it was resolved: what was found before counts no more.
    if last is None or (concern.resolved_at is not None and last.at < concern.resolved_at):
        raise Refused("Check the record in both systems first: an issue is closed over a look, not over a word.")
    if not last.check_passed and remarks[-1].check_passed is not None:
        raise Refused(
            "The last look found a difference. Mend it and check again, or answer why it may stay, then resolve."
        )
    moved = Concern.objects.filter(pk=concern.pk).exclude(state=Concern.State.RESOLVED)
    if moved.update(state=Concern.State.RESOLVED, resolved_at=timezone.now()):
        audit.record(Verb.CONCERN_RESOLVED, concern.project, told(concern))


@transaction.atomic
def raise_again(*, concern: Concern, text: str, by: User) -> None:
    """Opens a resolved issue again, with what is still wrong."""
    services.allow(by, Can.LOOK, concern.project)
    if not text.strip():
        raise Refused("Say what is still wrong.")
    if Concern.objects.filter(pk=concern.pk, state=Concern.State.RESOLVED).update(state=Concern.State.OPEN):
        Remark.objects.create(concern=concern, text=plain(text), by=by)
        audit.record(Verb.CONCERN_RAISED, concern.project, told(concern))


def report(project: Project) -> dict[str, Any]:
    """The closing report: how long, how many issues, what became of each."""
    end = late_gates.ends_at(project)
    issues = project.concerns.select_related("raised_by").prefetch_related("remarks__by")
    labels = labels_of(project)
    closed = gates.Standing(project).gate(late_gates.HYPERCARE)
    signed = closed.state == "signed" and closed.at is not None
    return {
        "project": project.name,
        "cut_over_at": project.cut_over_at.isoformat() if project.cut_over_at else None,
        "ends_at": end.isoformat() if end else None,
        "seconds_left": max(0, round((end - timezone.now()).total_seconds())) if end else None,
        "closed_by": closed.by if signed else "",
        "closed_at": closed.at.isoformat() if signed and closed.at else None,
        "issues": [
            {
                "number": one.number,
                "object": one.object,
                "label": labels[one.object],
                "key": one.key,
                "field": one.field,
                "text": one.text,
                "state": one.state,
                "raised_by": str(one.raised_by or ""),
                "raised_at": one.raised_at.isoformat(),
                "remarks": [
                    {
                        "text": remark.text,
                        "passed": remark.check_passed,
                        "by": str(remark.by or ""),
                        "at": remark.at.isoformat(),
                    }
                    for remark in one.remarks.all()
                ],
            }
            for one in issues
        ],
    }
