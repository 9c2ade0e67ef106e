"""Replays the recorded exchanges of both lines against the fake and compares status, texts, shapes and written values.

A recording names ids that its server made up; they are bound to the fake's own as answers come in. Records that existed
before a recording are put in place from what the recording shows of them. What is known to differ is listed with the
reason in known-disagreements.json: an entry that starts to agree fails, and so does a new difference.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest

from connectors.twenty.fake import FakeTwenty, effects

Json = Any

DATA = Path(__file__).parents[2] / "data" / "twenty"
KNOWN = json.loads((DATA / "known-disagreements.json").read_text())
STATES = json.loads((DATA / "states.json").read_text())
FOLDERS = {"1.x": "exchanges", "2.x": "exchanges-2.x"}
RECORDINGS = [(line, path.stem) for line, folder in FOLDERS.items() for path in sorted((DATA / folder).glob("*.json"))]
TRIMMED = "…trimmed"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
WHOLE_UUID = re.compile(f"^{UUID.pattern}$")
MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
RECORDED_ON = "2026-11-24"
CURSOR = re.compile(r"eyJ[\w+/=]+")
# Values that the server derives from other state, or that the fake does not keep.
LOOSE = frozenset(
    """position searchVector blocknote description icon totalErrors avatarUrl universalIdentifier applicationId
    isUICreatable isUIEditable isUIReadOnly isSearchable isSystem secret startCursor endCursor""".split()
)
CUSTOM_FIELDS_2 = (
    ("person", "city", "TEXT", None),
    ("person", "xLink", "LINKS", None),
    ("company", "employees", "NUMBER", None),
    ("company", "xLink", "LINKS", None),
    ("company", "idealCustomerProfile", "BOOLEAN", False),
)
UNTOUCHED_2 = ("00-", "12-", "15-", "21-", "22-", "23-")
FULL_PERSON = {
    "name": {"firstName": "F", "lastName": "L"},
    "emails": {"primaryEmail": "", "additionalEmails": ["alt@full.example"]},
    "phones": {
        "primaryPhoneNumber": "5125550100",
        "primaryPhoneCountryCode": "US",
        "primaryPhoneCallingCode": "+1",
        "additionalPhones": [{"number": "15112345678", "callingCode": "+49", "countryCode": "DE"}],
    },
    "linkedinLink": {
        "primaryLinkLabel": "L",
        "primaryLinkUrl": "https://a.example",
        "secondaryLinks": [{"url": "https://b.example", "label": "B"}],
    },
}


class Clock:
    """A clock that only moves when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Replay:
    """One recording against one fresh fake."""

    def __init__(self, line: str, recording: str) -> None:
        self.line, self.recording = line, recording
        self.exchanges: list[dict[str, Json]] = json.loads((DATA / FOLDERS[line] / f"{recording}.json").read_text())
        self.clock = Clock()
        self.ids: dict[str, str] = {}
        self.cursors: dict[str, str] = {}
        self.made: set[str] = set()
        self.adopted: set[str] = set()
        self.contents: dict[str, dict[str, Json]] = {}
        for exchange in self.exchanges:
            collect(exchange.get("answer"), self.contents)
        self.differences: dict[str, str] = {}
        self.start((None, None))
        self.prepare()

    def start(self, limits: tuple[Any, Any]) -> None:
        direct = not self.recording.startswith("23-")
        self.fake = FakeTwenty(
            self.line,  # type: ignore[arg-type]
            short_limit=limits[0],
            long_limit=limits[1],
            clock=self.clock,
            direct_metadata=direct,
            fresh_worker=True,
        )
        self.client = httpx.Client(transport=httpx.WSGITransport(app=self.fake), base_url="http://twenty.test")

    def run(self) -> None:
        for number, exchange in enumerate(self.exchanges):
            key = f"{number} {exchange['name']}"[:120]
            if self.recording.startswith("12-"):
                self.set_limits(exchange)
            self.reach_state(exchange["name"])
            self.adopt(exchange)
            status, answer = self.send(exchange)
            if status >= 500 and exchange["status"] < 500:
                self.differences[key] = f"status {status} instead of {exchange['status']}: {str(answer)[:200]}"
                continue
            problem = self.compare(exchange, status, answer)
            if problem:
                self.differences[key] = problem

    def send(self, exchange: dict[str, Json]) -> tuple[int, Json]:
        headers = {"authorization": f"Bearer {self.token(exchange)}", "content-type": "application/json"}
        if exchange.get("auth") == "none":
            del headers["authorization"]
        headers.update(
            {key: value.replace("<JWT redacted>", "token") for key, value in exchange.get("headers", {}).items()}
        )
        content = self.body(exchange)
        path = self.path(exchange["path"])
        count = re.search(r"filter in with (\d+) emails", exchange["name"])
        if count and TRIMMED[:1] in unquote(path)[-30:]:
            emails = quote(",".join(f"u{n}@q.example" for n in range(int(count.group(1)))), safe="")
            path = f"{path.partition('%5Bin%5D')[0]}%5Bin%5D%3A%5B{emails}%5D"
        response = self.client.request(exchange["method"], path, headers=headers, content=content)
        try:
            return response.status_code, response.json()
        except ValueError:
            return response.status_code, response.text

    def token(self, exchange: dict[str, Json]) -> str:
        name = exchange["name"]
        if "other token" not in exchange.get("auth", ""):
            return self.fake.api_key
        if "bad signature" in name:
            return f"{self.fake.api_key[:-6]}AAAAAA"
        if "exp is past" in name:
            return self.fake.issue_key("old", expires_in=-60)
        if "revoked" in name or "non-existing API key" in name:
            token = self.fake.issue_key("k2")
            self.fake.keyring.revoke(list(self.fake.keyring.keys)[-1])
            return token
        if "non-existing workspace" in name:
            ring = self.fake.keyring
            return ring.token(ring.keys[ring.default_id], workspace_id="11111111-1111-4111-8111-111111111111")
        if "read-only role" in name:
            return self.fake.issue_key("reader", read_only=True)
        if "garbage" in name or "bad token" in name:
            return "garbage"
        return self.fake.issue_key("k2")

    def path(self, recorded: str) -> str:
        def mapped(match: re.Match[str]) -> str:
            return self.ids.get(match.group(), match.group())

        path = UUID.sub(mapped, recorded)
        decoded = unquote(path)
        for cursor in CURSOR.findall(decoded):
            if cursor in self.cursors:
                path = path.replace(quote(cursor, safe=""), quote(self.cursors[cursor], safe="")).replace(
                    cursor, quote(self.cursors[cursor], safe="")
                )
        return path

    def body(self, exchange: dict[str, Json]) -> bytes | None:
        body = exchange.get("body")
        if body is None:
            return None
        if isinstance(body, str):
            return placeholder(body).encode()
        mapped = self.mapped(expanded(body, exchange))
        return json.dumps(mapped).encode()

    def mapped(self, value: Json) -> Json:
        text = json.dumps(value)
        return json.loads(UUID.sub(lambda match: self.ids.get(match.group(), match.group()), text))

    def prepare(self) -> None:
        if self.line == "2.x" and not self.recording.startswith(UNTOUCHED_2):
            for kind, name, type_, default in CUSTOM_FIELDS_2:
                field = {"objectMetadataId": self.object_id(kind), "name": name, "label": name, "type": type_}
                if default is not None:
                    field["defaultValue"] = default
                self.call("POST", "/rest/metadata/fields", field)
        if self.recording.startswith("03-"):
            people_and_companies(self)
        self.reach_state(None)

    def reach_state(self, before: str | None) -> None:
        """Make the calls that the recording left out before this exchange."""
        for state in STATES.get(f"{self.line}/{self.recording}", []):
            if state["before"] == before:
                for method, path, body in state["calls"]:
                    if isinstance(body, dict) and body.get("objectMetadataId") == "object:person":
                        body = {**body, "objectMetadataId": self.object_id("person")}
                    self.call(method, path, body)

    def call(self, method: str, path: str, body: Json = None) -> Json:
        headers = {"authorization": f"Bearer {self.fake.api_key}"}
        response = self.client.request(method, path, headers=headers, json=body)
        assert response.status_code < 300, response.text
        return response.json()

    def object_id(self, singular: str) -> str:
        return self.fake.workspace.schema.objects[singular].id

    def adopt(self, exchange: dict[str, Json]) -> None:
        """Put records in place that a successful exchange needs and that were made before the recording."""
        path = unquote(exchange["path"])
        if path.startswith("/rest/metadata/fields/"):
            self.adopt_field(exchange)
        body = exchange.get("body")
        if "viewF" in path and isinstance(body, dict):
            self.alias_field(body.get("fieldMetadataId", ""))
        plural = re.match(r"/rest/(?:batch/|restore/)?(\w+)", path)
        kind = self.fake.workspace.schema.by_plural(plural.group(1)) if plural else None
        partial = self.recording.startswith("18-")
        if kind is None or (exchange["status"] not in (200, 201) and not partial):
            return
        for column, recorded in self.joins(exchange, path):
            owner = kind.columns.get(column)
            relation = owner.joins().get(column) if owner else None
            if relation:
                self.ensure(relation.target_object, recorded, {})
        direct = re.match(rf"/rest/\w+/({UUID.pattern})", path)
        named = re.findall(rf"\bid\[eq\]:({UUID.pattern})", path)
        for recorded in ([direct.group(1)] if direct else []) + named:
            self.ensure(kind.singular, recorded, self.shown_record(exchange, recorded))
        if path.endswith("upsert=true") and isinstance(body, dict) and "id" in body:
            shown = self.shown_record(exchange, body["id"])
            existed = "createdAt" in shown and shown["createdAt"] != shown["updatedAt"] and "createdAt" not in body
            if existed or partial:
                self.ensure(kind.singular, body["id"], shown)
        if exchange["method"] == "GET" and kind.singular == "noteTarget" and "Id[eq]" in path:
            for row in exchange["answer"]["data"][kind.plural]:
                if TRIMMED not in row:
                    self.ensure(kind.singular, row["id"], row)

    def alias_field(self, recorded: str) -> None:
        """A field of which the recording shows nothing but the id: the custom person.city."""
        schema = self.fake.workspace.schema
        if recorded and recorded not in self.ids and schema.field_by_id(recorded) is None:
            self.ids[recorded] = schema.objects["person"].fields["city"].id

    def adopt_field(self, exchange: dict[str, Json]) -> None:
        """A field made before the recording is found by its object and name."""
        recorded = exchange["path"].rpartition("/")[2]
        answer = exchange.get("answer")
        shown = answer.get("data", answer) if isinstance(answer, dict) else {}
        shown = next(iter(shown.values())) if len(shown) == 1 else shown
        kind = self.fake.workspace.schema.by_id(shown.get("objectMetadataId", "")) if isinstance(shown, dict) else None
        if kind is not None and recorded not in self.ids and shown["name"] in kind.fields:
            self.ids.setdefault(recorded, kind.fields[shown["name"]].id)

    def joins(self, exchange: dict[str, Json], path: str) -> list[tuple[str, str]]:
        found = re.findall(rf"(\w+Id)\[eq\]:({UUID.pattern})", path)
        body = exchange.get("body")
        for each in body if isinstance(body, list) else [body]:
            if isinstance(each, dict):
                found += [(key, value) for key, value in each.items() if key.endswith("Id") and isinstance(value, str)]
        return [(column, value) for column, value in found if WHOLE_UUID.match(value)]

    def shown_record(self, exchange: dict[str, Json], recorded: str) -> dict[str, Json]:
        """The record as the answer shows it, without what the request itself writes."""
        answer = exchange.get("answer") or {}
        shown = next(iter(answer["data"].values())) if isinstance(answer, dict) and "data" in answer else {}
        rows = shown if isinstance(shown, list) else [shown]
        return next((row for row in rows if isinstance(row, dict) and row.get("id") == recorded), {})

    def ensure(self, singular: str, recorded: str, shown: dict[str, Json]) -> None:
        table = self.fake.workspace.table(singular)
        actual = self.ids.get(recorded, recorded)
        if actual in table.rows or recorded in self.made or recorded in self.adopted:
            return
        self.adopted.add(recorded)
        shown = shown or self.contents.get(recorded, {})
        row = table.kind.blank_row()
        now = self.fake.workspace.now()
        row.update(createdAt=now, updatedAt=now)
        row.update({key: value for key, value in shown.items() if key in row and value != TRIMMED})
        if self.recording.startswith("18-"):
            row.update(FULL_PERSON)
            primary = (shown.get("emails") or {}).get("primaryEmail") or f"{recorded[:8]}@full.example"
            row["emails"] = {"primaryEmail": primary, "additionalEmails": ["alt@full.example"]}
        row["id"] = recorded
        if "?soft_delete" not in self.recording:
            row["deletedAt"] = None
        for column in table.refs:
            relation = table.kind.columns[column].joins()[column]
            target = row[column]
            if target and self.ids.get(target, target) not in self.fake.workspace.table(relation.target_object).rows:
                row[column] = None
            elif target:
                row[column] = self.ids.get(target, target)
        table.insert(row)
        if singular == "person":
            effects.created(self.fake.workspace, table.kind, row)

    def set_limits(self, exchange: dict[str, Json]) -> None:
        """The rate-limit recording ran three servers after another, each with limits of its own."""
        self.clock.now += exchange["ms"] / 1000
        name = exchange["name"]
        if name.endswith("GET number 1") and "SHORT_LIMIT" in name:
            self.start(((5, 1000), None))
        elif name.startswith("DEFAULT limits"):
            short, long = ((100, 1000), (100, 60_000)) if self.line == "2.x" else (None, (100, 60_000))
            self.start((short, long))
            for _ in range(100):
                self.call("GET", "/rest/people?limit=1")
        elif "LONG_LIMIT=3" in name and name.endswith("number 1"):
            self.start((None, (3, 60_000)))
        elif name.startswith(("after 1.1 s", "…then GET number 1")):
            self.clock.now += 1.1

    def compare(self, exchange: dict[str, Json], status: int, answer: Json) -> str:
        if status != exchange["status"]:
            return f"status {status} instead of {exchange['status']}: {json.dumps(answer, ensure_ascii=False)[:300]}"
        recorded = exchange.get("answer", "")
        reading = exchange["method"] == "GET" and status == 200
        if exchange["path"].startswith("/rest/open-api") and status == 200:
            return "" if answer["openapi"] == recorded["openapi"] else "not an OpenAPI document"
        graphql = exchange["path"].startswith(("/graphql", "/metadata"))
        if graphql and "query" in exchange.get("body", {}) and not exchange["body"]["query"].startswith("mutation"):
            reading = True
        asked = json.dumps(exchange.get("body"), ensure_ascii=False)
        if reading and isinstance(recorded, dict):
            # One record, named by its id or found alone, is compared value by value like what was written.
            alone = recorded.get("totalCount") == 1 or bool(re.match(rf"/rest/\w+/{UUID.pattern}$", exchange["path"]))
            reading = not alone or "depth=1" in exchange["path"]
            if recorded.get("totalCount", 0) != answer.get("totalCount", 0):
                return f".totalCount: {answer.get('totalCount')} instead of {recorded.get('totalCount')}"
        self.bind(recorded, answer, reading=reading)
        return self.difference(recorded, answer, "", exact=not reading, asked=asked)

    def bind(self, recorded: Json, actual: Json, *, reading: bool) -> None:
        """Learn which of the fake's ids stands for a recorded one, position by position."""
        if isinstance(recorded, dict) and isinstance(actual, dict):
            for key, value in recorded.items():
                other = actual.get(key)
                if key in ("startCursor", "endCursor") and isinstance(value, str) and isinstance(other, str):
                    self.cursors[value] = other
                elif isinstance(value, str) and isinstance(other, str):
                    self.bind_text(value, other)
                else:
                    self.bind(value, other, reading=reading)
        elif isinstance(recorded, list) and isinstance(actual, list):
            # Lists that were only read may come in another order.
            pairs = zip(recorded, actual, strict=False) if not reading or len(recorded) == len(actual) == 1 else ()
            for one, other in pairs:
                self.bind(one, other, reading=reading)

    def bind_text(self, recorded: str, actual: str) -> None:
        if WHOLE_UUID.match(recorded) and WHOLE_UUID.match(actual) and recorded not in self.ids and recorded != actual:
            self.ids[recorded] = actual
            self.made.add(recorded)

    def difference(self, recorded: Json, actual: Json, where: str, *, exact: bool, asked: str) -> str:
        """The first difference, or nothing."""
        key = where.rpartition(".")[2]
        if isinstance(recorded, dict) and isinstance(actual, dict):
            return self.dict_difference(recorded, actual, where, exact=exact, asked=asked)
        if isinstance(recorded, list) and isinstance(actual, list):
            return self.list_difference(recorded, actual, where, exact=exact, asked=asked)
        if recorded is None or actual is None:
            loose = not exact or key in LOOSE
            return "" if loose or recorded == actual else f"{where}: {actual!r} instead of {recorded!r}"
        if isinstance(recorded, str) and isinstance(actual, str):
            same = not exact or key in LOOSE or self.same_text(recorded, actual, asked)
            return "" if same else f"{where}: {actual[:200]!r} instead of {recorded[:200]!r}"
        numbers = isinstance(recorded, (int, float)) and isinstance(actual, (int, float))
        if type(recorded) is not type(actual) and not (numbers and not isinstance(recorded, bool)):
            return f"{where}: {type(actual).__name__} instead of {type(recorded).__name__}: {str(actual)[:100]}"
        same = not exact or key in LOOSE or recorded == actual
        return "" if same else f"{where}: {actual!r} instead of {recorded!r}"

    def dict_difference(self, recorded: Json, actual: Json, where: str, *, exact: bool, asked: str) -> str:
        if where.endswith((".summary", ".properties", ".diff", ".settings", ".trigger", ".state")) and not exact:
            return ""
        missing, extra = recorded.keys() - actual.keys(), actual.keys() - recorded.keys()
        if missing or extra:
            return f"{where}: missing {sorted(missing)[:8]}, extra {sorted(extra)[:8]}"
        for name, value in recorded.items():
            if where.endswith(".summary"):
                continue
            found = self.difference(value, actual[name], f"{where}.{name}", exact=exact, asked=asked)
            if found:
                return found
        return ""

    def list_difference(self, recorded: Json, actual: Json, where: str, *, exact: bool, asked: str) -> str:
        items = [item for item in recorded if not (isinstance(item, dict) and TRIMMED in item)]
        trimmed = len(items) < len(recorded)
        by_shape = not exact or where.endswith(
            (
                ".fields",
                ".fieldMetadata",
                ".viewField",
                ".index",
                ".view",
                ".objectMetadata",
                ".searchFieldMetadata",
                ".steps",
            )
        )
        if trimmed and exact and not by_shape and len(actual) != recorded[-1][TRIMMED]:
            return f"{where}: {len(actual)} entries instead of {recorded[-1][TRIMMED]}"
        nested = not exact and (where.count(".") > 2 or "[]" in where)
        if bool(items) != bool(actual) and not nested and not where.endswith(("Ids", "Identifiers")):
            return f"{where}: {len(actual)} entries instead of {len(items)}"
        if not trimmed and not by_shape and len(items) != len(actual):
            return f"{where}: {len(actual)} entries instead of {len(items)}"
        if by_shape and items and isinstance(items[0], dict) and "name" in items[0]:
            same_name = [item for item in actual if isinstance(item, dict) and item.get("name") == items[0]["name"]]
            actual = same_name or [item for item in actual if item.keys() == items[0].keys()] or actual
        for one, other in zip(items[:1] if by_shape else items, actual, strict=False):
            found = self.difference(one, other, f"{where}[]", exact=exact and not by_shape, asked=asked)
            if found:
                return found
        return ""

    def same_text(self, recorded: str, actual: str, asked: str) -> bool:
        if TRIMMED in recorded:
            return recorded[:20] == actual[:20]
        if recorded == actual or self.path(recorded) == actual:
            return True
        if MOMENT.match(recorded):
            return bool(MOMENT.match(actual)) and (recorded.startswith(RECORDED_ON) or recorded in asked)
        if WHOLE_UUID.match(recorded):
            return bool(WHOLE_UUID.match(actual)) and recorded not in asked and recorded not in self.ids
        return UUID.sub("…", recorded) == UUID.sub("…", actual) and bool(UUID.search(recorded))


