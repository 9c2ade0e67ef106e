"""The steps of a campaign in an order that can be drawn, with gaps where something is there that nobody tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from projects.documents.html_text import plain

WAITS = frozenset({"delay", "wait", "wait_until", "time_window", "timer"})
BRANCHES = frozenset({"branch", "split", "conditional", "true_false", "random_cohort", "multi_split", "filter"})


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `kind`: step, wait, branch, or gap (something that could not be read). `depth` indents branches."""

    kind: str
    id: str
    type: str
    name: str
    detail: str
    languages: tuple[str, ...]
    depth: int


def steps_of(row: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps of an automation: by its graph where one was uploaded, else as they are listed, with their gaps."""
    actions = {str(one["id"]): one for one in _rows(row.get("actions")) if "id" in one}
    journey = row.get("journey")
    if isinstance(journey, dict) and journey.get("steps"):
        return _drawn(journey, actions)
    return _listed(actions, _rows(row.get("gaps")))


def _rows(told: Any) -> list[dict[str, Any]]:
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def _step(told: Mapping[str, Any], depth: int) -> Step:
    type = str(told.get("type") or "step")
    kind = "wait" if type in WAITS else "branch" if type in BRANCHES else "step"
    languages = told.get("languages") or ([told["language"]] if told.get("language") else [])
    return Step(
        kind, str(told["id"]), type, str(told.get("name") or ""), _detail(type, told),
        tuple(str(one) for one in languages if one), depth,
    )  # fmt: skip


def _detail(type: str, told: Mapping[str, Any]) -> str:
    """What a step does, in a line; bodies and headers of webhooks may hold secrets and stay out."""
    if type == "webhook":
        return str(told.get("method") or "")
    if told.get("subject"):
        return str(told["subject"])
    for name in ("delay", "duration", "wait", "condition", "conditions", "description"):
        if told.get(name):
            return str(told[name])
    return " ".join(plain(str(told.get("body") or "")).split())[:120]


def _gap(text: str, missing: Any, depth: int) -> Step:
    ids = ", ".join(str(one) for one in missing or ())
    return Step("gap", ids, "gap", "", text, (), depth)


def _listed(actions: Mapping[str, dict[str, Any]], gaps: list[dict[str, Any]]) -> tuple[Step, ...]:
    """In the order of the list; a gap stands after the step that it follows, a branch's children below it."""
    after = {str(gap["after"]): gap for gap in gaps if gap.get("after") is not None}
    above = {str(id): gap for gap in gaps for id in gap.get("children") or ()}
    drawn: list[Step] = []
    told: set[int] = set()
    for id, action in actions.items():
        gap = above.get(id)
        if gap is not None and id_of(gap) not in told:
            told.add(id_of(gap))
            drawn.append(_gap(str(gap.get("text") or ""), gap.get("missing"), 0))
        drawn.append(_step(action, 1 if gap is not None or str(action.get("parent_action_id")) in actions else 0))
        if id in after:
            told.add(id_of(after[id]))
            drawn.append(_gap(str(after[id].get("text") or ""), after[id].get("missing"), 0))
    drawn += [_gap(str(gap.get("text") or ""), gap.get("missing"), 0) for gap in gaps if id_of(gap) not in told]
    return tuple(drawn)


def id_of(gap: Mapping[str, Any]) -> int:
    """Tells one gap from another, also where both read the same."""
    return id(gap)


def _drawn(journey: Mapping[str, Any], actions: Mapping[str, dict[str, Any]]) -> tuple[Step, ...]:
    """By the edges of the graph, depth first; each step once, branches indented, what no edge reaches at the end."""
    steps = {
        str(one["id"]): {**one, **actions.get(str(one["id"]), {})} for one in _rows(journey["steps"]) if "id" in one
    }
    steps |= {id: one for id, one in actions.items() if id not in steps}
    following: dict[str, list[tuple[str, str]]] = {}
    targets: set[str] = set()
    for edge in _rows(journey.get("edges")):
        following.setdefault(str(edge.get("from")), []).append((str(edge.get("to")), str(edge.get("when") or "")))
        targets.add(str(edge.get("to")))
    starts = [id for id in steps if id not in targets] or list(steps)
    drawn: dict[str, Step] = {}
    stack = [(id, 0, "") for id in reversed([*starts, *steps])]
    while stack:
        id, depth, when = stack.pop()
        if id in drawn or id not in steps:
            continue
        made = _step(steps[id], depth)
        drawn[id] = made if not when else _when(made, when)
        ways = following.get(id, [])
        deeper = depth + (len(ways) > 1)
        stack += [(to, min(deeper, 6), way) for to, way in reversed(ways)]
    return tuple(drawn.values())


def _when(step: Step, when: str) -> Step:
    detail = f"if {when}: {step.detail}" if step.detail else f"if {when}"
    return Step(step.kind, step.id, step.type, step.name, detail, step.languages, step.depth)
