"""The API: what the screens read, as JSON. It changes nothing; strangers get 404, as in the browser."""

# DRF has no types of its own, so every class made from it would have to say so.
# mypy: disable-error-code="misc"

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from mapping.masking import without_values
from projects import selectors
from projects.models import Project, User
from projects.permissions import Can, can


class ProjectSerializer(serializers.ModelSerializer[Project]):
    """A project in a list."""

    class Meta:
        model = Project
        fields = ("slug", "name", "default_country", "created_at")
        read_only_fields = fields


class GateSerializer(serializers.Serializer[Any]):
    """One gate: waiting, signed or void."""

    gate = serializers.CharField()
    state = serializers.ChoiceField(choices=["waiting", "signed", "void"])
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)


class PhaseSerializer(serializers.Serializer[Any]):
    """One phase of a run with its balance."""

    phase = serializers.CharField()
    state = serializers.CharField()
    balance = serializers.DictField(child=serializers.IntegerField())
    verified = serializers.DictField(child=serializers.IntegerField())
    objects = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))


class RunSerializer(serializers.Serializer[Any]):
    """One run."""

    run = serializers.IntegerField()
    kind = serializers.CharField()
    state = serializers.CharField()
    problem = serializers.CharField(allow_null=True)
    phases = PhaseSerializer(many=True)


class StatusSerializer(serializers.Serializer[Any]):
    """Where a project stands: the same object as `migration status --json`."""

    project = serializers.CharField()
    stage = serializers.CharField()
    gates = GateSerializer(many=True)
    runs = RunSerializer(many=True)


class MapSerializer(serializers.Serializer[Any]):
    """The newest field map."""

    number = serializers.IntegerField()
    digest = serializers.CharField()
    created_at = serializers.DateTimeField()
    note = serializers.CharField()
    content = serializers.JSONField()


def visible(request: Request) -> QuerySet[Project]:
    """The projects that exist for this user."""
    return Project.objects.visible_to(cast(User, request.user))


class ProjectList(ListAPIView[Project]):
    """The projects you are a member of."""

    serializer_class = ProjectSerializer
    queryset = Project.objects.none()

    def get_queryset(self) -> QuerySet[Project]:
        """Only what the user may know of."""
        return visible(self.request)


class ProjectStatus(APIView):
    """Where a project stands."""

    @extend_schema(responses=StatusSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Stage, gates and runs with their balances."""
        return Response(selectors.status(get_object_or_404(visible(request), slug=slug)))


class ProjectMap(APIView):
    """The newest field map of a project."""

    @extend_schema(responses=MapSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """The whole map with number and digest, without values for those who may not see them; 404: there is none."""
        project = get_object_or_404(visible(request), slug=slug)
        version = project.map_series.latest()
        if version is None:
            raise Http404
        if not can(cast(User, request.user), Can.SEE_VALUES, project):
            version.content = without_values(version.spec).model_dump(mode="json")
        return Response(MapSerializer(version).data)
