"""Reverify: everything that the project ever landed is read back once more, and compared with what was written.

One pass over each object of the destination, in the order of its ids, beside the identity map in the same order:
what is in the map and not there is missing, what carries our mark and is not in the map is a stray. Nothing is
written, and nothing but the place where the pass stands is kept in between.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from connectors.contract import Existing
from connectors.errors import Terminal
from mapping.rules import MapSpec
from projects.models import Difference, Link, Phase, Reconciliation, Record, Run
from projects.pipeline import phases
from projects.pipeline.comparing import KINDS, Comparer
from projects.pipeline.context import Context, Progress
from projects.pipeline.extract import digest_of
from projects.pipeline.hidden import with_hidden_columns
from projects.pipeline.lookup import AUTHOR, MARK
from projects.pipeline.reconcile import COLUMNS, first_looks, verdict

ROOM = 2_000
"""Links that one page of work takes at most: more only where very many records in a row are gone."""


def page(context: Context) -> Progress:
    """Reads the next page of one object of the destination beside the identity map."""
    cursor = context.step.cursor
    name, after = context.step.destination, cursor.get("after", "")
    rows, following = _following(context, cursor.get("next"))
    there = {row.id.lower(): row for row in rows if row.id.lower() > after}
    last = max(there, default=after) if following else ""
    links = _links(context, after, last)
    again = {"next": following, "after": last} if following else None
    if len(links) > ROOM:
        # Too many at once: the rest of them has its turn beside the same page of the destination.
        until = links[ROOM].destination_id
        links = [link for link in links if link.destination_id < until]
        last = str(links[-1].destination_id)
        there = {id: row for id, row in there.items() if id <= last}
        again = {"next": cursor.get("next"), "after": last}
    there = with_hidden_columns(context.destination, context.target, [link.written for link in links], there)
    stretch = Stretch(context)
    stretch.compare(links, there)
    if again is None:
        stretch.tally["counted"] += context.destination.count(name)
    # How far the pass is can be told without a request: nearly all that stands there is in the identity map.
    total = None if cursor else Link.objects.filter(project=context.project, destination=name).count()
    return Progress(again, done=len(there), total=total, tally=stretch.counts(), save=stretch.save)


def _following(context: Context, cursor: Any) -> tuple[list[Existing], Any]:
    """The next page of the destination. The pass rests on the order of ids: in another one, records seem missing."""
    rows, following = next(iter(context.destination.pages(context.step.destination, cursor)))
    ids = [row.id.lower() for row in rows]
    if ids != sorted(ids):
        raise Terminal(
            "The destination did not give its records in the order of their ids.",
            "Nothing is wrong with the data. This verification cannot go on with such a server: report it.",
        )
    return rows, following


def _links(context: Context, after: str, last: str) -> list[Link]:
    """The identity map's next stretch. What went into another record stands there under the other's name."""
    found = Link.objects.filter(project=context.project, destination=context.step.destination)
    if after:
        found = found.filter(destination_id__gt=UUID(after))
    if last:
        found = found.filter(destination_id__lte=UUID(last))
    return list(found.order_by("destination_id", "id").defer("before")[: ROOM + 1])


class Stretch:
    """One stretch of the pass: compares, counts, and keeps what is to be stored."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._comparers: dict[str, Comparer] = {}
        self.tally: Counter[str] = Counter()
        self.differences: list[Difference] = []

    def compare(self, links: Iterable[Link], there: Mapping[str, Existing]) -> None:
        """Every link with its record, then every record that has no link."""
        known = set()
        for link in links:
            id = str(link.destination_id)
            known.add(id)
            if link.origin != Link.Origin.MERGED:
                self._compare(link, there.get(id))
        for id, row in there.items():
            if id not in known:
                self._look_at_stranger(id, row)
        self.tally["there"] += len(there)

    def _compare(self, link: Link, found: Existing | None) -> None:
        comparer = self._comparers.get(link.object)
        if comparer is None:
            fields = self._context.target.fields
            comparer = self._comparers[link.object] = Comparer(fields, self._context.destination.canonical)
        self.tally[f"links|{link.object}"] += 1
        if found is None:
            self.tally[f"missing|{link.object}"] += 1
            comparer.miss(link.written)
            self._differ(
                link.object, link.key, link.destination_id, Difference.Kind.MISSING, "", link.written.get(MARK)
            )
            return
        unequal = comparer.compare(link.written, found.fields)
        self.tally[f"different|{link.object}"] += bool(unequal)
        for one in unequal:
            kind = Difference.Kind.DIFFERENT
            self._differ(link.object, link.key, link.destination_id, kind, one.field, one.expected, one.found, one.rule)

    def _look_at_stranger(self, id: str, row: Existing) -> None:
        """A record that no source record became: a stray where it carries our mark, else somebody else's."""
        author = row.fields.get("createdBy") or {}
        marked = bool(row.fields.get(MARK)) or (author.get("source"), author.get("name")) == AUTHOR
        if not marked:
            self.tally["others"] += 1
            return
        object = self._context.step.object
        self.tally[f"stray|{object}"] += 1
        self._differ(object, "", UUID(id), Difference.Kind.STRAY, "", None, row.fields.get(MARK) or id)

    def _differ(
        self, object: str, key: str, id: UUID, kind: str, field: str, expected: Any, found: Any = None, rule: str = ""
    ) -> None:
        self.differences.append(
            Difference(
                run=self._context.run,
                object=object,
                key=key,
                destination_id=id,
                kind=kind,
                field=field,
                rule=rule[:80],
                expected=expected,
                found=found,
            )
        )

    def counts(self) -> Counter[str]:
        """Everything counted, in one tally: `as|<object>|<field>|<kind>` for fields."""
        tally = self.tally.copy()
        for object, comparer in self._comparers.items():
            for field, row in comparer.counts().items():
                tally.update({f"as|{object}|{field}|{kind}": number for kind, number in row.items() if number})
            tally.update(
                {f"rule|{object}|{field}|{rule}": number for (field, rule), number in comparer.rules().items()}
            )
        return tally

    def save(self) -> None:
        """Stores what differs, each with its row in the newest run that moved it, where there is one."""
        run = production_of(self._context.run)
        for object, mine in _by_object(self.differences).items():
            keys = [one.key for one in mine if one.key]
            rows = dict(Record.objects.filter(run=run, object=object, key__in=keys).values_list("key", "pk"))
            for one in mine:
                one.record_id = rows.get(one.key)
        Difference.objects.bulk_create(self.differences, batch_size=500)


