"""GraphQL over HTTP: which endpoint, which caller, and errors as HTTP 200 (contracts/twenty/FACTS.md §1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import graphql_core, graphql_metadata
from .errors import Refusal
from .graphql_syntax import Document, SyntaxProblem, parse
from .rest import Reply
from .schema import Record
from .workspace import Caller, Workspace

Json = Any


def handle(
    workspace: Workspace, path: str, body: Json, authenticate: Callable[[], Caller], charge: Callable[[], None]
) -> Reply:
    """Answer one document; the records' endpoint pays a token per root field, the metadata endpoint none."""
    body = body if isinstance(body, dict) else {}
    try:
        document = parse(str(body.get("query") or ""))
    except SyntaxProblem as problem:
        return Reply(200, {"errors": [{"message": problem.message, "locations": [problem.location]}]})
    try:
        caller = authenticate()
    except Refusal as refusal:
        if refusal.message == "Missing authentication token":
            return Reply(200, {"errors": _empty_schema(document)})
        return Reply(200, {"errors": [error_entry(refusal)]})
    variables = body.get("variables") or {}
    if path == "/metadata":
        return graphql_metadata.execute(workspace, document, variables, caller)
    return graphql_core.execute(workspace, document, variables, caller, charge)


def _empty_schema(document: Document) -> list[Record]:
    """Without a token there is no schema, so every field is unknown (contracts/twenty/FACTS.md §1)."""
    kind = document.operation.capitalize()
    return [
        {"message": f'Cannot query field "{each.name}" on type "{kind}".', "locations": [each.location]}
        for each in document.selections
    ]


def error_entry(refusal: Refusal) -> Record:
    return {"message": refusal.message, "extensions": refusal.extensions}
