"""The processes of a Carryover on one machine: started together, watched, and stopped together."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

ROOT = Path(__file__).resolve().parent.parent
TICK = 0.1
STOP_SECONDS = 10.0
LAST_LINES = 12
PR_SET_PDEATHSIG = 1


class Failed(Exception):
    """The house cannot go on; `str()` says which process and why."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process of the house and where it writes what it has to say."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    command: Sequence[str]
    replaced: bool

    def last_words(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-LAST_LINES:]) or "    (it said nothing)"


def free_port(preferred: int = 0) -> int:
    """A free loopback port: the preferred one if nobody has it, else any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", preferred))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _die_with_parent() -> Callable[[], None] | None:
    """What makes Linux stop a child whose launcher was killed; None elsewhere."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class House:
    """Starts processes, notices when one dies, stops all of them. A context manager."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self.peak_bytes = 0
        self._logs = directory / "logs"
        self._children: list[Child] = []
        self._measured_at = 0.0

    def __enter__(self) -> House:
        self._logs.mkdir(parents=True, exist_ok=True)
        signal.signal(signal.SIGTERM, _interrupt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _spawn(self, name: str, command: Sequence[str], *, replaced: bool) -> Child:
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the launcher, which stops everybody in order.
                start_new_session=True,
                preexec_fn=_die_with_parent(),  # noqa: PLW1509 - the launcher has one thread
            )
        child = Child(name, process, log, command, replaced)
        self._children.append(child)
        return child

    def start(
        self,
        name: str,
        command: Sequence[str],
        ready: Callable[[], bool],
        within: float = 30.0,
        *,
        replaced: bool = False,
    ) -> None:
        """Starts a process and waits until it is of use. `replaced`: should it die later, another one is started."""
        child = self._spawn(name, command, replaced=replaced)
        give_up = time.monotonic() + within
        while not ready():
            self.watch()
            if time.monotonic() > give_up:
                raise Failed(f"{name} was not ready within {within:.0f} seconds. It said:\n{child.last_words()}")
            time.sleep(TICK)

    def said(self, name: str, word: str) -> Callable[[], bool]:
        """Whether a process has written a word to its log, for `start`."""
        return lambda: word in (self._logs / f"{name}.log").read_text(errors="replace")

    def watch(self) -> None:
        """Raises when a process has died; takes the measure of the others about once a second."""
        for child in list(self._children):
            code = child.process.poll()
            if code is not None:
                how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
                if not child.replaced:
                    raise Failed(f"{child.name} {how}. It said:\n{child.last_words()}")
                print(f"The {child.name} {how}; another one takes over.", flush=True)
                self._children.remove(child)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)
                self._spawn(child.name, child.command, replaced=True)
        if time.monotonic() - self._measured_at >= 1.0:
            self._measured_at = time.monotonic()
            self.peak_bytes = max(self.peak_bytes, sum(_memory_of(pid) for pid in _family(os.getpid())))

    def run(self, command: Sequence[str], *, capture: bool = False) -> tuple[int, str]:
        """Runs a command to its end while watching the house; gives its exit status and what it printed."""
        output = subprocess.PIPE if capture else None
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment,
            stdout=output,
            text=True,
            preexec_fn=_die_with_parent(),  # noqa: PLW1509 - the launcher has one thread
        ) as process:
            try:
                while True:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        printed, _ = process.communicate(timeout=TICK)
                        return process.returncode, printed or ""
                    self.watch()
            except BaseException:
                process.terminate()
                raise

    def stay(self) -> None:
        """Watches until Ctrl-C."""
        while True:
            self.watch()
            time.sleep(TICK * 5)

    def stop(self) -> None:
        """Stops everybody, the last one started first; who does not listen is killed after ten seconds."""
        for child in reversed(self._children):
            if child.process.poll() is None:
                child.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(STOP_SECONDS)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
        self._children.clear()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _family(root: int) -> set[int]:
    """A process and everything below it, where the system says so in /proc."""
    children: dict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name in parentheses may hold anything, blanks and parentheses included.
            parent = path.read_text().rpartition(")")[2].split()[1]
            children[int(parent)].append(int(path.parent.name))
    found, todo = set(), [root]
    while todo:
        found.add(pid := todo.pop())
        todo += children[pid]
    return found


def _memory_of(pid: int) -> int:
    """Bytes of a process, with shared pages counted once over all who share them; 0 where nobody can say."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
