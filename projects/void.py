"""Why a signature does not hold any more: what differs between what was signed and what stands there now."""

from __future__ import annotations

from typing import Any

from projects import gates, late_gates
from projects.gates import GateView


def why_void(view: GateView, then: dict[str, Any]) -> str:
    """One or two sentences. `then` is what the signature was shown."""
    now = view.shown
    if not now:
        return "What was signed is not there any more."
    if view.gate in late_gates.LATE:
        return _late(view.gate, then, now)
    if view.gate == gates.MAP:
        return f"{_map(then, now)} {_systems(then, now)}".strip() or "It was signed over something else: look again."
    if then.get("run") != now.get("run"):
        return f"Run {then.get('run')} was signed; run {now.get('run')} came after it."
    if view.gate == gates.SANDBOX:
        return _sandbox(then, now)
    if found := now.get("found"):
        return gates.found_sentence(found)
    if then.get("accepted") != now.get("accepted"):
        return "Differences were accepted since it was signed: sign over what stands there now."
    return "The books were reconciled again after the signature: look at them once more."


def _map(then: dict[str, Any], now: dict[str, Any]) -> str:
    """What became of the map itself; empty where it is the same."""
    if then.get("number") != now["number"]:
        return f"Map v{then.get('number', '?')} was signed; since then it was changed to v{now['number']}."
    if then.get("map") != now["map"]:
        return f"Map v{now['number']} says something else than when it was signed."
    return ""


def _systems(then: dict[str, Any], now: dict[str, Any]) -> str:
    """Which of the two systems is another one; empty where both are the same."""
    was, stands = then.get("systems") or {}, now.get("systems") or {}
    said = [
        f"The {side} was {was.get(side, 'not connected')} when it was signed; now it is {stands.get(side, 'gone')}."
        for side in ("source", "destination")
        if was.get(side) != stands.get(side)
    ]
    return " ".join(said)


def _sandbox(then: dict[str, Any], now: dict[str, Any]) -> str:
    if then.get("map") != now.get("map"):
        return "The field map was changed since: run the sandbox again under the new map."
    if moved := _systems(then, now):
        return moved
    if then.get("reconciliations") == now.get("reconciliations") and then.get("looks") != now.get("looks"):
        return "Somebody looked at records of the sample since it was signed: sign over what was said."
    return "The books were reconciled again after the signature: look at them once more."


def _late(gate: str, then: dict[str, Any], now: dict[str, Any]) -> str:
    if gate == late_gates.HYPERCARE:
        return "Issues were raised or settled since it was signed: look at them once more."
    if then.get("delta") != now.get("delta"):
        return f"It was signed over delta run {then.get('delta')}; now delta run {now.get('delta')} is the newest."
    if then.get("audit") != now.get("audit"):
        return "The audit says something else than when it was signed: look at it once more."
    if then.get("freeze") != now.get("freeze"):
        return "The freeze was moved since it was signed."
    return "The books were reconciled again after the signature: look at them once more."
