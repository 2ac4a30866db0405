"""External services: what others' servers refused or did not do.

Services of this machine (localhost) are none of them, and neither are answers that a test run expects.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from debrief.analysis.detector import Advice, Detector, Finding, PatternDetector, Scene, bound, succeeded
from debrief.analysis.hosts import asked, here, host, own, remote
from debrief.analysis.impact import HIGH, MEDIUM
from debrief.analysis.outages import outages
from debrief.analysis.view import Step
from debrief.analysis.wording import line_at, quote, times
from debrief.model.analysis import Impact

_SHOWS = re.compile(r"\blogs?\b|\bjournalctl\b|\b(?:gh|glab) (?:run|pr|issue|api|release|search|mr)\b")
_VOICE = re.compile(
    r"^(?:curl: \(|HTTP/[\d.]{1,3} |wget: |gh: |fatal: |npm |[Ee]rror:? |ERROR:? |\S{1,12} \S{1,12} ERROR \d"
    r"|[\w.]{0,80}(?:Error|Exception)\b|\{\"(?:message|error))"
)
_PROBES = re.compile(
    r"\s(?:-[A-Za-z]{0,6}I[A-Za-z]{0,6}|--head|--spider|-o\s{0,2}/dev/null)\b|%\{http_code\}"
    r"|\bmanifest inspect\b|\bgit ls-remote\b"
)
_STATUS = (
    r"\b(?:HTTP(?:/[\d.]{1,3})?|HTTP Error|status(?: code)?:?|returned error:|Received status code|ERROR)"
    r" {0,2}"
)
AROUND = 200
"""Characters before and after a match in which the host may stand that it speaks of."""

REASON_AT_END = 3_000
"""Characters at the end of an output in which a program says why it gave up; before, it may have gone on."""

ANSWER_READ = 4_000

LEAST_ERRORS = 3
"""Errors of the model's service in a row that are worth a word even if the wait was short."""

MANY_ERRORS = 10

MINUTE_US = 60_000_000


class Service(PatternDetector):
    """A pattern detector for what somebody else's server did.

    Only what is known to be somebody else's counts: commands whose work is to talk to one, or a host of its
    own beside the words. `certain` are the patterns that no program of the project's own says.
    """

    label = "External Services"
    certain: ClassVar[tuple[re.Pattern[str], ...]] = ()

    def listens(self, step: Step) -> bool:
        """No checks, which have servers of their own, no pages and files, and no logs of something else."""
        if step.family in ("test", "lint", "read", "search", "edit"):
            return False
        if step.call.tool_kind not in ("shell", "mcp"):
            return False
        return step.outcome == "error" or not _SHOWS.search(step.command)

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether it was somebody else's server, and said so itself."""
        del scene
        text = match.string
        line = line_at(text, match.start())
        around = text[max(0, match.start() - AROUND) : match.end() + AROUND]
        if own(asked(step)) or own(line) or here(around):
            return False
        if step.family not in ("vcs", "install"):
            late = len(text) - match.end() <= REASON_AT_END
            if not (late if step.outcome == "error" else _VOICE.search(line)):
                return False
        return match.re in self.certain or remote(step) or bool(host(around))

    def signature(self, step: Step, what: str, line: str) -> str:
        """The host, where one is named."""
        return host(line) or host(asked(step)) or super().signature(step, what, line)

    def resolves(self, finding: Finding, later: Step) -> bool:
        """The same command works now, or the same host answers the same program."""
        hit = finding.steps[0]
        if not self._answered(later):
            return False
        if later.command == hit.command and hit.command:
            return True
        if later.family != hit.family or later.target.split()[:2] != hit.target.split()[:2]:
            return False
        where = host(asked(hit))
        return not where or where in asked(later).lower()

    def _answered(self, step: Step) -> bool:
        """Whether `step` got its answer; where a filter hides the exit code, one without a complaint."""
        if succeeded(step):
            return True
        said = step.text[:ANSWER_READ] if step.exit_hidden and step.outcome == "ok" else ""
        return bool(said) and not any(pattern.search(said) for pattern in self.patterns)

    def fixed_for_good(self, hits: tuple[Step, ...], resolution: Step, scene: Scene) -> bool:
        """The next call went through: the service had a bad moment."""
        del scene
        return resolution.index - hits[-1].index <= 1


