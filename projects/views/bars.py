"""A run as bars on one axis of working time: pure functions, drawn by the template as SVG."""

from __future__ import annotations

from dataclasses import dataclass

from projects.models import Step
from projects.selectors import RunView, StepView
from projects.text import duration

WIDTH = 1000
LEAST = 8
"""The narrowest segment, so that a step of a few milliseconds can be seen."""

STAGES = {
    "catalogue": ("read", "asking what is there"),
    "profile": ("read", "reading and counting"),
    "schema": ("write", "making objects and fields"),
    "adopt": ("turn", "writing down what older versions did"),
    "log": ("read", "reading the log of changes"),
    "clear": ("write", "taking the sample back"),
    "survey": ("read", "looking at what stands there"),
    "unbuild": ("write", "taking back what was made for the handoff"),
    "undo": ("write", "taking back"),
    "echoes": ("write", "taking back what the destination wrote by itself"),
    "undo_schema": ("write", "taking objects and fields back"),
    "prove": ("check", "comparing with the state before"),
    "extract": ("read", "reading"),
    "gone": ("read", "asking after who is gone"),
    "members": ("read", "reading members"),
    "relationships": ("read", "reading relationships"),
    "configuration": ("read", "reading"),
    "keep": ("turn", "keeping for the handoff"),
    "happenings": ("read", "reading"),
    "draft": ("turn", "telling kinds apart"),
    "attach": ("turn", "finding whose they are"),
    "targets": ("turn", "finding whose they are"),
    "files": ("turn", "listing the files"),
    "fetch": ("read", "fetching files"),
    "primary_company": ("turn", "choosing the company"),
    "relate": ("turn", "finding the records they name"),
    "tags": ("turn", "matching the tags"),
    "correct": ("turn", "laying corrections over"),
    "transform": ("turn", "turning"),
    "settle": ("turn", "settling doubles"),
    "preflight": ("check", "checking before the first write"),
    "load": ("write", "writing"),
    "merge": ("write", "merging"),
    "look": ("check", "comparing whole columns"),
    "verify": ("check", "reading back"),
    "reread": ("check", "reading everything back"),
}
"""Stage → the colour of its bar, and what it is called."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a bar in thousandths of the axis; `kind` is its colour."""

    x: str
    width: str
    kind: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One step."""

    step: StepView
    segments: tuple[Segment, ...]
    doing: str
    took: str

    @property
    def note(self) -> str:
        """What stands at the end of the line."""
        step = self.step
        if step.state == Step.State.DONE:
            return self.took
        if step.total and (step.done or step.state == Step.State.RUNNING):
            known = f"{min(step.done, step.total):,} of {step.total:,}"
            return f"{known}, about {duration(step.seconds_left)} left" if step.seconds_left else known
        return f"{step.done:,}" if step.done else ""


@dataclass(frozen=True, slots=True)
class Lane:
    """A phase with its steps' bars."""

    name: str
    label: str
    state: str
    state_label: str
    bars: tuple[Bar, ...]


def lanes(view: RunView) -> list[Lane]:
    """All phases. Steps work one after the other, so the axis is the sum of what they took; waiting takes no room."""
    total = sum(sum(step.milliseconds.values()) for phase in view.phases for step in phase.steps)
    scale = WIDTH / (max(total, 1) * (1.2 if view.run.is_open else 1.0))
    at = 0.0
    made = []
    for phase in view.phases:
        bars = []
        for step in phase.steps:
            segments, at = _segments(step, at, scale)
            bars.append(Bar(step, segments, _doing(step), duration(sum(step.milliseconds.values()) / 1000)))
        made.append(Lane(phase.name, phase.label, phase.state, phase.state_label, tuple(bars)))
    return made


def _segments(step: StepView, at: float, scale: float) -> tuple[tuple[Segment, ...], float]:
    made: list[Segment] = []
    for stage in STAGES:
        if milliseconds := step.milliseconds.get(stage):
            width = milliseconds * scale
            made.append(_segment(at, width, STAGES[stage][0]))
            at += width
    if step.state == Step.State.RUNNING or (step.state == Step.State.PENDING and made):
        made.append(_segment(at, LEAST * 2, "wait" if step.waiting_for else "now"))
    return tuple(made), at


def _segment(at: float, width: float, kind: str) -> Segment:
    x = min(at, WIDTH - LEAST)
    return Segment(f"{x:.1f}", f"{min(max(width, LEAST), WIDTH - x):.1f}", kind)


def _doing(step: StepView) -> str:
    if step.state == Step.State.DONE:
        return "done"
    if step.waiting_for:
        return step.waiting_for
    begun = step.milliseconds or step.done or step.state == Step.State.RUNNING
    return STAGES.get(step.stage, ("", step.stage))[1] if begun else ""
