"""Segment criteria as filters of a Twenty View: exactly, partly, or not at all; never wrong.

Every translation says how the people that the view shows relate to those of the segment: `same`, `more` (nobody is
missing, some are too many) or `fewer` (nobody is too many, some are missing). What a View cannot ask is left out only
where that keeps one of the three true. How Twenty reads a View's filters: contracts/twenty/FACTS-2.x.md section 10 and
its front end's `turnRecordFilterIntoRecordGqlOperationFilter`: text is matched by `ilike`, an empty field meets no
negated filter, numbers know `at least` and `at most`, a yes-or-no field knows only `is`.

Customer.io compares attributes as text where it asks for equality, and as numbers where it asks for more or less.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connectors.catalogue import FieldType
from mapping.criteria import Attribute, Group, Node, Not, Segment, Unknown
from mapping.exact import as_text, iso_milliseconds, read_epoch, read_number
from mapping.kinds import Kind
from mapping.transforms import Unturned, turn


class Shows(StrEnum):
    """Whom the view shows, compared with the segment."""

    SAME = "same"
    MORE = "more"
    FEWER = "fewer"

    @property
    def turned(self) -> Shows:
        """The same of the opposite filter."""
        return {Shows.SAME: Shows.SAME, Shows.MORE: Shows.FEWER, Shows.FEWER: Shows.MORE}[self]


@dataclass(frozen=True, slots=True)
class Filter:
    """One line of a View's filter: `value` as Twenty's API takes it; `sub` is the part of a composite field."""

    field: str
    operand: str
    value: str | tuple[str, ...] = ""
    sub: str = ""


@dataclass(frozen=True, slots=True)
class FilterGroup:
    """Filters of which all (AND) or any (OR) have to hold."""

    operator: str
    parts: tuple[Filter | FilterGroup, ...]


AnyFilter = Filter | FilterGroup


@dataclass(frozen=True, slots=True)
class Target:
    """Where an attribute lands.

    `values`: every value of the source with what it was turned into (None: could not be turned); None where there
    are too many to know. `kinds`: how its values look. `companion`: the text field with what could not be turned.
    `combined`: it is one of several attributes in the field. `made_up`: Twenty fills the field where there is no value.
    """

    field: str
    type: FieldType
    sub: str = ""
    transform: str = "text"
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    values: Mapping[str, Any] | None = None
    kinds: frozenset[str] = frozenset()
    companion: str = ""
    combined: bool = False
    made_up: bool = False


@dataclass(frozen=True, slots=True)
class Landing:
    """What a translation may speak about: attributes, tags (segment id → option) and other segments' criteria."""

    targets: Mapping[str, Target]
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    tag_field: str = "tags"
    segments: Mapping[str, Node | None] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Translation:
    """A View's filter for a segment; without `filter` it can only be quoted. `left_out` says what and why."""

    filter: AnyFilter | None
    shows: Shows
    left_out: tuple[str, ...] = ()

    @property
    def how(self) -> str:
        """In one word: exactly, partly or quoted."""
        if self.filter is None:
            return "quoted"
        return "exactly" if self.shows == Shows.SAME else "partly"


def quoted(why: str) -> Translation:
    """Nothing that a View could say."""
    return Translation(None, Shows.MORE, (why,))


def translate(node: Node, landing: Landing) -> Translation:
    """The nearest View filter of a segment's criteria."""
    return _translate(node, landing, False, ())


def _translate(node: Node, landing: Landing, negated: bool, inside: tuple[str, ...]) -> Translation:
    if isinstance(node, Not):
        return _translate(node.part, landing, not negated, inside)
    if isinstance(node, Group):
        parts = [_translate(part, landing, negated, inside) for part in node.parts]
        # The opposite of “all of them” is “one of them is not”.
        return _all(parts) if (node.operator == "and") != negated else _any(parts)
    if isinstance(node, Attribute):
        made = _attribute(node, landing)
        return opposite(made) if negated else made
    if isinstance(node, Segment):
        return _segment(node, landing, negated, inside)
    if isinstance(node, Unknown):
        return quoted("a condition cannot be read")
    return quoted(f"a View of people cannot ask for the event “{node.name}”")


