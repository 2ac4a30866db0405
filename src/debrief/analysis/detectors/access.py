"""Access: credentials and rights that the session did not have."""

import re

import msgspec

from debrief.analysis.detector import Advice, Detector, Finding, PatternDetector, Scene, bound, succeeded
from debrief.analysis.hosts import here, own
from debrief.analysis.speech import Speech
from debrief.analysis.view import Step
from debrief.analysis.wording import code

_LIMITED = re.compile(r"rate limit|too many requests|quota exceeded", re.IGNORECASE)
_ABSENT = re.compile(r"\bRepository Not Found for url\b|\bpull access denied for\b")
_ASKS = re.compile(
    r"\bgh auth status\b|\b(?:npm|pnpm|yarn|docker|oc) (?:npm )?whoami\b|\bsts get-caller-identity\b"
    r"|\bgcloud auth (?:list|print)|\baz account (?:show|list)\b|\bhf auth whoami\b|\bssh -T\b"
)
_SHOWS = re.compile(
    r"\blogs?\b|--log-failed\b|\bjournalctl\b|\b(?:gh|glab) (?:run|pr|issue|mr) (?:view|diff|checks)\b"
)

_SYSTEM = ("/proc/", "/sys/", "/dev/", "/root", "/etc/shadow", "/etc/sudoers")
TOOL_WORDS = 200
"""Characters at the beginning of a tool's words in which it names its own failure, before what it quotes."""


class Refusal(PatternDetector):
    """A pattern detector for services that say no."""

    def listens(self, step: Step) -> bool:
        """No questions who one is, and no logs in which something else was refused."""
        shown = step.outcome != "error" and _SHOWS.search(step.command)
        return not shown and not _ASKS.search(step.command)

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether it was a refusal: no limit that passes, and nothing that is simply not there."""
        del step, scene
        return not _LIMITED.search(match.string) and not _ABSENT.search(match.string)

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
    name = "git/gh auth"
    label = "Access"
    version = 2
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
    version = 2
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
        bound(r"(?<!file\.)\bAccessDenied(?:Exception)?\b|\bnot authorized to perform\b"),
    )
    summary = 'Access was refused: {part} ended with "{line}"'
    advice = (Advice("machine_setup", "Give the machine the credential or the right that {part} needs."),)

    def listens(self, step: Step) -> bool:
        """Checks, pages and the agent's own tools refuse for reasons of their own."""
        if step.family in ("test", "build", "lint"):
            return False
        return super().listens(step) and step.call.tool_kind not in ("fetch", "edit", "write", "agent")

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether somebody else's service refused, and no service of our own."""
        if step.family == "install" and "403" in match.group(0):
            return False
        if any(pattern.search(match.string) for pattern in (*GitAuth.patterns, *RegistryLogin.patterns)):
            return False
        if own(step.command) or here(match.string):
            return False
        return super().accepts(step, match, scene)


_TOOLS = (
    "aws|gcloud|az|docker|npm|yarn|pnpm|cargo|vercel|netlify|heroku|fly|flyctl|wrangler|firebase|doctl|"
    "huggingface-cli|hf|helm|oc|vault|supabase|railway|stripe|pulumi|terraform"
)
_LOGIN = bound(
    rf"\b(?:[Rr]un|[Tt]ry|[Uu]se|using|with):? {{0,3}}[`'\"$ ]{{0,3}}((?:{_TOOLS})"
    r" (?:sso |auth |npm |application-default |registry ){0,2}(?:login|adduser))\b"
)
"""What a command line says to whom it does not know: to log in with such a command."""


class RegistryLogin(Refusal):
    """A registry of packages or images, or a cloud's command line, does not know who asks.

    Why it matters: nothing can be published, pulled or deployed, and no work inside the session helps.

    When it is wrong: some registries answer so to whoever mistypes a name. Questions who one is, such as
    `npm whoami`, say nothing.

    What it suggests: to log the machine in, or to give it the credential.
    """

    id = "ACC-03"
    name = "registry/cloud auth"
    label = "Access"
    needles = (
        "denied: requested access",
        "unauthorized: ",
        "no basic auth",
        "npm err",
        "err_pnpm_fetch_40",
        "yn0041",
        "unable to locate credentials",
        "expiredtoken",
        "security token",
        "invalidclienttokenid",
        "token has expired",
        "active account selected",
        "default credentials",
        "reauthentication",
        " login",
        "adduser",
        "be logged in to the server",
        "provide credentials",
        "credential sources",
        "gated repo",
        "non-existent authentication",
        "no token found",
    )
    patterns = (
        bound(
            r"\bdenied: requested access to the resource is denied\b"
            r"|\bunauthorized: (?:authentication|access|incorrect) "
        ),
        bound(r"\bno basic auth credentials\b"),
        bound(
            r"^npm (?:ERR!|error) (?:code )?(?:E401|E403|ENEEDAUTH)\b|\bERR_PNPM_FETCH_40[13]\b|\bYN0041\b: "
        ),
        bound(r"\bUnable to locate credentials\b|\bExpiredToken(?:Exception)?\b|\bInvalidClientTokenId\b"),
        bound(r"\bsecurity token included in the request is (?:invalid|expired)\b"),
        bound(r"\bToken has expired and refresh failed\b|\bError loading SSO Token\b"),
        bound(
            r"\bdo not currently have an active account selected\b|\bReauthentication (?:required|failed)\b"
        ),
        bound(r"\b[Dd]efault credentials (?:were|are) not (?:found|available)\b"),
        _LOGIN,
        bound(r"\bYou must be logged in to the server\b|\basked for the client to provide credentials\b"),
        bound(
            r"\b[Nn]o valid credential sources\b|\bAccess to (?:model|dataset) (\S{1,120}) is restricted\b"
        ),
        bound(r"\bCannot access gated repo for url\b|\btrying to access a gated repo\b"),
        bound(r"\bInvalid or non-existent authentication information\b"),
        bound(r"^error: no token found\b"),
    )
    summary = 'A registry or cloud account is not open to the machine: {part} ended with "{line}"'
    advice = (Advice("machine_setup", "Log the machine in to the registry or account that {part} needs."),)

    def listens(self, step: Step) -> bool:
        """Only what a command line says of itself."""
        return (
            step.call.tool_kind == "shell" and step.family not in ("test", "lint") and super().listens(step)
        )

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether it was no registry of the machine's own, and no login that speaks of itself."""
        if own(step.command) or (match.re is _LOGIN and "login" in step.command):
            return False
        return super().accepts(step, match, scene)


