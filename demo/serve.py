"""The app on this machine, on the data that is kept in `var/`: `python -m demo.serve`, or `make serve`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from demo import app
from demo.house import ROOT, Failed, House, free_port


def main() -> int:
    """Starts Redis (unless REDIS_URL names one), the worker and the web, and stays until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="make serve", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    port = free_port(parser.parse_args().port)
    directory = Path(os.environ.get("DATA_DIR") or ROOT / "var")
    own_redis = not os.environ.get("REDIS_URL")
    url = f"http://127.0.0.1:{port}"
    environment = app.environment(directory, PUBLIC_URL=os.environ.get("PUBLIC_URL") or url)
    try:
        with House(directory, environment) as house:
            if own_redis:
                app.start_redis(house, environment["REDIS_URL"])
            if house.run(app.manage("migrate", "--verbosity", "0"))[0]:
                return 1
            app.start_worker(house, directory)
            app.start_web(house, port)
            print(f"SERVING {url}, data in {directory}, logs in {directory / 'logs'}. Ctrl-C stops it.", flush=True)
            print("The first user: .venv/bin/python manage.py createsuperuser", flush=True)
            house.stay()
        return 0
    except KeyboardInterrupt:
        return 0
    except Failed as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
