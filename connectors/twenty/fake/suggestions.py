"""graphql-js's "Did you mean" hints, which Twenty's texts carry along."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 5


def did_you_mean_value(wanted: str, options: Iterable[str], quote: str = '"') -> str:
    """The hint for an unknown enum value, with its leading space, or nothing."""
    found = suggestions(wanted, options)
    if not found:
        return ""
    quoted = [f"{quote}{each}{quote}" for each in found]
    listed = " or ".join(quoted) if len(quoted) <= 2 else f"{', '.join(quoted[:-1])}, or {quoted[-1]}"
    return f" Did you mean the enum value {listed}?"


def suggestions(wanted: str, options: Iterable[str]) -> list[str]:
    """Options within graphql-js's edit distance of two fifths of the input plus one, nearest first."""
    threshold = int(len(wanted) * 0.4) + 1
    distances = {option: _distance(wanted, option) for option in options}
    near = [option for option, distance in distances.items() if distance <= threshold]
    return sorted(near, key=lambda option: (distances[option], option))[:MOST]


def _distance(one: str, other: str) -> int:
    """Insertions, deletions, substitutions and swaps; a difference in case only counts one."""
    if one == other:
        return 0
    if one.lower() == other.lower():
        return 1
    first, second = one.lower(), other.lower()
    rows = [list(range(len(second) + 1))]
    for i, left in enumerate(first, 1):
        row = [i]
        for j, right in enumerate(second, 1):
            cost = 0 if left == right else 1
            best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + cost)
            swapped = i > 1 and j > 1 and left == second[j - 2] and first[i - 2] == right
            row.append(min(best, rows[i - 2][j - 2] + 1) if swapped else best)
        rows.append(row)
    return rows[-1][-1]
