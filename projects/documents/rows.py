"""What was read of a project, for its documents: the newest rows of an object type, and the runs behind them."""

from __future__ import annotations

from typing import Any

from django.db.models import Max, QuerySet

from projects.models import Connection, GroupMember, Profile, Project, Record, Run

CAMPAIGN, BROADCAST, NEWSLETTER, TRANSACTIONAL = "campaign", "broadcast", "newsletter", "transactional"
AUTOMATIONS = (CAMPAIGN, BROADCAST, NEWSLETTER, TRANSACTIONAL)


def discovery_of(project: Project) -> Run | None:
    """The newest discovery that read everything."""
    done = project.runs.filter(kind=Run.Kind.DISCOVERY, state=Run.State.SUCCEEDED)
    return done.order_by("-number").first()


def profiles_of(run: Run | None) -> list[Profile]:
    """What a discovery found, in reading order."""
    return list(Profile.objects.filter(run=run)) if run else []


def newest_rows(project: Project, object: str) -> list[dict[str, Any]]:
    """The rows of a configuration object as they were last read, each with its `key`."""
    found = Record.objects.filter(run__project=project, object=object).exclude(run__state=Run.State.CANCELLED)
    newest = found.aggregate(run=Max("run__number"))["run"]
    if newest is not None:
        rows = found.filter(run__number=newest).order_by("pk").values_list("key", "raw")
        return [{"key": key, **raw} for key, raw in rows.iterator(500)]
    row = Profile.objects.filter(project=project, object=object).order_by("-run__number").first()
    return list(row.data.get("rows", ())) if row else []


def newest_memberships(project: Project) -> QuerySet[GroupMember]:
    """Who was in which segment when that was last read."""
    found = GroupMember.objects.filter(run__project=project).exclude(run__state=Run.State.CANCELLED)
    return found.filter(run__number=found.aggregate(run=Max("run__number"))["run"])


def sides(project: Project) -> dict[str, Connection]:
    """Both connections by side. Their secrets are not read."""
    return {one.side: one for one in project.connections.defer("secrets")}
