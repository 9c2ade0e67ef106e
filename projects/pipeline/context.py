"""What one page of work gets to see, and the fence around what it may write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from connectors.catalogue import Field, ObjectType
from connectors.contract import Archive, Cursor, Destination, Existing, Page, Source
from connectors.errors import Terminal
from connectors.rebuild import Rebuilder
from mapping.relations import MEMBER_OBJECT
from mapping.rules import MapSpec, ObjectRule
from projects.connections import open_archive, open_destination, open_rebuilder, open_source
from projects.models import Link, Project, Record, Run, Step
from projects.pipeline import departed
from projects.pipeline.compiled import CompiledMap, compiled
from projects.pipeline.ends import Ends, ends_of

HANGING = ("noteTarget", "taskTarget", "attachment", "opportunity")
"""Object types by which people hang their own work on a record; destroying it would tear that off."""

FEW = 2_000
"""So many of these are read at once; of more, those are asked for that hang on the records at hand."""


class LostLease(Exception):
    """Another worker has the step now: whatever this one still holds must not be written."""


def _nothing() -> None:
    """Saves nothing: for a page whose results are all in its cursor."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a page of work achieved. `cursor` None: the stage is finished.

    `save` writes the results; the engine runs it in the same transaction as the cursor, behind the fence.
    `tally` holds numbers to add to the step's, by name. `stop` is a sentence that pauses the run after this page.
    """

    cursor: dict[str, Any] | None
    done: int = 0
    total: int | None = None
    save: Callable[[], None] = _nothing
    tally: Counter[str] = field(default_factory=Counter)
    stop: str = ""


class Context:
    """One claimed step, with both systems opened on first use and the map it is pinned to."""

    def __init__(self, step: Step, attempt: int) -> None:
        self.step = step
        self.attempt = attempt
        self.run: Run = step.run
        self.project: Project = step.run.project
        self._stack = ExitStack()
        self._reading: dict[str, tuple[Cursor | None, Iterator[Page]]] = {}

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *exc: object) -> None:
        self._reading.clear()
        self._stack.close()

    @cached_property
    def source(self) -> Source:
        """The source, opened."""
        return self._stack.enter_context(open_source(self.project))

    @cached_property
    def destination(self) -> Destination:
        """The destination, opened."""
        return self._stack.enter_context(open_destination(self.project))

    @cached_property
    def rebuilder(self) -> Rebuilder:
        """Who made views, lists and drafts in the destination, opened."""
        return self._stack.enter_context(open_rebuilder(self.project))

    @cached_property
    def target(self) -> ObjectType:
        """The destination's object type of this step, with its fields as they are now."""
        found = self.destination.catalogue().object(self.step.destination)
        if found is None:
            raise Terminal(
                f"The destination has no “{self.step.destination}” any more.",
                "Somebody removed it: resume makes it again.",
            )
        return found

    @cached_property
    def types(self) -> dict[str, ObjectType]:
        """The destination's object types by name, as they were when first asked for."""
        return {one.name: one for one in self.destination.catalogue().objects}

    @cached_property
    def used_fields(self) -> dict[str, set[str]]:
        """Object type → columns in which some record has a value, as far as they were looked at."""
        return {}

    @cached_property
    def keys_found(self) -> dict[str, set[str]]:
        """Keys that take long to find out, by what they are; found once for the pages of a step."""
        return {}

    @cached_property
    def _hanging(self) -> dict[str, int]:
        """How many live records there are of each object type by which people hang their work on others."""
        return {name: self.destination.count(name) for name in HANGING if name in self.types}

    @cached_property
    def hung_on(self) -> frozenset[str]:
        """Ids that notes, tasks, files and opportunities point to which this project did not make, where few are."""
        few = [name for name, number in self._hanging.items() if number <= FEW]
        return frozenset(
            id for name in few for rows, _ in self.destination.pages(name) for id in self._ends(name, rows)
        )

    def hung_on_these(self, object: str, ids: Sequence[str]) -> set[str]:
        """The same of these records alone, where very many hang: asked by name, not read to their end each time."""
        found: set[str] = set()
        for name, number in self._hanging.items():
            known = self.types[name].fields
            columns = [field.join_column for field in known if field.join_column and field.references == object]
            if number > FEW and columns:
                rows = self.destination.find(name, keys={column: list(ids) for column in columns})
                found |= set(self._ends(name, [row for row in rows if not row.deleted]))
        return found & set(ids)

    def _ends(self, name: str, rows: Sequence[Existing]) -> Iterator[str]:
        """What those of these records point to that somebody else made."""
        links = Link.objects.filter(project=self.project, destination=name, destination_id__in=[row.id for row in rows])
        ours = {str(id) for id in links.values_list("destination_id", flat=True)}
        for row in rows:
            if row.id not in ours:
                yield from (str(value) for key, value in row.fields.items() if key.endswith("Id") and value)

    @cached_property
    def merged_people(self) -> dict[str, str]:
        """People who went into others at the source: key → the person in whom they live on."""
        return departed.merged(self.project)

    @cached_property
    def deleted_people(self) -> set[str]:
        """People whom a delta took out of the destination, as the source had deleted them."""
        return departed.deleted(self.project)

    def forget_types(self) -> None:
        """The schema was changed: it is read again when it is asked for."""
        self.__dict__.pop("types", None)

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The fields of the target by name."""
        return {field.name: field for field in self.target.fields}

    @cached_property
    def join_columns(self) -> frozenset[str]:
        """The columns of the target's relations."""
        return frozenset(field.join_column for field in self.target.fields if field.join_column)

    @cached_property
    def compiled(self) -> CompiledMap:
        """The field map of the run, ready for work."""
        if self.run.field_map is None:
            raise LookupError(f"{self.run} has no field map.")
        return compiled(self.run.field_map)

    @property
    def spec(self) -> MapSpec:
        """The field map of the run."""
        return self.compiled.spec

    @cached_property
    def rule(self) -> ObjectRule:
        """The rule of this step's object type."""
        rule = self.spec.object(self.step.object)
        if rule is None:
            raise LookupError(f"The map has no rule for {self.step.object}.")
        return rule

    @cached_property
    def titles(self) -> dict[tuple[str, str], str]:
        """Names of campaigns and the like, as far as this run has read them: kind and id → name."""
        kinds = ("campaign", "broadcast", "newsletter", "transactional")
        rows = Record.objects.filter(run=self.run, object__in=kinds)
        return {(row.object, row.key): str(row.raw.get("name") or "") for row in rows.only("object", "key", "raw")}

    def archive(self, object: str) -> Archive | None:
        """What stands beside the source's API for this object type."""
        return open_archive(self.project, object, self.titles)

    def archive_page(self, object: str, cursor: Cursor | None) -> Page:
        """The page of an archive after a cursor: read on where the last one ended, if that is this one."""
        at, pages = self._reading.pop(object, (None, None))
        if pages is None or at != cursor:
            archive = self.archive(object)
            pages = iter(archive.pages(cursor)) if archive else iter(())
        page = next(pages, Page((), None))
        if page.cursor is not None:
            self._reading[object] = (page.cursor, pages)
        return page

    @cached_property
    def ends(self) -> Ends:
        """How this step's rows refer to other rows."""
        return ends_of(self.spec, self.step.object)

    @property
    def match_on(self) -> str:
        """The unique field by which the destination may know a row again; attachments change what is known."""
        rule = self.spec.object(self.step.object)
        return "" if self.ends.onto or rule is None else rule.match_on

    @cached_property
    def members(self) -> dict[str, Existing]:
        """The members of the destination's workspace, by e-mail address in lower case."""
        if self.destination.catalogue().object(MEMBER_OBJECT) is None:
            return {}
        found = (member for rows, _ in self.destination.pages(MEMBER_OBJECT) for member in rows)
        return {str(member.fields["userEmail"]).lower(): member for member in found if member.fields.get("userEmail")}

    def calls(self) -> Counter[str]:
        """Requests made by this context so far, by side and kind."""
        counted: Counter[str] = Counter()
        for side in ("source", "destination"):
            if side in self.__dict__:
                counted.update({f"{side}.{kind}": number for kind, number in self.__dict__[side].calls.items()})
        return counted

    @contextmanager
    def fenced(self) -> Iterator[None]:
        """A transaction that commits only while this attempt still owns the step; renews the lease."""
        now = timezone.now()
        with transaction.atomic():
            owned = Step.objects.filter(pk=self.step.pk, attempt=self.attempt, state=Step.State.RUNNING).update(
                leased_until=now + timedelta(seconds=settings.RUN_LEASE_SECONDS)
            )
            if not owned:
                raise LostLease(f"{self.step} was taken over.")
            if not Run.objects.filter(pk=self.run.pk, state__in=Run.OPEN).update(heartbeat_at=now):
                raise LostLease(f"{self.run} was cancelled.")
            yield
