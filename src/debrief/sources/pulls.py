"""Pull requests in a transcript: which ones a session created, and which its transcript only mentions.

Mentioned is not created: of 59 real sessions that name a pull request's URL, 17 created one. So a URL counts
as created only where the agent's own record or the output of the call that creates one says so; one that was
created in a history which the session replays is mentioned. One pull request is noted once, however its
address is written.
"""

from debrief.model import Outcome, PullRequestEvidence
from debrief.sources.builder import SessionBuilder, printable
from debrief.sources.pull_creation import WINDOW, created_in, creation_of
from debrief.sources.pull_urls import PullRequestUrl, pull_request_urls

__all__ = ["MENTIONS_KEPT", "PullRequestUrl", "PullRequests", "pull_request_urls"]

MENTIONS_KEPT = 50
"""A listing of pull requests may name hundreds; nobody reads so many."""


class PullRequests:
    """Notes the pull requests of a session in its builder, in the order of the events that name them."""

    def __init__(self, builder: SessionBuilder) -> None:
        self._builder = builder
        self._mentioned: set[str] = set()
        self._addresses: dict[str, str] = {}

    def in_text(self, text: str, event: int) -> None:
        """Note those that `text` mentions."""
        for found in pull_request_urls(printable(text[:WINDOW])):
            if found.key not in self._mentioned and len(self._mentioned) < MENTIONS_KEPT:
                self._mentioned.add(found.key)
                self._note(found, event, "mention")

    def in_result(
        self, tool: str | None, command: str | None, text: str, outcome: Outcome, event: int
    ) -> None:
        """Note those in a call's output: created, where the call creates one and did so."""
        done = outcome in ("ok", "unknown") and not self._builder.replaying
        creation = creation_of(tool, command) if done else None
        for found in created_in(text, creation) if creation is not None else ():
            self._note(found, event, "tool_result")
        self.in_text(text, event)

    def native(
        self, url: str, event: int, *, number: int | None = None, repository: str | None = None
    ) -> None:
        """Note one that the agent's own record says it created."""
        found = next(pull_request_urls(url), None)
        if found is not None:
            self._note(found, event, "native", repository)
        else:
            self._builder.pull_request(
                url, created=True, evidence="native", event=event, number=number, repository=repository
            )

    def _note(
        self, found: PullRequestUrl, event: int, evidence: PullRequestEvidence, repository: str | None = None
    ) -> None:
        self._builder.pull_request(
            self._addresses.setdefault(found.key, found.url),
            created=evidence != "mention",
            evidence=evidence,
            event=event,
            number=found.number,
            repository=repository or found.repository,
        )
