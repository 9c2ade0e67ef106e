"""What a run did to each record of the destination, and what a rollback makes of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from mapping.fields import ExactJSONField
from projects.models.project import Project
from projects.models.record import JournalEntry
from projects.models.run import Run, Step


class Change(models.Model):
    """One record in one request of the journal, written down with the intent: what stood there, what was sent.

    So a request whose answer was never seen can be taken back too: the destination is asked what became of it.
    `link` is the identity map's entry as it stood before, null where there was none.
    """

    class Kind(models.TextChoices):
        CREATED = "created", "Created"
        UPDATED = "updated", "Updated"
        RESTORED = "restored", "Taken out of the bin"
        RETIRED = "retired", "Put into the bin"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="changes")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="changes")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="changes")
    entry = models.ForeignKey(JournalEntry, on_delete=models.CASCADE, related_name="changes")
    object = models.CharField(max_length=80)
    key = models.CharField(max_length=400)
    person = models.CharField(max_length=400, blank=True, help_text="The person it belongs to, by key.")
    destination = models.CharField(max_length=80)
    destination_id = models.UUIDField()
    kind = models.CharField(max_length=10, choices=Kind)
    before = ExactJSONField(null=True, help_text="The fields that were sent, as they stood; null where we made it.")
    after = ExactJSONField(default=dict, help_text="The fields that were sent.")
    link = ExactJSONField(null=True)
    undone = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="undid")

    class Meta:
        indexes = [
            # undo: everything that was ever done to one record, in order.
            models.Index(fields=["project", "destination", "destination_id", "id"], name="change_by_record"),
            # undo: what a scope has not taken back yet.
            models.Index(fields=["project", "run", "object"], name="change_open", condition=Q(undone=None)),
            # delta: what belongs to somebody who was touched or is gone, among millions.
            models.Index(fields=["project", "person", "object"], name="change_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object} {self.key}"


class Reversal(models.Model):
    """One record of the destination in the plan of a rollback, and what came of it.

    PLANNED → DONE | KEPT (a human changed it since) | FAILED; KEPT from the start where the plan found it so.
    """

    class Action(models.TextChoices):
        REMOVE = "remove", "Destroy"
        RESTORE = "restore", "Give back its old values"
        RETIRE = "retire", "Put back into the bin"
        REVIVE = "revive", "Take out of the bin"
        FORGET = "forget", "Nothing to do: it is as it was"

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        DONE = "done", "Done"
        KEPT = "kept", "Kept"
        FAILED = "failed", "Failed"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="reversals")
    object = models.CharField(max_length=80)
    key = models.CharField(max_length=400)
    label = models.CharField(max_length=200, blank=True)
    destination = models.CharField(max_length=80)
    destination_id = models.UUIDField()
    turn = models.BigIntegerField(help_text="Position in the order of undoing; the smallest goes first.")
    action = models.CharField(max_length=10, choices=Action)
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    fields = ExactJSONField(default=dict, help_text="Field → the value that it gets back.")
    kept = ExactJSONField(default=list, help_text="Fields that a human changed since, with both values.")
    detail = models.TextField(blank=True)
    proved = models.BooleanField(null=True, help_text="Read back: as it was before.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "destination", "destination_id"], name="one_reversal_per_record")
        ]
        indexes = [models.Index(fields=["run", "state", "turn"], name="reversal_next")]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.object} {self.key}"
