"""Serves a workspace from a folder: `python -m connectors.customerio.fake --data FOLDER`."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app

from connectors.customerio.fake.app import API_KEY, FakeCustomerio
from connectors.customerio.fake.workspace import Workspace


class KeepAliveHandler(WSGIRequestHandler):
    """HTTP/1.1 with kept connections, which Werkzeug's own handler closes after each answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def run_wsgi(self) -> None:
        """Answer one request; the application has read all of it, so the next one can follow."""
        chunks, status, headers = run_wsgi_app(self.server.app, self.make_environ())
        body = b"".join(chunks)
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        if headers.get("Content-Length") != str(len(body)):
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: a migration makes thousands of requests."""


def rate(text: str) -> float | None:
    """Requests per second, or None for `unlimited`."""
    if text == "unlimited":
        return None
    number = float(text)
    if number <= 0:
        raise argparse.ArgumentTypeError("must be above zero, or unlimited")
    return number


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m connectors.customerio.fake", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with people.json and the rest")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8101, help="0 takes any free port")
    parser.add_argument("--key", default=API_KEY, help="the App API key to accept")
    parser.add_argument("--requests-per-second", type=rate, default=10.0, metavar="N|unlimited")
    parser.add_argument("--region", choices=("us", "eu"), default="us")
    return parser.parse_args()


def serve(options: argparse.Namespace) -> None:
    """Listen until the process is stopped."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    workspace = Workspace.load(options.data)
    per_second: float | None = options.requests_per_second
    fake = FakeCustomerio(workspace, api_key=options.key, region=options.region, requests_per_second=per_second)
    server: Any = make_server(options.host, options.port, fake, threaded=True, request_handler=KeepAliveHandler)
    allowed = "unlimited requests" if per_second is None else f"{per_second:g} requests per second"
    sys.stdout.write(f"Customer.io ({options.region}) on http://{options.host}:{server.port}, {allowed}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    serve(arguments())
