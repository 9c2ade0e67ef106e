"""One record's life: what the source gave, what the map made of it, what was sent, what stands there now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from connectors.contract import Existing
from mapping.rules import MapSpec, ObjectRule
from projects.connections import open_destination
from projects.labels import labels_of
from projects.lookups import answer_for, requests_for
from projects.models import Change, Correction, Decision, Difference, JournalEntry, Link, Project, Record, Reversal, Run
from projects.pipeline.comparing import NOT_COMPARED
from projects.reasons import reason_label
from projects.taken_back import destinations_of, newest_reversal, reversals_of
from projects.views.pairs import pairs_of, title_of
from projects.views.reconciliation import difference_lines
from projects.views.seat import Request, Seat, page, run_of, seat_of, told


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened to a record. `body` is what was seen then, as JSON; `at` None: no time was kept."""

    at: datetime | None
    what: str
    note: str = ""
    body: str = ""
    tone: str = ""


@require_GET
def record(request: Request, slug: str, number: int, pk: int) -> HttpResponse:
    """Everything known about one source row; `?now` also asks the destination what stands there at this moment."""
    seat = seat_of(request, slug)
    run = run_of(seat, number)
    row = get_object_or_404(Record, run=run, pk=pk)
    row.run = run
    link = Link.objects.filter(project=seat.project, object=row.object, key=row.key).select_related("run").first()
    labels = labels_of(seat.project)
    differences = _differences(seat.project, row)
    context = page(
        seat,
        run=run,
        record=row,
        title=title_of(row),
        label=labels[row.object],
        link=link,
        landed=row.state in Record.LANDED,
        pairs=pairs_of(rule_of(run, row.object), row),
        differences=difference_lines(differences, labels),
    )
    later = (one for one in differences if one.run_id != run.pk and not one.mended_at and not one.accepted)
    reversals = reversals_of(seat.project, [row])
    names = (context["source"], context["destination"])
    back = newest_reversal(row, link, reversals)
    context["answer"] = answer_for(row, link, *names, next(later, None), back)
    context["moments"] = life_of(row, link, differences, *names) + [_taken_back(one) for one in reversals]
    if "now" in request.GET and link is not None:
        context["now"] = _read_now(request, seat, row, link)
    return render(request, "projects/record.html", context)


def _differences(project: Project, row: Record) -> list[Difference]:
    """What verification ever found about this record, the newest last."""
    newest = project.runs.filter(kind=Run.Kind.VERIFY).order_by("-number").first()
    found = list(row.differences.select_related("accepted", "mended_by", "run").order_by("pk"))
    if newest is not None:
        later = Difference.objects.filter(run=newest, object=row.object, key=row.key)
        found += [
            one for one in later.select_related("accepted", "mended_by", "run").order_by("pk") if one not in found
        ]
    return found


def life_of(
    row: Record, link: Link | None, differences: list[Difference], source: str, destination: str
) -> list[Moment]:
    """The record's moments, in the order in which they happen."""
    moments = [Moment(row.read_at, f"Read from {source}", f"by {row.run}", pretty(row.raw))]
    if row.meta:
        moments.append(Moment(row.read_at, f"What {source} said besides", body=pretty(row.meta)))
    correction = Correction.objects.filter(project=row.run.project, object=row.object, key=row.key).first()
    if correction is not None:
        applied = "" if row.corrected else " It holds from the next run on."
        who = f"by {correction.made_by or 'somebody'}, {correction.file or 'by hand'}.{applied}"
        moments.append(Moment(correction.made_at, "Corrected", who, pretty(correction.fields)))
    if row.mapped is not None:
        version = f"under map {row.run.field_map}" if row.run.field_map else ""
        moments.append(Moment(row.read_at, "Turned by the map", version, pretty(row.mapped)))
    moments += _decisions(row)
    if link is not None:
        moments += _landing(row, link, destination)
    else:
        moments += _sent_once(row, destination)
    if row.proof:
        moments.append(_reading_back(row, differences, destination))
    moments += [_finding(one) for one in differences if one.run_id != row.run_id or one.mended_at or one.accepted]
    return moments


def _decisions(row: Record) -> list[Moment]:
    """What people decided about this record, or about all with its reason."""
    made = Decision.objects.filter(project=row.run.project, object=row.object, key__in=["", row.key])
    reasons = {row.reason}
    if row.reason in ("left_by_decision", "merged_by_decision") or row.state in Record.LANDED:
        reasons = {one.reason for one in made if one.key}
        if row.reason:
            reasons |= {one.reason for one in made}
    return [
        Moment(
            one.decided_at, f"Decided: {one.get_verdict_display()}", f"{reason_label(one.reason)}; by {one.decided_by}"
        )
        for one in made.select_related("decided_by")
        if one.reason in reasons
    ]


