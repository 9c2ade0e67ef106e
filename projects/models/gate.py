"""Decisions of people: signatures under gates, and verdicts on held records."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from mapping.fields import ExactJSONField
from projects.models.project import Project


class Signature(models.Model):
    """A named member's yes to exactly what was shown: `digest` is over `shown`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="signatures")
    gate = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    shown = ExactJSONField(default=dict)
    name = models.CharField(max_length=200, help_text="As the signer typed it.")
    note = models.TextField(blank=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    signed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["project", "gate", "-id"], name="signature_newest")]

    def __str__(self) -> str:
        return f"{self.gate} by {self.name}"


class Decision(models.Model):
    """What becomes of held records: for one record where `key` is set, else for all with that reason."""

    class Verdict(models.TextChoices):
        IMPORT = "import", "Import it as it is"
        MERGE = "merge", "Merge into one"
        DROP = "drop", "Leave it behind"
        OURS = "ours", "Keep what stands in Twenty"
        THEIRS = "theirs", "Take what Customer.io says"
        RESTORE = "restore", "Restore the deleted one and update it"
        REMOVE = "remove", "Remove the deleted one for good"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="decisions")
    object = models.CharField(max_length=80)
    reason = models.CharField(max_length=60)
    key = models.CharField(max_length=400, blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "object", "reason", "key"], name="one_verdict_per_case")
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.object} {self.key or self.reason}"
