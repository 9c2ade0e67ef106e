"""Who may do what: one table, one question."""

from __future__ import annotations

from enum import StrEnum

from projects.models import Membership, Project, User


class Can(StrEnum):
    """What can be asked for."""

    LOOK = "look"
    SEE_VALUES = "see_values"
    SIGN = "sign"
    DECIDE = "decide"
    EDIT_MAP = "edit_map"
    RUN = "run"
    CONNECT = "connect"
    MANAGE = "manage"


Role = Membership.Role

ALLOWED: dict[Can, frozenset[str]] = {
    Can.LOOK: frozenset({Role.CUSTOMER, Role.ENGINEER, Role.ADMIN}),
    Can.SEE_VALUES: frozenset({Role.CUSTOMER, Role.ENGINEER, Role.ADMIN}),
    Can.SIGN: frozenset({Role.CUSTOMER, Role.ADMIN}),
    Can.DECIDE: frozenset({Role.CUSTOMER, Role.ADMIN}),
    Can.EDIT_MAP: frozenset({Role.CUSTOMER, Role.ENGINEER, Role.ADMIN}),
    Can.RUN: frozenset({Role.ENGINEER, Role.ADMIN}),
    Can.CONNECT: frozenset({Role.ENGINEER, Role.ADMIN}),
    Can.MANAGE: frozenset({Role.ADMIN}),
}
"""Action → roles. Engineers never sign: who runs a migration does not also approve it."""


def allows(role: str | None, action: Can, project: Project) -> bool:
    """Whether a role may do this here: engineers see values in the field map while the customer lets them."""
    if action is Can.SEE_VALUES and role == Role.ENGINEER and not project.engineers_see_values:
        return False
    return role in ALLOWED[action]


def role_of(user: User, project: Project) -> str | None:
    """The user's role in the project; an administrator of the installation is an admin of every project."""
    membership = project.memberships.filter(user=user).first()
    if membership:
        return membership.role
    return Role.ADMIN if user.is_superuser else None


def can(user: User, action: Can, project: Project) -> bool:
    """Whether the user may do this in this project."""
    return allows(role_of(user, project), action, project)
