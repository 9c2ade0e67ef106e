"""Everything that is stored, by subject."""

from projects.models.change import Change, Reversal
from projects.models.concern import Concern, Remark
from projects.models.document import Certificate, SigningKey
from projects.models.event import Event
from projects.models.gate import Decision, Signature
from projects.models.paper import CallRequest, HandoffItem, Paper, Quote
from projects.models.project import Connection, Invitation, Membership, Project, SourceArchive
from projects.models.proof import Acceptance, Correction, Look
from projects.models.record import Difference, GroupMember, JournalEntry, Link, Record, Sighting
from projects.models.run import PausedTrigger, Phase, Profile, Reconciliation, Run, Step
from projects.models.user import User
from projects.models.watch import AuditReport, DeletedProfile, Integration, SourceChange, Watch

__all__ = [
    "Acceptance",
    "AuditReport",
    "CallRequest",
    "Certificate",
    "Change",
    "Concern",
    "Connection",
    "Correction",
    "Decision",
    "DeletedProfile",
    "Difference",
    "Event",
    "GroupMember",
    "HandoffItem",
    "Integration",
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
    "Remark",
    "Reversal",
    "Run",
    "Sighting",
    "Signature",
    "SigningKey",
    "SourceArchive",
    "SourceChange",
    "Step",
    "User",
    "Watch",
]
