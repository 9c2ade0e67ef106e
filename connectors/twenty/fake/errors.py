"""Every way in which a Twenty server says no, as one exception that knows its REST and its GraphQL form.

The shapes are those of contracts/twenty/FACTS.md §1: REST errors are `{statusCode, error, messages, code?}`, errors of
the web framework are `{message, error, statusCode}`, GraphQL errors are HTTP 200 with `extensions`.
"""

from __future__ import annotations

from typing import Any

Json = Any
Extensions = dict[str, Json]

GENERIC = "An error occurred."


class Refusal(Exception):
    """An answer other than success; raised anywhere, turned into a response at the edge."""

    def __init__(self, status: int, body: Json, *, message: str = "", extensions: Extensions | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = body
        self.message = message
        self.extensions: Extensions = extensions or {"code": "INTERNAL_SERVER_ERROR"}


def bad_request(message: str, *, sub_code: str = "", friendly: str = GENERIC) -> Refusal:
    """The plain 400 that most wrong input gets."""
    extensions: Extensions = {"userFriendlyMessage": friendly, "code": "BAD_USER_INPUT"}
    if sub_code:
        extensions["subCode"] = sub_code
    body = {"statusCode": 400, "error": "BadRequestException", "messages": [message]}
    return Refusal(400, body, message=message, extensions=extensions)


def invalid_data(message: str, friendly: str = GENERIC) -> Refusal:
    """A value in a record that its field does not take."""
    return bad_request(message, sub_code="INVALID_ARGS_DATA", friendly=friendly)


def coded(
    message: str, code: str, *, status: int = 400, error: str = "Error", graphql: str = "BAD_USER_INPUT"
) -> Refusal:
    """A refusal that carries a machine-readable `code` beside its message."""
    body = {"statusCode": status, "error": error, "messages": [message], "code": code}
    extensions: Extensions = {"subCode": code, "userFriendlyMessage": GENERIC, "code": graphql}
    return Refusal(status, body, message=message, extensions=extensions)


def type_error(message: str) -> Refusal:
    """A JavaScript TypeError that escaped as a 400, as for an object sent to the batch endpoint."""
    body = {"statusCode": 400, "error": "TypeError", "messages": [message]}
    return Refusal(400, body, message=message)


def not_found(message: str = "Record not found") -> Refusal:
    """404 for a record that is absent, destroyed or soft-deleted."""
    body = {"statusCode": 404, "error": "NotFoundException", "messages": [message]}
    extensions: Extensions = {"subCode": "RECORD_NOT_FOUND", "userFriendlyMessage": GENERIC, "code": "NOT_FOUND"}
    return Refusal(404, body, message=message, extensions=extensions)


def database(message: str, *, modern: bool) -> Refusal:
    """What PostgreSQL refused: 500 on 1.x, 400 on 2.x with the same text (contracts/twenty/FACTS-2.x.md §1)."""
    if modern:
        return bad_request(message)
    return internal(message)


def internal(message: str) -> Refusal:
    """500 with a REST body; user errors often come this way (contracts/twenty/FACTS.md §1)."""
    body = {"statusCode": 500, "error": "InternalServerErrorException", "messages": [message]}
    return Refusal(500, body, message=message)


def opaque(message: str, *, modern: bool) -> Refusal:
    """A 500 whose text 2.x replaces by "Data validation error." (NUL characters, oversized search vectors)."""
    return internal("Data validation error." if modern else message)


def duplicate(object_singular: str, conflicting_id: str, label: str) -> Refusal:
    """A unique value is taken; only GraphQL says by which record (contracts/twenty/FACTS.md §1)."""
    refusal = bad_request("A duplicate entry was detected")
    refusal.extensions = {
        "userFriendlyMessage": f"This {label} value is already in use. Please check your data and try again.",
        "conflictingRecordId": conflicting_id,
        "conflictingObjectNameSingular": object_singular,
        "code": "BAD_USER_INPUT",
    }
    return refusal


def permission_denied(status: int = 400) -> Refusal:
    """The key's role does not allow this; a 400 on records, a 403 on 2.x metadata."""
    message = "Entity performing the request does not have permission"
    return coded(message, "PERMISSION_DENIED", status=status, graphql="FORBIDDEN")


def framework(status: int, message: Json, error: str) -> Refusal:
    """The web framework's own error form, with `message` instead of `messages`."""
    text = message if isinstance(message, str) else ", ".join(message)
    extensions: Extensions = {"code": "BAD_USER_INPUT", "userFriendlyMessage": GENERIC}
    body = {"message": message, "error": error, "statusCode": status}
    return Refusal(status, body, message=text, extensions=extensions)


def unauthorised(status: int, message: str, error: str) -> Refusal:
    """The authentication guard's answer; its keys come in an order of their own."""
    friendly = {"id": "z+7x/s", "message": "You must be authenticated to perform this action."}
    extensions: Extensions = {"userFriendlyMessage": friendly, "subCode": error, "code": error}
    return Refusal(
        status, {"statusCode": status, "messages": [message], "error": error}, message=message, extensions=extensions
    )


def inspect(value: Json) -> str:
    """A JavaScript value as node's util.inspect prints it inside Twenty's messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}'" if "'" not in value else f'"{value}"'
    if isinstance(value, list):
        return f"[ {', '.join(inspect(item) for item in value)} ]" if value else "[]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key}: {inspect(item)}' for key, item in value.items())} }}" if value else "{}"
    return str(value)
