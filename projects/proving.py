"""What people do about differences: accept them by name, or have them read back again once they are mended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from connectors.contract import Destination, Existing
from connectors.errors import Terminal
from projects import audit
from projects.connections import open_destination
from projects.models import Acceptance, Difference, Link, Project, Reconciliation, Record, Run, User
from projects.permissions import Can, can
from projects.pipeline import reconcile
from projects.pipeline.comparing import Comparer
from projects.pipeline.extract import digest_of
from projects.pipeline.hidden import with_hidden_columns
from projects.services import Refused
from projects.verbs import Verb

AT_ONCE = 2_000
"""Differences that one press of the button reads back."""

BATCH = 200
"""Ids that are asked for at once."""


@transaction.atomic
def accept(*, run: Run, objects: Sequence[str], by: User, name: str, why: str, ids: Sequence[int] = ()) -> Acceptance:
    """Accepts differences by name: all that are open in these object types, or the named ones among them."""
    if not can(by, Can.SIGN, run.project):
        raise Refused("As a member of this project you may not accept differences: the customer does.")
    if not name.strip() or not why.strip():
        raise Refused("Type your name, and say why you accept it.")
    chosen = Difference.objects.filter(run=run, object__in=objects).unexplained()
    if ids:
        chosen = chosen.filter(pk__in=ids)
    shown = list(chosen.order_by("pk").values_list("pk", "object", "key", "field", "expected", "found"))
    if not shown:
        raise Refused("There is no open difference among them.")
    made = Acceptance.objects.create(
        run=run,
        why=why.strip(),
        count=len(shown),
        objects_named=sorted({row[1] for row in shown}),
        digest=digest_of([list(row[1:]) for row in shown]),
        name=name.strip(),
        accepted_by=by,
    )
    chosen.update(accepted=made)
    _refresh(run)
    audit.record(Verb.DIFFERENCES_ACCEPTED, run.project, str(run), count=made.count, name=made.name, why=made.why)
    return made


def recheck(*, run: Run, by: User, objects: Sequence[str] = (), ids: Sequence[int] = ()) -> tuple[int, int]:
    """Reads differing records back again and closes what is mended; gives how many were read, and how many are right.

    Raises a ConnectorError when the destination cannot be asked.
    """
    if not (can(by, Can.RUN, run.project) or can(by, Can.SIGN, run.project)):
        raise Refused("As a member of this project you may not have records read back.")
    chosen = Difference.objects.filter(run=run, mended_at=None)
    if objects:
        chosen = chosen.filter(object__in=objects)
    if ids:
        chosen = chosen.filter(pk__in=ids)
    rows = list(chosen.order_by("pk")[:AT_ONCE])
    links = _links_of(run.project, rows)
    with open_destination(run.project) as destination:
        looked = Looked(run, destination, links)
        for name, mine in _by_destination(run, rows, links).items():
            looked.at(name, mine)
    with transaction.atomic():
        _store(run, by, looked)
    mended = len(looked.mended)
    audit.record(Verb.DIFFERENCES_RECHECKED, run.project, str(run), count=len(rows), mended=mended)
    return len(rows), mended


def _links_of(project: Project, rows: Sequence[Difference]) -> dict[tuple[str, str], Link]:
    links: dict[tuple[str, str], Link] = {}
    for object in {one.object for one in rows}:
        keys = [one.key for one in rows if one.object == object and one.key]
        for link in Link.objects.filter(project=project, object=object, key__in=keys):
            links[object, link.key] = link
    return links


def _by_destination(
    run: Run, rows: Sequence[Difference], links: dict[tuple[str, str], Link]
) -> dict[str, list[Difference]]:
    """Destination object → differences in it; a stray is filed under the destination's own name."""
    grouped: defaultdict[str, list[Difference]] = defaultdict(list)
    for one in rows:
        link = links.get((one.object, one.key))
        if link is not None:
            grouped[link.destination].append(one)
        elif one.kind == Difference.Kind.STRAY:
            grouped[one.object].append(one)
    return grouped


