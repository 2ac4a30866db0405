"""A template and its values in, a page out, with the headers that keep it harmless.

Everything that comes from a transcript is escaped by the template engine; the policy beside it lets a browser
run no script at all, should one slip through.
"""

from typing import Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

import debrief
from debrief.web.dash import stylesheet, words

PAGE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: with it browsers send `Origin: null` along with a form, which `login` has to refuse.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}

_environment = Environment(
    loader=PackageLoader("debrief.web.dash"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(
    stylesheet=stylesheet.ADDRESS,
    version=debrief.__version__,
    status_meanings=words.STATUS_MEANINGS,
    login=None,
)
_environment.filters.update(
    moment=words.moment,
    clock=words.clock,
    duration=words.duration,
    dollars=words.dollars,
    acus=words.acus,
    number=words.number,
    web_link=words.web_link,
    session_path=words.session_path,
    first_line=words.first_line,
    coded=words.coded,
)


def render(template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """The page that `template` makes of `values`. A page that shows who is signed in is given `login`."""
    content = _environment.get_template(template).render(values, status=status)
    return HTMLResponse(content, status, headers=PAGE_HEADERS)
