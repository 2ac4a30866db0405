"""Access: credentials and rights that the session did not have."""

import re

from debrief.analysis.detector import Advice, Detector, PatternDetector, Scene, bound
from debrief.analysis.view import Step

_OWN_HOST = re.compile(r"\blocalhost\b|\b127\.0\.0\.1\b|\b0\.0\.0\.0\b|\[::1\]|\bhost\.docker\.internal\b")


class Refusal(PatternDetector):
    """A pattern detector for services that say no."""

    def fixed_for_good(self, hits: tuple[Step, ...], resolution: Step, scene: Scene) -> bool:
        """The next call went through: the service had a bad moment, and the credential is there."""
        del scene
        return resolution.index - hits[-1].index <= 1


class GitAuth(Refusal):
    """Git or the forge's command line could not prove who it is, or may not do what it was asked to.

    Why it matters: what the session made cannot leave the machine.

    When it is wrong: a repository's name may be mistyped, which forges also answer with "not found".

    What it suggests: a git credential on the machine, or the right on the repository.
    """

    id = "ACC-02"
    name = "git or forge login"
    label = "Access"
    needles = (
        "publickey",
        "could not read",
        "authentication failed",
        "remote: ",
        "gh auth login",
        "gh_token",
        "http 40",
        "gh006",
        "refusing to allow",
        "not accessible by",
    )
    patterns = (
        bound(r"\bPermission denied \(publickey"),
        bound(r"\bcould not read (?:Username|Password) for\b"),
        bound(r"\bAuthentication failed for 'http"),
        bound(r"^remote: (?:Repository not found|Invalid username or (?:password|token))"),
        bound(r"^remote: Permission to \S{1,120} denied"),
        bound(r"\brun:? {1,2}gh auth login\b|\bgh auth login` to (?:re-)?authenticate"),
        bound(r"\bset the GH_TOKEN environment"),
        bound(r"\bHTTP 40[13]\b[^\n]{0,80}api\.github\.com"),
        bound(r"\bGH006: Protected branch update failed|\brefusing to allow\b"),
        bound(r"\bResource not accessible by (?:integration|personal access token)"),
    )
    summary = 'Git or the forge refused the login or the right: {part} ended with "{line}"'
    advice = (Advice("machine_setup", "Set up the git and forge credential that {part} needs."),)


class AccessDenied(Refusal):
    """A service answered that the caller is not known or not allowed (401, 403, a bad key or token).

    Why it matters: no amount of work inside the session helps; somebody has to give a right or a secret.

    When it is wrong: a service under test is meant to refuse. Calls to this machine itself, test, build and
    lint runs, and web pages that turn away robots are left out, and so are downloads from package indexes,
    which say "forbidden" of what is not there.

    What it suggests: to provide the credential to the machine, or the right to its account.
    """

    id = "ACC-01"
    name = "HTTP 401/403"
    label = "Access"
    needles = (
        "401",
        "403",
        "invalid ",
        "authentication ",
        "bad credentials",
        "expired token",
        "accessdenied",
        "not authorized",
    )
    patterns = (
        bound(r"\b(?:401|403)\b[^\n]{0,30}(?:Unauthorized|Forbidden|UNAUTHORIZED|FORBIDDEN)"),
        bound(r"\b(?:HTTP(?:/[\d.]{1,3})?|status(?: code)?:?|returned error:) (?:401|403)\b", re.IGNORECASE),
        bound(r"\binvalid (?:api[ _-]?key|(?:access|auth) token|credentials)\b", re.IGNORECASE),
        bound(r"\b(?:authentication (?:failed|required)|bad credentials|expired token)\b", re.IGNORECASE),
        bound(r"\bAccessDenied(?:Exception)?\b|\bnot authorized to perform\b"),
    )
    summary = 'Access was refused: {part} ended with "{line}"'
    advice = (Advice("machine_setup", "Give the machine the credential or the right that {part} needs."),)

    def listens(self, step: Step) -> bool:
        """Checks, pages and the agent's own tools refuse for reasons of their own."""
        if step.family in ("test", "build", "lint"):
            return False
        return step.call.tool_kind not in ("fetch", "edit", "write", "agent")

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether somebody else's service refused, and no service of our own."""
        del scene
        if step.family == "install" and "403" in match.group(0):
            return False
        if any(pattern.search(match.string) for pattern in GitAuth.patterns):
            return False
        return _OWN_HOST.search(step.command) is None and _OWN_HOST.search(match.string) is None


DETECTORS: tuple[Detector, ...] = (AccessDenied(), GitAuth())
