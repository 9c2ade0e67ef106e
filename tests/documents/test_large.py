"""A handoff of three hundred campaigns and five hundred segments, in a process of its own: seconds and memory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_large_handoff_takes_less_than_a_minute_and_half_a_gigabyte() -> None:
    own = {name: value for name, value in os.environ.items() if name not in ("DATA_DIR", "DATABASE_URL", "REDIS_URL")}
    done = subprocess.run(
        [sys.executable, "-m", "bench.handoff"], cwd=ROOT, env=own, capture_output=True, text=True, check=True
    )
    seconds = [float(one) for one in re.findall(r"([\d.]+) s\b", done.stdout)]
    memory = [int(one) for one in re.findall(r"memory (\d+) MB at most", done.stdout)]
    assert len(seconds) == 2
    assert sum(seconds) < 60
    # The process that asks for it, and the one that typesets it and then ends.
    assert len(memory) == 2
    assert memory[0] < 250
    assert sum(memory) < 550
    assert max(memory) < 500
