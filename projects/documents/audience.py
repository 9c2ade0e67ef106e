"""Who of a segment goes on a list: its members as they landed, without those who have unsubscribed."""

from __future__ import annotations

from dataclasses import dataclass

from projects.documents.rows import newest_memberships
from projects.models import Link, Project, Record
from projects.pipeline.banned import UNSUBSCRIBED
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
    """The members of a segment when it was last read; two that became one person stand once, and either may say no."""
    keys = list(newest_memberships(project).filter(group=segment).order_by("key").values_list("key", flat=True))
    members: dict[str, None] = {}
    unsubscribed = landed = 0
    for start in range(0, len(keys), CHUNK):
        chunk = keys[start : start + CHUNK]
        links = Link.objects.filter(project=project, object=PERSON, key__in=chunk)
        ids = {key: str(id) for key, id in links.values_list("key", "destination_id")}
        no = _said_no(project, set(ids.values()))
        landed += len(ids)
        unsubscribed += sum(id in no for id in ids.values())
        members |= dict.fromkeys(ids[key] for key in chunk if key in ids and ids[key] not in no)
    return Audience(tuple(members), len(keys), unsubscribed, len(keys) - landed)


def _said_no(project: Project, ids: set[str]) -> set[str]:
    """Which of these records nobody may write to: one of the people in it had unsubscribed, or we marked it so.

    What counts of each person is the newest row that was read; a mark stands on who came back after a deletion.
    """
    links = Link.objects.filter(project=project, object=PERSON, destination=PERSON, destination_id__in=ids)
    of: dict[str, str] = {}
    no: set[str] = set()
    for key, id, written in links.values_list("key", "destination_id", "written"):
        of[key] = str(id)
        if written.get(UNSUBSCRIBED) is True:
            no.add(str(id))
    rows = Record.objects.filter(run__project=project, object=PERSON, key__in=of).order_by("run_id")
    newest = dict(rows.values_list("key", "raw"))
    return no | {of[key] for key, raw in newest.items() if str(raw.get("unsubscribed")).lower() == "true"}