def _all(parts: list[Translation]) -> Translation:
    return _joined("AND", parts, Shows.FEWER, Shows.MORE)


def _any(parts: list[Translation]) -> Translation:
    return _joined("OR", parts, Shows.MORE, Shows.FEWER)


def _joined(operator: str, parts: list[Translation], narrow: Shows, wide: Shows) -> Translation:
    """Joins what can be said.

    Dropping a part of AND shows `more`, of OR `fewer` (`wide`). Parts that lean the other way (`narrow`) can stay
    only where nothing leans to `wide`.
    """
    left_out = tuple(reason for part in parts for reason in part.left_out)
    said = [part for part in parts if part.filter is not None]
    leans = len(said) < len(parts) or any(part.shows == wide for part in said)
    if leans:
        said = [part for part in said if part.shows != narrow]
    filters = [part.filter for part in said if part.filter is not None]
    if not filters:
        return Translation(None, Shows.MORE, left_out or ("nothing of it can be asked",))
    shows = wide if leans else narrow if any(part.shows == narrow for part in said) else Shows.SAME
    return Translation(_group(operator, filters), shows, left_out)


def _group(operator: str, filters: Iterable[AnyFilter]) -> AnyFilter:
    """A group, without groups in it that say the same."""
    flat: list[AnyFilter] = []
    for one in filters:
        same = isinstance(one, FilterGroup) and one.operator == operator
        flat += one.parts if same and isinstance(one, FilterGroup) else (one,)
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else FilterGroup(operator, unique)


def _segment(node: Segment, landing: Landing, negated: bool, inside: tuple[str, ...]) -> Translation:
    """Another segment: by its own criteria; one that was filled by hand by its tag, which stays as it was."""
    if node.id in inside:
        return quoted(f"segment {node.id} refers to itself")
    if node.id not in landing.segments:
        return quoted(f"segment {node.id} is not listed: archived or deleted")
    criteria = landing.segments[node.id]
    if criteria is not None:
        return _translate(criteria, landing, negated, (*inside, node.id))
    if node.id not in landing.tags:
        return quoted(f"segment {node.id} has no tag")
    made = Translation(Filter(landing.tag_field, "CONTAINS", (landing.tags[node.id],)), Shows.SAME)
    return opposite(made) if negated else made


def opposite(made: Translation) -> Translation:
    """The filter for everybody else."""
    if made.filter is None:
        return made
    turned, exact = _turned(made.filter)
    if exact:
        return Translation(turned, made.shows.turned, made.left_out)
    # A yes-or-no field that is empty cannot be asked for: the turned filter shows fewer than everybody else.
    if made.shows == Shows.FEWER:
        return quoted("its opposite cannot be asked")
    return Translation(turned, Shows.FEWER, (*made.left_out, "people without the attribute cannot be asked for"))


OPPOSITES = {
    "CONTAINS": "DOES_NOT_CONTAIN",
    "IS": "IS_NOT",
    "IS_NOT": "IS",
    "IS_EMPTY": "IS_NOT_EMPTY",
    "IS_NOT_EMPTY": "IS_EMPTY",
    "IS_BEFORE": "IS_AFTER",
    "IS_AFTER": "IS_BEFORE",
}


def _turned(one: AnyFilter) -> tuple[AnyFilter, bool]:
    """The opposite of a filter for every record, empty ones included; False where only some of it can be said."""
    if isinstance(one, FilterGroup):
        turned = [_turned(part) for part in one.parts]
        operator = "OR" if one.operator == "AND" else "AND"
        return _group(operator, [part for part, _ in turned]), all(exact for _, exact in turned)
    empty = Filter(one.field, "IS_EMPTY", sub=one.sub)
    if one.operand in ("IS_EMPTY", "IS_NOT_EMPTY"):
        return Filter(one.field, OPPOSITES[one.operand], sub=one.sub), True
    if one.operand in ("GREATER_THAN_OR_EQUAL", "LESS_THAN_OR_EQUAL"):
        other = "LESS_THAN_OR_EQUAL" if one.operand == "GREATER_THAN_OR_EQUAL" else "GREATER_THAN_OR_EQUAL"
        beyond = (Filter(one.field, other, one.value), Filter(one.field, "IS_NOT", one.value))
        return FilterGroup("OR", (FilterGroup("AND", beyond), empty)), True
    if one.value in ("true", "false") and one.operand == "IS":
        return Filter(one.field, "IS", "false" if one.value == "true" else "true"), False
    # No filter but IS_EMPTY shows empty records, so the opposite of each has to.
    return FilterGroup("OR", (Filter(one.field, OPPOSITES[one.operand], one.value, one.sub), empty)), True


