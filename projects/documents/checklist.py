"""The checklist twin of the handoff: every item with how far it is, who has it, and a note."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from projects import audit
from projects.documents.automations import Automation
from projects.documents.handoff import Handoff
from projects.documents.rows import BROADCAST, CAMPAIGN, NEWSLETTER, TRANSACTIONAL, Configuration
from projects.documents.segments import SegmentItem
from projects.models import HandoffItem, Project, User
from projects.permissions import Can, can
from projects.pipeline.phases import SEGMENT
from projects.services import Refused
from projects.verbs import Verb

LABELS = {
    "segment": "Segments",
    "campaign": "Campaigns",
    "broadcast": "Broadcasts",
    "newsletter": "Newsletters",
    "transactional": "Transactional messages",
}

LIST = "list"
"""Beside its own line, a segment may have a list of its members in the destination."""

State = HandoffItem.State
WEIGHT = {State.OPEN: 0, State.BUILT: 50, State.TESTED: 80, State.LIVE: 100, State.DROPPED: 100}
"""How much of an item is done, in percent."""


@dataclass(frozen=True, slots=True)
class Line:
    """One item of the checklist."""

    kind: str
    key: str
    name: str
    detail: str
    state: str
    owner: str
    note: str
    link: str
    list_link: str = ""

    @property
    def state_label(self) -> str:
        """The state in words."""
        return str(State(self.state).label)


@dataclass(frozen=True, slots=True)
class Section:
    """The items of one kind."""

    kind: str
    label: str
    lines: tuple[Line, ...]

    @property
    def percent(self) -> int:
        """How much of it is done."""
        return percent(self.lines)


def percent(lines: tuple[Line, ...]) -> int:
    """How much is done: a built item counts half, a tested one four fifths; what is not needed counts as done."""
    return round(sum(WEIGHT[State(line.state)] for line in lines) / len(lines)) if lines else 0


def sections(project: Project, made: Handoff) -> tuple[Section, ...]:
    """The whole checklist; items of which nobody has said anything are not started."""
    said = {(one.kind, one.key): one for one in HandoffItem.objects.filter(project=project)}
    items: dict[str, tuple[SegmentItem, ...] | tuple[Automation, ...]] = {
        SEGMENT: made.segments,
        CAMPAIGN: made.campaigns,
        BROADCAST: made.broadcasts,
        NEWSLETTER: made.newsletters,
        TRANSACTIONAL: made.transactional,
    }
    return tuple(
        Section(kind, LABELS[kind], tuple(_line(kind, item, said) for item in listed))
        for kind, listed in items.items()
        if listed
    )


def _line(kind: str, item: SegmentItem | Automation, said: Mapping[tuple[str, str], HandoffItem]) -> Line:
    known = said.get((kind, item.key)) or HandoffItem(kind=kind, key=item.key)
    detail = f"{item.type}, as a View: {item.how}" if isinstance(item, SegmentItem) else item.state
    listed = said.get((LIST, item.key)) if kind == SEGMENT else None
    link = listed.link if listed else ""
    return Line(kind, item.key, item.name, detail, known.state, known.owner, known.note, known.link, link)


@transaction.atomic
def set_item(
    *, project: Project, kind: str, key: str, by: User, state: str, owner: str = "", note: str = ""
) -> HandoffItem:
    """Says how far an item is. Raises Refused for strangers, and for an item or a state that there is not."""
    if not can(by, Can.LOOK, project):
        raise Refused("As a stranger to this project you may not change its checklist.")
    if state not in State.values:
        raise Refused(f"“{state}” is no state. There are: {', '.join(State.values)}.")
    read = Configuration(project)
    row = next((row for row in read.rows(kind) if str(row["key"]) == key), None) if kind in LABELS else None
    if row is None:
        raise Refused(f"The handoff has no {kind} {key}.")
    values = {"state": state, "owner": owner.strip()[:200], "note": note.strip()[:4000], "changed_by": by}
    item, _ = HandoffItem.objects.update_or_create(project=project, kind=kind, key=key, defaults=values)
    audit.record(Verb.HANDOFF_CHANGED, project, str(row.get("name") or key), kind=kind, state=item.get_state_display())
    return item
