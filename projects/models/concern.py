"""Hypercare: what customers find in the first days of live use, and what became of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from projects.models.project import Project


class Concern(models.Model):
    """An issue on one record, or one field of it. OPEN → ANSWERED → RESOLVED; RESOLVED → OPEN when raised again."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ANSWERED = "answered", "Answered"
        RESOLVED = "resolved", "Resolved"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="concerns")
    number = models.PositiveIntegerField()
    object = models.CharField(max_length=80)
    key = models.CharField(max_length=400)
    field = models.CharField(max_length=160, blank=True)
    text = models.TextField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    raised_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="one_concern_per_number")]

    def __str__(self) -> str:
        return f"Issue {self.number}: {self.object} {self.key}"


class Remark(models.Model):
    """One line under an issue: an answer, or what a look at both systems found."""

    concern = models.ForeignKey(Concern, on_delete=models.CASCADE, related_name="remarks")
    text = models.TextField()
    check_passed = models.BooleanField(null=True, help_text="For a check: whether source and destination agree.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text
