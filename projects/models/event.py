"""The audit trail: append-only."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from mapping.fields import ExactJSONField
from projects.verbs import sentence


class Event(models.Model):
    """Something somebody did or that happened. Never changed, never deleted.

    `actor_label` and `subject` are stored as text so that the line still reads when the account is gone.
    """

    project = models.ForeignKey("projects.Project", null=True, on_delete=models.SET_NULL, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )
    actor_label = models.CharField(max_length=200)
    verb = models.CharField(max_length=40)
    subject = models.CharField(max_length=200, blank=True)
    data = ExactJSONField(default=dict)
    request_id = models.UUIDField(default=uuid.uuid4)

    class Meta:
        indexes = [models.Index(fields=["project", "-id"], name="event_by_project")]

    def __str__(self) -> str:
        return sentence(self.verb, self.actor_label, self.subject, self.data)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Writes the line once."""
        if not self._state.adding:
            raise TypeError("The audit trail is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuses."""
        raise TypeError("The audit trail is append-only.")
