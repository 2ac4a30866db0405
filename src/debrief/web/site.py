"""What every request needs, made once when the application is: the store, the settings, the cookie's secret.

A router is a module's constant and knows no application; it finds its site through the request.
"""

from fastapi import Request
from msgspec import Struct

from debrief.config import Settings
from debrief.store import Store


class Site(Struct, frozen=True):
    """See the module. `public_url` is where people reach the server, without a slash at its end."""

    settings: Settings
    store: Store
    public_url: str
    secret: bytes


def site_of(request: Request) -> Site:
    """The site of the application that `request` came to."""
    site: Site = request.app.state.site
    return site