def placeholder(text: str) -> str:
    """Large bodies are described in the recording, not kept."""
    if not text.startswith("<"):
        return text
    match = re.match(r"<jobTitle of ([\d,]+) chars>", text)
    if match:
        return json.dumps({"jobTitle": "x" * int(match.group(1).replace(",", ""))})
    if "distinct words" in text:
        words = " ".join(f"w{n}" for n in range(200_000))
        return json.dumps({"jobTitle": words} if "jobTitle" in text else {"bodyV2": {"markdown": words}})
    if "nested 200 deep" in text:
        return '{"name":"x","properties":' + '{"a":' * 200 + "1" + "}" * 201
    if "random letters" in text:
        letters = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=6000))
        return json.dumps({"emails": {"primaryEmail": f"{letters}@m.example"}})
    return json.dumps({"cfRawJson": {"x": "y" * 1_000_000}})


def expanded(body: Json, exchange: dict[str, Json]) -> Json:
    """A trimmed list of a request, continued by counting on from its first two entries."""
    if isinstance(body, dict):
        return {key: expanded(value, exchange) for key, value in body.items()}
    if not isinstance(body, list):
        return body
    marker = next((item for item in body if isinstance(item, dict) and TRIMMED in item), None)
    if marker is None:
        return [expanded(item, exchange) for item in body]
    total = int(re.search(r"of (\d+)", marker[TRIMMED]).group(1))  # type: ignore[union-attr]
    first, second = json.dumps(body[0]), json.dumps(body[1])
    digits = re.compile(r"\d+")
    if len(digits.findall(first)) != len(digits.findall(second)) or UUID.search(first):
        return [body[number % 2] if number < 2 else fresh(body[0], number) for number in range(total)]
    pairs = [(a != b) for a, b in zip(digits.findall(first), digits.findall(second), strict=True)]
    rows = []
    for number in range(total):
        changing = itertools.count()
        rows.append(
            json.loads(digits.sub(lambda m, n=number, c=changing: str(n) if pairs[next(c)] else m.group(), first))  # type: ignore[misc]
        )
    return rows