def _attribute(node: Attribute, landing: Landing) -> Translation:
    target = landing.targets.get(node.field)
    if target is None:
        return quoted(f"“{node.field}” is not migrated")
    if target.combined:
        return quoted(f"“{node.field}” is combined with other attributes in {target.field}")
    if target.made_up:
        return quoted(f"Twenty fills {target.field} by itself where “{node.field}” is not set")
    if node.operator == "exists":
        return _exists(node.field, target)
    if node.operator == "in":
        return _any([_attribute(Attribute(node.field, "eq", one), landing) for one in node.value])
    if node.operator == "eq":
        return _equal(node, target)
    if node.operator in ("contains", "starts_with", "ends_with"):
        return _contains(node, target)
    return _compared(node, target)


def _exists(name: str, target: Target) -> Translation:
    if target.type == FieldType.BOOLEAN:
        return quoted(f"whether {target.field}, a yes-or-no field, is set cannot be asked")
    filled: AnyFilter = Filter(target.field, "IS_NOT_EMPTY", sub=target.sub)
    if target.companion:
        return Translation(_group("OR", [filled, Filter(target.companion, "IS_NOT_EMPTY")]), Shows.SAME)
    known = target.values is not None and all(made is not None for made in target.values.values())
    if known or target.transform == "text":
        return Translation(filled, Shows.SAME)
    return Translation(filled, Shows.FEWER, (f"values of “{name}” that could not be turned are missing",))


def _equal(node: Attribute, target: Target) -> Translation:
    text = as_text(node.value)
    if target.type in (FieldType.TEXT, FieldType.FULL_NAME, FieldType.EMAILS):
        return _text(node, target, text)
    if target.type not in (FieldType.SELECT, FieldType.NUMBER, FieldType.BOOLEAN):
        return quoted(f"{target.field}, of the type {target.type.value}, cannot be compared for equality")
    try:
        made = turn(target.transform, text, target.options)
    except Unturned:
        return quoted(f"“{text}” is no value that {target.field} can hold")
    filter = Filter(target.field, "IS", (str(made),) if target.type == FieldType.SELECT else _written(made))
    alike = target.values is not None and all(
        value == text for value, turned in target.values.items() if turned is not None and turned == made
    )
    # An empty yes-or-no field may read as “no”.
    if alike and not (target.type == FieldType.BOOLEAN and made is False):
        return Translation(filter, Shows.SAME)
    return Translation(filter, Shows.MORE, (f"other ways to write “{text}” are shown too",))


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _text(node: Attribute, target: Target, text: str) -> Translation:
    """Text can only be asked for what it contains: nobody is missing, but longer texts are shown too."""
    why = f"{target.field} can be asked for what it contains only"
    if target.transform not in ("text", "trim", "email") or "\\" in text or not text.strip():
        return quoted(why)
    if not _lands_as(text, target):
        return quoted(f"“{text}” may not stand in {target.field} as it is")
    wanted = text if target.transform == "text" else text.strip()
    filter: AnyFilter = Filter(target.field, "CONTAINS", wanted, target.sub)
    if target.companion:
        filter = _group("OR", [filter, Filter(target.companion, "CONTAINS", wanted)])
    return Translation(filter, Shows.MORE, (why,))


def _lands_as(text: str, target: Target) -> bool:
    """Whether records with exactly this value can be found by it, in the field or in its companion."""
    if target.type == FieldType.EMAILS and not text.isascii():
        return False
    if target.transform in ("text", "trim"):
        return True
    try:
        made = turn(target.transform, text, target.options)
    except Unturned:
        return bool(target.companion)
    return isinstance(made, str) and made.lower() == text.strip().lower()


