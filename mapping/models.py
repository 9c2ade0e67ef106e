"""Stored field maps: immutable, numbered, each with its digest."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Max

from mapping.fields import ExactJSONField
from mapping.rules import MapSpec


class MapSeries(models.Model):
    """The versions of one map. A project has one series; a series can outlive it as a template."""

    name = models.CharField(max_length=200)

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
