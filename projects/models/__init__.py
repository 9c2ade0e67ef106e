"""Everything that is stored, by subject."""

from projects.models.document import Certificate, SigningKey
from projects.models.event import Event
from projects.models.gate import Decision, Signature
from projects.models.paper import CallRequest, HandoffItem, Paper, Quote
from projects.models.project import Connection, Invitation, Membership, Project, SourceArchive
from projects.models.proof import Acceptance, Correction, Look
from projects.models.record import Difference, GroupMember, JournalEntry, Link, Record
from projects.models.run import PausedTrigger, Phase, Profile, Reconciliation, Run, Step
from projects.models.user import User

__all__ = [
    "Acceptance",
    "CallRequest",
    "Certificate",
    "Connection",
    "Correction",
    "Decision",
    "Difference",
    "Event",
    "GroupMember",
    "HandoffItem",
    "Invitation",
    "JournalEntry",
    "Link",
    "Look",
    "Membership",
    "Paper",
    "PausedTrigger",
    "Phase",
    "Profile",
    "Project",
    "Quote",
    "Reconciliation",
    "Record",
    "Run",
    "Signature",
    "SigningKey",
    "SourceArchive",
    "Step",
    "User",
]
