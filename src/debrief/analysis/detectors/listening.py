"""Listening: what should listen on this machine and does not, or listens where something else should."""

import re
from typing import Final

from debrief.analysis.detector import Advice, Detector, PatternDetector, Scene, bound
from debrief.analysis.expectations import only_quoted
from debrief.analysis.view import Step
from debrief.analysis.wording import line_at

_PORT = re.compile(r"(?<!\d)\d{4,5}(?!\d)")


class PortTaken(PatternDetector):
    """A server could not start because something else listens on its port.

    Why it matters: the program under work cannot be run, and an agent that looks for the culprit may stop a
    process that somebody needs.

    When it is wrong: the culprit may be the server that the session started itself a little earlier; where
    the same command or the same port stands in an earlier call, the detector is silent.

    What it suggests: to free the port, or to make it configurable.
    """

    id = "CFG-04"
    name = "port / address in use"
    label = "Configuration"
    needles = (
        "already in use",
        "is in use",
        "was in use",
        "already allocated",
        "is already running on port",
        "addrinuse",
    )
    patterns = (
        bound(r"\bEADDRINUSE\b[^\n]{0,60}?:(\d{2,5})\b"),
        bound(r"\b[Pp]ort (\d{2,5}) (?:is|was) (?:already )?(?:allocated|in use)\b"),
        bound(
            r"\b[Bb]ind (?:for|host port for) \S{0,60}?:(\d{2,5})"
            r"(?: failed: port is already|[/:]\S{0,80} address already)"
        ),
        bound(r"\bbind\(\) to \S{0,40}?:(\d{2,5}) failed \(\d{1,3}: Address already in use\)"),
        bound(
            r"\blisten (?:tcp|udp)\d? \S{0,60}?:(\d{2,5}): bind: (?:address already in use|Only one usage)"
        ),
        bound(r"\bbind on address \('[^'\n]{0,60}', (\d{2,5})\)[^\n]{0,20}address already in use"),
        bound(r"\b[Aa]ddress already in use\b[^\n]{0,60}?\bport (\d{2,5})\b"),
        bound(r"\bSomething is already running on port (\d{2,5})\b"),
        bound(r"(?:\[Errno \d{2,5}\]|\bBindException:|\bAddrInUse\b)[^\n]{0,40}[Aa]ddress already in use"),
    )
    summary = 'A port was taken by another program: {part} ended with "{line}"'
    advice = (Advice("machine_setup", "Free the port that {part} listens on, or make it configurable."),)

    def listens(self, step: Step) -> bool:
        """Whether something was started."""
        return step.call.tool_kind == "shell" and step.family not in ("lint", "read", "search", "edit", "vcs")

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether the session had not started the same thing, or something on this port, itself."""
        if only_quoted(line_at(match.string, match.start())):
            return False
        said = match.group(1) if match.re.groups else None
        ports = [said] if said else _PORT.findall(step.command)
        named = re.compile(rf"(?<!\d)(?:{'|'.join(ports)})(?!\d)") if ports else None
        return not any(
            earlier.command == step.command
            or (
                (earlier.family, earlier.target) == (step.family, step.target)
                and earlier.outcome in ("ok", "unknown", "interrupted")
            )
            or (
                named is not None
                and earlier.family not in ("read", "search")
                and named.search(earlier.command)
            )
            for earlier in scene.steps[: step.index]
            if earlier.command
        )

    def signature(self, step: Step, what: str, line: str) -> str:
        """The port, or else the line."""
        return what or super().signature(step, what, line)


_LOCAL: Final = (
    r"(?:localhost|127\.0\.0\.1|\[?::1\]?|0\.0\.0\.0|host\.docker\.internal|[a-z][a-z0-9_-]{1,30})"
)
_SERVICE_PORTS: Final = (
    r"(?:1433|2181|2375|2379|3306|3307|4222|4566|5432|5433|5672|6333|6379|6380|7687|8123|9042|9092|9200"
    r"|11211|27017)"
)
_AT: Final = rf"(?<![\w.-])({_LOCAL}:{_SERVICE_PORTS})(?!\d)"
_SERVICES: Final = (
    r"(db|database|postgres(?:ql)?|redis|mysql|mariadb|mongo(?:db)?|rabbitmq|kafka|elasticsearch|memcached"
    r"|localstack|clickhouse|qdrant|neo4j|zookeeper|nats)"
)


class ServiceDown(PatternDetector):
    """A database, a queue or the container service that the work needs does not run on this machine.

    Why it matters: tests and programs that need it cannot be run, and what is written stays untried.

    When it is wrong: the agent may be the one who is to start it, and does so a moment later. A server of the
    project's own that nobody has started yet is left out: only ports and names of well-known services count.

    What it suggests: to start the service before the session begins.
    """

    id = "CFG-05"
    name = "database/service not running"
    label = "Configuration"
    needles = (
        "econnrefused",
        "refused",
        "connection to server",
        "could not connect",
        "can't connect",
        "cannot connect",
        "failed to connect",
        "connect call failed",
        "can't reach",
        "error during connect",
        "getaddrinfo",
        "host name",
        "lookup ",
        "server host",
    )
    patterns = (
        bound(
            r"\b[Cc]annot connect to the (Docker daemon) at\b|\bfailed to connect to the (docker API) at\b"
        ),
        bound(r"\berror during connect: [^\n]{0,160}\b(docker_?engine|docker daemon)\b", re.IGNORECASE),
        bound(rf"\bECONNREFUSED {_AT}"),
        bound(
            rf"\bconnection to server at \"({_LOCAL})\"[^\n]{{0,40}}, port \d{{1,5}} failed: "
            r"Connection refused"
        ),
        bound(
            r"\bconnection to server on socket \"([^\"\n]{1,120})\" failed: "
            r"(?:No such file|Connection refused)"
        ),
        bound(rf"\bIs the server running on host \"({_LOCAL})\""),
        bound(r"\bIs the server running locally and accepting[^\n]{0,60}\n?[^\n]{0,60}\"([^\"\n]{1,120})\""),
        bound(rf"\bCould not connect to Redis at ({_LOCAL}:\d{{1,5}}): Connection refused"),
        bound(
            r"\bCan't connect to (?:local )?(?:MySQL|MariaDB|server)[^\n]{0,30} through socket "
            r"'([^'\n]{1,120})'"
        ),
        bound(rf"\bCan't connect to (?:MySQL |MariaDB )?server on '({_LOCAL}(?::\d{{1,5}})?)'"),
        bound(r"\bThe connection to the server ((?:localhost|127\.0\.0\.1):\d{1,5}) was refused - did you"),
        bound(rf"\b[Cc]onnecti(?:on|ng) to {_AT}(?: refused|\. [^\n]{{0,20}}refused)"),
        bound(rf"{_AT}[^\n]{{0,60}}?\b[Cc]onnection refused"),
        bound(rf"\b[Cc]onnect call failed \('({_LOCAL})', {_SERVICE_PORTS}\b"),
        bound(rf"\bCan't reach database server at `({_LOCAL}:\d{{1,5}})`"),
        bound(rf"\bgetaddrinfo (?:ENOTFOUND|EAI_AGAIN) {_SERVICES}$"),
        bound(rf"\bcould not translate host name \"{_SERVICES}\" to address"),
        bound(rf"\bUnknown (?:MySQL |MariaDB )?server host '{_SERVICES}'"),
        bound(rf"\bdial tcp: lookup {_SERVICES}(?: on \S{{1,60}})?: "),
    )
    summary = 'A service that the work needs was not running (`{what}`): {part} ended with "{line}"'
    advice = (Advice("machine_setup", "Start the service (`{what}`) before the session: {part} needs it."),)

    def listens(self, step: Step) -> bool:
        """Whether something was run that may need a service."""
        return step.call.tool_kind in ("shell", "mcp") and step.family not in ("lint", "search", "edit")

    def accepts(self, step: Step, match: re.Match[str], scene: Scene) -> bool:
        """Whether it failed for want of the service, and is no test's expectation."""
        del step, scene
        return not only_quoted(line_at(match.string, match.start(match.lastindex or 0)))

    def signature(self, step: Step, what: str, line: str) -> str:
        """The service, however the machine's own name is spelt."""
        del step, line
        return re.sub(r"\A(?:localhost|127\.0\.0\.1|\[?::1\]?|0\.0\.0\.0)", "localhost", what)


DETECTORS: tuple[Detector, ...] = (PortTaken(), ServiceDown())
