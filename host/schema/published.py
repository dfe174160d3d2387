"""The published JSON Schema 2020-12 of a record, made from the types that read and write it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from host.handover.record import AMBIENT_TEMPERATURE, SCHEMA_VERSION, Record

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTITY = f"urn:inferometer:schema:record:{SCHEMA_VERSION}"
FILE = f"record-{SCHEMA_VERSION}.schema.json"
DESCRIPTION = (
    "A metrology record of on-device language model inference. Numbers that were measured are"
    " decimal strings, nanoseconds are integer strings, units are UCUM codes, prose is there in"
    " Chinese (zh) and English (en). What is missing has a reason. Identity: record_id is"
    " urn:sha256: and the SHA-256 of the RFC 8785 bytes of all other fields."
)


def record_schema() -> dict[str, Any]:
    """The schema as JSON. What types cannot say, the end mark and the temperature, is added."""
    import msgspec

    made = msgspec.json.schema(Record)
    fields = made["$defs"]["Record"]["properties"]
    fields["end_of_record"] = {"const": True}
    fields["environment"]["contains"] = {
        "properties": {"quantity": {"const": AMBIENT_TEMPERATURE}}
    }
    return {
        "$schema": DIALECT,
        "$id": IDENTITY,
        "title": f"inferometer record {SCHEMA_VERSION}",
        "description": DESCRIPTION,
        "$ref": made["$ref"],
        "$defs": dict(sorted(made["$defs"].items())),
    }


def schema_bytes() -> bytes:
    """The file: two spaces a level, UTF-8, one LF at the end."""
    return json.dumps(record_schema(), ensure_ascii=False, indent=2).encode() + b"\n"


def shipped() -> bytes:
    """The file as it is published with this version; a test keeps it equal to what is made."""
    return (files("host.schema") / FILE).read_bytes()
