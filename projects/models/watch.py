"""What goes on at the source while a migration runs: changes, deletions, and who still writes."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from mapping.fields import ExactJSONField
from projects.models.project import Project
from projects.models.run import Run


class SourceChange(models.Model):
    """One line of the source's own log that says that a record was made, changed, merged or deleted.

    `run` is the delta that has carried it over; null while it waits for one.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="source_changes")
    activity = models.CharField(max_length=100, help_text="The source's own id of the line.")
    kind = models.CharField(max_length=80)
    object = models.CharField(max_length=80)
    key = models.CharField(max_length=400)
    at = models.DateTimeField()
    names = ExactJSONField(default=list, help_text="The attributes it speaks of.")
    data = ExactJSONField(default=dict)
    writer = models.CharField(max_length=120, blank=True, help_text="What wrote it, where the line says so.")
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="carried_over")
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "activity"], name="one_line_of_the_log")]
        indexes = [models.Index(fields=["project", "run", "object"], name="source_change_open")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object} {self.key}"


class Watch(models.Model):
    """How far the source's log has been read, from the first discovery on."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="watch")
    since = models.DateTimeField(help_text="The log is known from here on.")
    read_to = models.DateTimeField(help_text="Everything up to here was seen.")
    written_at = models.DateTimeField(null=True, help_text="The newest line of any kind, once production has begun.")
    polled_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"The log of {self.project}"


class DeletedProfile(models.Model):
    """A person whom the source deleted: must not come back, and keeps the right not to be written to."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="deleted_profiles")
    cio_id = models.CharField(max_length=100)
    id_there = models.CharField(max_length=400, blank=True)
    email = models.CharField(max_length=400, blank=True)
    deleted_at = models.DateTimeField()
    merged_into = models.CharField(max_length=100, blank=True)
    returned_as = models.CharField(max_length=100, blank=True, help_text="The new cio_id, where they came back.")
    returned_at = models.DateTimeField(null=True)
    trace = models.CharField(max_length=400, blank=True, help_text="What brought them back, as far as the log says.")
    unsubscribed = models.BooleanField(null=True, help_text="As last known; null where nobody can tell any more.")
    suppressed = models.CharField(max_length=40, blank=True, help_text="The suppression list that names the address.")
    in_destination = models.CharField(max_length=20, blank=True, help_text="live, bin or nothing.")
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-deleted_at"]
        constraints = [models.UniqueConstraint(fields=["project", "cio_id"], name="one_deletion_per_person")]

    def __str__(self) -> str:
        return f"{self.email or self.id_there or self.cio_id}, deleted"


class Integration(models.Model):
    """Something that may write to the source or listen to it: to be paused or redirected before the cutover."""

    class Origin(models.TextChoices):
        LISTED = "listed", "Listed by Customer.io"
        SEEN = "seen", "Seen in the log"
        NAMED = "named", "Named by you"

    class State(models.TextChoices):
        OPEN = "open", "Not looked at"
        PAUSED = "paused", "Paused"
        REDIRECTED = "redirected", "Redirected to Twenty"
        HARMLESS = "harmless", "Does not write people"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="integrations")
    name = models.CharField(max_length=200)
    origin = models.CharField(max_length=10, choices=Origin)
    trace = models.TextField(blank=True, help_text="What tells that it is there.")
    last_seen = models.DateTimeField(null=True)
    owner = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    since = models.DateTimeField(null=True, help_text="From when on it is paused or redirected, as the customer says.")
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_integration_per_name")]

    def __str__(self) -> str:
        return self.name


class AuditReport(models.Model):
    """What the deleted-profile audit found at one moment: this is what is acknowledged."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="audit_reports")
    content = ExactJSONField()
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        get_latest_by = "id"

    def __str__(self) -> str:
        return f"Audit of {self.project}"
