"""A whole installation beside the test process: its own database, commands and workers as real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from werkzeug.serving import WSGIRequestHandler, make_server

ROOT = Path(__file__).resolve().parents[2]


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serves a WSGI app on a free loopback port; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def own_database(folder: Path) -> Iterator[str]:
    """A database URL of its own: a new database of the PostgreSQL in DATABASE_URL, else a new SQLite file."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield f"sqlite:///{folder / 'own.sqlite3'}"
        return
    import psycopg

    name = f"own_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[call-overload]


class Installation:
    """Commands and workers with one environment."""

    def __init__(self, folder: Path, database_url: str, redis_url: str = "", **settings: str) -> None:
        self.env = {
            **os.environ,
            "DATA_DIR": str(folder),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "ALLOW_PRIVATE_HOSTS": "true",
            "SETTLE_SECONDS": "0",
            "TICK_SECONDS": "1",
            "LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "migrator.settings",
            **settings,
        }
        self._folder = folder

    def manage(self, *arguments: str, ok: tuple[int, ...] = (0,), **env: str) -> str:
        """Runs `manage.py`; gives what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode in ok, (arguments, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout

    def migration(self, verb: str, *arguments: str, ok: tuple[int, ...] = (0,), **env: str) -> Any:
        """Runs a verb of `manage.py migration` for the project `acme`; gives its JSON."""
        return json.loads(self.manage("migration", verb, "acme", "--json", *arguments, ok=ok, **env))

    def set_up(self, source: Any, source_url: str, destination: Any, destination_url: str) -> None:
        """Makes the tables, the first user and the project."""
        self.manage("migrate", "-v0")
        self.manage(
            "createsuperuser",
            "--noinput",
            "--email=admin@example.com",
            DJANGO_SUPERUSER_PASSWORD="a-long-password",
        )
        self.migration(
            "create",
            *("--source", "customerio", "--source-url", source_url, "--source-rate", "600000"),
            *("--destination", "twenty", "--destination-url", destination_url, "--destination-rate", "600000"),
            MIGRATION_SOURCE_KEY=source.api_key,
            MIGRATION_DESTINATION_KEY=destination.api_key,
        )

    def to_production(self) -> None:
        """Everything that comes before production, in the foreground."""
        self.migration("discover", "--foreground")
        self.migration("propose")
        self.migration("confirm")
        self.migration("sandbox", "--foreground", "--size", "40")
        self.migration("sign", "sandbox")

    def start(self, *arguments: str, log: str) -> subprocess.Popen[bytes]:
        """Starts a process in a group of its own, so that it can be killed with its children."""
        with (self._folder / log).open("ab") as out:
            return subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=self.env, stdout=out, stderr=out, start_new_session=True
            )

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Starts a Celery worker with its beat."""
        schedule = str(self._folder / f"beat-{uuid.uuid4().hex[:8]}")
        options = ("worker", "-B", "-s", schedule, "--concurrency=2", "--loglevel=WARNING")
        return self.start("-m", "celery", "-A", "migrator", *options, log="worker.log")


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kills a process group the hard way: no handler runs, nothing is tidied up."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
