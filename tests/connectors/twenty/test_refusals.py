"""What the answers of both lines mean, by the texts that they were measured with."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import AuthFailed, ConnectorError, NotAllowed, Rejected, Transient
from connectors.http import Refusal
from connectors.twenty.refusals import explain, graphql_error, is_limit, messages_of

Json = Any


def told(status: int, body: Json, text: str = "") -> ConnectorError | None:
    return explain(Refusal(status, body, text or str(body or ""), {}), lambda message: message)


def rest(status: int, message: str, **more: Json) -> ConnectorError | None:
    return told(status, {"statusCode": status, "error": "Error", "messages": [message], **more})


@pytest.mark.parametrize(
    ("status", "message", "words"),
    [
        (401, "No payload", "does not accept"),
        (401, "Token invalid.", "does not accept"),
        (401, "Token has expired.", "expired"),
        (403, "This API Key is revoked", "revoked"),
        (403, "Missing authentication token", "did not receive"),
        (401, "Workspace not found", "does not exist"),
    ],
)
def test_what_is_wrong_with_a_key_is_said(status: int, message: str, words: str) -> None:
    error = rest(status, message)
    assert isinstance(error, AuthFailed)
    assert words in error.sentence
    assert error.advice


@pytest.mark.parametrize("status", [400, 403])
def test_a_missing_permission_is_told_whatever_its_status(status: int) -> None:
    error = rest(status, "Entity performing the request does not have permission", code="PERMISSION_DENIED")
    assert isinstance(error, NotAllowed)
    assert "role" in error.sentence


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize(
    "message",
    [
        'insert or update on table "person" violates foreign key constraint "FK_1"',
        'invalid byte sequence for encoding "UTF8": 0x00',
        "unsupported Unicode escape sequence",
        'invalid input syntax for type uuid: "x"',
        'null value in column "createdAt" of relation "person" violates not-null constraint',
        'date/time field value out of range: "2021-02-29"',
        "string is too long for tsvector (2175316 bytes, max 1048575 bytes)",
        "index row size 2712 exceeds btree version 4 maximum 2704",
        "Data validation error.",
        'Missing createdBy field metadata for object "noteTarget"',
        "A duplicate entry was detected",
    ],
)
def test_a_user_error_is_a_refusal_even_as_a_500(status: int, message: str) -> None:
    error = rest(status, message)
    assert type(error) is Rejected
    assert message.rstrip(".")[:40] in error.sentence
    assert error.advice


def test_a_bare_text_as_a_body_is_read() -> None:
    error = told(500, "Migration action 'create' for 'index' failed")
    assert isinstance(error, Rejected)
    assert "does not fit the records" in error.advice


@pytest.mark.parametrize(("status", "body"), [(500, None), (500, {"messages": ["Oops"]}), (502, None), (503, None)])
def test_any_other_server_error_is_left_to_the_common_table(status: int, body: Json) -> None:
    assert told(status, body, "<html>") is None


def test_a_schema_change_under_way_passes_by_itself() -> None:
    error = rest(400, 'Property "dur0" was not found in "person". Make sure your query is correct.')
    assert isinstance(error, Transient)
    assert not error.maybe_done


@pytest.mark.parametrize("status", [414, 431])
def test_a_line_that_is_too_long_says_so_to_the_caller(status: int) -> None:
    error = told(status, None)
    assert isinstance(error, Rejected)
    assert "url" in error.fields


def test_a_duplicate_is_marked_as_one() -> None:
    error = rest(400, "A duplicate entry was detected")
    assert isinstance(error, Rejected)
    assert "unique" in error.fields


def test_the_field_that_a_message_names_is_told() -> None:
    error = rest(400, 'Object person doesn\'t have any "nope" field.')
    assert isinstance(error, Rejected)
    assert "nope" in error.fields


def test_a_long_message_is_cut() -> None:
    error = rest(400, "x" * 5000)
    assert isinstance(error, Rejected)
    assert len(error.sentence) < 400


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"messages": ["a", "b"]}, ["a", "b"]),
        ({"message": "a", "error": "Bad Request", "statusCode": 400}, ["a"]),
        ({"message": ["a", "b"]}, ["a", "b"]),
        ({"errors": [{"message": "a"}]}, ["a"]),
        ("a", ["a"]),
        (["odd"], ["text"]),
        (None, ["text"]),
        ({}, []),
    ],
)
def test_messages_are_found_in_every_form(body: Json, found: list[str]) -> None:
    assert messages_of(body, "text") == found


def test_only_the_reason_of_a_refused_object_is_told_and_not_what_follows_from_it() -> None:
    errors = {
        "objectMetadata": [{"errors": [{"message": "This name is reserved."}]}],
        "fieldMetadata": [{"errors": [{"message": "Relation target object metadata not found"}]}],
        "index": [{"errors": [{"message": "Could not find index related object metadata"}]}],
        "viewField": [{"errors": [{"message": "View not found"}]}],
    }
    body = {"statusCode": 400, "error": "METADATA_VALIDATION_ERROR", "message": "Multiple …", "errors": errors}
    assert messages_of(body) == ["This name is reserved."]
    graphql = [{"message": "Multiple …", "extensions": {"code": "METADATA_VALIDATION_FAILED", "errors": errors}}]
    assert "reserved" in graphql_error(graphql, lambda text: text).sentence
    assert "index" not in graphql_error(graphql, lambda text: text).sentence


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UNAUTHENTICATED", AuthFailed),
        ("FORBIDDEN", NotAllowed),
        ("INTERNAL_SERVER_ERROR", Transient),
        ("BAD_USER_INPUT", Rejected),
        ("", Rejected),
    ],
)
def test_graphql_errors_are_told_apart_by_their_code(code: str, kind: type[ConnectorError]) -> None:
    assert type(graphql_error([{"message": "m", "extensions": {"code": code}}], lambda text: text)) is kind


def test_a_known_message_counts_more_than_graphql_s_code() -> None:
    errors = [{"message": "A duplicate entry was detected", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]
    assert isinstance(graphql_error(errors, lambda text: text), Rejected)


def test_the_key_is_masked_in_what_graphql_says() -> None:
    error = graphql_error([{"message": "bad KEY"}], lambda text: text.replace("KEY", "•••"))
    assert "KEY" not in f"{error!s} {error!r}"


@pytest.mark.parametrize(
    ("errors", "limit"),
    [
        ([{"extensions": {"subCode": "LIMIT_REACHED"}}], True),
        ([{"extensions": {"subCode": "OTHER"}}], False),
        ([{"extensions": None}], False),
        ([{}], False),
        (["odd"], False),
        (None, False),
        ({}, False),
    ],
)
def test_the_limit_inside_a_graphql_answer_is_recognised(errors: Json, limit: bool) -> None:
    assert is_limit(errors) is limit
