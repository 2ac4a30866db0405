"""Small Qwen Code sessions in the true format: rows of a tree, their parts, their tokens."""

from typing import Any

from gemini_building import at

SESSION = "0c0ffee0-0000-4000-8000-00000000000a"


def row(uuid: str, parent: str | None, kind: str, second: int = 1, **fields: Any) -> dict[str, Any]:
    made = {"uuid": uuid, "parentUuid": parent, "sessionId": SESSION, "timestamp": at(second), "type": kind}
    return made | {"cwd": "/work/app", "version": "0.5.0", "gitBranch": "main"} | fields


def said(uuid: str, parent: str | None, *parts: Any, kind: str = "user", **fields: Any) -> dict[str, Any]:
    made = [{"text": part} if isinstance(part, str) else part for part in parts]
    role = "model" if kind == "assistant" else "user"
    return row(uuid, parent, kind, message={"role": role, "parts": made}, **fields)


def answered(uuid: str, parent: str | None, *parts: Any, **fields: Any) -> dict[str, Any]:
    return said(uuid, parent, *parts, kind="assistant", **({"model": "qwen3-coder"} | fields))


def usage(prompt: int, cached: int, output: int, thoughts: int, total: int) -> dict[str, Any]:
    names = ("promptTokenCount", "cachedContentTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    made = dict(zip(names, (prompt, cached, output, thoughts), strict=True))
    return {"usageMetadata": made | {"totalTokenCount": total}}


def request(name: str, prompt: int, output: int, parent: str | None = None, **fields: Any) -> dict[str, Any]:
    event = {
        "event.name": "qwen-code.api_response",
        "response_id": name,
        "model": "qwen3-coder",
        "input_token_count": prompt,
        "output_token_count": output,
        "cached_content_token_count": 0,
        "thoughts_token_count": 0,
        "tool_token_count": 0,
        "total_token_count": prompt + output,
    }
    payload = {"uiEvent": event | fields}
    return row(f"t-{name}", parent, "system", subtype="ui_telemetry", systemPayload=payload)


def tool(call_id: str, name: str, args: Any) -> dict[str, Any]:
    return {"functionCall": {"id": call_id, "name": name, "args": args}}


def result(uuid: str, parent: str, call_id: str, response: Any, status: str, **fields: Any) -> dict[str, Any]:
    part = {"functionResponse": {"id": call_id, "name": "x", "response": response}}
    outer = {"callId": call_id, "status": status} | fields
    return said(uuid, parent, part, kind="tool_result", toolCallResult=outer)
