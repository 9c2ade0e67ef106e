"""Who belongs to a project: members, and invitations that make them."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from projects import audit
from projects.models import Invitation, Membership, Project, User
from projects.permissions import Can
from projects.services import Refused, allow
from projects.verbs import Verb

INVITATION_DAYS = 14


@transaction.atomic
def add_member(*, project: Project, user: User, role: str, by: User) -> Membership:
    """Gives a user a role in the project."""
    allow(by, Can.MANAGE, project)
    if role not in Membership.Role.values:
        raise Refused(f"“{role}” is no role. There are: {', '.join(Membership.Role.values)}.")
    membership, _ = Membership.objects.update_or_create(project=project, user=user, defaults={"role": role})
    audit.record(Verb.MEMBER_ADDED, project, str(user), role=role)
    return membership


@transaction.atomic
def invite(*, project: Project, email: str, role: str, by: User) -> str:
    """The address of a one-click invitation; only a digest of it is stored."""
    allow(by, Can.MANAGE, project)
    if "@" not in email:
        raise Refused(f"“{email}” is not an e-mail address.")
    token = secrets.token_urlsafe(32)
    Invitation.objects.create(
        project=project,
        email=email.strip().lower(),
        role=role,
        token_digest=hashlib.sha256(token.encode()).hexdigest(),
        invited_by=by,
        expires_at=timezone.now() + timedelta(days=INVITATION_DAYS),
    )
    audit.record(Verb.MEMBER_INVITED, project, email, role=role)
    return f"{settings.PUBLIC_URL}/invitation/{token}/"


def find_invitation(token: str) -> Invitation | None:
    """An open invitation with this token."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    found = Invitation.objects.filter(token_digest=digest, accepted_at=None, expires_at__gt=timezone.now())
    return found.select_related("project").first()


@transaction.atomic
def accept_invitation(*, invitation: Invitation, name: str) -> User:
    """Lets the invited person in: makes the account if there is none, and the membership."""
    taken = Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(accepted_at=timezone.now())
    if not taken:
        raise Refused("This invitation was used already. Ask for a new one.")
    user = User.objects.filter(email=invitation.email).first()
    if user is None:
        user = User.objects.create_user(invitation.email, name=name.strip()[:200])
    Membership.objects.get_or_create(project=invitation.project, user=user, defaults={"role": invitation.role})
    with audit.acting_as(user):
        audit.record(Verb.INVITATION_ACCEPTED, invitation.project)
    return user
