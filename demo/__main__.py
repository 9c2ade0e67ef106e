"""A whole migration on this machine: stand-ins for Customer.io and Twenty, a Redis, a worker, the web."""

from __future__ import annotations

import argparse
import fcntl
import io
import os
import secrets
import shlex
import shutil
import sys
import time
from pathlib import Path

from demo import app, made_up
from demo.house import ROOT, Failed, House, free_port
from demo.journey import Journey, timed
from demo.people import NAMES, address, variable

DIRECTORY = ROOT / "var" / "demo"
WORKSPACE = ROOT / "demo" / "workspace"

SOURCE_PER_SECOND = 200
DESTINATION_PER_MINUTE = 6000

OWN = ("ALLOWED_HOSTS", "BEHIND_PROXY", "CELERY_BROKER_URL", "CREDENTIAL_KEYS", "CSRF_TRUSTED_ORIGINS", "DATABASE_URL",
       "DEBUG", "REDIS_URL", "SECRET_KEY", "SECURE_TLS")  # fmt: skip
"""What a shell may hold of another Carryover: the demo uses none of it."""


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--auto-approve", action="store_true", help="sign everything and migrate to the end")
    parser.add_argument("--stay", action="store_true", help="with --auto-approve: stay up afterwards")
    parser.add_argument("--port", type=int, default=8000, help="where the web app listens, if that is free")
    return parser.parse_args()


