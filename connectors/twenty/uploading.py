"""Files: uploaded first, then named by the attachment (contracts/twenty/FACTS.md §10, FACTS-2.x.md §10).

The two lines differ: 2.x takes a file for a FILES field and gives an id, 1.x takes a file for a folder and gives
a path. Which of them it is, the schema tells. A file that was uploaded twice and named once does no harm.
"""

from __future__ import annotations

import json
from typing import Any

from connectors.catalogue import FieldType, ObjectType
from connectors.twenty.api import TwentyApi

Json = Any

_FIELD = "mutation($file:Upload!,$f:String!){uploadFilesFieldFile(file:$file,fieldMetadataId:$f){id path size url}}"
_FOLDER = "mutation($file:Upload!,$fileFolder:FileFolder){uploadFile(file:$file,fileFolder:$fileFolder){path token}}"

CATEGORIES = {
    "image": "IMAGE",
    "audio": "AUDIO",
    "video": "VIDEO",
    "text": "TEXT_DOCUMENT",
    "application/pdf": "TEXT_DOCUMENT",
    "application/zip": "ARCHIVE",
}
"""By the type of content, or the first half of it."""


def upload(api: TwentyApi, attachment: ObjectType, name: str, content: bytes, type: str) -> dict[str, Json]:
    """Puts a file into the workspace; gives the fields by which an attachment names it."""
    files = next((field for field in attachment.fields if field.type is FieldType.FILES), None)
    category = CATEGORIES.get(type) or CATEGORIES.get(type.partition("/")[0]) or "OTHER"
    if files is not None:
        told = _send(api, _FIELD, {"f": files.id}, name, content, type)["uploadFilesFieldFile"]
        return {"name": name, "fileCategory": category, files.name: [{"fileId": told["id"], "label": name}]}
    told = _send(api, _FOLDER, {"fileFolder": "Attachment"}, name, content, type)["uploadFile"]
    return {"name": name, "fileCategory": category, "fullPath": told["path"]}


def _send(
    api: TwentyApi, document: str, variables: dict[str, Json], name: str, content: bytes, type: str
) -> dict[str, Json]:
    operations = json.dumps({"query": document, "variables": {"file": None, **variables}})
    parts = [
        ("operations", (None, operations)),
        ("map", (None, json.dumps({"0": ["variables.file"]}))),
        ("0", (name, content, type)),
    ]
    return api.metadata_upload(parts)
