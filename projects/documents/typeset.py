"""Typesets one layout in a process of its own: `python typeset.py LAYOUT`, JSON on standard input, PDF on output.

Knows nothing of Django, so that a large document costs the memory of Typst alone, and gives it back at its end.
"""

from __future__ import annotations

import sys
from pathlib import Path

import typst

LAYOUTS = Path(__file__).with_name("layouts")


def compiled(layout: str, data: str) -> bytes:
    """The PDF (tagged, with its fonts inside) of a layout over JSON."""
    # The fonts of the machine differ; those in the package are the same everywhere.
    made: bytes = typst.compile(
        LAYOUTS / f"{layout}.typ", root=LAYOUTS, format="pdf", ignore_system_fonts=True, sys_inputs={"data": data}
    )
    return made


if __name__ == "__main__":
    sys.stdout.buffer.write(compiled(sys.argv[1], sys.stdin.buffer.read().decode()))
