"""A project, who may do what in it, and its two connections."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from mapping.fields import ExactJSONField
from mapping.models import MapSeries
from projects.models.fields import EncryptedJSONField
from projects.models.user import User


class ProjectQuerySet(models.QuerySet["Project"]):
    """Questions about projects."""

    def visible_to(self, user: User | AnonymousUser) -> ProjectQuerySet:
        """The projects this user may know of. Every view starts here."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(memberships__user=user)


class Project(models.Model):
    """One migration of one company. Its id is the namespace of all record ids it makes."""

    class Stage(models.TextChoices):
        DISCOVERY = "discovery", "Discovery"
        DESIGN = "design", "Field map"
        SANDBOX = "sandbox", "Sandbox"
        AUDIT = "audit", "Audit"
        PRODUCTION = "production", "Production"
        CUTOVER = "cutover", "Cutover"
        HYPERCARE = "hypercare", "Hypercare"
        CLOSED = "closed", "Closed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    default_country = models.CharField(max_length=2, default="US")
    approves_when_balanced = models.BooleanField(
        default=False, help_text="Production phases that balance with no difference are approved without a signature."
    )
    engineers_see_values = models.BooleanField(
        default=True, help_text="Whether engineers see values in the field map, or only the shape of them."
    )
    map_series = models.OneToOneField(MapSeries, on_delete=models.PROTECT, related_name="project")
    freeze_at = models.DateTimeField(null=True, help_text="From when on nobody writes to the source any more.")
    cut_over_at = models.DateTimeField(null=True, help_text="From then on the destination is the system of record.")
    keeps_up_minutes = models.PositiveSmallIntegerField(
        default=60, help_text="How often, at most, a delta begins by itself after production; 0: only when asked for."
    )
    hypercare_days = models.PositiveSmallIntegerField(default=7)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def destination_id(self, object: str, key: str) -> uuid.UUID:
        """The id that a source record will have in the destination, chosen before the first attempt (a uuid5)."""
        return uuid.uuid5(self.id, f"{object}:{key}")


class Membership(models.Model):
    """What one user is in one project."""

    class Role(models.TextChoices):
        CUSTOMER = "customer", "Customer"
        ENGINEER = "engineer", "Engineer"
        ADMIN = "admin", "Admin"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="one_role_per_project")]

    def __str__(self) -> str:
        return f"{self.user} as {self.get_role_display()}"


class Invitation(models.Model):
    """A link that lets one person in, once. Only a digest of its token is kept."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=20, choices=Membership.Role)
    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.email} to {self.project}"


class SourceArchive(models.Model):
    """Files beside the source's API, which hold what the API does not any more; read in every run after the API."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="archives")
    object = models.CharField(max_length=80, help_text="The object type that it holds: event or message.")
    paths = ExactJSONField(default=list)
    columns = ExactJSONField(default=dict, help_text="Which column is what, as it was chosen.")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "object"], name="one_archive_per_object")]

    def __str__(self) -> str:
        return f"{self.object} archive of {self.project}"


class Connection(models.Model):
    """How one side of a project is reached. `secrets` is encrypted at rest and never shown."""

    class Side(models.TextChoices):
        SOURCE = "source", "Source"
        DESTINATION = "destination", "Destination"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="connections")
    side = models.CharField(max_length=12, choices=Side)
    connector = models.CharField(max_length=40)
    base_url = models.CharField(max_length=400)
    secrets = EncryptedJSONField(default=dict)
    requests_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="Only if you know a higher or lower limit than the vendor's usual one."
    )
    identity = ExactJSONField(default=dict)
    known = ExactJSONField(default=dict)
    checked_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "side"], name="one_connection_per_side")]

    def __str__(self) -> str:
        return f"{self.connector} of {self.project}"