def fresh(entry: Json, number: int) -> Json:
    """A further entry; ids are made distinct by their last digits."""
    if isinstance(entry, str):
        return f"{entry[:-6]}{number:06x}"
    return entry


def collect(value: Json, contents: dict[str, dict[str, Json]]) -> None:
    """Every record that appears in an answer, by id, as it was first seen."""
    if isinstance(value, dict):
        if "createdAt" in value and isinstance(value.get("id"), str):
            contents.setdefault(value["id"], value)
        for item in value.values():
            collect(item, contents)
    elif isinstance(value, list):
        for item in value:
            collect(item, contents)


def people_and_companies(replay: Replay) -> None:
    """Recording 03: thirty companies and three hundred people."""
    companies = [
        {"name": f"Co {n:03d}", "domainName": {"primaryLinkUrl": f"https://co{n}.example"}, "employees": n}
        for n in range(30)
    ]
    made = replay.call("POST", "/rest/batch/companies", companies)["data"]["createCompanies"]
    people = [
        {
            "name": {"firstName": f"Fi{n:03d}", "lastName": "O'Hara, (Jr)" if n % 150 == 7 else "La"},
            "emails": {"primaryEmail": f"u{n}@q.example", "additionalEmails": [f"alt{n}@q.example"]},
            "jobTitle": ("CEO", "CTO", None)[n % 3],
            "city": ("Paris", "Roma", "Wien")[n % 3],
            "phones": {"primaryPhoneNumber": f"+151255501{n % 150:02d}"[:12]},
            "companyId": made[n % 30]["id"],
        }
        for n in range(300)
    ]
    for start in (0, 150):
        replay.call("POST", "/rest/batch/people", people[start : start + 150])
    for identifier, shown in replay.contents.items():
        domain = re.match(r"https://co(\d+)\.", (shown.get("domainName") or {}).get("primaryLinkUrl", ""))
        if domain:
            replay.ids[identifier] = made[int(domain.group(1))]["id"]
        person = re.match(r"u(\d+)@q", (shown.get("emails") or {}).get("primaryEmail", ""))
        if person:
            replay.ids[shown["companyId"]] = made[int(person.group(1)) % 30]["id"]