class RateLimit(Service):
    """A service refused because it was asked too often or the quota is used up; the model's own service too.

    Why it matters: the session waits, or goes on without what it asked for, and so does the next one.

    When it is wrong: one refusal that the next try gets over is everyday and is left out, and so is a limit
    that ended the session, which is said elsewhere. Limits under test and services of the machine itself do
    not count.

    What it suggests: another quota, or fewer calls.
    """

    id = "EXT-01"
    name = "rate limit / quota"
    needles = (
        "429",
        "too many requests",
        "toomanyrequests",
        "rate limit",
        "ratelimit",
        "rate_limit",
        "quota",
        "throttl",
        "rate exceeded",
        "resource_exhausted",
        "overloaded",
        "529",
    )
    certain = (
        bound(r"\bAPI rate limit exceeded\b|\bexceeded a secondary rate limit\b"),
        bound(r"\btoomanyrequests: "),
        bound(
            r"\bRateLimitError\b|\brate_limit_(?:error|exceeded)\b|\binsufficient_quota\b|\boverloaded_error\b"
        ),
        bound(
            r"\bexceeded your current quota\b|\bRESOURCE_EXHAUSTED\b"
            r"|\b(?:Throttling|TooManyRequests)Exception\b"
        ),
        bound(r"\bQuota exceeded for (?:quota metric|aiplatform|[\w.-]{1,60}\.googleapis\.com)"),
    )
    patterns = (
        *certain,
        bound(r"\b429 (?:Too Many Requests|Client Error)", re.IGNORECASE),
        bound(
            _STATUS + r"(?:429|529)\b",
            re.IGNORECASE,
        ),
        bound(
            r"\brate limit(?:ed)?:? (?:exceeded|reached|hit)\b|\bexceeded (?:\w{1,12} ){0,3}rate limit",
            re.IGNORECASE,
        ),
        bound(r"(?<![Dd]isk )\b[Qq]uota (?:exceeded|exhausted)\b"),
    )
    summary = 'A service refused further calls for now: {part} ended with "{line}"'
    advice = (Advice("other", "Raise the quota of the service that {part} calls, or call it less often."),)

    def find(self, scene: Scene) -> Iterator[Finding]:
        """What services said to commands, then what the model's own service said to the agent."""
        yield from super().find(scene)
        yield from _model_service(scene, _LIMITED, "limited the calls")


class ServerError(Service):
    """A remote server failed (500, 502, 503, 504) or hung up in the middle.

    Why it matters: the same command works a minute later, or not; the agent cannot tell its own mistake from
    the service's bad day and changes what was right.

    When it is wrong: a server may answer 500 because it was asked wrongly. A single failure that the next
    call gets over is left out, and so are servers of the machine itself and those under test.

    What it suggests: to try again by itself before giving up.
    """

    id = "EXT-02"
    name = "5xx / service down"
    needles = (
        "500",
        "502",
        "503",
        "504",
        "upstream ",
        "econnreset",
        "socket hang up",
        "reset by peer",
        "remote end closed",
        "hung up unexpectedly",
        "unexpected disconnect",
        "empty reply",
        "early eof",
    )
    patterns = (
        bound(r"\b50[0234] (?:(?:Internal )?Server Error|Bad Gateway|Service (?:Temporarily )?Unavailable)"),
        bound(r"\b50[0234] Gateway Time-?out", re.IGNORECASE),
        bound(
            _STATUS + r"50[0234]\b",
            re.IGNORECASE,
        ),
        bound(r"\bupstream (?:connect error|timed out|request timeout)"),
        bound(r"\bECONNRESET\b|\bsocket hang up\b|\b[Cc]onnection reset by peer\b"),
        bound(r"\bRemote end closed connection without response\b|\bEmpty reply from server\b"),
        bound(
            r"\bRPC failed; (?:curl|HTTP) \d{1,3}\b|\bunexpected disconnect while reading sideband packet\b"
        ),
        bound(r"^fatal: (?:the remote end hung up unexpectedly|early EOF)"),
    )
    summary = 'A remote service failed: {part} ended with "{line}"'
    advice = (Advice("other", "Let {part} try again by itself when the service fails."),)

    def find(self, scene: Scene) -> Iterator[Finding]:
        """What servers said to commands, then what the model's own service said to the agent."""
        yield from super().find(scene)
        yield from _model_service(scene, _FAILED, "failed")