def main() -> int:
    """Runs the demo; gives the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    options = arguments()
    DIRECTORY.parent.mkdir(parents=True, exist_ok=True)
    with (DIRECTORY.parent / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("A demo is running in this directory already.", file=sys.stderr)
            return 1
        try:
            return demo(options)
        except KeyboardInterrupt:
            print("\nStopped.")
            return 0
        except Failed as problem:
            print(f"\nThe demo stopped: {problem}\nAll logs: {DIRECTORY / 'logs'}", file=sys.stderr)
            return 1


def demo(options: argparse.Namespace) -> int:
    """Starts everything, makes the journey, stays or ends."""
    began = time.monotonic()
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    for name in OWN:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    passwords = {role: secrets.token_urlsafe(9) for role in NAMES}
    port = free_port(options.port)
    ports = {"customerio": free_port(), "twenty": free_port(), "files": free_port()}
    house = House(DIRECTORY, _environment(port, ports, passwords))
    with house:
        _start_systems(house, ports)
        _start_app(house, port)
        journey = Journey(house)
        journey.to_the_sandbox(
            source_url=house.environment["DEMO_SOURCE_URL"],
            destination_url=house.environment["DEMO_DESTINATION_URL"],
            source_rate=SOURCE_PER_SECOND * 60,
            destination_rate=DESTINATION_PER_MINUTE,
        )
        balanced = journey.to_the_end() if options.auto_approve else True
        print(
            f"\n{time.monotonic() - began:.0f} seconds in all, {house.peak_bytes / 2**20:,.0f} MB of memory at the peak"
        )
        if options.auto_approve and not options.stay:
            return 0 if balanced else 1
        _say_ready(f"http://127.0.0.1:{port}", passwords, signed=options.auto_approve)
        house.stay()
    return 0


def _environment(port: int, ports: dict[str, int], passwords: dict[str, str]) -> dict[str, str]:
    """The environment of all processes; also kept as a file, for commands in another terminal."""
    own = {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ALLOW_PRIVATE_HOSTS": "true",
        # The stand-in works its queue off at once; the real Twenty is given half a minute and more.
        "SETTLE_SECONDS": "2",
        # Hex: a key that begins with a dash would be read as an option.
        "MIGRATION_SOURCE_KEY": secrets.token_hex(24),
        "MIGRATION_DESTINATION_KEY": secrets.token_hex(24),
        "DEMO_SOURCE_URL": f"http://127.0.0.1:{ports['customerio']}",
        "DEMO_DESTINATION_URL": f"http://127.0.0.1:{ports['twenty']}",
        **{variable(role): password for role, password in passwords.items()},
    }
    environment = app.environment(DIRECTORY, **own)
    DIRECTORY.mkdir(parents=True)
    kept = Path(DIRECTORY / "env")
    kept.touch(mode=0o600)
    names = ("DJANGO_SETTINGS_MODULE", "DATA_DIR", "REDIS_URL", *own)
    kept.write_text("".join(f"export {name}={shlex.quote(environment[name])}\n" for name in names))
    return environment


def _start_systems(house: House, ports: dict[str, int]) -> None:
    """The two stand-ins, faster than the real ones so that nobody has to wait, and where attachments lie."""
    workspace, files = DIRECTORY / "workspace", DIRECTORY / "files"
    with timed("what Congress does not publish made up: mail, calls, meetings, notes, tasks, campaigns"):
        files_url = f"http://127.0.0.1:{ports['files']}"
        made_up.build(WORKSPACE, workspace, now=int(time.time()), files_url=files_url)
        made_up.write_files(files)
        house.start(
            "files",
            [app.PYTHON, "-m", "http.server", str(ports["files"]), "--bind", "127.0.0.1", "--directory", str(files)],
            app.answers(files_url),
        )
    with timed(f"Customer.io's stand-in: {SOURCE_PER_SECOND} requests a second (the real one allows 10)"):
        house.start(
            "customerio",
            [app.PYTHON, "-m", "connectors.customerio.fake", "--data", str(workspace),
             "--port", str(ports["customerio"]), "--key", house.environment["MIGRATION_SOURCE_KEY"],
             "--requests-per-second", str(SOURCE_PER_SECOND)],
            app.answers(f"http://127.0.0.1:{ports['customerio']}/"),
        )  # fmt: skip
    with timed(f"Twenty's stand-in: {DESTINATION_PER_MINUTE} requests a minute (the real one allows 100)"):
        house.start(
            "twenty",
            [app.PYTHON, "-m", "connectors.twenty.fake", "--line", "2.x", "--logic-functions",
             "--port", str(ports["twenty"]), "--key", house.environment["MIGRATION_DESTINATION_KEY"],
             "--requests-per-minute", str(DESTINATION_PER_MINUTE)],
            app.answers(f"http://127.0.0.1:{ports['twenty']}/"),
        )  # fmt: skip


def _start_app(house: House, port: int) -> None:
    """Redis, a fresh database with three people in it, a worker, the web."""
    with timed("Redis"):
        app.start_redis(house, house.environment["REDIS_URL"])
    with timed("database and people"):
        for command in (app.manage("migrate", "--verbosity", "0"), [app.PYTHON, "-m", "demo.people"]):
            if house.run(command)[0]:
                raise Failed("the database could not be made.")
    with timed("worker"):
        app.start_worker(house, DIRECTORY)
    with timed("web"):
        app.start_web(house, port)


def _say_ready(url: str, passwords: dict[str, str], *, signed: bool) -> None:
    print(f"\nDEMO READY {url}\n")
    for role, name in NAMES.items():
        print(f"  {name:<15} {address(role):<34} password {passwords[role]}")
    if signed:
        print("\nEverything is migrated and signed: look at the reconciliations.")
    else:
        print(
            "\nThe sandbox run is done. As the customer: look at the sample side by side and sign the sandbox. Then, as"
            "\nthe engineer: start production. Each phase stops with its books, until the customer has approved it."
        )
    print(
        "\nThe command line, in another terminal:"
        f"\n  . {(DIRECTORY / 'env').relative_to(ROOT)} && .venv/bin/python manage.py migration status congress"
        "\n\nOnce production is through, let life go on in both systems, for a delta and the audit:"
        f"\n  . {(DIRECTORY / 'env').relative_to(ROOT)} && .venv/bin/python -m demo.meanwhile"
        "\n\nCtrl-C stops everything."
    )


if __name__ == "__main__":
    sys.exit(main())