TALLY: dict[str, tuple[int, int]] = {}


@pytest.fixture(scope="module", autouse=True)
def summary(request: pytest.FixtureRequest) -> Iterator[None]:
    """One line at the end of the module: how many exchanges of how many agree."""
    yield
    plugins = request.config.pluginmanager
    reporter, capture = plugins.get_plugin("terminalreporter"), plugins.get_plugin("capturemanager")
    agreeing, total = (sum(column) for column in zip(*TALLY.values(), strict=True)) if TALLY else (0, 0)
    if reporter is not None and capture is not None:
        with capture.global_and_fixture_disabled():
            reporter.write_line(f"\nreplay: {agreeing} of {total} exchanges agree")


@pytest.mark.parametrize(("line", "recording"), RECORDINGS)
def test_recording_agrees(line: str, recording: str) -> None:
    replay = Replay(line, recording)
    replay.run()
    name = f"{line}/{recording}"
    TALLY[name] = (len(replay.exchanges) - len(replay.differences), len(replay.exchanges))
    known: dict[str, str] = KNOWN.get(name, {})
    new = {key: found for key, found in replay.differences.items() if key not in known}
    assert not new, "\n".join(f"{key}: {found}" for key, found in new.items())
    stale = known.keys() - replay.differences.keys()
    assert not stale, f"these agree now, take them off the list: {sorted(stale)}"


def test_every_known_disagreement_has_a_reason_and_they_are_few() -> None:
    recorded = dict.fromkeys(FOLDERS, 0)
    for line, recording in RECORDINGS:
        recorded[line] += len(json.loads((DATA / FOLDERS[line] / f"{recording}.json").read_text()))
    for line, count in recorded.items():
        reasons = [reason for name, found in KNOWN.items() if name.startswith(line) for reason in found.values()]
        assert all(len(reason) > 20 for reason in reasons)
        assert len(reasons) / count < 0.05