class NotFound(Service):
    """What a command asked a remote server for is not there: an address, an image, a branch, a repository.

    Why it matters: the agent goes on to guess addresses, one request after the other.

    When it is wrong: some ask only to see whether it is there; requests that look at the head or the status
    alone, and pages that the agent opens to read, are left out. A service may also say "not found" of what it
    does not want to show.

    What it suggests: to write the right address or name down.
    """

    id = "EXT-03"
    name = "404 / moved resource"
    needles = (
        "404",
        "410",
        "not found for url",
        "manifest unknown",
        "manifest for",
        "remote ref",
        "remote branch",
        "could not resolve to a",
        "pull access denied",
    )
    certain = (
        bound(r"\bmanifest for (\S{1,200}) not found\b|\bmanifest unknown\b"),
        bound(r"\bpull access denied for ([\w./-]{1,120}), repository does not exist\b"),
    )
    patterns = (
        *certain,
        bound(r"\breturned error: 4(?:04|10)\b|\bERROR 4(?:04|10): "),
        bound(r"\bHTTP Error 4(?:04|10)\b|\b4(?:04|10) Client Error: [^\n]{1,40} for url: (\S{1,200})"),
        bound(r"\bRepository Not Found for url: (\S{1,200})"),
        bound(r"^gh: Not Found \(HTTP 404\)|\bHTTP 404: Not Found \(https"),
        bound(r"\bCould not resolve to a (?:Repository|PullRequest|Issue|User)\b[^\n]{0,80}'([^'\n]{1,80})'"),
        bound(r"^fatal: (?:couldn't|could not) find remote ref (\S{1,120})"),
        bound(r"\bRemote branch (\S{1,120}) not found in upstream\b"),
    )
    summary = 'What a command asked a remote service for is not there: {part} ended with "{line}"'
    advice = (
        Advice("knowledge", "What {part} asks for is not there; write the right address or name down."),
    )

    def listens(self, step: Step) -> bool:
        """A command, and no question whether something is there."""
        return super().listens(step) and step.call.tool_kind == "shell" and not _PROBES.search(step.command)


class RemoteTimeout(Service):
    """A command that talks to a remote host ran out of time.

    Why it matters: the whole wait is lost, and the agent often just waits once more.

    When it is wrong: it may be the machine that is slow, and not the host. Commands that talk to no remote
    host are left to PERF-01, and a limit that the command line sets for itself is no failure.

    What it suggests: a higher limit, or less to do at a time.
    """

    id = "EXT-04"
    name = "command timeout"
    needles = ("timed out", "timedout", "timeout", "deadline exceeded")
    patterns = (
        bound(r"\bcommand timed out(?: after \d[\w. ]{0,20})?", re.IGNORECASE),
        bound(
            r"\b(?:Connection|Operation) timed out\b|\bRead timed out\b"
            r"|\btimed out after \d{1,9} (?:ms|milli|sec)"
        ),
        bound(r"\bETIMEDOUT\b|\bESOCKETTIMEDOUT\b|\b(?:Read|Connect)Timeout(?:Error)?\b"),
        bound(r"\b(?:context )?deadline exceeded\b|\bDEADLINE_EXCEEDED\b|\bClient\.Timeout exceeded\b"),
        bound(r"\bTLS handshake timeout\b|\bi/o timeout\b|\bnetwork timeout at: "),
    )
    summary = 'A call to a remote host ran out of time: {part} ended with "{line}"'
    advice = (Advice("repo_config", "Give {part} a higher time limit, or less to do at a time."),)

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether a remote host was slow, and did not answer with an error of its own."""
        answered = any(pattern.search(match.string) for pattern in ServerError.patterns[:3])
        return not answered and super().accepts(step, match, scene)


_LIMITED = re.compile(
    r"\b429\b|\b529\b|rate.?limit|too many requests|overloaded|quota|usage limit", re.IGNORECASE
)
_FAILED = re.compile(
    r"\b50[0234]\b|server.?error|internal error|bad gateway|unavailable|connection (?:error|reset)"
    r"|timed? ?out",
    re.IGNORECASE,
)


def _model_service(scene: Scene, words: re.Pattern[str], did: str) -> Iterator[Finding]:
    """All outages of one kind in one; not the one that ended the session, which is said elsewhere."""
    found = outages(scene.events, words)
    if found and found[-1].after is None and scene.session.end_state == "error":
        found.pop()
    found = [one for one in found if len(one.errors) >= LEAST_ERRORS or one.waited_us >= MINUTE_US]
    if not found:
        return
    errors = sum(len(one.errors) for one in found)
    minutes = sum(one.waited_us for one in found) // MINUTE_US
    said = quote(found[0].errors[0].text)
    yield Finding(
        signature=f"model service {did}",
        summary=f"The model's service {did} {times(errors)}"
        + (f", and {minutes} min went by" if minutes else "")
        + f": {said}",
        evidence=tuple(dict.fromkeys(e.ordinal for one in found for e in (one.errors[0], one.errors[-1]))),
        advice=(Advice("other", f"Raise the limit of the model's service, or spread the work: {said}"),)
        if words is _LIMITED
        else (),
        state="fact",
        impact=_weight(minutes, errors),
    )


def _weight(minutes: int, errors: int) -> Impact:
    if minutes >= HIGH.minutes:
        return "High"
    return "Medium" if minutes >= MEDIUM.minutes or errors >= MANY_ERRORS else "Low"


DETECTORS: tuple[Detector, ...] = (RateLimit(), ServerError(), NotFound(), RemoteTimeout())
