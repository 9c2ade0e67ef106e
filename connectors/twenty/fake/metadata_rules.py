"""What a new field or object must satisfy, with the server's codes and sentences (contracts/twenty/FACTS.md §8)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .errors import GENERIC, Refusal, framework
from .schema import COMPOSITES, ObjectType, Record, capital
from .suggestions import did_you_mean_value
from .workspace import Workspace

Json = Any
Problem = dict[str, Json]

NAME = re.compile(r"^[a-z][a-zA-Z0-9]*$")
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d*(?:1st|2nd|3rd|(?![123])\dth)(?![a-z0-9])|\d+")
DTO_NAME = re.compile(r"^(?!(?:and|or|not)$)[^.$]*$")
OPTION_VALUE = re.compile(r"^(?!.*__)[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$")
LONGEST_NAME = 63
TYPES_2 = (
    "ACTOR ADDRESS ARRAY BOOLEAN CURRENCY DATE DATE_TIME EMAILS FILES FULL_NAME LINKS MORPH_RELATION MULTI_SELECT "
    "NUMBER NUMERIC PHONES POSITION RATING RAW_JSON RELATION RICH_TEXT SELECT TEXT TS_VECTOR UUID"
).split()
TYPES_1 = [*TYPES_2, "RICH_TEXT_V2"]
RESERVED = frozenset(
    """plan plans event events field fields link links currency currencies fullName fullNames address addresses
    type types object objects index indexes relation relations aggregate aggregates user users workspace workspaces
    role roles job jobs featureFlag featureFlags keyValuePair keyValuePairs pageLayout pageLayouts
    userWorkspace userWorkspaces dataSource dataSources""".split()
)
RESERVED_2 = RESERVED | {"search", "searches"}
RESERVED_TEXT = 'This name is reserved. Use a different name or the system will add "Custom" suffix.'
NAME_TEXT = "Name is not valid: it must start with lowercase letter and contain only alphanumeric letters"


@dataclass(slots=True)
class Problems:
    """Everything wrong with one metadata change, by the kind of thing that is wrong."""

    doing: str
    by_kind: dict[str, list[Problem]] = field(default_factory=dict)

    def add(self, kind: str, minimal: Record, errors: list[Problem], action: str = "create") -> None:
        entry = {
            "status": "fail",
            "errors": errors,
            "flatEntityMinimalInformation": minimal,
            "metadataName": kind,
            "type": action,
        }
        self.by_kind.setdefault(kind, []).append(entry)

    def refuse(self, *, modern: bool) -> Refusal:
        """2.x says why over REST; 1.x only over GraphQL (contracts/twenty/FACTS-2.x.md §8)."""
        message = f"Multiple validation errors occurred while {self.doing}"
        counts = {kind: len(entries) for kind, entries in self.by_kind.items()}
        summary = {"totalErrors": sum(counts.values()), **counts}
        listed = ", ".join(f"{count} {_counted(kind, count, modern=modern)}" for kind, count in counts.items())
        only = [each for entries in self.by_kind.values() for entry in entries for each in entry["errors"]]
        friendly = only[0].get("userFriendlyMessage", "Metadata validation failed") if len(only) == 1 else ""
        extensions = {
            "code": "METADATA_VALIDATION_FAILED",
            "errors": self.by_kind,
            "summary": summary,
            "message": f"Validation failed for {listed}",
            "userFriendlyMessage": (friendly or "Many validation errors") if modern else "Metadata validation failed",
        }
        if not modern:
            return Refusal(400, legacy_body(message), message=message, extensions=extensions)
        body = {
            "statusCode": 400,
            "error": "METADATA_VALIDATION_ERROR",
            "message": message,
            "errors": self.by_kind,
            "summary": summary,
            "userFriendlyMessage": friendly or "Many validation errors",
        }
        return Refusal(400, body, message=message, extensions=extensions)


def _counted(kind: str, count: int, *, modern: bool) -> str:
    """The plural as each line forms it."""
    if count == 1 or (modern and kind == "fieldMetadata"):
        return kind
    return "indices" if modern and kind == "index" else f"{kind}s"


def legacy_body(*messages: str) -> Record:
    return {"statusCode": 400, "messages": list(messages), "error": "Bad Request"}


def problem(code: str, message: str, friendly: str | None = None, value: Json = ...) -> Problem:
    found: Problem = {"code": code, "message": message, "userFriendlyMessage": friendly or message}
    if value is not ...:
        found["value"] = value
    return found


def name_problems(name: str, *, modern: bool) -> list[Problem]:
    """Length, spelling and reserved words; 1.x names a camelCase violation twice."""
    code = "INVALID_FIELD_INPUT"
    found = []
    if len(name) > LONGEST_NAME:
        return [problem(code, "Name is too long", value=name)]
    if not modern and name != _lodash_camel(name):
        found.append(problem(code, "Name should be in camelCase", value=name))
    if not NAME.match(name):
        found.append(problem(code, NAME_TEXT, value=name))
    if name in (RESERVED_2 if modern else RESERVED):
        found.append(problem(code, RESERVED_TEXT, value=name))
    return found


def _lodash_camel(name: str) -> str:
    """What lodash's camelCase makes of a name of letters and digits: "customerIOId" becomes "customerIoId"."""
    words = WORD.findall(name)
    return "".join(word.capitalize() if place else word.lower() for place, word in enumerate(words))


