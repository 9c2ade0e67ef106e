"""Departed: people who went into others at the source, and people whom it deleted while the migration ran.

What somebody did belongs to whoever they went into, also where an archive still names the old key. What a deleted
person did goes where the person went.
"""

from __future__ import annotations

from projects.models import Change, Link, Project, SourceChange
from projects.pipeline.phases import PERSON

DELETED = "deleted_at_source"
"""Reason of what the source has deleted, or whose person it has."""


def merged(project: Project) -> dict[str, str]:
    """People who went into others, as far as the log was read: key → the person in whom they live on."""
    lines = SourceChange.objects.filter(project=project, kind="profile_merge").order_by("at")
    into = {str(data["secondary"]): key for key, data in lines.values_list("key", "data") if data.get("secondary")}
    return {key: _last(into, key) for key in into}


def _last(into: dict[str, str], key: str) -> str:
    seen = {key}
    while (following := into.get(key)) and following not in seen:
        seen.add(key := following)
    return key


def deleted(project: Project) -> set[str]:
    """People whom a delta took out of the destination as the source had deleted them, and who are still out.

    Also who went into somebody whom the source deleted after that.
    """
    retired = Change.objects.filter(project=project, object=PERSON, kind=Change.Kind.RETIRED, undone=None)
    there = Link.objects.filter(project=project, object=PERSON).values("key")
    out, into = set(retired.exclude(key__in=there).values_list("key", flat=True)), merged(project)
    lines = SourceChange.objects.filter(project=project, kind="profile_delete")
    gone = (out | set(lines.filter(key__in=set(into.values())).values_list("key", flat=True))) - into.keys()
    followed = {key: last for key, last in into.items() if key in out and last in gone}
    return (out - into.keys()) | followed.keys() | set(followed.values())
