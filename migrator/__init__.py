"""Wiring only: settings, URLs, Celery, and the server entry points."""

from migrator.celery import app as celery_app

__all__ = ["celery_app"]
