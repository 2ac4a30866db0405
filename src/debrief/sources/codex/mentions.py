"""The pull requests that a session's texts name: which of them it created, and which it only mentions."""

from debrief.model import Outcome
from debrief.sources.builder import SessionBuilder
from debrief.sources.codex.calls import Call
from debrief.sources.pulls import PullRequestUrl, creates_pull_request, pull_request_urls

MENTIONS_KEPT = 50
"""A listing of pull requests may name hundreds; nobody reads so many."""


class PullRequests:
    """Notes pull requests in a builder, in the order of the events that name them."""

    def __init__(self, builder: SessionBuilder) -> None:
        self._builder = builder
        self._mentioned: set[str] = set()

    def in_text(self, text: str, event: int) -> None:
        """Note those that `text` mentions."""
        for url in pull_request_urls(text):
            self._mention(url, event)

    def in_result(self, call: Call | None, text: str, outcome: Outcome, event: int) -> None:
        """Note those in a call's output: created, where the call creates one and did so."""
        urls = list(pull_request_urls(text))
        if not urls:
            return
        if call and outcome in ("ok", "unknown") and creates_pull_request(call.tool, call.command):
            for url in _created(text, urls, mcp=call.kind == "mcp"):
                self._note(url, event, created=True)
        for url in urls:
            self._mention(url, event)

    def _mention(self, url: PullRequestUrl, event: int) -> None:
        if url.url not in self._mentioned and len(self._mentioned) < MENTIONS_KEPT:
            self._mentioned.add(url.url)
            self._note(url, event, created=False)

    def _note(self, url: PullRequestUrl, event: int, *, created: bool) -> None:
        self._builder.pull_request(
            url.url,
            created=created,
            evidence="tool_result" if created else "mention",
            event=event,
            number=url.number,
            repository=url.repository,
        )


def _created(text: str, urls: list[PullRequestUrl], *, mcp: bool) -> list[PullRequestUrl]:
    """Those that the creating command itself names: it prints the address alone on a line."""
    if mcp:
        return urls[:1]
    if "already exists" in text:
        return []
    alone = {line.strip() for line in text.splitlines()}
    return [url for url in urls if url.url in alone]
