"""What people say about what was found: accepted differences, looks at the sample, corrected records."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from mapping.fields import ExactJSONField
from projects.models.project import Project
from projects.models.record import Record
from projects.models.run import Run


class Acceptance(models.Model):
    """That somebody accepts named differences of one run, and why. Never changed, never deleted."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="acceptances")
    why = models.TextField()
    count = models.PositiveIntegerField()
    objects_named = ExactJSONField(help_text="The object types it concerns.")
    digest = models.CharField(max_length=64, help_text="SHA-256 over the differences as they were shown.")
    name = models.CharField(max_length=200)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    accepted_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} accepts {self.count}: {self.why}"


class Look(models.Model):
    """One person's word on one record of the sample: it is right, or what is wrong with it. The newest counts."""

    class Word(models.TextChoices):
        OK = "ok", "Looks right"
        COMMENT = "comment", "Something is wrong"
        ANSWERED = "answered", "Answered"

    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="looks")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="looks")
    word = models.CharField(max_length=10, choices=Word)
    comment = models.TextField(blank=True)
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=200)
    said_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} on {self.record}: {self.comment or self.get_word_display()}"


class Correction(models.Model):
    """Values that people put in the place of the source's for one record, in this run and all later ones.

    What the source gave stays as it was: a correction lies over it.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="corrections")
    object = models.CharField(max_length=80)
    key = models.CharField(max_length=400)
    fields = ExactJSONField()
    file = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "object", "key"], name="one_correction_per_record")]

    def __str__(self) -> str:
        return f"{self.object} {self.key}: {', '.join(self.fields)}"
