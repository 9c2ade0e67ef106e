"""Django's view of the app."""

from __future__ import annotations

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Projects and everything that happens in them."""

    name = "projects"

    def ready(self) -> None:
        """Registers the system checks."""
        from projects import checks  # noqa: F401
