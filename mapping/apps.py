"""Django's view of the app."""

from __future__ import annotations

from django.apps import AppConfig


class MappingConfig(AppConfig):
    """What goes where."""

    name = "mapping"
