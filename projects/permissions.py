"""Who may do what: one table, one question."""

from __future__ import annotations

from enum import StrEnum

from projects.models import Membership, Project, User


class Can(StrEnum):
    """What can be asked for."""

    LOOK = "look"
    SIGN = "sign"
    DECIDE = "decide"
    EDIT_MAP = "edit_map"
    RUN = "run"
    CONNECT = "connect"
    MANAGE = "manage"


Role = Membership.Role

ALLOWED: dict[Can, frozenset[str]] = {
    Can.LOOK: frozenset({Role.CUSTOMER, Role.ENGINEER, Role.ADMIN}),
    Can.SIGN: frozenset({Role.CUSTOMER, Role.ADMIN}),
    Can.DECIDE: frozenset({Role.CUSTOMER, Role.ADMIN}),
    Can.EDIT_MAP: frozenset({Role.CUSTOMER, Role.ENGINEER, Role.ADMIN}),
    Can.RUN: frozenset({Role.ENGINEER, Role.ADMIN}),
    Can.CONNECT: frozenset({Role.ENGINEER, Role.ADMIN}),
    Can.MANAGE: frozenset({Role.ADMIN}),
}
"""Action → roles. Engineers never sign: who runs a migration does not also approve it."""


def role_of(user: User, project: Project) -> str | None:
    """The user's role in the project; an administrator of the installation is an admin of every project."""
    membership = project.memberships.filter(user=user).first()
    if membership:
        return membership.role
    return Role.ADMIN if user.is_superuser else None


def can(user: User, action: Can, project: Project) -> bool:
    """Whether the user may do this in this project."""
    return role_of(user, project) in ALLOWED[action]
