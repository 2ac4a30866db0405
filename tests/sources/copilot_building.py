"""Made-up events of Copilot's runtime, record by record, and ways to look at the Session."""

import io
import json
from typing import Any

from debrief.model import Event, Session
from debrief.sources import Document, Transcript, sniff

SESSION = "5f0c0000-0000-4000-8000-000000000001"

_ids = iter(range(1, 10**9))


def at(second: float) -> str:
    whole = int(second)
    return f"2026-07-01T10:{whole // 60:02}:{whole % 60:02}.{round((second - whole) * 1000):03}Z"


def record(type_: str, second: float = 1, agent: str | None = None, /, **data: Any) -> dict[str, Any]:
    number = next(_ids)
    envelope = {
        "type": type_,
        "data": data,
        "id": f"event-{number}",
        "timestamp": at(second),
        "parentId": "p",
    }
    return envelope | ({"agentId": agent} if agent else {})


def start(**data: Any) -> dict[str, Any]:
    context = {
        "cwd": "/srv/shop",
        "gitRoot": "/srv/shop",
        "repository": "acme/shop",
        "repositoryHost": "github.com",
        "branch": "fix/cart",
        "headCommit": "abc123",
        "hostType": "github",
    }
    own = {
        "sessionId": SESSION,
        "version": 1,
        "producer": "copilot-agent",
        "copilotVersion": "1.0.64",
        "selectedModel": "claude-opus-4.8",
        "context": context,
    }
    return record("session.start", 0, **(own | data))


def user(text: str, second: float = 1, **data: Any) -> dict[str, Any]:
    twin = f"<current_datetime>now</current_datetime>\n\n{text}\n\n<system_reminder>x</system_reminder>"
    return record("user.message", second, content=text, transformedContent=twin, attachments=[], **data)


def said(
    text: str = "",
    second: float = 2,
    *requests: dict[str, Any],
    output: int | None = 10,
    agent: str | None = None,
    **data: Any,
) -> dict[str, Any]:
    own: dict[str, Any] = {
        "messageId": f"m-{next(_ids)}",
        "model": "claude-opus-4.8",
        "content": text,
        "toolRequests": list(requests),
        "apiCallId": f"msg_{next(_ids)}",
    }
    if output is not None:
        own["outputTokens"] = output
    return record("assistant.message", second, agent, **(own | data))


def request(call_id: str, name: str, arguments: Any, **more: Any) -> dict[str, Any]:
    return {"toolCallId": call_id, "name": name, "arguments": arguments, "type": "function", **more}


def began(call_id: str, name: str, arguments: Any, second: float = 3, **data: Any) -> dict[str, Any]:
    return record(
        "tool.execution_start", second, toolCallId=call_id, toolName=name, arguments=arguments, **data
    )


def ended(
    call_id: str, text: str = "", second: float = 4, *, success: bool = True, **data: Any
) -> dict[str, Any]:
    result = {"result": {"content": text, "detailedContent": text}} if success else {}
    return record("tool.execution_complete", second, toolCallId=call_id, success=success, **(result | data))


def used(
    taken: int, output: int, read: int = 0, written: int = 0, reasoning: int | None = 0, count: int = 1
) -> dict[str, Any]:
    usage = {
        "inputTokens": taken,
        "outputTokens": output,
        "cacheReadTokens": read,
        "cacheWriteTokens": written,
    }
    if reasoning is not None:
        usage["reasoningTokens"] = reasoning
    return {"requests": {"count": count, "cost": 1}, "usage": usage}


def shutdown(second: float = 9, kind: str = "routine", **models: dict[str, Any]) -> dict[str, Any]:
    metrics = {name.replace("_", "-"): metric for name, metric in models.items()}
    return record("session.shutdown", second, shutdownType=kind, modelMetrics=metrics, totalPremiumRequests=1)


def transcript(*lines: Any, name: str = "events.jsonl", beside: str | None = None) -> Transcript:
    content = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines).encode(
        "utf-8", "surrogatepass"
    )
    companions: tuple[Document, ...] = ()
    if beside is not None:
        companions = (Document("workspace.yaml", lambda: io.BytesIO(beside.encode())),)
    return Transcript(Document(name, lambda: io.BytesIO(content)), companions)


def parse(*lines: Any, beside: str | None = None, name: str = "events.jsonl") -> Session:
    made = transcript(*lines, beside=beside, name=name)
    with made.main.open() as stream:
        source = sniff(stream.read(65536))
    assert source.name == "copilot_cli"
    (session,) = source.parse(made, lambda text: text)
    return session


def kinds(session: Session) -> list[str]:
    return [event.kind for event in session.events]


def result(session: Session) -> Event:
    return next(event for event in session.events if event.kind == "tool_result")


def call(session: Session) -> Event:
    return next(event for event in session.events if event.kind == "tool_call")
