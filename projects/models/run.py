"""Runs, their phases and steps, and what closes them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from mapping.fields import ExactJSONField
from mapping.models import FieldMap
from mapping.profile import ObjectProfile
from projects.models.project import Project


class Run(models.Model):
    """One execution pinned to one field map.

    QUEUED → RUNNING → SUCCEEDED; RUNNING ⇄ WAITING (for a person at a phase's reconciliation);
    RUNNING ⇄ PAUSED (by a person, or by a problem that somebody has to mend); any of them → CANCELLED.
    """

    class Kind(models.TextChoices):
        DISCOVERY = "discovery", "Discovery"
        SANDBOX = "sandbox", "Sandbox"
        PRODUCTION = "production", "Production"
        REPLAY = "replay", "Replay"
        DELTA = "delta", "Delta"
        ROLLBACK = "rollback", "Rollback"
        VERIFY = "verify", "Verification"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        WAITING = "waiting", "Needs you"
        PAUSED = "paused", "Paused"
        SUCCEEDED = "succeeded", "Done"
        CANCELLED = "cancelled", "Cancelled"

    ACTIVE = (State.QUEUED, State.RUNNING)
    OPEN = (State.QUEUED, State.RUNNING, State.WAITING, State.PAUSED)
    WRITING = (Kind.SANDBOX, Kind.PRODUCTION, Kind.DELTA, Kind.ROLLBACK)
    MOVING = (Kind.PRODUCTION, Kind.DELTA)
    """Kinds that carry over what is meant to stay: each goes on where the one before it ended."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="runs")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=Kind)
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    field_map = models.ForeignKey(FieldMap, null=True, on_delete=models.PROTECT, related_name="runs")
    sample_size = models.PositiveIntegerField(null=True)
    stops_at_preflight = models.BooleanField(
        default=False, help_text="Whether it waits for people where preflight finds records that need a decision."
    )
    scope = ExactJSONField(default=dict, help_text="What a delta reads, or what a rollback takes back.")
    problem = models.TextField(blank=True, help_text="Why it is paused, and what to do, in sentences.")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_run_per_number"),
            # One run at a time: two would write the same records.
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(state__in=["queued", "running", "waiting", "paused"]),
                name="one_open_run_per_project",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} run {self.number}"

    @property
    def writes(self) -> bool:
        """Whether this run may change the destination's records."""
        return self.kind in self.WRITING

    @property
    def previous(self) -> Run | None:
        """The newest run before this one that carried everything over."""
        moved = Run.objects.filter(project=self.project_id, kind__in=self.MOVING, state=self.State.SUCCEEDED)
        return moved.filter(number__lt=self.number).order_by("-number").first()

    @property
    def is_open(self) -> bool:
        """Whether it may still go on."""
        return self.state in self.OPEN

    @property
    def is_active(self) -> bool:
        """Whether workers are (or should be) at it."""
        return self.state in self.ACTIVE


class Phase(models.Model):
    """One link of the dependency order inside a run: ends with its reconciliation."""

    class State(models.TextChoices):
        WAITING = "waiting", "Not begun"
        RUNNING = "running", "Running"
        RECONCILED = "reconciled", "Needs approval"
        APPROVED = "approved", "Approved"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="phases")
    name = models.CharField(max_length=40)
    order = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=20, choices=State, default=State.WAITING)
    decided = models.BooleanField(
        default=False, help_text="A decision came while it ran: it settles once more before its books close."
    )
    preflight = ExactJSONField(null=True, help_text="What preflight found before the first write, grouped.")
    rolled_back = models.BooleanField(default=False, help_text="A rollback took it back: its books hold no longer.")
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["order"]
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="one_phase_per_name")]

    def __str__(self) -> str:
        return f"{self.name.capitalize()} of {self.run}"


