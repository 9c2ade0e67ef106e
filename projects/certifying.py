"""Certificates in the background: over millions of rows one takes minutes, which is longer than a browser waits."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from projects import audit
from projects.documents import certificate
from projects.models import Certificate, Event, Project, Record, Run, User
from projects.services import Refused
from projects.verbs import Verb

logger = logging.getLogger(__name__)

LARGE = 100_000
"""Rows of a run from which its certificate is left to a worker."""

LOST_AFTER = timedelta(hours=3)
"""After which an order that was never heard of again no longer stands in the way of the next one."""

LOOKED_BACK = 200
"""Lines of the trail in which an order is looked for."""


def order(*, run: Run, by: User) -> Certificate | None:
    """Issues the certificate at once where that is quick; else has a worker issue it, and gives None."""
    large = Record.objects.filter(run=run).order_by().values("pk")[LARGE : LARGE + 1].exists()
    if not (large and settings.REDIS_URL):
        return certificate.issue(run=run, by=by)
    if under_way(run.project):
        raise Refused("A certificate is being made already: it will stand here when it is done.")
    certificate.refuse_to_issue(run, by)
    with transaction.atomic():
        audit.record(Verb.CERTIFICATE_ORDERED, run.project, str(run))
        transaction.on_commit(lambda: issue_certificate.delay(run.pk, by.pk), robust=True)
    return None


def under_way(project: Project) -> Event | None:
    """The order of a certificate that is being made."""
    about = (Verb.CERTIFICATE_ORDERED.name, Verb.CERTIFICATE_ISSUED.name, Verb.CERTIFICATE_FAILED.name)
    lines = Event.objects.filter(project=project).order_by("-pk")[:LOOKED_BACK]
    newest = next((line for line in lines if line.verb in about), None)
    if newest is None or newest.verb != Verb.CERTIFICATE_ORDERED.name or newest.at < timezone.now() - LOST_AFTER:
        return None
    return newest


@shared_task
def issue_certificate(run_id: int, user_id: int) -> None:
    """Issues what was ordered; what goes wrong stands in the trail, in a sentence."""
    run, by = Run.objects.select_related("project", "field_map").get(pk=run_id), User.objects.get(pk=user_id)
    with audit.acting_as(by):
        try:
            certificate.issue(run=run, by=by)
        except Refused as refused:
            audit.record(Verb.CERTIFICATE_FAILED, run.project, str(run), why=str(refused))
        except Exception:
            logger.exception("the certificate over run %s failed", run_id)
            why = f"something unforeseen went wrong (reference certificate-{run_id} in the log)"
            audit.record(Verb.CERTIFICATE_FAILED, run.project, str(run), why=why)
