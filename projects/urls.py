"""The screens and the API."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import IsAuthenticated

from projects import api
from projects.views import (
    accounts,
    audit,
    connections,
    cutover,
    delta,
    discovery,
    field_map,
    gates,
    health,
    held,
    home,
    hypercare,
    reconciliation,
    records,
    rollback,
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
    path(f"{PROJECT}map/change/", field_map.change, name="change-map"),
    path(f"{PROJECT}gates/<str:gate>/sign/", gates.sign, name="sign"),
    path(f"{PROJECT}gates/<str:gate>/reject/", gates.reject, name="reject"),
    path(f"{PROJECT}sandbox/", sandbox.sandbox, name="sandbox"),
    path(f"{PROJECT}held/", held.held, name="held"),
    path(f"{PROJECT}held/decide/", held.decide, name="decide"),
    path(f"{PROJECT}audit/", audit.audit, name="audit"),
    path(f"{PROJECT}audit/refresh/", audit.refresh, name="refresh-audit"),
    path(f"{PROJECT}audit/csv/", audit.as_csv, name="audit-csv"),
    path(f"{PROJECT}audit/pdf/", audit.as_pdf, name="audit-pdf"),
    path(f"{PROJECT}audit/integrations/", audit.settle_integration, name="settle-integration"),
    path(f"{PROJECT}audit/readmit/", audit.readmit, name="readmit"),
    path(f"{PROJECT}delta/", delta.delta, name="delta"),
    path(f"{PROJECT}delta/start/", delta.start, name="start-delta"),
    path(f"{PROJECT}cutover/", cutover.cutover, name="cutover"),
    path(f"{PROJECT}cutover/look/", cutover.look, name="look-at-both"),
    path(f"{PROJECT}cutover/freeze/", cutover.freeze, name="freeze"),
    path(f"{PROJECT}hypercare/", hypercare.hypercare, name="hypercare"),
    path(f"{PROJECT}hypercare/raise/", hypercare.raise_concern, name="raise-concern"),
    path(f"{PROJECT}hypercare/<int:number>/<str:act>/", hypercare.act, name="act-on-concern"),
    path(f"{PROJECT}rollback/", rollback.rollback, name="rollback"),
    path(f"{PROJECT}rollback/start/", rollback.start, name="start-rollback"),
    path(f"{PROJECT}rollback/<int:number>/confirm/", rollback.confirm, name="confirm-rollback"),
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