def _contains(node: Attribute, target: Target) -> Translation:
    text = as_text(node.value)
    if target.type not in (FieldType.TEXT, FieldType.FULL_NAME, FieldType.EMAILS):
        return quoted(f"{target.field}, of the type {target.type.value}, cannot be asked for a part of it")
    made = _text(node, target, text)
    if made.filter is None or text != text.strip() or not _part_survives(text, target):
        return quoted(f"{target.field} cannot be asked for “{text}”")
    plain = text.upper() == text.lower() and not set(text) & {"%", "_"}
    if plain and node.operator == "contains":
        return Translation(made.filter, Shows.SAME)
    return Translation(made.filter, Shows.MORE, (f"“{text}” is looked for anywhere, in capitals or not",))


def _part_survives(text: str, target: Target) -> bool:
    """Whether a part of a value is still a part of it as it landed: `mailto:` is taken off addresses."""
    if target.transform != "email":
        return True
    return bool(target.companion) and ":" not in text and text.lower() not in "mailto:"


NUMERIC = frozenset({Kind.BIT.value, Kind.INTEGER.value, Kind.DECIMAL.value, Kind.EPOCH.value})


def _compared(node: Attribute, target: Target) -> Translation:
    text = as_text(node.value).strip()
    try:
        number = read_number(text)
    except ValueError:
        return quoted(f"“{text}” is no number to compare {target.field} with")
    if not target.kinds or not target.kinds <= NUMERIC:
        return quoted(f"not every value of “{node.field}” is a number")
    if target.type == FieldType.NUMBER:
        return Translation(_number_filter(node.operator, target.field, _written(number)), Shows.SAME)
    if target.type == FieldType.DATE_TIME and target.kinds == {Kind.EPOCH.value} and isinstance(number, int):
        return _moment(node, target, number)
    return quoted(f"{target.field}, of the type {target.type.value}, cannot be compared with a number")


def _number_filter(operator: str, name: str, value: str) -> AnyFilter:
    above = "GREATER_THAN_OR_EQUAL" if operator.startswith("g") else "LESS_THAN_OR_EQUAL"
    least = Filter(name, above, value)
    return least if operator.endswith("e") else FilterGroup("AND", (least, Filter(name, "IS_NOT", value)))


def _moment(node: Attribute, target: Target, seconds: int) -> Translation:
    """Times in seconds. `IS_AFTER` takes the moment itself with it, `IS_BEFORE` does not."""
    try:
        moment = iso_milliseconds(read_epoch(seconds))
    except ValueError:
        return quoted(f"“{seconds}” is no time to compare {target.field} with")
    if abs(seconds) > 4_102_444_800:
        return quoted(f"“{seconds}” is not in seconds")
    operand = "IS_AFTER" if node.operator.startswith("g") else "IS_BEFORE"
    shows = {"gte": Shows.SAME, "lt": Shows.SAME, "gt": Shows.MORE, "lte": Shows.FEWER}[node.operator]
    left_out = () if shows == Shows.SAME else ("the very moment itself is taken for after",)
    return Translation(Filter(target.field, operand, moment), shows, left_out)


def filter_words(one: AnyFilter) -> str:
    """A View's filter as somebody would click it together."""
    if isinstance(one, FilterGroup):
        return f" {one.operator} ".join(
            f"({filter_words(part)})" if isinstance(part, FilterGroup) else filter_words(part) for part in one.parts
        )
    name = f"{one.field} › {one.sub}" if one.sub else one.field
    value = ", ".join(one.value) if isinstance(one.value, tuple) else one.value
    return f"{name} {one.operand.lower().replace('_', ' ')}" + (f" “{value}”" if value else "")


def filter_json(one: AnyFilter) -> dict[str, Any]:
    """A View's filter as JSON."""
    if isinstance(one, FilterGroup):
        return {"operator": one.operator, "parts": [filter_json(part) for part in one.parts]}
    value = list(one.value) if isinstance(one.value, tuple) else one.value
    return {"field": one.field, "sub": one.sub, "operand": one.operand, "value": value}