_OPEN = "['\"`\u2018]"
_CLOSE = "['\"`\u2019]"
_DENIED = r"[Pp]ermission denied\b(?! \((?!os error))"


class FilePermission(PatternDetector):
    """A file or folder may not be read, written or run by the session's user.

    Why it matters: the agent changes rights or goes around them, and both leave traces on the machine.

    When it is wrong: a search through the whole machine is refused here and there. Searches, tests, and files
    that the session made itself are left out.

    What it suggests: to set owner and mode of the path, or to make the script executable in the repository.
    """

    id = "ACC-04"
    name = "filesystem permission"
    label = "Access"
    needles = ("permission denied", "eacces", "insufficient permission", "accessdeniedexception")
    patterns = (
        bound(rf"{_OPEN}([^\s'\"`\u2018\u2019]{{1,200}}){_CLOSE}:? (?:\(\w{{1,20}}\): )?{_DENIED}"),
        bound(rf"(?<![\w/.~-])([~.\w@+-]{{0,80}}/[^\s:'\"`]{{0,200}}): {_DENIED}"),
        bound(r"\[Errno 13\] Permission denied: ['\"]([^'\"\n]{1,200})['\"]"),
        bound(r"\bEACCES: permission denied, \w{1,20} '([^'\n]{1,200})'|\bspawn (/\S{1,200}) EACCES\b"),
        bound(r"\block file (/\S{1,200}) - open \(13: Permission denied\)"),
        bound(r"(?<![\w/.~-])(/\S{1,200}) \(Permission denied\)|\bfile\.AccessDeniedException: (\S{1,200})"),
        bound(
            r"\bpermission denied while trying to connect to the Docker daemon socket at (?:unix://)?(\S{1,100}?):?\s"
        ),
        bound(r"\binsufficient permission for adding an object to repository database (\S{1,200})"),
    )
    summary = 'The rights on `{what}` are missing: {part} ended with "{line}"'
    advice = (Advice("machine_setup", "Give the session's user the rights on `{what}` that {part} needs."),)

    def listens(self, step: Step) -> bool:
        """No searches, no checks and no files that are looked at one after the other."""
        return step.family not in ("search", "test", "lint", "agent", "ask", "plan", "net") or (
            step.call.tool_kind == "search"
        )

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether it is a path that others made; in the words of a tool only where they begin."""
        path = next((group for group in match.groups() if group), "")
        if step.call.tool_kind != "shell" and match.start() > TOOL_WORDS:
            return False
        if step.call.tool_kind == "search" and "spawn" not in match.group(0):
            return False
        name = path.rstrip("/").rsplit("/", 1)[-1]
        if step.family == "read" and name != step.target.rstrip("/").rsplit("/", 1)[-1]:
            return False
        if path.startswith(_SYSTEM) or "@" in path.split("/", 1)[0]:
            return False
        made = (
            edit.path for event in scene.events for edit in event.edits if event.ordinal < step.call.ordinal
        )
        return not any(other.rsplit("/", 1)[-1] == name for other in made)

    def signature(self, step: Step, what: str, line: str) -> str:
        """The path alone."""
        del step, line
        return what.removeprefix("./")

    def finding(self, speech: Speech, match: re.Match[str]) -> Finding:
        """A script that may not be run is the repository's own fault; installing is work for set-up."""
        found = super().finding(speech, match)
        if speech.step.family == "install":
            part = code(self.part(speech.step, found.subject), 60)
            said = f"Install at set-up what {part} installs; the session's user may not."
            return msgspec.structs.replace(found, advice=(Advice("machine_setup", said),))
        if _runs(speech.step, found.subject):
            said = f"Make `{found.subject}` executable in the repository; it cannot be run as it is."
            return msgspec.structs.replace(found, advice=(Advice("repo_config", said),))
        return found

    def resolves(self, finding: Finding, later: Step) -> bool:
        """The same command works now, or another one with that path does."""
        name = finding.subject.rstrip("/").rsplit("/", 1)[-1]
        hit = finding.steps[0]
        if not succeeded(later) or later.family != hit.family:
            return False
        return later.target == hit.target or bool(name and name in later.command)


def _runs(step: Step, path: str) -> bool:
    """Whether a command of the line is `path` itself."""
    return any(part.words and part.words[0] == path for part in step.parts)


DETECTORS: tuple[Detector, ...] = (AccessDenied(), GitAuth(), RegistryLogin(), FilePermission())
