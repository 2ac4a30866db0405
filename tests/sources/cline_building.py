"""Builds tasks of Cline's family: words in, rows, messages and the Session they make out."""

import io
import json
from typing import Any

from debrief.model import Session
from debrief.sources import Document, Transcript, sniff
from debrief.sources.formats.cline import CLINE

BEGUN = 1_769_053_680_628


ENVIRONMENT = (
    "<environment_details>\n# Visual Studio Code Visible Files\na.py\n\n"
    "# Current Working Directory (/work/shop) Files\na.py\n\n# Workspace Configuration\n"
    '{"workspaces": {"/work/shop": {"associatedRemoteUrls": ["origin: https://github.com/acme/shop"],'
    ' "latestGitCommitHash": "071ca4d6a806adafa1322bc05c4b149944a75c72"}}}\n</environment_details>'
)


def document(name: str, value: Any) -> Document:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Document(name, lambda: io.BytesIO(content))


def parse(*files: Any) -> Session:
    documents = [document(f"{n}.json", value) for n, value in enumerate(files)]
    assert sniff(documents[0].open().read()[:65536]).name == "cline"
    transcript = Transcript(documents[0], tuple(documents[1:]))
    (session,) = CLINE.parse(transcript, lambda text: text)
    return session


def say(at: int, what: str, text: Any = "", **fields: Any) -> dict[str, Any]:
    told = text if isinstance(text, str) else json.dumps(text)
    return {"ts": BEGUN + at * 1000, "type": "say", "say": what, "text": told, **fields}


def ask(at: int, what: str, text: Any = "", **fields: Any) -> dict[str, Any]:
    row = say(at, what, text, **fields)
    return {**row, "type": "ask", "ask": row.pop("say")}


def request(at: int, taken: int, said: int, write: int = 0, read: int = 0, **more: Any) -> dict[str, Any]:
    info = {"tokensIn": taken, "tokensOut": said, "cacheWrites": write, "cacheReads": read, **more}
    return say(at, "api_req_started", info, modelInfo={"modelId": "claude-x", "providerId": "anthropic"})


def user(*texts: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


def assistant(*blocks: Any, **fields: Any) -> dict[str, Any]:
    content = [{"type": "text", "text": b} if isinstance(b, str) else b for b in blocks]
    return {"role": "assistant", "content": content, **fields}


def use(call: str, name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call, "name": name, "input": arguments}


def result(call: str, text: str, **fields: Any) -> dict[str, Any]:
    block = {
        "type": "tool_result",
        "tool_use_id": call,
        "content": [{"type": "text", "text": text}],
        **fields,
    }
    return {"role": "user", "content": [block, {"type": "text", "text": ENVIRONMENT}]}


def tag(name: str, inner: str) -> str:
    return f"<{name}>\n{inner}\n</{name}>"


def kinds(session: Session) -> list[str]:
    return [one.kind for one in session.events]


def of(session: Session, kind: str) -> list[Any]:
    return [one for one in session.events if one.kind == kind]


ROWS = [
    say(0, "task", "Fix the cart."),
    request(1, 10, 100, 30, 20, cost=0.5, request=f"<task>\nFix the cart.\n</task>\n\n{ENVIRONMENT}"),
    say(2, "text", "I look."),
    ask(3, "command", "ls"),
    say(4, "command_output", "a.py"),
    request(5, 5, 50, 0, 60, cost=0.25),
    say(6, "completion_result", "Done."),
    ask(7, "completion_result"),
]


MESSAGES = [
    user("<task>\nFix the cart.\n</task>", ENVIRONMENT),
    assistant(
        {"type": "thinking", "thinking": "Hm."},
        "I look.",
        use("c1", "execute_command", command="ls"),
        metrics={"tokens": {"prompt": 10, "completion": 100, "cached": 50}, "cost": 0.5},
        modelInfo={"modelId": "claude-x"},
    ),
    result("c1", "Command executed.\nOutput:\na.py"),
    assistant(
        use("c2", "attempt_completion", result="Done."),
        metrics={"tokens": {"prompt": 5, "completion": 50, "cached": 60}, "cost": 0.25},
        modelInfo={"modelId": "claude-x"},
    ),
]
