"""Rows: sessions, pages of them, keys, seen files; and raw transcripts beside the database.

Each name is loaded when it is asked for: an import that finds nothing new needs none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from debrief.store.blobs import Blob, BlobFolder
    from debrief.store.filters import SessionFilter
    from debrief.store.keys import Key
    from debrief.store.pages import Page, Row
    from debrief.store.parcels import Packed, StoredDocument, Usual
    from debrief.store.store import Store

_MODULES = {
    "Blob": "blobs",
    "BlobFolder": "blobs",
    "Key": "keys",
    "Packed": "parcels",
    "Page": "pages",
    "Row": "pages",
    "SessionFilter": "filters",
    "Store": "store",
    "StoredDocument": "parcels",
    "Usual": "parcels",
}

__all__ = [
    "Blob",
    "BlobFolder",
    "Key",
    "Packed",
    "Page",
    "Row",
    "SessionFilter",
    "Store",
    "StoredDocument",
    "Usual",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 (as Python calls it)
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
