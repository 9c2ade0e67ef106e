"""What was read of a project, for its documents: the newest rows of an object type, and the runs behind them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db.models import Max, QuerySet

from projects.models import Connection, GroupMember, Phase, Profile, Project, Record, Run
from projects.pipeline.phases import SEGMENT

CAMPAIGN, BROADCAST, NEWSLETTER, TRANSACTIONAL = "campaign", "broadcast", "newsletter", "transactional"
AUTOMATIONS = (CAMPAIGN, BROADCAST, NEWSLETTER, TRANSACTIONAL)
REPORTING_WEBHOOK = "reporting_webhook"
CONFIGURATION = (SEGMENT, *AUTOMATIONS, REPORTING_WEBHOOK)


def discovery_of(project: Project) -> Run | None:
    """The newest discovery that read everything."""
    done = project.runs.filter(kind=Run.Kind.DISCOVERY, state=Run.State.SUCCEEDED)
    return done.order_by("-number").first()


def profiles_of(run: Run | None) -> list[Profile]:
    """What a discovery found, in reading order."""
    return list(Profile.objects.filter(run=run)) if run else []


def moving_run(project: Project) -> Run | None:
    """The run whose numbers a document tells: the newest production that still stands, else the newest sandbox.

    A delta reads what changed and nothing else, so it never stands for the whole.
    """
    for kind in (Run.Kind.PRODUCTION, Run.Kind.SANDBOX):
        runs = project.runs.filter(kind=kind).exclude(state=Run.State.CANCELLED)
        standing = runs.filter(pk__in=Phase.objects.filter(rolled_back=False).values("run"))
        if found := standing.order_by("-number").first():
            return found
    return None


def deltas_since(run: Run) -> list[Run]:
    """Deltas that ended after a production run and still stand, oldest first."""
    if run.kind != Run.Kind.PRODUCTION:
        return []
    later = Run.objects.filter(project=run.project_id, kind=Run.Kind.DELTA, state=Run.State.SUCCEEDED)
    standing = later.filter(pk__in=Phase.objects.filter(rolled_back=False).values("run"))
    return list(standing.filter(number__gt=run.number).order_by("number"))


class Configuration:
    """The configuration of a source as it was last read: segments, campaigns and so on, each kind asked for once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._rows: dict[str, list[dict[str, Any]]] = {}

    def rows(self, object: str) -> list[dict[str, Any]]:
        """The rows of one kind, each with its `key`."""
        if object not in self._rows:
            self._rows[object] = self._read(object)
        return self._rows[object]

    def _read(self, object: str) -> list[dict[str, Any]]:
        """From the newest run that kept any, else from what discovery noted down."""
        run = self._newest.get(object)
        if run is not None:
            rows = Record.objects.filter(run=run, object=object).order_by("pk").values_list("key", "raw")
            return [{"key": key, **raw} for key, raw in rows.iterator(500)]
        return self._noted.get(object, [])

    @cached_property
    def _noted(self) -> dict[str, list[dict[str, Any]]]:
        """What the newest discovery that got so far noted down."""
        kinds = Profile.objects.filter(project=self.project, object__in=CONFIGURATION).order_by("run__number")
        return {row.object: list(row.data["rows"]) for row in kinds if row.data.get("rows")}

    @cached_property
    def _newest(self) -> dict[str, int]:
        runs = self.project.runs.exclude(state=Run.State.CANCELLED)
        found = Record.objects.filter(run__in=runs, object__in=CONFIGURATION)
        # Runs are made one after the other, so the highest key is the newest.
        return dict(found.order_by().values_list("object").annotate(newest=Max("run_id")))


def newest_memberships(project: Project) -> QuerySet[GroupMember]:
    """Who was in which segment when that was last read."""
    found = GroupMember.objects.filter(run__project=project).exclude(run__state=Run.State.CANCELLED)
    return found.filter(run__number=found.aggregate(run=Max("run__number"))["run"])


def sides(project: Project) -> dict[str, Connection]:
    """Both connections by side. Their secrets are not read."""
    return {one.side: one for one in project.connections.defer("secrets")}
