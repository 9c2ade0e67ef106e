"""Object types in the customer's words: one source for pages, documents, verdicts and the command line."""

from __future__ import annotations

import re

from projects.models import Project

FIXED = {
    "person": "People",
    "segment": "Segments",
    "membership": "Segment members",
    "person.company": "Company of each person",
    "relationship.read": "Relationships",
    "company": "Companies",
    "companyAssociation": "Who belongs to which company",
    "event": "Events",
    "message": "Messages",
    "comment": "Comments",
    "task": "Tasks",
    "attachment": "Files",
    "comment.target": "People of comments",
    "task.target": "People of tasks",
    "event.read": "Events, reading",
    "message.read": "Messages, reading",
    "schema": "Objects and fields in the destination",
    "rebuilt": "What was made for the handoff",
    "clear": "Taking the sample back",
    "log": "What the source's log tells",
    "plan": "Working out what to take back",
    "undo": "Taking records back",
    "undo.rebuilt": "Taking back what was made for the handoff",
    "undo.schema": "Taking back objects and fields",
    "prove": "Reading back what was taken back",
    "echoes": "Lines of the destination's own timeline",
    "catalogue": "What is there",
    "profile": "Reading and counting",
}
"""What has no label of its own at the source, or a better one."""

RELATIONSHIP = "relationship:"

KINDS = {
    "attribute_change": "changed attributes",
    "profile_create": "new people",
    "profile_delete": "deleted people",
    "profile_merge": "merged people",
    "anon_merge": "people who became known",
    "add_relationship": "new relationships",
    "delete_relationship": "relationships that ended",
    "device_change": "changed devices",
    "event": "events",
}
"""Kinds of lines of the log, in words."""


class Labels(dict[str, str]):
    """Labels by object type. A name made of two gets a label made of two; an unknown one stays as it is."""

    def __missing__(self, object: str) -> str:
        """Relationships are named after where they lead, links of an attribute after what they start from."""
        if object.startswith(RELATIONSHIP) and (towards := self.get(f"object:{object.removeprefix(RELATIONSHIP)}")):
            return f"Relationships to {in_a_sentence(towards)}"
        source, _, relation = object.rpartition(".")
        if source in self:
            return f"{self[source]}: {re.sub('([A-Z])', lambda found: ' ' + found[1].lower(), relation)}"
        return object


def labels_of(project: Project) -> Labels:
    """All object types of the project, in one query: as the source calls them, the newest discovery last."""
    return Labels({**dict(project.profiles.order_by("run_id").values_list("object", "label_plural")), **FIXED})


def in_a_sentence(label: str) -> str:
    """A label as it stands in the middle of a sentence: `District Offices` → `district offices`, `VIPs` stays."""
    if label.istitle():
        return label.lower()
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def in_words(kind: str) -> str:
    """A kind of line of the source's log as people say it."""
    if kind.startswith("_r:"):
        return "changed relationships"
    return "changed objects" if kind.startswith("_o:") else KINDS.get(kind, kind.replace("_", " "))
