"""Gemini CLI: calls, results and notices become what detectors work on."""

from typing import Any

from gemini_building import answer, at, call, header, lines, read, results, user

from debrief.sources.formats.gemini_cli import GEMINI_CLI


def test_outcomes_are_told_apart() -> None:
    def shell(name: str, status: str, response: Any) -> dict[str, Any]:
        return call(name, "run_shell_command", {"command": name}, status, response)

    report = (
        "Command: x\nOutput: Exit Code: 0\nError: (none)\nExit Code: {}\nSignal: 0\nProcess Group PGID: 7"
    )
    session = read(
        GEMINI_CLI,
        lines(
            header(),
            answer(
                "g1",
                "",
                toolCalls=[
                    shell("ok", "success", {"output": report.format(0)}),
                    shell("failed", "success", {"output": report.format(2)}),
                    shell("quoted", "success", {"output": "Output: Exit Code: 3\nand more"}),
                    shell("broken", "error", {"error": "no such tool"}),
                    shell(
                        "denied",
                        "cancelled",
                        {"error": "[Operation Cancelled] Reason: User denied execution."},
                    ),
                    shell(
                        "asked",
                        "cancelled",
                        {"error": "[Operation Cancelled] Reason: User did not allow tool call"},
                    ),
                    shell(
                        "stopped",
                        "cancelled",
                        {"error": "[Operation Cancelled] Reason: User cancelled tool execution."},
                    ),
                    shell(
                        "killed",
                        "success",
                        {"output": "Command was cancelled by user before it could complete."},
                    ),
                    shell("running", "executing", None),
                ],
            ),
        ),
    )

    assert [(e.command, e.outcome, e.exit_code) for e in results(session)] == [
        ("ok", "ok", 0),
        ("failed", "error", 2),
        ("quoted", "ok", None),
        ("broken", "error", None),
        ("denied", "rejected", None),
        ("asked", "rejected", None),
        ("stopped", "interrupted", None),
        ("killed", "interrupted", None),
    ]
    assert session.end_state == "running"
    assert "run_shell_command" in session.end_reason


def test_tools_carry_what_detectors_need() -> None:
    calls = [
        call(
            "1",
            "replace",
            {"file_path": "/p/a.py", "old_string": "x", "new_string": "y"},
            "success",
            {"output": ""},
        ),
        call("2", "write_file", {"file_path": "/p/b.py", "content": "new"}, "success", {"output": ""}),
        call("3", "search_file_content", {"pattern": "x", "dir_path": "/p"}, "success", {"output": ""}),
        call("4", "google_web_search", {"query": "x"}, "success", {"output": ""}),
        call("5", "mcp_github_create_pull_request", {"title": "x"}, "success", {"output": ""}),
        call("6", "codebase_investigator", {"objective": "x"}, "success", {"output": ""}),
        call("7", "brand_new_tool", "odd", "success", {"output": ""}),
    ]
    session = read(GEMINI_CLI, lines(header(), answer("g", "", toolCalls=calls)))
    made = [e for e in session.events if e.kind == "tool_call"]

    assert [e.tool_kind for e in made] == ["edit", "write", "search", "fetch", "mcp", "agent", "other"]
    assert [(x.path, x.old, x.new) for e in made for x in e.edits] == [
        ("/p/a.py", "x", "y"),
        ("/p/b.py", "", "new"),
    ]
    assert [e.path for e in made[:3]] == ["/p/a.py", "/p/b.py", "/p"]


def test_calls_in_content_and_results_in_a_turn_of_their_own_pair_once() -> None:
    part = {"functionCall": {"id": "f1", "name": "read_file", "args": {"file_path": "x"}}}
    response = {"functionResponse": {"id": "f1", "name": "read_file", "response": {"output": "text"}}}
    listed = call("f1", "read_file", {"file_path": "x"}, "success", {"output": "listed"})
    alone = read(GEMINI_CLI, lines(header(), answer("g", [{"text": "look"}, part]), user("r", [response])))
    both = read(GEMINI_CLI, lines(header(), answer("g", [part], toolCalls=[listed]), user("r", [response])))

    assert [e.kind for e in alone.events] == ["message", "tool_call", "tool_result"]
    assert [e.kind for e in both.events] == ["tool_call", "tool_result"]
    assert results(both)[0].text == "listed"


def test_notices_are_neither_prompts_nor_answers() -> None:
    def notice(kind: str, text: str) -> dict[str, Any]:
        return {"id": text[:9], "timestamp": at(5), "type": kind, "content": text}

    session = read(
        GEMINI_CLI,
        lines(
            header(),
            user("u", "go"),
            notice("info", "Update available"),
            notice("warning", "careful"),
            notice("error", "Unknown command: /foo"),
            notice("error", "[API Error: quota exceeded]"),
        ),
    )

    assert [e.kind for e in session.events] == ["prompt", "message", "message", "message", "api_error"]
    assert session.end_state == "error"
    stopped = read(GEMINI_CLI, lines(header(), user("u", "go"), notice("info", "Request cancelled.")))
    assert (stopped.events[-1].kind, stopped.end_state) == ("interrupt", "interrupted")
