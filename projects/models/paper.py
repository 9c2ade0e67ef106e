"""Documents that are handed out: quotes with their calls, kept versions of a project's papers, and the checklist."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from mapping.fields import ExactJSONField
from projects.models.project import Project


class Quote(models.Model):
    """A written quote as it was given: `content` never changes. Only a digest of its link's token is kept."""

    number = models.CharField(max_length=24, unique=True)
    token_digest = models.CharField(max_length=64, unique=True)
    source = models.CharField(max_length=40)
    destination = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    company = models.CharField(max_length=200, blank=True)
    email = models.EmailField()
    content = ExactJSONField()
    made_at = models.DateTimeField(auto_now_add=True)
    valid_until = models.DateField()

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"Quote {self.number}"


class CallRequest(models.Model):
    """Somebody wants to be called: about a quote, or about a pair that is not built or too large for rules."""

    quote = models.ForeignKey(Quote, null=True, on_delete=models.SET_NULL, related_name="calls")
    name = models.CharField(max_length=200)
    email = models.EmailField()
    phone = models.CharField(max_length=60, blank=True)
    about = models.CharField(max_length=200)
    message = models.TextField(blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return f"{self.name} about {self.about}"


class Paper(models.Model):
    """A kept version of one of a project's documents. Never changed: something new to say is the next number."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="papers")
    kind = models.CharField(max_length=20)
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, help_text="Over everything but the time.")
    content = ExactJSONField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["project", "kind", "number"], name="one_paper_per_number")]

    def __str__(self) -> str:
        return f"{self.kind.capitalize()} {self.number} of {self.project}"


class HandoffItem(models.Model):
    """How far one thing of the handoff is rebuilt: `kind` and `key` name the segment, campaign and so on."""

    class State(models.TextChoices):
        OPEN = "open", "Not started"
        BUILT = "built", "Built"
        TESTED = "tested", "Tested"
        LIVE = "live", "Live"
        DROPPED = "dropped", "Not needed"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="handoff_items")
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=400)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    owner = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    link = models.CharField(max_length=400, blank=True, help_text="Where it stands in the destination.")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "kind", "key"], name="one_handoff_item")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.get_state_display()}"