class Step(models.Model):
    """One object type on its way through one phase, page by page.

    PENDING → RUNNING (claimed, with a lease) → PENDING (page done) … → DONE. `attempt` fences: what an
    expired claim still wants to write is refused. `cursor` and `stage` say where the next page begins.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"

    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="steps")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    name = models.CharField(max_length=80, help_text="Unique in its run, e.g. person or relationship.read")
    object = models.CharField(max_length=80)
    destination = models.CharField(max_length=80, blank=True)
    order = models.PositiveSmallIntegerField()
    stage = models.CharField(max_length=20)
    state = models.CharField(max_length=20, choices=State, default=State.PENDING)
    cursor = ExactJSONField(default=dict)
    tally = ExactJSONField(default=dict, help_text="Calls, field comparisons and stage times, kept with the cursor.")
    first_look = ExactJSONField(null=True, help_text="Figures of whole columns: what was meant, what was found.")
    attempt = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    leased_by = models.CharField(max_length=120, blank=True)
    not_before = models.DateTimeField(null=True)
    waiting_for = models.CharField(max_length=200, blank=True)
    failures = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["order"]
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="one_step_per_name")]
        indexes = [
            # engine.claim: the first unfinished step of a run.
            models.Index(fields=["run", "order"], name="step_open", condition=~Q(state="done")),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.run}"

    @property
    def seconds_left(self) -> int | None:
        """Seconds that its present stage still takes at the pace it has kept; None where that cannot be known."""
        spent: int = self.tally.get(f"ms.{self.stage}", 0)
        if self.state == self.State.DONE or not self.total or not self.done or not spent:
            return None
        return max(0, self.total - self.done) * spent // (self.done * 1000)


class Profile(models.Model):
    """What discovery learned about one object type of one side: its fields, fill rates, samples, sample keys."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="profiles")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="profiles")
    object = models.CharField(max_length=80)
    label = models.CharField(max_length=200)
    label_plural = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    order = models.PositiveSmallIntegerField(default=0)
    enabled = models.BooleanField(default=True)
    announced = models.PositiveIntegerField(null=True, help_text="The count that the system itself gives.")
    read = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    data = ExactJSONField(default=dict)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["order", "object"]
        constraints = [models.UniqueConstraint(fields=["run", "object"], name="one_profile_per_object")]

    def __str__(self) -> str:
        return f"{self.object} of {self.project}"

    @property
    def statistics(self) -> ObjectProfile:
        """The statistics, ready to be asked."""
        state = self.data.get("profile")
        return ObjectProfile.from_json(state) if state else ObjectProfile.start()

    def sample(self, size: int) -> tuple[str, ...]:
        """Keys that show every field, type, null pattern and longest value once, then some at random."""
        return self.statistics.sample_keys(size)


class Reconciliation(models.Model):
    """What closed a phase: the balance, the comparison, the verdict. The newest of a phase counts."""

    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="reconciliations")
    balance = ExactJSONField()
    objects_table = ExactJSONField()
    fields_table = ExactJSONField()
    rules_table = ExactJSONField(default=dict, help_text="By which rules values are equal, object by object.")
    open_points = ExactJSONField(default=list)
    first_look = ExactJSONField(default=list, help_text="Figures of whole columns, object by object.")
    records = models.PositiveIntegerField(default=0)
    values = models.PositiveBigIntegerField(default=0)
    differences = models.PositiveIntegerField(default=0)
    explained = models.PositiveIntegerField(default=0, help_text="Differences that are mended, or accepted by name.")
    closes = models.BooleanField()
    verdict = models.TextField()
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        get_latest_by = "id"

    def __str__(self) -> str:
        return self.verdict

    @property
    def unexplained(self) -> int:
        """Differences that are neither mended nor accepted."""
        return self.differences - self.explained

    @property
    def is_green(self) -> bool:
        """Closed, nothing refused, and nothing differs that is not accepted. What is held waits, and is no blemish."""
        return self.closes and not self.unexplained and not self.open_points and not self.balance["rejected"]


class PausedTrigger(models.Model):
    """An automation of the destination that we stopped for a run and owe back.

    PAUSING → PAUSED → RESTORED. The row is written before the request, so that a crash in between is found.
    """

    class State(models.TextChoices):
        PAUSING = "pausing", "Being paused"
        PAUSED = "paused", "Paused"
        RESTORED = "restored", "Restored"
        GONE = "gone", "No longer there"

    OWED = (State.PAUSING, State.PAUSED)

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="paused_triggers")
    trigger_id = models.CharField(max_length=80)
    name = models.CharField(max_length=200)
    consequence = models.TextField()
    problem = models.TextField(blank=True, help_text="Why it could not be put back yet.")
    state = models.CharField(max_length=20, choices=State, default=State.PAUSING)
    paused_at = models.DateTimeField(auto_now_add=True)
    restored_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "trigger_id"], name="one_pause_per_trigger")]

    def __str__(self) -> str:
        return f"{self.name}: {self.get_state_display()}"
