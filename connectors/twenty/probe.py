"""What this server can do, found by looking and without writing (contracts/twenty/FACTS-2.x.md section 15)."""

from __future__ import annotations

from typing import Any

from connectors.budget import Rate
from connectors.contract import Capabilities
from connectors.errors import ConnectorError, Rejected
from connectors.twenty import drafts, message_lists
from connectors.twenty.api import TwentyApi, rows_of
from connectors.twenty.catalogue import Schema
from connectors.twenty.reading import PAGE
from connectors.twenty.writing import BATCH, BODY_LIMIT

Json = Any

_INDEXES = "query($id:UUID!){object(id:$id){indexMetadataList{isUnique indexWhereClause}}}"


def probe(api: TwentyApi, schema: Schema) -> Capabilities:
    """The capabilities of this server; two counted requests, an empty batch and a page of people."""
    facts: dict[str, str] = {}
    version = _version(api)
    facts["Version"] = f"{version}, as the server says" if version else "not told by the server"
    facts["Batch"] = _probe_batch(api)
    page, facts["Page"] = _probe_page(api)
    files = _has_files(schema)
    column = _note_target_column(schema)
    blocked, facts["Deleted records"] = _probe_deleted(api, schema)
    facts["Data model"] = "read in pages" if schema.paged else "read in one piece, with GraphQL for unique fields"
    facts["E-mails"] = (
        "checked by the server" if schema.paged else "not checked by this server, checked by us as later versions do"
    )
    facts["Notes"] = f"linked through noteTarget.{column}; the body is of the type {schema.rich_text_type}"
    facts["Files"] = "attachments have a FILES field" if files else "attachments are linked by path"
    facts["Message lists"] = message_lists.missing(schema) or "a key can make them, with their members"
    facts["Workflows"] = drafts.missing(schema) or "a key can make drafts with name and trigger; steps need a person"
    rate = api.client.rate
    facts["Rate"] = describe_rate(rate)
    return Capabilities(
        batch=BATCH,
        page=page,
        body_limit=BODY_LIMIT,
        rate=rate,
        soft_deleted_own_unique=blocked,
        emails_validated=schema.paged,
        note_target_column=column,
        rich_text_type=schema.rich_text_type,
        metadata_paged=schema.paged,
        version=version,
        facts=facts,
    )


def describe_rate(rate: Rate) -> str:
    """The request rate in words."""
    if not rate.is_limited:
        return "no limit met"
    kind = "assumed, and tested while working" if rate.assumed else "as the server said when it refused"
    return f"{rate.capacity} requests at once, then {rate.per_minute:,.0f} a minute ({kind})"


def _version(api: TwentyApi) -> str:
    """For information only: features are detected, never derived from it."""
    try:
        body = api.client.get("/client-config", kind="metadata", metered=False).body
    except ConnectorError:
        return ""
    return str(body.get("appVersion") or "") if isinstance(body, dict) else ""


def _probe_batch(api: TwentyApi) -> str:
    """An empty batch is answered with an empty list (section 3): it proves route and permission, and writes nothing."""
    try:
        made = rows_of(api.send("POST", "/rest/batch/people", [], safe=True).body)
    except Rejected as error:
        return f"{BATCH} records a request at most; the probe was refused ({error.sentence})"
    return f"{BATCH} records a request at most; an empty batch made {len(made)} records"


def _probe_page(api: TwentyApi) -> tuple[int, str]:
    """Asks for more than a page holds: larger limits are cut in silence (section 5)."""
    body = api.get("/rest/people", limit=PAGE + 1)
    got, total = len(rows_of(body)), int(body.get("totalCount") or 0)
    if total <= got:
        return PAGE, f"{PAGE} records; not reached, the workspace has {total} people"
    return min(got, PAGE) or PAGE, f"{got} records came when {PAGE + 1} of {total} were asked for"


def _probe_deleted(api: TwentyApi, schema: Schema) -> tuple[bool, str]:
    """Whether soft-deleted people keep their unique e-mail: the unique index says so, if it covers all rows."""
    try:
        data = api.metadata_graphql(_INDEXES, {"id": schema.object("person").id})
        clauses = [index.get("indexWhereClause") for index in data["object"]["indexMetadataList"] if index["isUnique"]]
    except (ConnectorError, KeyError, TypeError):
        clauses = []
    if clauses and all(clauses):
        return False, "soft-deleted records give their unique values free"
    how = "as the unique index says" if clauses else "as measured on other servers"
    return True, f"soft-deleted records keep their unique values ({how})"


def _has_files(schema: Schema) -> bool:
    attachment = schema.catalogue.object("attachment")
    return attachment is not None and attachment.field("file") is not None


def _note_target_column(schema: Schema) -> str:
    """`personId` on 1.x, `targetPersonId` on 2.x; each line refuses the other's spelling."""
    links = schema.catalogue.object("noteTarget")
    for field in links.fields if links else ():
        if field.references == "person" and field.join_column:
            return field.join_column
    return "targetPersonId"
