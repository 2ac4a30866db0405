"""Where Claude Code keeps its transcripts, and which files beside one belong to it."""

from debrief.sources.source import Companions

_COWORK = tuple(
    f"{folder}/Claude/local-agent-mode-sessions"
    for folder in ("~/Library/Application Support", "$APPDATA", "$XDG_CONFIG_HOME", "~/.config")
)
"""Where the desktop application keeps what its own agent did, in the same form."""

ROOTS = (
    "~/.claude/projects",
    "$CLAUDE_CONFIG_DIR/projects",
    "~/.config/claude/projects",
    "$XDG_CONFIG_HOME/claude/projects",
    *(
        f"{base}/{folders}.claude/projects"
        for base in _COWORK
        for folders in ("local_*/", "*/local_*/", "*/*/local_*/")
    ),
)

COMPANIONS = (
    Companions("*.jsonl", "{stem}/subagents/agent-*.jsonl"),
    Companions("*.jsonl", "{stem}/subagents/workflows/*/agent-*.jsonl"),
    Companions("*.jsonl", "agent-*.jsonl", by_content=True),
    # What a workflow says of its agents, and they of themselves, is told better by their rows.
    Companions("*.jsonl", "{stem}/subagents/agent-*.meta.json"),
    Companions("*.jsonl", "{stem}/subagents/workflows/*/agent-*.meta.json"),
    Companions("*.jsonl", "{stem}/subagents/workflows/*/journal.jsonl"),
    Companions("*.jsonl", "{stem}/workflows/*.json"),
    Companions("*.jsonl", "{stem}/tool-results/*.txt"),
    Companions("*.jsonl", "{stem}/tool-results/*.json"),
)
