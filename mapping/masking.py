"""A map for those who may not see values: reasons without what they quote, examples left out."""

from __future__ import annotations

import re

from mapping.rules import MapSpec, ObjectRule

QUOTED = re.compile("“[^”]*”")
ADDRESS = re.compile(r"[^\s,;:“”]+@[^\s,;:“”]+\w")


def shape_of(text: str) -> str:
    """The shape of a value for those who may not see it: letters as x, digits as 9, at most 24 of them."""
    shape = "".join("9" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in text[:24])
    return f"{shape}…" if len(text) > 24 else shape


def without_quotes(sentence: str) -> str:
    """A reason without the values it quotes, and with the shape only of the addresses it lists."""
    return ADDRESS.sub(lambda found: shape_of(found[0]), QUOTED.sub("“…”", sentence))


def without_values(spec: MapSpec) -> MapSpec:
    """The map without the values in its evidence; its digest is the same."""
    streams = tuple(
        rule.model_copy(update={"reason": without_quotes(rule.reason), "examples": ()}) for rule in spec.activities
    )
    return spec.model_copy(update={"objects": tuple(map(_masked, spec.objects)), "activities": streams})


def _masked(rule: ObjectRule) -> ObjectRule:
    fields = tuple(one.model_copy(update={"reason": without_quotes(one.reason)}) for one in rule.fields)
    relations = tuple(
        one.model_copy(update={"reason": without_quotes(one.reason), "absent": ()}) for one in rule.relations
    )
    return rule.model_copy(update={"fields": fields, "relations": relations})
