"""Source rows and their fate, the identity map, the journal, and what verification found."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL

from mapping.fields import ExactJSONField
from projects.models.fields import FromRaw
from projects.models.project import Project
from projects.models.run import Run, Step


class RecordQuerySet(models.QuerySet["Record"]):
    """Questions about records."""

    def of(self, run: Run, object: str) -> RecordQuerySet:
        """The rows of one object type in one run."""
        return self.filter(run=run, object=object)

    def known_to(self, run: Run, object: str) -> RecordQuerySet:
        """Rows of one object type that a run may refer to: a delta reads only a part, and knows the earlier runs."""
        if run.kind != Run.Kind.DELTA:
            return self.of(run, object)
        moving = (Run.Kind.PRODUCTION, Run.Kind.DELTA)
        return self.filter(run__project=run.project_id, run__kind__in=moving, object=object)

    def landed(self) -> RecordQuerySet:
        """Rows with a record of their own in the destination."""
        return self.filter(state__in=Record.LANDED)

    def aside(self) -> RecordQuerySet:
        """Rows that did not land (each has its reason), said so that the index over them alone is used."""
        # As text, not as a parameter: SQLite compares a query with the condition of an index before it has the values.
        literal = RawSQL("NOT (projects_record.reason = '')", [], output_field=models.BooleanField())
        return self.filter(literal)


class Record(models.Model):
    """One source row in one run.

    READ → READY (mapped) → CREATED | UPDATED | UNCHANGED | REJECTED, or aside: HELD (waits for a person),
    MERGED (went into another one), EXCLUDED (left behind on purpose). Every state that did not land has a
    `reason`. The balance counts these states and nothing else.
    """

    class State(models.TextChoices):
        READ = "read", "Read"
        READY = "ready", "Ready"
        CREATED = "created", "Created"
        UPDATED = "updated", "Updated"
        UNCHANGED = "unchanged", "Unchanged"
        MERGED = "merged", "Merged"
        HELD = "held", "Held"
        EXCLUDED = "excluded", "Left behind"
        REJECTED = "rejected", "Rejected"

    LANDED = (State.CREATED, State.UPDATED, State.UNCHANGED)
    SETTLED = (*LANDED, State.MERGED, State.HELD, State.EXCLUDED, State.REJECTED)

    class Proof(models.TextChoices):
        OPEN = "", "Not read back yet"
        EQUAL = "equal", "Equal"
        DIFFERENT = "different", "Different"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="records")
    object = models.CharField(max_length=80)
    key = models.CharField(max_length=400)
    raw = ExactJSONField()
    meta = ExactJSONField(default=dict)
    refs = ExactJSONField(default=dict)
    digest = models.CharField(max_length=64)
    email = FromRaw("email")
    own_id = FromRaw("id")
    corrected = ExactJSONField(null=True, help_text="Values that people put over those of the source.")
    match_key = models.CharField(max_length=400, blank=True)
    alias = models.CharField(
        max_length=400, blank=True, help_text="Another id by which attributes of other records name this one."
    )
    mapped = ExactJSONField(null=True)
    notes = ExactJSONField(default=list, help_text="What a transform could not turn, and where the raw value went.")
    state = models.CharField(max_length=12, choices=State, default=State.READ)
    reason = models.CharField(max_length=60, blank=True)
    detail = models.TextField(blank=True)
    merged_into = models.CharField(max_length=400, blank=True)
    destination_id = models.UUIDField(null=True)
    proof = models.CharField(max_length=10, choices=Proof, default=Proof.OPEN, blank=True)
    read_at = models.DateTimeField(null=True, auto_now_add=True)
    proved_at = models.DateTimeField(null=True, help_text="When it was read back last.")

    objects = RecordQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "object", "key"], name="one_record_per_key"),
            models.CheckConstraint(
                condition=~Q(state__in=["held", "merged", "excluded", "rejected"]) | ~Q(reason=""),
                name="not_landed_has_a_reason",
            ),
        ]
        indexes = [
            # The balance, and every stage's next page (state, then id).
            models.Index(fields=["run", "object", "state", "id"], name="record_by_state"),
            # Two records with one unique value. Whole, as SQLite leaves a partial index alone where a query's
            # conditions come as parameters, and Django's do.
            models.Index(fields=["run", "object", "match_key"], name="record_by_match"),
            # relate.keys_of: the record that an attribute names.
            models.Index(fields=["run", "object", "alias"], name="record_by_alias"),
            # Lists of one object type, page after page.
            models.Index(fields=["run", "object", "id"], name="record_by_object"),
            # Why records did not land, by reason: few rows, asked for by `aside`.
            models.Index(
                fields=["run", "state", "object", "reason", "id"], name="record_aside", condition=~Q(reason="")
            ),
            # “Where is ana@…?”
            models.Index(fields=["run", "email"], name="record_by_email"),
            models.Index(fields=["run", "own_id"], name="record_by_own_id"),
            models.Index(fields=["run", "key"], name="record_by_key"),
        ]

    def __str__(self) -> str:
        return f"{self.object} {self.key}"

    @property
    def fields(self) -> dict[str, Any]:
        """What the source gave, with what people put over it."""
        return {**self.raw, **(self.corrected or {})}


class GroupMember(models.Model):
    """That a person was in a segment when the run read it: the snapshot behind the tags."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="group_members")
    group = models.CharField(max_length=80)
    key = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "key", "group"], name="one_membership")]

    def __str__(self) -> str:
        return f"{self.key} in {self.group}"


