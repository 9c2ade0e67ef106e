"""What every test stands on: its own data directory, no network, no password hashing that takes time."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import django
import hypothesis
import pytest

SETTINGS_NAMES = (
    "ALLOWED_HOSTS",
    "BEHIND_PROXY",
    "CELERY_BROKER_URL",
    "CREDENTIAL_KEYS",
    "CSRF_TRUSTED_ORIGINS",
    "DEBUG",
    "PUBLIC_URL",
    "SECRET_KEY",
    "SECURE_TLS",
    "TIME_ZONE",
)
"""What a developer's environment may hold and a test must not see. DATABASE_URL and REDIS_URL are obeyed."""


def _own_environment() -> None:
    """Points Django at a directory that is gone after the run; has to happen before the settings are read."""
    for name in SETTINGS_NAMES:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        directory = tempfile.mkdtemp(prefix="carryover-tests-")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        os.environ["DATA_DIR"] = directory
    os.environ["ALLOW_PRIVATE_HOSTS"] = "true"
    os.environ["LOG_LEVEL"] = "WARNING"
    os.environ["DJANGO_SETTINGS_MODULE"] = "migrator.settings"


_own_environment()

# A machine under load is slow, not wrong; in CI a red test must be red again when it is run again.
hypothesis.settings.register_profile(
    "carryover",
    deadline=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("carryover")

# A directory's own conftest may import models as soon as it is named on the command line, before pytest-django is up.
django.setup()


def pytest_configure() -> None:
    """Makes users cheap: the real hashers are slow on purpose."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """SQLite in a file, as in real life: an in-memory database knows neither WAL nor a second process."""
    from django.conf import settings
    from django.db import connections

    if connections["default"].vendor == "sqlite":
        test = connections["default"].settings_dict["TEST"]
        test["NAME"] = str(Path(settings.DATA_DIR) / f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}.sqlite3")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what only PostgreSQL can show when the tests run on something else."""
    from django.db import connections

    if connections["default"].vendor != "postgresql":
        skip = pytest.mark.skip(reason="needs PostgreSQL: set DATABASE_URL")
        for item in items:
            if "postgres" in item.keywords:
                item.add_marker(skip)
