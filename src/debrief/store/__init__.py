"""Rows: sessions, pages of them, keys, seen files; and raw transcripts beside the database."""

from debrief.store.blobs import Blob, BlobFolder
from debrief.store.filters import SessionFilter
from debrief.store.keys import Key
from debrief.store.pages import Page, Row
from debrief.store.sessions import Packed, StoredDocument
from debrief.store.store import Store
from debrief.store.usual import Usual, usual

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
    "usual",
]
