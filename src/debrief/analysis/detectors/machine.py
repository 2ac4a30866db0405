"""The machine: disk, memory and the way to the network."""

import re
from typing import Final

import msgspec

from debrief.analysis.detector import Advice, Detector, Finding, PatternDetector, Scene, bound, succeeded
from debrief.analysis.expectations import only_quoted
from debrief.analysis.hosts import here, host, own
from debrief.analysis.speech import Speech
from debrief.analysis.view import Step
from debrief.analysis.wording import line_at


class MachineDetector(PatternDetector):
    """A pattern detector for what a program says of the machine that it runs on."""

    def listens(self, step: Step) -> bool:
        """Whether something was run; what a linter prints is code."""
        return step.call.tool_kind == "shell" and step.family != "lint"

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether the machine failed, and not a test that plays through such a failure."""
        del step, scene
        return not only_quoted(line_at(match.string, match.start()))


class DiskFull(MachineDetector):
    """The disk, or what the session may use of it, is full.

    Why it matters: builds, installations and commits break half-way and leave files that are cut short.

    When it is wrong: the task may be about a small disk. The limit on watched files, which goes by the same
    number, is left out.

    What it suggests: a larger disk, or to clean up what fills it.
    """

    id = "ENV-03"
    name = "disk full"
    label = "Environment"
    needles = ("no space left on device", "disk quota exceeded", "enough free space", "not enough space")
    patterns = (
        bound(r"\b[Nn]o space left on device\b"),
        bound(r"\bDisk quota exceeded\b"),
        bound(r"\bYou don't have enough free space in \S{1,200}"),
        bound(r"\b[Tt]here is not enough space on the disk\b"),
    )
    summary = 'The disk was full: {part} ended with "{line}"'
    advice = (Advice("machine_setup", "Give the machine more disk space, or clear it before {part}."),)

    def signature(self, step: Step, what: str, line: str) -> str:
        """There is one disk."""
        del step, what, line
        return "disk full"


class OutOfMemory(MachineDetector):
    """A program ran out of memory, or the system killed it for taking too much.

    Why it matters: what dies so dies again with the same input, often after minutes of work.

    When it is wrong: the program under work may itself use more and more without end. Where the command line
    kills or sets a time limit, a process that was killed says nothing.

    What it suggests: more memory, or fewer things at once.
    """

    id = "ENV-04"
    name = "out of memory / killed"
    label = "Environment"
    needles = (
        "killed",
        "sigkill",
        "out of memory",
        "heap limit",
        "outofmemory",
        "memoryerror",
        "allocate memory",
        "unable to allocate",
        "bad_alloc",
        "memory exhausted",
        "memory limit",
        "java heap space",
    )
    patterns = (
        bound(
            r"^(?:\S{0,80}: (?:line )?\d{1,6}: {1,4}\d{1,8} |\[\d\]\+? {1,6}(?:\d{1,8} )?)?"
            r"Killed(?: {2,30}\S|$)"
        ),
        bound(r"\bKilled signal terminated program\b|\binternal compiler error: Killed \(program\b"),
        bound(r"^make(?:\[\d\])?: \*\*\* [^\n]{0,120}\] Killed$"),
        bound(r"\bsignal: 9, SIGKILL\b|: signal: killed$|\bexit(?:ed with)? code:? 137\b[^\n]{0,40}OOM"),
        bound(r"\b(?:JavaScript|JS) heap out of memory\b|\bReached heap limit Allocation failed\b"),
        bound(r"\bjava\.lang\.OutOfMemoryError\b|\bJVM heap space is exhausted\b"),
        bound(r"^(?:E {1,8})?MemoryError(?:$|: )|\b_ArrayMemoryError: Unable to allocate\b"),
        bound(r"\b(?:CUDA|HIP|MPS backend) out of memory\b|\bDefaultCPUAllocator: (?:can't|not enough)"),
        bound(
            r"\b[Cc]annot allocate memory\b|\bvirtual memory exhausted\b"
            r"|\bfatal error: runtime: out of memory\b"
        ),
        bound(r"\bwhat\(\): {1,2}std::bad_alloc\b|\bmemory allocation of \d{1,20} bytes failed\b"),
        bound(r"\bcontainer (?:was )?OOM-?[Kk]illed\b|\bOut of memory: Killed process\b"),
    )
    summary = 'The memory did not suffice: {part} ended with "{line}"'
    advice = (Advice("machine_setup", "Give the machine more memory for {part}, or run less of it at once."),)

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether the system killed the process, and not the command line itself."""
        by_name = re.search(r"(?i:killed)", match.group(0)) and _KILLS.search(step.command)
        return not by_name and super().accepts(step, match, scene)


