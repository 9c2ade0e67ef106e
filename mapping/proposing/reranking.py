"""A second opinion by a language model: it may reorder our own first candidates, and nothing else.

It is shown names and types, never a value. What it does not answer, answers late or makes up changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from mapping.inference import infer
from mapping.proposing.candidates import Candidate, Weighed

NEAR = 2.5
"""Candidates within so much utility of the best one are close enough to be reordered."""

MOST = 3
NONE = "none"


class Reranker(Protocol):
    """Whoever gives the second opinion."""

    def choose(self, questions: Sequence[Mapping[str, object]]) -> Mapping[str, str]:
        """Field name → one of the destinations it was offered. Never raises; what is left out is left as it is."""


def reranked(items: Sequence[Weighed], reranker: Reranker, role: str) -> list[Weighed]:
    """The fields with their close candidates in the order that the second opinion prefers."""
    open_to_it = {item.profile.name: close for item in items if len(close := _close(item)) > 1}
    if not open_to_it:
        return list(items)
    questions = [
        {
            "object": role,
            "field": item.profile.name,
            "type": str(infer(item.profile).type),
            "choices": [candidate.destination if candidate else NONE for candidate in open_to_it[item.profile.name]],
        }
        for item in items
        if item.profile.name in open_to_it
    ]
    answers = reranker.choose(questions)
    return [
        _preferred(item, open_to_it[item.profile.name], answers[item.profile.name])
        if item.profile.name in open_to_it and item.profile.name in answers
        else item
        for item in items
    ]


def _close(item: Weighed) -> list[Candidate | None]:
    """The first candidates that are nearly as good as the best, and None for a field of its own."""
    ranked: list[Candidate | None] = [*item.candidates[:MOST], None]
    ranked.sort(key=_utility, reverse=True)
    return [candidate for candidate in ranked if _utility(candidate) >= _utility(ranked[0]) - NEAR]


def _utility(candidate: Candidate | None) -> float:
    return candidate.utility if candidate else 0.0


def _preferred(item: Weighed, close: Sequence[Candidate | None], answer: str) -> Weighed:
    """The preferred candidate changes places with the best one; nothing becomes surer than we were."""
    preferred = next((c for c in close if (c.destination if c else NONE) == answer), close[0])
    best = close[0]
    if preferred is best:
        return item
    up, down = _utility(best), _utility(preferred)
    changed = {best.destination: down} if best else {}
    if preferred is not None:
        changed[preferred.destination] = up
    if best is None and preferred is not None:
        changed[preferred.destination] = max(up, -down)
    if preferred is None:
        # “None” always stands at 0: it is preferred by putting the others below it by as much as they were above.
        changed = {c.destination: -abs(c.utility) for c in close if c is not None}
    made = [replace(c, utility=changed.get(c.destination, c.utility)) for c in item.candidates]
    return replace(item, candidates=tuple(sorted(made, key=lambda c: -c.utility)))
