"""The Celery application: messages only, no results; every state lives in the database."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migrator.settings")

app = Celery("carryover")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Certificates are made by documents, which stand above the tasks that carry runs.
app.autodiscover_tasks(related_name="certifying")