def _landing(row: Record, link: Link, destination: str) -> list[Moment]:
    moments = []
    # Everything that was ever sent to the record there, also for what hangs on it, such as a person's company.
    known = Change.objects.filter(
        project=link.project_id, destination=link.destination, destination_id=link.destination_id
    )
    changes = {one.entry_id: one for one in known.select_related("entry").order_by("pk")}
    entries = {one.pk: one for one in requests_for(link)} | {pk: one.entry for pk, one in changes.items()}
    if link.before and not any(one.before for one in changes.values()):
        moments.append(_before(link.written_at, link.before))
    for pk, entry in sorted(entries.items()):
        change = changes.get(pk)
        if change is not None and change.before:
            moments.append(_before(entry.sent_at, change.before))
        moments.append(_request(entry, change, destination))
    words = {Link.Origin.CREATED: "Made", Link.Origin.MATCHED: "Taken over", Link.Origin.MERGED: "Merged"}
    what = f"{words[Link.Origin(link.origin)]} in {destination} as {link.destination} {link.destination_id}"
    note = f"first by {link.run}; what was written last:"
    moments.append(Moment(link.written_at, what, note, pretty(link.written) if link.written else ""))
    return moments


def _sent_once(row: Record, destination: str) -> list[Moment]:
    """What the row's run sent to a record that a rollback has taken back since."""
    if row.destination_id is None:
        return []
    about = Change.objects.filter(project=row.run.project_id, destination__in=destinations_of(row.run.project))
    changes = about.filter(destination_id=row.destination_id, run=row.run)
    return [_request(one.entry, one, destination) for one in changes.select_related("entry").order_by("pk")]


def _before(at: datetime, fields: Any) -> Moment:
    return Moment(at, "What stood there before", "only the fields that we touch", pretty(fields))


def _request(entry: JournalEntry, change: Change | None, destination: str) -> Moment:
    """One journalled request: what it carried for this record, with how many others, and the answer."""
    answered = f"answered {entry.answered_at:%H:%M:%S}" if entry.answered_at else "no answer seen"
    note = f"{entry.verb} of {entry.count} {entry.object}, {answered}: {entry.get_state_display().lower()}"
    tone = "" if entry.state == JournalEntry.State.DONE else "bad"
    body = pretty(change.after) if change is not None and change.after else ""
    return Moment(entry.sent_at, f"Sent to {destination}", f"{note}. {entry.answer}".strip(), body, tone)


def _reading_back(row: Record, differences: list[Difference], destination: str) -> Moment:
    """What was read back: what was meant, with what was found in the place of what differed."""
    equal = row.proof == Record.Proof.EQUAL
    note = "every mapped field is as it was meant" if equal else "not as it was meant: see the differences"
    own = [] if equal else [one for one in differences if one.run_id == row.run_id]
    there = {} if any(one.kind == Difference.Kind.MISSING for one in own) else {**(row.mapped or {})}
    there |= {one.field: one.found for one in own if one.field}
    body = pretty({name: value for name, value in there.items() if name not in NOT_COMPARED}) if there else ""
    return Moment(row.proved_at, f"Read back from {destination}", note, body, "ok" if equal else "bad")


def _taken_back(one: Reversal) -> Moment:
    """What a rollback did to the record, or why it left it as it stood."""
    at = one.run.ended_at or one.run.started_at
    if one.state != Reversal.State.DONE:
        what = "Kept by" if one.state == Reversal.State.KEPT else "Could not be taken back by"
        return Moment(at, f"{what} {one.run}", one.detail, tone="bad" if one.state == Reversal.State.FAILED else "")
    field = one.run.scope.get("field")
    proofs = {True: "read back: as it was before", False: "read back: not as it was before", None: "not read back"}
    note = f"{one.get_action_display()}; {proofs[one.proved]}"
    body = pretty(one.fields) if one.fields else ""
    return Moment(at, f"{f'Field {field} taken' if field else 'Taken'} back by {one.run}", note, body)


def _finding(one: Difference) -> Moment:
    """A difference that a later verification found, or what became of one."""
    about = one.field or "the whole record"
    if one.mended_at:
        return Moment(
            one.mended_at, "Mended", f"{about} was read back again and is right; asked by {one.mended_by}", tone="ok"
        )
    if one.accepted:
        accepted = one.accepted
        return Moment(accepted.accepted_at, "Difference accepted", f"{about}: {accepted.why} ({accepted.name})")
    return Moment(one.run.ended_at or one.run.started_at, f"Found different by {one.run}", about, tone="bad")


@dataclass(frozen=True, slots=True)
class Now:
    """What stands in the destination at this moment. `body` empty: the record is not there."""

    at: datetime
    body: str


def _read_now(request: Request, seat: Seat, row: Record, link: Link) -> Now | None:
    """Asks the destination; an error is told on the page."""
    with told(request), open_destination(seat.project) as destination:
        found = destination.read(link.destination, [str(link.destination_id)])
        return Now(timezone.now(), pretty(_meant(found[0], link)) if found else "")
    return None


def _meant(found: Existing, link: Link) -> dict[str, Any]:
    """The fields that we wrote, as they stand there now."""
    return {name: found.fields.get(name) for name in link.written if name not in NOT_COMPARED}


def rule_of(run: Run, object: str) -> ObjectRule | None:
    """The rule under which an object type moved in this run."""
    spec = run.field_map.spec if run.field_map else MapSpec()
    return spec.object(object)


def pretty(value: Any) -> str:
    """JSON for reading."""
    return json.dumps(value, indent=2, ensure_ascii=False)
