"""The screens and the API."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import IsAuthenticated

from projects import api
from projects.views import (
    accounts,
    connections,
    discovery,
    field_map,
    gates,
    health,
    held,
    home,
    map_actions,
    map_files,
    map_objects,
    map_panel,
    reconciliation,
    records,
    runs,
    sandbox,
)

PROJECT = "projects/<slug:slug>/"
RUN = f"{PROJECT}runs/<int:number>/"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("login/", accounts.Login.as_view(), name="login"),
    path("logout/", accounts.Logout.as_view(), name="logout"),
    path("invitation/<str:token>/", accounts.invitation, name="invitation"),
    path("", RedirectView.as_view(pattern_name="projects"), name="start"),
    path("projects/", home.projects, name="projects"),
    path("new/", home.create_project, name="create-project"),
    path(PROJECT, home.project, name="project"),
    path(f"{PROJECT}invite/", home.invite, name="invite"),
    path(f"{PROJECT}trail/", home.trail, name="trail"),
    path(f"{PROJECT}connections/", connections.connections, name="connections"),
    path(f"{PROJECT}connections/<str:side>/", connections.save, name="save-connection"),
    path(f"{PROJECT}connections/<str:side>/test/", connections.test, name="test-connection"),
    path(f"{PROJECT}discovery/", discovery.discovery, name="discovery"),
    path(f"{PROJECT}discovery/<str:object>/", discovery.discovery, name="discovered-object"),
    path(f"{PROJECT}map/", field_map.field_map, name="map"),
    path(f"{PROJECT}map/propose/", field_map.propose, name="propose-map"),
    path(f"{PROJECT}map/confirm/", field_map.confirm, name="confirm-map"),
    path(f"{PROJECT}map/change/", map_actions.change, name="change-map"),
    path(f"{PROJECT}map/many/", map_actions.bulk, name="decide-many"),
    path(f"{PROJECT}map/undo/", map_actions.undo, name="undo-map"),
    path(f"{PROJECT}map/comment/", map_actions.comment, name="comment-map"),
    path(f"{PROJECT}map/comment/<int:pk>/settle/", map_actions.settle, name="settle-comment"),
    path(f"{PROJECT}map/values-shown/", map_actions.show_values, name="show-values"),
    path(f"{PROJECT}map/target/", map_panel.target, name="map-target"),
    path(f"{PROJECT}map/preview/", map_panel.preview, name="map-preview"),
    path(f"{PROJECT}map/values/", map_panel.values, name="map-values"),
    path(f"{PROJECT}map/objects/", map_objects.objects, name="map-objects"),
    path(f"{PROJECT}map/objects/change/", map_objects.change, name="change-object"),
    path(f"{PROJECT}map/events/", map_objects.events, name="map-events"),
    path(f"{PROJECT}map/events/change/", map_objects.change_event, name="change-event"),
    path(f"{PROJECT}map/versions/", map_files.versions, name="map-versions"),
    path(f"{PROJECT}map/export/<str:form>/", map_files.export, name="export-map"),
    path(f"{PROJECT}map/import/", map_files.take_in, name="import-map"),
    path(f"{PROJECT}map/template/", map_files.template, name="map-template"),
    path(f"{PROJECT}map/targets/", map_files.read_targets, name="read-targets"),
    path(f"{PROJECT}gates/<str:gate>/sign/", gates.sign, name="sign"),
    path(f"{PROJECT}gates/<str:gate>/reject/", gates.reject, name="reject"),
    path(f"{PROJECT}sandbox/", sandbox.sandbox, name="sandbox"),
    path(f"{PROJECT}held/", held.held, name="held"),
    path(f"{PROJECT}held/decide/", held.decide, name="decide"),
    path(f"{PROJECT}runs/", runs.runs, name="runs"),
    path(f"{PROJECT}runs/start/", runs.start, name="start-run"),
    path(RUN, runs.run, name="run"),
    path(f"{RUN}pause/", runs.pause, name="pause-run"),
    path(f"{RUN}resume/", runs.resume, name="resume-run"),
    path(f"{RUN}cancel/", runs.cancel, name="cancel-run"),
    path(f"{RUN}records/", records.records, name="records"),
    path(f"{RUN}records/csv/", records.download, name="records-csv"),
    path(f"{RUN}records/<int:pk>/", records.record, name="record"),
    path(f"{RUN}phases/<str:phase>/", reconciliation.reconciliation, name="reconciliation"),
    path("api/projects/", api.ProjectList.as_view(), name="api-projects"),
    path("api/projects/<slug:slug>/status/", api.ProjectStatus.as_view(), name="api-status"),
    path("api/projects/<slug:slug>/map/", api.ProjectMap.as_view(), name="api-map"),
    path("api/schema/", SpectacularAPIView.as_view(permission_classes=[IsAuthenticated]), name="api-schema"),
]
