"""Documents as PDF: one JSON context, one layout in `layouts/`, rendered by Typst without anything from outside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typst

LAYOUTS = Path(__file__).with_name("layouts")


def render(layout: str, context: dict[str, Any]) -> bytes:
    """The PDF (tagged, with its fonts inside) of a layout over a context of JSON values."""
    data = json.dumps(context, ensure_ascii=False)
    # The fonts of the machine differ; those in the package are the same everywhere.
    made: bytes = typst.compile(
        LAYOUTS / f"{layout}.typ", root=LAYOUTS, format="pdf", ignore_system_fonts=True, sys_inputs={"data": data}
    )
    return made