class Sighting(models.Model):
    """That discovery has counted a record: pages of objects and of relationships may repeat some (FACTS.md section 6).

    Kept while its object type is being read; what a cancelled discovery leaves goes with the next one.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    object = models.CharField(max_length=80)
    key = models.CharField(max_length=400)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "object", "key"], name="one_sighting")]

    def __str__(self) -> str:
        return f"{self.object} {self.key}"


class Link(models.Model):
    """The identity map: which destination record a source record is, what we wrote, what stood there before."""

    class Origin(models.TextChoices):
        CREATED = "created", "Made by us"
        MATCHED = "matched", "Was there before"
        MERGED = "merged", "Went into another record"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="links")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="links")
    object = models.CharField(max_length=80)
    key = models.CharField(max_length=400)
    destination = models.CharField(max_length=80)
    destination_id = models.UUIDField()
    origin = models.CharField(max_length=10, choices=Origin)
    before = ExactJSONField(null=True, help_text="The fields we changed as they stood; null where we made it.")
    written = ExactJSONField(default=dict)
    written_digest = models.CharField(max_length=64, blank=True)
    written_at = models.DateTimeField(auto_now=True)
    seen = models.CharField(max_length=40, blank=True, help_text="When the destination last changed it, as read back.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "object", "key"], name="one_link_per_source_record")]
        indexes = [models.Index(fields=["project", "destination", "destination_id"], name="link_by_destination")]

    def __str__(self) -> str:
        return f"{self.object} {self.key} → {self.destination_id}"


class JournalEntry(models.Model):
    """One request that changes the destination: written down before it is sent, closed after its answer.

    `state` INTENDED after a crash means: may or may not have happened, look before repeating.
    """

    class State(models.TextChoices):
        INTENDED = "intended", "Sent, answer not seen"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        LOST = "lost", "Answer lost"
        UNDONE = "undone", "Taken back"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="journal")
    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="journal")
    step = models.ForeignKey(Step, null=True, on_delete=models.CASCADE, related_name="journal")
    verb = models.CharField(max_length=20)
    object = models.CharField(max_length=80)
    count = models.PositiveIntegerField(default=0)
    detail = ExactJSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.INTENDED)
    answer = models.TextField(blank=True)
    sent_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["run", "-id"], name="journal_by_run"),
            models.Index(fields=["project", "object", "-sent_at"], name="journal_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.count} {self.object}: {self.get_state_display()}"


class DifferenceQuerySet(models.QuerySet["Difference"]):
    """Questions about differences."""

    def unexplained(self) -> DifferenceQuerySet:
        """Those that are neither mended nor accepted by name."""
        return self.filter(mended_at=None, accepted=None).exclude(kind=Difference.Kind.EDITED)


class Difference(models.Model):
    """One value that was read back other than it was meant to stand, a record that is not there, or one too many.

    It is explained once it is mended (read back again and found right) or accepted by a named person.
    """

    class Kind(models.TextChoices):
        DIFFERENT = "different", "Different"
        MISSING = "missing", "Not there"
        EDITED = "edited", "Changed in the destination since"
        STRAY = "stray", "Not ours, and there"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="differences")
    record = models.ForeignKey(Record, null=True, on_delete=models.CASCADE, related_name="differences")
    key = models.CharField(max_length=400, blank=True)
    destination_id = models.UUIDField(null=True)
    object = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=Kind)
    field = models.CharField(max_length=160, blank=True)
    rule = models.CharField(max_length=80, blank=True)
    expected = ExactJSONField(null=True)
    found = ExactJSONField(null=True)
    accepted = models.ForeignKey(
        "projects.Acceptance", null=True, on_delete=models.SET_NULL, related_name="differences"
    )
    mended_at = models.DateTimeField(null=True)
    mended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = DifferenceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["run", "object", "field"], name="difference_by_field")]

    def __str__(self) -> str:
        return f"{self.object} {self.key or self.destination_id}: {self.field or self.kind}"
