"""Documents as PDF: one JSON context, one layout in `layouts/`, rendered by Typst without anything from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from projects.documents import typeset

LARGE = 300_000
"""Characters of JSON from which a process of its own typesets: what a long document takes is given back then."""


class Unprintable(Exception):
    """The document could not be set; what Typst said stands in it."""


def render(layout: str, context: dict[str, Any]) -> bytes:
    """The PDF (tagged, with its fonts inside) of a layout over a context of JSON values."""
    data = json.dumps(context, ensure_ascii=False)
    if len(data) < LARGE:
        return typeset.compiled(layout, data)
    command = [sys.executable, typeset.__file__, layout]
    done = subprocess.run(command, input=data.encode(), capture_output=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        raise Unprintable(done.stderr.decode(errors="replace")[-2000:])
    return done.stdout
