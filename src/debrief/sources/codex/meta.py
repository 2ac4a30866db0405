"""The first record of a Codex session: who, where, which version, and whose child."""

import hashlib
from typing import Any

from debrief.model import Relation
from debrief.sources.builder import SessionBuilder
from debrief.sources.records import compact_json, mapping, sequence, string
from debrief.sources.remotes import remote_of, repository_of


def parent_of(meta: dict[str, Any]) -> tuple[Relation | None, str | None]:
    """How this session came of another, and of which one."""
    source = mapping(meta.get("source")).get("subagent")
    spawn = mapping(mapping(source).get("thread_spawn"))
    parent = string(meta.get("parent_thread_id")) or string(spawn.get("parent_thread_id"))
    forked = string(meta.get("forked_from_id"))
    if source or meta.get("thread_source") == "subagent" or parent:
        return "subagent", parent or forked
    return ("fork", forked) if forked else (None, None)


def read_meta(builder: SessionBuilder, meta: dict[str, Any]) -> None:
    """Set on `builder` what the session says about itself."""
    git = mapping(meta.get("git"))
    builder.native_id = string(meta.get("id")) or string(meta.get("session_id"))
    builder.agent_version = string(meta.get("cli_version"))
    builder.surface = string(meta.get("originator"))
    builder.user = string(meta.get("creator_user_id"))
    builder.cwd = string(meta.get("cwd")) or first_root(meta)
    builder.branch = string(git.get("branch"))
    builder.commit = string(git.get("commit_hash"))
    url = string(git.get("repository_url"))
    builder.repository, builder.remote = repository_of(url), remote_of(url)
    builder.relation, builder.parent_id = parent_of(meta)


def first_root(fields: dict[str, Any]) -> str | None:
    """The first of the folders that a session works in; newer versions may name several, and no other."""
    return next((root for root in sequence(fields.get("runtime_workspace_roots")) if string(root)), None)


def unnamed(first: object) -> str:
    """An id for a session that does not say its own, the same for the same first record."""
    return f"unnamed-{hashlib.sha256(compact_json(first).encode()).hexdigest()[:32]}"
