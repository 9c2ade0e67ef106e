"""Stored field maps: immutable, numbered, each with its digest; and what people decided and said about their rows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Max
from django.utils import timezone

from mapping.fields import ExactJSONField
from mapping.rules import MapSpec


class MapSeries(models.Model):
    """The versions of one map. A project has one series; one without a project is a template.

    A template's `origin` is the series it was copied from: it is for the members of that series' project.
    """

    name = models.CharField(max_length=200)
    origin = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="templates")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

    def latest(self) -> FieldMap | None:
        """The newest version, or None. Its content is loaded when it is asked for: gates need the digest only."""
        return self.versions.defer("content").order_by("-number").first()

    def add(self, spec: MapSpec, *, by: Any = None, note: str = "") -> FieldMap:
        """Stores a new version, or gives the newest one back when it already says the same."""
        latest = self.latest()
        digest = spec.digest()
        if latest and latest.digest == digest:
            return latest
        number = (self.versions.aggregate(top=Max("number"))["top"] or 0) + 1
        return self.versions.create(
            number=number, digest=digest, content=spec.model_dump(mode="json"), created_by=by, note=note
        )


class FieldMap(models.Model):
    """One version of a map. Never changed after it is stored: changing means adding the next number."""

    series = models.ForeignKey(MapSeries, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    content = ExactJSONField()
    note = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "number"], name="one_map_per_number")]

    def __str__(self) -> str:
        return f"v{self.number} {self.digest[:6]}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Stores the version once; a second save is a programming error."""
        if not self._state.adding:
            raise TypeError("A field map is immutable: add a new version to the series.")
        super().save(*args, **kwargs)

    @property
    def spec(self) -> MapSpec:
        """The map itself."""
        return MapSpec.model_validate(self.content)


class RowDecision(models.Model):
    """Somebody's yes to one row of a map as it stood: void by itself when the row says something else.

    A row is a field (object type and source), an object type (without a source) or a stream of happenings
    (without an object type, `source` is its key).
    """

    series = models.ForeignKey(MapSeries, on_delete=models.CASCADE, related_name="decisions")
    object = models.CharField(max_length=200, blank=True)
    source = models.TextField(blank=True)
    digest = models.CharField(max_length=64, help_text="Of the row that was accepted.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "object", "source"], name="one_decision_per_row")]

    def __str__(self) -> str:
        return f"{self.object}.{self.source} {self.digest[:6]}"


class MapAct(models.Model):
    """One thing that a member did on the review screen, with what stood there before: it can be undone.

    `rows` is a list of `{"object", "source", "before": the rule if it was changed, "decided": the decision or
    None, "after": the digest of what the act left there}`.
    """

    series = models.ForeignKey(MapSeries, on_delete=models.CASCADE, related_name="acts")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    note = models.CharField(max_length=200)
    rows = ExactJSONField(default=list)
    undone = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["series", "by", "undone", "-id"], name="last_act_of_a_member")]

    def __str__(self) -> str:
        return self.note


class MapComment(models.Model):
    """What somebody said about one row; the customer and the engineer talk here."""

    series = models.ForeignKey(MapSeries, on_delete=models.CASCADE, related_name="comments")
    object = models.CharField(max_length=200, blank=True)
    source = models.TextField(blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.TextField(max_length=2000)
    at = models.DateTimeField(auto_now_add=True)
    resolved = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:60]


class Targets(models.Model):
    """The destination's object types and fields as they were when they were last read for this map."""

    series = models.OneToOneField(MapSeries, on_delete=models.CASCADE, related_name="targets")
    content = ExactJSONField()
    read_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"Targets of {self.series}"
