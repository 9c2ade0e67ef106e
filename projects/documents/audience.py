"""Who of a segment goes on a list: its members as they landed, without those who have unsubscribed."""

from __future__ import annotations

from dataclasses import dataclass

from projects.documents.rows import newest_memberships
from projects.models import Link, Project, Record
from projects.pipeline.phases import PERSON

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Audience:
    """People by their id in the destination. A list is for sending to, so those who said no are not on it."""

    members: tuple[str, ...]
    in_segment: int
    unsubscribed: int
    not_landed: int

    @property
    def sentence(self) -> str:
        """How many are on the list, and why the others are not."""
        parts = [f"{len(self.members):,} of {self.in_segment:,} members"]
        if self.unsubscribed:
            have, are = ("has", "is") if self.unsubscribed == 1 else ("have", "are")
            parts.append(f"{self.unsubscribed:,} {have} unsubscribed and {are} not on it")
        if self.not_landed:
            parts.append(f"{self.not_landed:,} did not land")
        return "; ".join(parts)


def audience_of(project: Project, segment: str) -> Audience:
    """The members of a segment when it was last read; two that became one person stand once."""
    keys = list(newest_memberships(project).filter(group=segment).order_by("key").values_list("key", flat=True))
    members: dict[str, None] = {}
    unsubscribed = landed = 0
    for start in range(0, len(keys), CHUNK):
        chunk = keys[start : start + CHUNK]
        links = Link.objects.filter(project=project, object=PERSON, key__in=chunk)
        ids = {key: str(id) for key, id in links.values_list("key", "destination_id")}
        no = _unsubscribed(project, list(ids))
        landed += len(ids)
        unsubscribed += len(no)
        members |= dict.fromkeys(ids[key] for key in chunk if key in ids and key not in no)
    return Audience(tuple(members), len(keys), unsubscribed, len(keys) - landed)


def _unsubscribed(project: Project, keys: list[str]) -> set[str]:
    """Who of these had unsubscribed from everything, by the newest row that was read of each."""
    rows = Record.objects.filter(run__project=project, object=PERSON, key__in=keys).order_by("run_id")
    newest = dict(rows.values_list("key", "raw"))
    return {key for key, raw in newest.items() if str(raw.get("unsubscribed")).lower() == "true"}