class Looked:
    """Differences read back again, in batches; nothing is stored here."""

    def __init__(self, run: Run, destination: Destination, links: dict[tuple[str, str], Link]) -> None:
        self._run = run
        self._destination = destination
        self._links = links
        self.mended: list[Difference] = []
        self.changed: list[Difference] = []
        self.more: list[Difference] = []

    def at(self, name: str, differences: list[Difference]) -> None:
        """Looks at the records of one object of the destination."""
        target = self._destination.catalogue().object(name)
        if target is None:
            raise Terminal(f"The destination has no “{name}” any more.", "Somebody removed it: make the schema again.")
        comparer = Comparer(target.fields, self._destination.canonical)
        ids = list(dict.fromkeys(str(one.destination_id) for one in differences if one.destination_id))
        there: dict[str, Existing] = {}
        for batch in _batches(ids):
            there.update({found.id.lower(): found for found in self._destination.read(name, batch)})
        meant = [{**self._written(one), one.field: one.expected} for one in differences]
        there = with_hidden_columns(self._destination, target, meant, there)
        for one in differences:
            self._look(one, there.get(str(one.destination_id)), comparer)

    def _written(self, one: Difference) -> Mapping[str, Any]:
        """All that was written of a record that is missing: nobody has compared its fields yet."""
        link = self._links.get((one.object, one.key))
        return link.written if link is not None and one.kind == Difference.Kind.MISSING else {}

    def _look(self, one: Difference, found: Existing | None, comparer: Comparer) -> None:
        if one.kind == Difference.Kind.STRAY:
            (self.mended if found is None else self.changed).append(one)
        elif found is None:
            self.changed.append(one)
        elif one.kind == Difference.Kind.MISSING:
            # It is back: every field of it is looked at, as nobody has compared them yet.
            link = self._links[one.object, one.key]
            self.mended.append(one)
            self.more += [self._also(one, unequal) for unequal in comparer.compare(link.written, found.fields)]
        elif comparer.compare({one.field: one.expected}, found.fields):
            one.found = found.fields.get(one.field)
            self.changed.append(one)
        else:
            self.mended.append(one)

    def _also(self, one: Difference, unequal: Any) -> Difference:
        return Difference(
            run=self._run,
            record_id=one.record_id,
            object=one.object,
            key=one.key,
            destination_id=one.destination_id,
            kind=Difference.Kind.DIFFERENT,
            field=unequal.field,
            rule=unequal.rule[:80],
            expected=unequal.expected,
            found=unequal.found,
        )


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _store(run: Run, by: User, looked: Looked) -> None:
    now = timezone.now()
    Difference.objects.filter(pk__in=[one.pk for one in looked.mended]).update(mended_at=now, mended_by=by)
    Difference.objects.bulk_update(looked.changed, ["found"], batch_size=200)
    Difference.objects.bulk_create(looked.more, batch_size=200)
    rows = {one.record_id for one in (*looked.mended, *looked.changed) if one.record_id}
    own = Record.objects.filter(pk__in=rows, run=run)
    still = set(Difference.objects.filter(run=run, record__in=rows, mended_at=None).values_list("record_id", flat=True))
    own.filter(pk__in=rows - still).update(proof=Record.Proof.EQUAL, proved_at=now)
    own.filter(pk__in=still).update(proof=Record.Proof.DIFFERENT, proved_at=now)
    _refresh(run)


def _refresh(run: Run) -> None:
    """Brings the books of a run up to what became of its differences: counted from rows, never added up."""
    newest = {one.phase_id: one for one in Reconciliation.objects.filter(phase__run=run).order_by("pk")}
    for books in newest.values():
        found = Difference.objects.filter(run=run)
        if run.kind != Run.Kind.VERIFY:
            found = found.filter(object__in=list(books.objects_table))
        books.differences = found.count()
        books.explained = books.differences - found.unexplained().count()
        books.verdict = reconcile.verdict(books, run.project)
        books.save(update_fields=["differences", "explained", "verdict"])