_KILLS = re.compile(r"\b(?:p?kill|killall|timeout|ulimit|prlimit|systemd-run|docker stop)\b")

_NAME: Final = r"([A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){1,8})"
_NO_SUCH_NAME = re.compile(r"ENOTFOUND|no such host|not known|nodename nor servname|UnknownHost|Unknown host")
_PRETENDED = re.compile(r"(?:\.|\A)(?:invalid|test|local|localhost|internal|example|localdomain)\Z")


class NoNetwork(MachineDetector):
    """The machine has no way to a host of the open network: its name is not found, or nothing leads there.

    Why it matters: packages, repositories and pages cannot be had, however often the session tries.

    When it is wrong: the name may be mistyped. A name that does not exist is left out where the session
    reached others, and so are the names of this machine, of containers and of examples, and a try that was
    followed by one that went well.

    What it suggests: to allow the host, or to mirror what it offers.
    """

    id = "ENV-05"
    name = "no network / DNS"
    label = "Environment"
    needles = (
        "resolv",
        "name resolution",
        "enetunreach",
        "eai_again",
        "enotfound",
        "unreachable",
        "getaddrinfo",
        "no such host",
        "not known",
        "address information",
        "unknown host",
        "unknownhost",
        "connect tunnel failed",
        "from proxy after connect",
        "safe to fetch",
        "no route to host",
        "server misbehaving",
        "lookup ",
    )
    patterns = (
        bound(
            r"\b(?:[Cc]ould not|[Cc]ouldn't|[Uu]nable to|[Ff]ailed to) resolve host(?:name)?:? "
            rf"(?:name \(.{{0,30}}: |address )?['\u2018\"]?{_NAME}"
        ),
        bound(rf"\bTemporary failure resolving '{_NAME}'"),
        bound(rf"\b[Ff]ailed to resolve '{_NAME}'"),
        bound(rf"\bgetaddrinfo (?:ENOTFOUND|EAI_AGAIN) {_NAME}"),
        bound(
            rf"\bdial tcp: lookup {_NAME}(?: on \S{{1,60}})?: "
            r"(?:no such host|i/o timeout|server misbehaving|Temporary)"
        ),
        bound(rf"\b(?:UnknownHostException|Unknown host):? {_NAME}"),
        bound(
            rf"\b{_NAME}: "
            r"(?:Name or service not known|Temporary failure in name resolution|nodename nor servname)"
        ),
        bound(r"\b(?:Temporary failure in name resolution|failed to lookup address information)\b"),
        bound(r"\b(?:ENETUNREACH|Network is unreachable|network is unreachable)\b"),
        bound(rf"\b[Cc]onnect to (?:host )?{_NAME} port \d{{1,5}}[^\n]{{0,40}}: No route to host"),
        bound(r"\bCONNECT tunnel failed, response 403\b|\bReceived HTTP code 403 from proxy after CONNECT\b"),
        bound(rf"\bUnable to verify if domain {_NAME} is safe to fetch\b"),
    )
    summary = 'The network was out of reach: {part} ended with "{line}"'
    advice = (
        Advice(
            "machine_setup", "Let the machine reach the hosts that {part} needs, or mirror what they offer."
        ),
    )

    def listens(self, step: Step) -> bool:
        """Tools that fetch speak of the network too."""
        return step.call.tool_kind in ("shell", "fetch", "mcp") and step.family != "lint"

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether the host is one of the open network, and the name no slip."""
        if not super().accepts(step, match, scene):
            return False
        line = line_at(match.string, match.start())
        name = next((group for group in match.groups() if group), "")
        if name and (_PRETENDED.search(name) or own(name)):
            return False
        if "Retry(total=" in line and "Retry(total=0" not in match.string:
            return False
        if not name and (own(line) or here(step.command)):
            return False
        return not (_NO_SUCH_NAME.search(line) and any(_reached(other) for other in scene.steps))

    def signature(self, step: Step, what: str, line: str) -> str:
        """The host, or else the one that the call names."""
        return what.lower() or host(step.command) or super().signature(step, "", line)

    def finding(self, speech: Speech, match: re.Match[str]) -> Finding:
        """Where the host is known, the advice names it."""
        found = super().finding(speech, match)
        if not found.subject:
            return found
        text = f"Let the machine reach `{found.subject}`, or mirror what it offers."
        return msgspec.structs.replace(found, advice=(Advice("machine_setup", text),))

    def resolves(self, finding: Finding, later: Step) -> bool:
        """The same call works now, or one that names the same host does."""
        hit = finding.steps[0]
        if not succeeded(later):
            return False
        if later.command and later.command == hit.command:
            return True
        wanted = finding.subject or host(hit.command)
        if wanted:
            return wanted in later.command or (
                hit.family == later.family == "install" and later.target == hit.target
            )
        return later.family == hit.family and later.target == hit.target


def _reached(step: Step) -> bool:
    """Whether `step` had something from the open network."""
    if not succeeded(step) or own(step.command):
        return False
    return step.family == "install" or (step.family == "net" and bool(host(step.command)))


class TlsOrProxy(MachineDetector):
    """A certificate that the machine does not trust, or a proxy that does not let the session through.

    Why it matters: every download over that way fails, and the quick remedy, to stop verifying, is a risk.

    When it is wrong: the server itself may have a bad certificate. One of this machine or of its private
    network is left out.

    What it suggests: to install the certificate authority, or the proxy's settings.
    """

    id = "ENV-06"
    name = "TLS / proxy"
    label = "Environment"
    needles = (
        "certificate",
        "self_signed",
        "_cert",
        "cert_",
        "issuer",
        "x509",
        "pkix",
        "proxy",
        "tunneling socket",
    )
    patterns = (
        bound(r"\bcertificate verify failed\b|\bCERTIFICATE_VERIFY_FAILED\b"),
        bound(r"\bSSL certificate problem: (?:unable to get|self[- ]signed|certificate)"),
        bound(
            r"\b(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET_ISSUER_CERT|VERIFY_LEAF)\w{0,20}|CERT_HAS_EXPIRED)\b"
        ),
        bound(
            r"\bunable to get local issuer certificate\b|\bself[- ]signed certificate in certificate chain\b"
        ),
        bound(r"\bx509: certificate (?:signed by unknown|is not trusted|has expired|relies on|is valid for)"),
        bound(r"\binvalid peer certificate\b|\bPKIX path building failed\b"),
        bound(r"\bcannot verify \S{1,120} certificate\b"),
        bound(
            r"\b407 Proxy Authentication Required\b|\bHTTP code 407 from proxy\b"
            r"|\bCONNECT tunnel failed, response 407\b"
        ),
        bound(r"\bProxyError\('?(?:Unable|Cannot) to connect to proxy|\bTunnel connection failed: 407\b"),
        bound(r"\b[Cc]ould not resolve proxy: \S|\btunneling socket could not be established\b"),
    )
    summary = 'The connection was not trusted or not let through: {part} ended with "{line}"'
    advice = (
        Advice("machine_setup", "Install the certificate authority or the proxy settings that {part} needs."),
    )

    def listens(self, step: Step) -> bool:
        """Tools that fetch speak of certificates too; whoever looks into one does not."""
        if any(
            part.words and part.words[0] in ("openssl", "keytool", "certbot", "mkcert") for part in step.parts
        ):
            return False
        return step.call.tool_kind in ("shell", "fetch", "mcp") and step.family not in ("lint", "test")

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether the connection was to lead out of the machine and its network."""
        if own(step.command) or own(line_at(match.string, match.start())):
            return False
        return super().accepts(step, match, scene)

    def signature(self, step: Step, what: str, line: str) -> str:
        """The program that does not trust, whoever it talked to."""
        del what, line
        return f"{step.family} {step.target}"


DETECTORS: tuple[Detector, ...] = (DiskFull(), OutOfMemory(), NoNetwork(), TlsOrProxy())
