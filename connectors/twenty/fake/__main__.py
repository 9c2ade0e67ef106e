"""Serve the fake for the demo: `python -m connectors.twenty.fake --line 2.x --port 8102`."""

from __future__ import annotations

import argparse
import logging
import sys

from werkzeug.serving import WSGIRequestHandler, run_simple

from .app import FakeTwenty


class KeepAlive(WSGIRequestHandler):
    """Keeps connections open between requests, as Twenty does."""

    protocol_version = "HTTP/1.1"


def _rate(value: str) -> int | None:
    return None if value == "unlimited" else int(value)


def main() -> None:
    """Parse the command line, say where the server listens, and serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m connectors.twenty.fake", description=__doc__)
    parser.add_argument("--line", choices=("1.x", "2.x"), default="2.x")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8102)
    parser.add_argument("--key", default=None, help="the API key to accept; made up and printed when left out")
    parser.add_argument("--requests-per-minute", type=_rate, default=100, metavar="N|unlimited")
    parser.add_argument("--empty", action="store_true", help="no prefilled people, companies and opportunities")
    parser.add_argument("--logic-functions", action="store_true", help="let the default workflow make companies")
    arguments = parser.parse_args()
    rate: int | None = arguments.requests_per_minute
    fake = FakeTwenty(
        arguments.line,
        api_key=arguments.key,
        long_limit=(rate, 60_000) if rate else None,
        short_limit=(rate, 1000) if rate else None,
        prefilled=not arguments.empty,
        logic_functions=arguments.logic_functions,
    )
    shown_rate = f"{rate} requests per minute" if rate else "no rate limit"
    key = "" if arguments.key else f", key {fake.api_key}"
    sys.stdout.write(f"Twenty {fake.line} listens on http://{arguments.host}:{arguments.port}, {shown_rate}{key}\n")
    sys.stdout.flush()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    run_simple(arguments.host, arguments.port, fake, threaded=True, request_handler=KeepAlive)


if __name__ == "__main__":
    main()
