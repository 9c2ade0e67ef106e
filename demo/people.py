"""Makes the three people of the demo; their passwords come from the environment: `python -m demo.people`."""

from __future__ import annotations

import os

import django

DOMAIN = "demo.carryover.example"
NAMES = {"customer": "Carla Customer", "engineer": "Emil Engineer", "admin": "Ada Admin"}


def address(role: str) -> str:
    """The log-in of one of the three."""
    return f"{role}@{DOMAIN}"


def variable(role: str) -> str:
    """Where that person's password stands in the environment."""
    return f"DEMO_PASSWORD_{role.upper()}"


def make() -> None:
    """Makes them; the admin administers the whole installation."""
    django.setup()
    from projects.models import User

    for role, name in NAMES.items():
        create = User.objects.create_superuser if role == "admin" else User.objects.create_user
        create(address(role), os.environ[variable(role)], name=name)


if __name__ == "__main__":
    make()
