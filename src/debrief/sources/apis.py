"""The web APIs that sessions are pulled from, by the name that a person gives, and what reads them."""

from debrief.sources.devin.api import V2, V3, Page, Parameters, SessionApi
from debrief.sources.formats.devin import DEVIN
from debrief.sources.source import SourceFormat

APIS: dict[str, SessionApi] = {api.name: api for api in (V2, V3)}

READER: SourceFormat = DEVIN
"""What is pulled is pulled again whole when this counts up."""

__all__ = ["APIS", "READER", "Page", "Parameters", "SessionApi"]
