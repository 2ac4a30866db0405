"""The one stylesheet of the pages: read once, served under an address that names its content."""

import hashlib
import importlib.resources

from fastapi import APIRouter, Response

router = APIRouter(include_in_schema=False)

_CONTENT = (importlib.resources.files("debrief.web.dash") / "static" / "debrief.css").read_bytes()

ADDRESS = f"/static/debrief.css?v={hashlib.sha256(_CONTENT).hexdigest()[:12]}"


@router.get("/static/debrief.css")
async def stylesheet() -> Response:
    """The stylesheet, to be kept for a year: another content has another address."""
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(_CONTENT, media_type="text/css", headers=headers)
