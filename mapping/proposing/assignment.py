"""One home for each field and one field for each home, so that all fields together fit best."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Row = TypeVar("Row", bound=Hashable)
Column = TypeVar("Column", bound=Hashable)


def assign(gains: Mapping[Row, Mapping[Column, float]]) -> dict[Row, Column]:
    """The matching of rows with columns that has the greatest total gain; rows may stay without a column.

    Gains of 0 and less are as good as staying without. Rows and columns that have nothing to do with each other are
    solved apart, so the time depends on the largest knot, not on the number of fields.
    """
    made: dict[Row, Column] = {}
    for rows, columns in _knots({row: {c: g for c, g in found.items() if g > 0} for row, found in gains.items()}):
        if len(columns) == 1 or len(rows) == 1:
            row, column = max(
                ((row, column) for row in rows for column in columns if column in gains[row]),
                key=lambda pair: gains[pair[0]][pair[1]],
            )
            made[row] = column
            continue
        table = [[max(0.0, gains[row].get(column, 0.0)) for row in rows] for column in columns]
        for place, chosen in enumerate(_best(table)):
            if chosen is not None and table[place][chosen] > 0:
                made[rows[chosen]] = columns[place]
    return made


def _knots(edges: Mapping[Row, Mapping[Column, float]]) -> list[tuple[list[Row], list[Column]]]:
    """The rows and columns that are connected with each other, in the order of the rows."""
    of_column: dict[Column, list[Row]] = {}
    for row, found in edges.items():
        for column in found:
            of_column.setdefault(column, []).append(row)
    seen: set[Row] = set()
    knots = []
    for start in edges:
        if start in seen or not edges[start]:
            continue
        rows, columns, waiting = [], dict[Column, None](), [start]
        seen.add(start)
        while waiting:
            row = waiting.pop()
            rows.append(row)
            for column in edges[row]:
                if column not in columns:
                    columns[column] = None
                    fresh = [other for other in of_column[column] if other not in seen]
                    seen.update(fresh)
                    waiting.extend(fresh)
        order = {row: place for place, row in enumerate(edges)}
        knots.append((sorted(rows, key=order.__getitem__), list(columns)))
    return knots


def _best(gains: Sequence[Sequence[float]]) -> list[int | None]:
    """The Hungarian method (shortest augmenting paths): for each line the place of its partner, or None.

    One column of nothing per line stands for staying alone. O(lines² × places).
    """
    size, real = len(gains), len(gains[0])
    costs = [[-gain for gain in line] + [0.0] * size for line in gains]
    by_line, by_place = [0.0] * (size + 1), [0.0] * (real + size + 1)
    partner = [0] * (real + size + 1)
    for line in range(1, size + 1):
        partner[0] = line
        place, way = _path(costs, partner, by_line, by_place)
        while place:
            partner[place], place = partner[way[place]], way[place]
    made: list[int | None] = [None] * size
    for place in range(1, real + 1):
        if partner[place]:
            made[partner[place] - 1] = place - 1
    return made


def _path(
    costs: Sequence[Sequence[float]], partner: Sequence[int], by_line: list[float], by_place: list[float]
) -> tuple[int, list[int]]:
    """The cheapest way to a free place, and the place before each; raises the prices on the way (both from 1)."""
    width = len(partner) - 1
    way = [0] * (width + 1)
    least, used = [float("inf")] * (width + 1), [False] * (width + 1)
    place = 0
    while partner[place]:
        used[place] = True
        current, delta, following = partner[place], float("inf"), 0
        for other in range(1, width + 1):
            if used[other]:
                continue
            reduced = costs[current - 1][other - 1] - by_line[current] - by_place[other]
            if reduced < least[other]:
                least[other], way[other] = reduced, place
            if least[other] < delta:
                delta, following = least[other], other
        for other in range(width + 1):
            if used[other]:
                by_line[partner[other]] += delta
                by_place[other] -= delta
            else:
                least[other] -= delta
        place = following
    return place, way
