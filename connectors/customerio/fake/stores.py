"""Where the records are kept, indexed for the ways in which the API asks for them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from connectors.customerio.fake.records import CustomObject, ObjectKey, Person, Relationship, Row

TOKEN_BASE = 10**7
"""Activity tokens are `9`, the second and a serial number of seven digits: 18 digits, like the live ones."""


class People:
    """Profiles by cio_id, and by each identifier that the workspace allows."""

    def __init__(self) -> None:
        self._rows: dict[str, Person] = {}
        self._index: dict[str, dict[str, dict[str, None]]] = {
            kind: defaultdict(dict) for kind in ("id", "email", "phone")
        }

    def __getitem__(self, cio_id: str) -> Person:
        return self._rows[cio_id]

    def __contains__(self, cio_id: object) -> bool:
        return cio_id in self._rows

    def __iter__(self) -> Iterator[Person]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, person: Person) -> None:
        """Put the person in and index the identifiers; call again after an identifier changed."""
        self._rows[person.cio_id] = person
        for kind, index in self._index.items():
            if value := person.attributes.get(kind):
                index[_normal(kind, value)][person.cio_id] = None

    def remove(self, cio_id: str) -> Person:
        """Take the person out, with every way of finding them."""
        person = self._rows.pop(cio_id)
        self.forget_identifiers(person)
        return person

    def forget_identifiers(self, person: Person) -> None:
        """Drop the person from the indexes; done before an identifier changes."""
        for kind, index in self._index.items():
            if value := person.attributes.get(kind):
                index[_normal(kind, value)].pop(person.cio_id, None)

    def find(self, value: str, kind: str) -> list[Person]:
        """Everybody with this identifier: several people may share an address (FACTS.md §4)."""
        if kind == "cio_id":
            return [self._rows[value]] if value in self._rows else []
        return [self._rows[cio_id] for cio_id in self._index[kind].get(_normal(kind, value), ())]


def _normal(kind: str, value: str) -> str:
    return value.lower() if kind == "email" else value


class Relationships:
    """Ties between people and objects, readable from both ends."""

    def __init__(self) -> None:
        self._of_person: dict[str, dict[ObjectKey, Relationship]] = defaultdict(dict)
        self._of_object: dict[ObjectKey, dict[str, Relationship]] = defaultdict(dict)

    def add(self, relationship: Relationship) -> None:
        self._of_person[relationship.cio_id][relationship.object_key] = relationship
        self._of_object[relationship.object_key][relationship.cio_id] = relationship

    def get(self, cio_id: str, object_key: ObjectKey) -> Relationship | None:
        return self._of_person.get(cio_id, {}).get(object_key)

    def remove(self, cio_id: str, object_key: ObjectKey) -> Relationship:
        del self._of_object[object_key][cio_id]
        return self._of_person[cio_id].pop(object_key)

    def of_person(self, cio_id: str) -> list[Relationship]:
        return list(self._of_person.get(cio_id, {}).values())

    def of_object(self, object_key: ObjectKey) -> list[Relationship]:
        return list(self._of_object.get(object_key, {}).values())

    def __len__(self) -> int:
        return sum(len(ties) for ties in self._of_person.values())


class Objects:
    """Custom objects by type and id, and by Customer.io's own object id."""

    def __init__(self) -> None:
        self._rows: dict[ObjectKey, CustomObject] = {}
        self._by_cio_id: dict[str, CustomObject] = {}

    def __getitem__(self, key: ObjectKey) -> CustomObject:
        return self._rows[key]

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[CustomObject]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, item: CustomObject) -> None:
        self._rows[item.key] = item
        self._by_cio_id[item.cio_object_id] = item

    def remove(self, key: ObjectKey) -> CustomObject:
        item = self._rows.pop(key)
        del self._by_cio_id[item.cio_object_id]
        return item

    def find(self, object_type_id: str, value: str, kind: str) -> CustomObject | None:
        """The object of this type with this `object_id` or `cio_object_id`."""
        if kind == "object_id":
            return self._rows.get((object_type_id, value))
        found = self._by_cio_id.get(value)
        return found if found and found.object_type_id == object_type_id else None


@dataclass(order=True)
class Activity:
    """One line of history, ordered by time and then by arrival."""

    timestamp: int
    serial: int
    row: Row = field(compare=False)
    cio_id: str | None = field(compare=False)

    @property
    def token(self) -> str:
        return f"9{self.timestamp:010d}{self.serial:07d}"


class Activities:
    """History, newest first; a token names the row to go on after, so new rows repeat nothing."""

    def __init__(self) -> None:
        self._rows: list[Activity] = []
        self._of_person: dict[str, list[Activity]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Activity]:
        return reversed(self._rows)

    def add(self, activity: Activity) -> None:
        insort(self._rows, activity)
        if activity.cio_id is not None:
            insort(self._of_person[activity.cio_id], activity)

    def of_person(self, cio_id: str) -> list[Activity]:
        return self._of_person.get(cio_id, [])

    def move(self, secondary: str, primary: str) -> list[Activity]:
        """Give the secondary's history to the primary, as a merge does, and return what moved."""
        moved = self._of_person.pop(secondary, [])
        for activity in moved:
            activity.cio_id = primary
            insort(self._of_person[primary], activity)
        return moved

    def read(
        self, *, limit: int, since: float, token: str, cio_id: str | None, wanted: Callable[[Activity], bool]
    ) -> tuple[list[Activity], bool]:
        """Up to `limit` wanted rows after the token, and whether more of them follow."""
        rows = self._rows if cio_id is None else self.of_person(cio_id)
        end = len(rows)
        if token:
            timestamp, serial = divmod(int(token[1:]), TOKEN_BASE)
            end = bisect_left(rows, Activity(timestamp, serial, {}, None))
        page: list[Activity] = []
        for position in range(end - 1, -1, -1):
            activity = rows[position]
            if activity.timestamp < since:
                break
            if wanted(activity):
                if len(page) == limit:
                    return page, True
                page.append(activity)
        return page, False


class Messages:
    """Deliveries in order of creation, with the bodies that only the archive endpoint shows."""

    def __init__(self) -> None:
        self._order: list[tuple[int, int, str]] = []
        self._rows: dict[str, Row] = {}
        self.bodies: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def add(self, row: Row) -> None:
        insort(self._order, (row["created"], len(self._order), row["id"]))
        self._rows[row["id"]] = row

    def get(self, message_id: str) -> Row | None:
        return self._rows.get(message_id)

    def window(self, start: int, end: int) -> list[Row]:
        """What was created between the two seconds, both included, newest first."""
        low, high = bisect_left(self._order, (start,)), bisect_left(self._order, (end + 1,))
        return [self._rows[message_id] for _, _, message_id in reversed(self._order[low:high])]
