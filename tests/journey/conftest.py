"""A whole migration in one process: both fakes as WSGI apps, the engine called directly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.twenty.fake import FakeTwenty
from projects import connections, gates, proposals, services
from projects.documents.certificate import issue
from projects.models import Certificate, Project, Run, User
from projects.pipeline import engine
from projects.pipeline.phases import PHASES
from tests.journey import checkpoint

CONGRESS = Path(__file__).resolve().parents[2] / "demo" / "workspace"

SOURCE_URL = "https://customerio.test"
DESTINATION_URL = "https://twenty.test"


@dataclass
class Migration:
    """A project with its people and both systems, and the verbs of the journey."""

    project: Project
    admin: User
    source: FakeCustomerio
    destination: FakeTwenty
    runs: list[Run] = field(default_factory=list)
    standing: checkpoint.Standing | None = field(default=None, repr=False)

    def connect(self) -> None:
        """Puts both systems where the network would be."""
        connections.transports[SOURCE_URL] = httpx.WSGITransport(app=self.source)
        connections.transports[DESTINATION_URL] = httpx.WSGITransport(app=self.destination)

    def run(self, kind: str, **options: Any) -> Run:
        """Starts a run and works on it until it rests."""
        run = services.start_run(project=self.project, kind=kind, by=self.admin, **options)
        return self.go_on(run)

    def go_on(self, run: Run) -> Run:
        """Works on a run until it rests."""
        return engine.drive(run.pk)

    def sign(self, gate: str) -> None:
        """Signs a gate as the admin."""
        services.sign(project=self.project, gate=gate, by=self.admin, name="Ada Admin")

    def to_map(self) -> Run:
        """Discovery, proposal, confirmation."""

        def go() -> Run:
            discovery = self.run("discovery")
            assert discovery.state == Run.State.SUCCEEDED, discovery.problem
            proposals.propose(project=self.project, by=self.admin)
            self.sign(gates.MAP)
            return discovery

        return checkpoint.reach(self, "map", go)

    def to_sandbox(self, size: int = 60) -> Run:
        """Everything up to the signed sandbox."""

        def go() -> Run:
            self.to_map()
            sandbox = self.run("sandbox", sample_size=size)
            assert sandbox.state == Run.State.SUCCEEDED, sandbox.problem
            self.sign(gates.SANDBOX)
            return sandbox

        return checkpoint.reach(self, f"sandbox of {size}", go)

    def production(self) -> Run:
        """Production to its end, signing each phase."""
        return checkpoint.reach(self, "production", lambda: self.finish(self.run("production")))

    def finish(self, run: Run) -> Run:
        """Signs each phase that waits, to the end of the run."""
        for phase in PHASES:
            if run.phases.get(name=phase.name).state == "approved":
                continue
            assert run.state == Run.State.WAITING, run.problem
            self.sign(phase.name)
            run = self.go_on(run)
        assert run.state == Run.State.SUCCEEDED, run.problem
        return run


def make_migration(source: FakeCustomerio, destination: FakeTwenty) -> Migration:
    """A project connected to these two servers."""
    admin = User.objects.create_superuser("admin@example.com", "a-long-password", name="Ada Admin")
    project = services.create_project(name="Congress", by=admin)
    for side, connector, url, key in (
        ("source", "customerio", SOURCE_URL, source.api_key),
        ("destination", "twenty", DESTINATION_URL, destination.api_key),
    ):
        services.save_connection(
            project=project,
            side=side,
            connector=connector,
            base_url=url,
            credentials={"api_key": key},
            requests_per_minute=6_000_000,
            by=admin,
        )
    migration = Migration(project, admin, source, destination)
    migration.connect()
    return migration


def to_untouched(workspace: Callable[[], Workspace], line: str = "2.x") -> Migration:
    """A project that moves this workspace to a Twenty in which nothing stands; its places are kept."""

    def make() -> Migration:
        source = FakeCustomerio(workspace(), requests_per_second=None)
        return make_migration(source, FakeTwenty(line=line, long_limit=None, short_limit=None, prefilled=False))

    return checkpoint.begin(f"{workspace.__module__}.{workspace.__qualname__} to {line}", make)


@pytest.fixture(params=["2.x"])
def line(request: pytest.FixtureRequest) -> str:
    """The line of Twenty that the fake plays."""
    return str(request.param)


def congress_workspace() -> Workspace:
    return Workspace.load(CONGRESS)


@pytest.fixture
def congress(transactional_db: None, line: str, settings: Any) -> Iterator[Migration]:
    """The congress workspace and an untouched Twenty, connected, with nothing done yet."""
    settings.SETTLE_SECONDS = 0
    yield to_untouched(congress_workspace, line)
    connections.transports.clear()
    connections._local_budget.cache_clear()


NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eve")


def small_workspace() -> Workspace:
    workspace = Workspace()
    kind = workspace.add_object_type("Companies", "Company")["id"]
    workspace.add_object(kind, "acme", {"name": "Acme", "domain": "acme.example.com"})
    for name in NAMES:
        person = workspace.add_person(id=name.lower(), email=f"{name}@example.org", attributes={"first_name": name})
        workspace.relate(person.cio_id, (kind, "acme"), {"role": "friend"})
    workspace.add_segment("Friends", members=[person.cio_id for person in workspace.people])
    workspace.add_person(id="nobody", attributes={"first_name": "Nobody"})
    return workspace


@pytest.fixture
def migrated(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Migration]:
    """Five people of one company, migrated to the end; a sixth is held."""
    settings.SETTLE_SECONDS = 0
    settings.MEDIA_ROOT = tmp_path / "documents"
    migration = to_untouched(small_workspace)
    migration.to_sandbox()
    migration.runs.append(migration.production())
    yield migration
    connections.transports.clear()
    connections._local_budget.cache_clear()


@pytest.fixture
def certificate(migrated: Migration) -> Certificate:
    return issue(run=migrated.runs[0], by=migrated.admin)
