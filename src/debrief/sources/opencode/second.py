"""Messages of OpenCode's second generation, in; the same in the shape of the first, with parts, out.

The second generation has one row a message, told apart by `type`; an answer holds its content inside. A
command that the person ran becomes a message of the made-up role `shell`.
"""

from collections.abc import Iterator
from typing import Any

from debrief.sources.records import mapping, sequence, string

# Told by the next answer, which names its agent and its model, and by the session, which names its folder.
PASSED_OVER = frozenset({"agent-switched", "model-switched", "location-switched"})

IDLE = "idle"
"""The type of a message that says how the turn before it ended, and nothing else."""

_TYPES = frozenset({"user", "assistant", "synthetic", "system", "skill", "shell", "compaction"})


def is_second(message: dict[str, Any]) -> bool:
    """Whether `message` is of the second generation."""
    kind = message.get("type")
    return "info" not in message and isinstance(kind, str) and (kind in _TYPES or kind in PASSED_OVER)


def as_first(message: dict[str, Any]) -> dict[str, Any]:
    """`message` as `{info, parts}`."""
    kind = message["type"]
    info = {"id": message.get("id"), "time": message.get("time"), "role": "user"}
    if kind == "user":
        parts = [{"type": "text", "text": message.get("text")}, *_files(message.get("files"))]
    elif kind == "compaction" and (message.get("tokens") or message.get("status") == "failed"):
        # Told with what the model used for it, as the first generation tells an answer that is a summary.
        failed = message.get("status") == "failed"
        info.update(_answer(message), role="assistant", summary=not failed)
        parts = [] if failed else [{"type": "text", "text": message.get("summary")}]
    elif kind == "compaction":
        parts = [{"type": "compaction", "summary": message.get("summary")}]
    elif kind == "shell":
        info["role"] = "shell"
        parts = [_shell(message)]
    elif kind == "assistant":
        info.update(_answer(message), role="assistant")
        parts = [*_retried(message.get("retry"))]
        parts += [_content(mapping(part)) for part in sequence(message.get("content"))]
    else:
        parts = [{"type": "text", "text": message.get("text"), "synthetic": True}]
    return {"info": info, "parts": parts}


def _answer(message: dict[str, Any]) -> dict[str, Any]:
    """What is told of a call of the model."""
    return {
        "modelID": mapping(message.get("model")).get("id"),
        "agent": message.get("agent"),
        "finish": message.get("finish"),
        "cost": message.get("cost"),
        "tokens": message.get("tokens"),
        "error": _error(message.get("error")),
    }


def _retried(value: object) -> Iterator[dict[str, Any]]:
    """The last of the attempts that failed before the answer."""
    retry = mapping(value)
    if retry.get("error"):
        yield {"type": "retry", "error": _error(retry["error"]), "time": {"created": retry.get("at")}}


def _files(value: object) -> Iterator[dict[str, Any]]:
    for one in sequence(value):
        file = mapping(one)
        yield {"type": "file", "filename": file.get("name"), "mime": file.get("mime"), "url": file.get("uri")}


def _shell(message: dict[str, Any]) -> dict[str, Any]:
    time = mapping(message.get("time"))
    output, status = message.get("output"), message.get("status")
    state = "completed" if time.get("completed") is not None else "running"
    return {
        "type": "tool",
        "tool": "bash",
        "callID": message.get("callID") or message.get("shellID"),
        "state": {
            "status": "error" if status in ("timeout", "killed") else state,
            "input": {"command": message.get("command")},
            "output": mapping(output).get("output") if isinstance(output, dict) else output,
            "metadata": {"exit": message.get("exit"), "interrupted": status == "killed"},
            "time": {"start": time.get("created"), "end": time.get("completed")},
        },
    }


def _content(part: dict[str, Any]) -> dict[str, Any]:
    if part.get("type") != "tool":
        return part
    state, time = mapping(part.get("state")), mapping(part.get("time"))
    error = state.get("error")
    return {
        "type": "tool",
        "tool": part.get("name"),
        "callID": part.get("id"),
        "state": {
            "status": state.get("status"),
            "input": state.get("input"),
            "output": _text(state.get("content")),
            "error": string(mapping(error).get("message")) or string(error),
            "metadata": state.get("structured") or state.get("metadata"),
            "time": {"start": time.get("ran") or time.get("created"), "end": time.get("completed")},
        },
    }


def _text(value: object) -> str:
    items = [mapping(item) for item in sequence(value)]
    return "\n".join(
        string(item.get("text")) or f"[file {string(item.get('name')) or string(item.get('uri')) or ''}]"
        for item in items
    )


def _error(value: object) -> dict[str, Any] | None:
    if not value:
        return None
    error = mapping(value)
    text = string(error.get("message")) or string(value) or "unknown error"
    name = string(error.get("name")) or string(error.get("type")) or "error"
    return {"name": name, "data": {"message": text}}
