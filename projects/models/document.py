"""What is handed out: the key that signs, and the certificates it signed."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from mapping.fields import ExactJSONField
from projects.models.fields import EncryptedJSONField
from projects.models.project import Project
from projects.models.run import Run


class SigningKey(models.Model):
    """An Ed25519 key of this installation; the newest signs. The private half is encrypted at rest."""

    public_key = models.CharField(max_length=44, unique=True, help_text="32 bytes, base64.")
    secrets = EncryptedJSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        get_latest_by = "id"

    def __str__(self) -> str:
        return self.public_key


class Certificate(models.Model):
    """What a run proved, signed: roots over everything it rests on, and the bundle that holds that.

    `secrets` has the salt of the leaves, without which nobody can guess a record behind a hash.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="certificates")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="certificates")
    number = models.PositiveIntegerField()
    content = ExactJSONField()
    bundle = models.FileField(upload_to="certificates/", max_length=300)
    secrets = EncryptedJSONField(default=dict)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    issued_at = models.DateTimeField()

    class Meta:
        get_latest_by = "number"
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="one_certificate_per_number")]

    def __str__(self) -> str:
        return f"Certificate {self.number} of {self.project}"
