"""A migration from the first connection to the last signature, on the command line, as each person would do it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from demo.app import manage
from demo.house import ROOT, Failed, House
from demo.people import address

PROJECT = "congress"
ARCHIVE = ROOT / "demo" / "workspace" / "events.ndjson"
DONE, WAITS = 0, 3

LANDED = ("created", "updated", "unchanged", "merged", "held", "excluded", "rejected")

NOT_WRITTEN = {"segment"}
"""Read in every run, and never a record of the destination: its members get tags."""

DECISIONS = {"duplicate_match_value": "import"}
"""What --auto-approve decides about held records. Committees share their chamber's web host: import them. People
without an e-mail address stay held, as nobody here can know it."""


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Says what was done and how many seconds it took."""
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:6.1f} s  {what}")


class Journey:
    """The verbs of one project."""

    def __init__(self, house: House) -> None:
        self._house = house

    def to_the_sandbox(self, *, source_url: str, destination_url: str, source_rate: int, destination_rate: int) -> None:
        """Everything up to the sandbox review, which is a person's."""
        with timed("project made, both connections stored"):
            self._verb(
                "admin", "create",
                "--source", "customerio", "--source-url", source_url, "--source-rate", str(source_rate),
                "--destination", "twenty", "--destination-url", destination_url,
                "--destination-rate", str(destination_rate),
                "--member", address("customer"), "customer", "--member", address("engineer"), "engineer",
            )  # fmt: skip
        with timed("the archive of older events added, as the App API keeps thirty days"):
            self._verb("engineer", "archive", "--events", str(ARCHIVE))
        for role, verb, what in (
            ("engineer", "check", "both connections tested"),
            ("engineer", "discover", "everything in Customer.io read and counted"),
            ("engineer", "propose", "a field map proposed"),
            ("customer", "confirm", "the field map confirmed by the customer"),
            ("engineer", "schema", "objects and fields made in Twenty"),
            ("engineer", "sandbox", "a sample migrated and read back"),
        ):
            with timed(what):
                self._verb(role, verb)

    def to_the_end(self) -> bool:
        """Production with every signature, then a replay; true when every book closes and nothing is left to do."""
        self._verb("customer", "sign", "sandbox")
        with timed("everything migrated, each phase approved by the customer"):
            self._production()
        with timed("a replay planned"):
            self._verb("engineer", "replay")
        return self._balanced()

    def status(self) -> dict[str, Any]:
        """What `status --json` says."""
        found: dict[str, Any] = self._json("admin", "status")
        return found

    def _production(self) -> None:
        decided = False
        while self._verb("engineer", "production", accept=(DONE, WAITS)) == WAITS:
            if not decided and self._decide():
                decided = True
                continue
            decided = False
            self._verb("customer", "sign", self._waiting_phase())

    def _decide(self) -> bool:
        """Decides what is held and still undecided; true when there was something."""
        held = self._json("admin", "hold")["held"]
        open_reasons = {group["reason"] for group in held if not group["verdict"] and group["reason"] in DECISIONS}
        for reason in sorted(open_reasons):
            self._verb("admin", "hold", "--reason", reason, "--decide", DECISIONS[reason])
        return bool(open_reasons)

    def _waiting_phase(self) -> str:
        run = self.status()["runs"][-1]
        return next(str(phase["phase"]) for phase in run["phases"] if phase["state"] == "reconciled")

    def _balanced(self) -> bool:
        runs = [run for run in self.status()["runs"] if run["kind"] in ("production", "replay")]
        print(balance_table(runs))
        return all(run["state"] == "succeeded" for run in runs) and all(
            not trouble(run["kind"], phase) for run in runs for phase in run["phases"]
        )

    def _verb(self, role: str, verb: str, *words: str, accept: tuple[int, ...] = (DONE,)) -> int:
        command = manage("migration", verb, PROJECT, *words, "--as", address(role))
        print(f"\n$ manage.py {' '.join(command[2:])}")
        code, _ = self._house.run(command)
        if code not in accept:
            raise Failed(f"“migration {verb}” ended with status {code}.")
        return code

    def _json(self, role: str, verb: str) -> Any:
        code, printed = self._house.run(
            manage("migration", verb, PROJECT, "--json", "--as", address(role)), capture=True
        )
        if code:
            raise Failed(f"“migration {verb} --json” ended with status {code}.")
        return json.loads(printed)


def trouble(kind: str, phase: dict[str, Any]) -> str:
    """What is wrong with a phase's books; empty when they close, nothing differs and a replay plans nothing."""
    balance = phase["balance"]
    if balance["read"] != sum(balance[column] for column in LANDED):
        return "does not close"
    if phase["verified"]["differences"]:
        return "has differences"
    if kind == "replay":
        planned = {
            name: row["created"] + row["updated"] for name, row in phase["objects"].items() if name not in NOT_WRITTEN
        }
        return ", ".join(f"would write {number} {name}" for name, number in planned.items() if number)
    return ""


def balance_table(runs: list[dict[str, Any]]) -> str:
    """The balance of every phase, as a table of text."""
    columns = ("read", *LANDED)
    lines = [f"\n{'run':<22}" + "".join(f"{name:>11}" for name in (*columns, "compared", "different")) + "  books"]
    for run in runs:
        for phase in run["phases"]:
            verified = phase["verified"]
            numbers = [phase["balance"][column] for column in columns]
            numbers += [verified["fields"], verified["differences"]]
            verdict = trouble(run["kind"], phase) or "close"
            name = f"{run['kind']} {phase['phase']}"
            lines.append(f"{name:<22}" + "".join(f"{number:>11,}" for number in numbers) + f"  {verdict}")
    return "\n".join(lines)
