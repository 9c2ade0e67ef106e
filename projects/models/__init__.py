"""Everything that is stored, by subject."""

from projects.models.document import Certificate, SigningKey
from projects.models.event import Event
from projects.models.gate import Decision, Signature
from projects.models.project import Connection, Invitation, Membership, Project, SourceArchive
from projects.models.record import Difference, GroupMember, JournalEntry, Link, Record
from projects.models.run import PausedTrigger, Phase, Profile, Reconciliation, Run, Step
from projects.models.user import User

__all__ = [
    "Certificate",
    "Connection",
    "Decision",
    "Difference",
    "Event",
    "GroupMember",
    "Invitation",
    "JournalEntry",
    "Link",
    "Membership",
    "PausedTrigger",
    "Phase",
    "Profile",
    "Project",
    "Reconciliation",
    "Record",
    "Run",
    "Signature",
    "SigningKey",
    "SourceArchive",
    "Step",
    "User",
]
