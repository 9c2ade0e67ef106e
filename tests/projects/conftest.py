"""Projects, members and rows for tests of what is stored."""

from __future__ import annotations

import pytest

from connectors.catalogue import FieldType
from mapping.rules import Action, FieldRule, MapSpec, ObjectRule
from projects import members, services
from projects.models import Membership, Project, User


@pytest.fixture
def admin(db: None) -> User:
    """The first user of the installation."""
    return User.objects.create_superuser("admin@example.com", "a-long-password", name="Ada Admin")


@pytest.fixture
def project(admin: User) -> Project:
    """A project without connections."""
    return services.create_project(name="Acme", by=admin)


def member(project: Project, admin: User, role: str) -> User:
    """A new member with that role."""
    user = User.objects.create_user(f"{role}@example.com", "a-long-password", name=role.title())
    members.add_member(project=project, user=user, role=role, by=admin)
    return user


@pytest.fixture
def customer(project: Project, admin: User) -> User:
    """The customer of the project."""
    return member(project, admin, Membership.Role.CUSTOMER)


@pytest.fixture
def engineer(project: Project, admin: User) -> User:
    """The engineer of the project."""
    return member(project, admin, Membership.Role.ENGINEER)


@pytest.fixture
def stranger(db: None) -> User:
    """Somebody with an account and no project."""
    return User.objects.create_user("stranger@example.com", "a-long-password", name="Sid Stranger")


@pytest.fixture
def spec() -> MapSpec:
    """A small map."""
    email = FieldRule(
        source="email", action=Action.MAP, destination="emails.primaryEmail", type=FieldType.EMAILS, transform="email"
    )
    return MapSpec(objects=(ObjectRule(source="person", destination="person", fields=(email,)),))