def _by_object(differences: Iterable[Difference]) -> dict[str, list[Difference]]:
    grouped: defaultdict[str, list[Difference]] = defaultdict(list)
    for one in differences:
        grouped[one.object].append(one)
    return grouped


def production_of(run: Run) -> Run | None:
    """The production run that a verification is about: the newest one before it."""
    before = Run.objects.filter(project=run.project_id, kind=Run.Kind.PRODUCTION, number__lt=run.number)
    return before.exclude(state=Run.State.CANCELLED).order_by("-number").first()


def close(phase: Phase) -> Reconciliation:
    """The books of a verification: how many records were expected, and which are missing, different or strays."""
    run = phase.run
    tally: Counter[str] = Counter()
    for step in phase.steps.all():
        tally.update({name: number for name, number in step.tally.items() if isinstance(number, int)})
    objects = _objects_table(tally, COLUMNS)
    fields = _fields_table(tally)
    read = phase.steps.values_list("destination", flat=True)
    links = Link.objects.filter(project=run.project_id, destination__in=list(read))
    expected = links.exclude(origin=Link.Origin.MERGED).count()
    checked = sum(row["read"] for row in objects.values())
    balance = {"read": checked, **dict.fromkeys(COLUMNS, 0), "unchanged": checked, "open": max(0, expected - checked)}
    values = sum(row["compared"] for table in fields.values() for row in table.values())
    differences = Difference.objects.filter(run=run).count()
    points = _open_points(phase, run.field_map.spec if run.field_map else MapSpec())
    looks = first_looks(phase)
    content = {"run": run.pk, "objects": objects, "fields": fields, "differences": differences}
    records = checked - sum(row["missing"] for row in objects.values())
    made = Reconciliation(
        phase=phase,
        balance=balance,
        objects_table=objects,
        fields_table=fields,
        rules_table=_rules_table(tally),
        open_points=points,
        first_look=looks,
        records=records,
        values=values,
        differences=differences,
        closes=expected == checked,
        digest=digest_of({**content, "open_points": points, "first_look": looks}),
    )
    made.verdict = verdict(made, run.project)
    made.save()
    return made


def _objects_table(tally: Mapping[str, int], columns: Sequence[str]) -> dict[str, dict[str, int]]:
    objects: dict[str, dict[str, int]] = {}
    for name, number in sorted(tally.items()):
        what, _, object = name.partition("|")
        if what in ("links", "missing", "different", "stray"):
            row = objects.setdefault(
                object, dict.fromkeys(("read", *columns, "open", "missing", "different", "stray"), 0)
            )
            row["read" if what == "links" else what] += number
    for row in objects.values():
        row["unchanged"] = row["read"]
    return objects


def _fields_table(tally: Mapping[str, int]) -> dict[str, dict[str, dict[str, int]]]:
    fields: dict[str, dict[str, dict[str, int]]] = {}
    for name, number in sorted(tally.items()):
        if name.startswith("as|"):
            object, field, kind = name.removeprefix("as|").rsplit("|", 2)
            fields.setdefault(object, {}).setdefault(field, dict.fromkeys(KINDS, 0))[kind] += number
    return fields


def _rules_table(tally: Mapping[str, int]) -> dict[str, dict[str, dict[str, int]]]:
    rules: dict[str, dict[str, dict[str, int]]] = {}
    for name, number in sorted(tally.items()):
        if name.startswith("rule|"):
            object, field, rule = name.removeprefix("rule|").split("|", 2)
            rules.setdefault(object, {}).setdefault(field, {})[rule] = number
    return rules


def _open_points(phase: Phase, spec: MapSpec) -> list[str]:
    """Counts that do not fit, although no single record says why."""
    made = {rule.destination for rule in spec.objects if rule.create} | {phases.ASSOCIATION}
    points = []
    for step in phase.steps.all():
        there, counted = step.tally.get("there", 0), step.tally.get("counted", 0)
        if there != counted:
            points.append(
                f"The destination counts {counted:,} {step.destination} records and gave {there:,}: somebody changed "
                "them meanwhile. Verify again."
            )
        if (others := step.tally.get("others", 0)) and step.destination in made:
            points.append(
                f"{others:,} {step.destination} records came from somebody else: it was made for the migration alone."
            )
    return points
