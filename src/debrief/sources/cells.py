"""Cells of an agent's database, in; JSON values and documents of a session out, whatever a cell holds."""

from typing import Any

import msgspec

from debrief.sources.documents import read_value
from debrief.sources.records import compact_json


def json_cell(value: object) -> Any:  # noqa: ANN401 (JSON)
    """The JSON value of a text cell; None where the text is none, and a value of another type as it is."""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
    return read_value(value).value if isinstance(value, bytes) else value


def plain(value: object) -> object:
    """`value` fit for JSON: bytes as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def quoted(text: str) -> str:
    """`text` as a literal of SQL. Queries here take no parameters, and ids are any text."""
    return "'" + text.replace("\x00", "").replace("'", "''") + "'"


def document(value: dict[str, Any]) -> bytes:
    """`value` as JSON, one line."""
    try:
        return msgspec.json.encode(value)
    except (msgspec.EncodeError, UnicodeEncodeError, RecursionError, TypeError):
        return compact_json(value).encode("utf-8", "replace")