def taken_problems(kind: ObjectType, name: str) -> list[Problem]:
    """Names of other fields, of their join columns and of the database columns of composites."""
    used = f'Name "{name}" is not available as it is already used by'
    if name in kind.fields:
        return [problem("NOT_AVAILABLE", f"{used} another field", value=name)]
    if name in kind.columns:
        return [problem("NOT_AVAILABLE", f"{used} another join column name", f"{used} join column name", value=name)]
    composite_columns = {
        f"{item.name}{capital(part)}" for item in kind.fields.values() for part in COMPOSITES.get(item.composite, {})
    }
    if name in composite_columns:
        friendly = f'Name "{name}" is not available'
        return [problem("RESERVED_KEYWORD", f'Name "{name}" is reserved composite field name', friendly, name)]
    return []


def type_problems(body: Record, *, modern: bool) -> list[Problem]:
    """Types that exist but cannot be created, or only with settings."""
    code, kind = "INVALID_FIELD_INPUT", body["type"]
    if kind == "NUMERIC":
        text = "Field type NUMERIC is not supported for field creation. Use NUMBER instead."
        return [problem(code, text, "Field type NUMERIC is not supported. Use Number instead.", kind)]
    if kind == "POSITION" and modern:
        named = 'Field type POSITION must be named "position"'
        first = problem(code, f'{named}, got "{body["name"]}"', named, body["name"])
        return [first, problem(code, "Field type POSITION must be a system field", value=False)]
    if kind == "POSITION":
        text = "Field type POSITION is a system type and cannot be created manually."
        return [problem(code, text, value=kind)]
    if kind == "FILES":
        return _files_problems(body, modern=modern)
    return []


def _files_problems(body: Record, *, modern: bool) -> list[Problem]:
    most = 60 if modern else 10
    limit = (body.get("settings") or {}).get("maxNumberOfValues")
    text = "maxNumberOfValues must be defined in settings and be a number"
    text += f" greater than 0 and less than or equal to {most}"
    found = []
    if not modern:
        found.append(problem("INVALID_FIELD_INPUT", "Files field type is not supported"))
    if not isinstance(limit, int) or not 0 < limit <= most:
        found.append(problem("INVALID_FIELD_INPUT", text))
    return found


def option_problems(options: list[Record]) -> list[Problem]:
    code = "INVALID_FIELD_INPUT"
    if not options:
        return [problem(code, "Options are required for enum fields", value=[])]
    found = []
    for option in options:
        value, label = str(option.get("value", "")), str(option.get("label", ""))
        if len(value) > LONGEST_NAME:
            found.append(problem(code, "Option value exceeds 63 characters", value=value))
        elif not OPTION_VALUE.match(value):
            found.append(problem(code, f'Value must be in UPPER_CASE and follow snake_case "{value}"', value=value))
        if "," in label:
            found.append(problem(code, "Label must not contain a comma", value=label))
    if len({option.get("value") for option in options}) < len(options):
        found.append(problem(code, "Duplicated option value", value=options))
    return found


def default_problems(body: Record) -> list[Problem]:
    """Text defaults are stored with their quotes."""
    default = body.get("defaultValue")
    if body["type"] in ("TEXT", "SELECT", "RATING") and isinstance(default, str) and not _quoted(default):
        return [problem("INVALID_FIELD_INPUT", "Default value should be as quoted string", value=default)]
    return []


def _quoted(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] == "'"


def check_dto(workspace: Workspace, body: Record, required: tuple[str, ...]) -> None:
    """What the web framework (2.x) or the GraphQL schema (1.x) checks before anything else."""
    modern = workspace.modern
    messages = []
    for name in required:
        value = body.get(name)
        if modern and (value is None or value == ""):
            messages.append(f"{name} should not be empty")
            if not isinstance(value, str):
                messages.append(f"{name} must be a string")
        elif value is None:
            messages.append(f"Field '{name}' of required type 'String!' was not provided.")
        elif value == "":
            messages.append(f"{name} should not be empty")
        elif "ame" in name and not DTO_NAME.match(str(value)):
            messages.append(f"{name} has failed the name validation check")
    if messages:
        raise dto_refusal(messages, modern=modern)
    if "type" in body:
        _check_type(body["type"], modern=modern)


def dto_refusal(messages: list[str], *, modern: bool) -> Refusal:
    if modern:
        return framework(400, messages, "Bad Request")
    extensions = {"code": "BAD_USER_INPUT", "userFriendlyMessage": GENERIC}
    return Refusal(400, legacy_body(*messages), message=messages[0], extensions=extensions)


def _check_type(kind: Json, *, modern: bool) -> None:
    if kind in (TYPES_2 if modern else TYPES_1):
        return
    if modern:
        raise framework(400, [f"type must be one of the following values: {', '.join(TYPES_2)}"], "Bad Request")
    hint = did_you_mean_value(str(kind), TYPES_1, "'")
    message = f"Value '{kind}' does not exist in 'FieldMetadataType' enum.{hint}"
    raise Refusal(400, legacy_body(message), message=message)
