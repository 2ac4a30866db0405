"""The traps of token counting, one transcript for each, with the sums that are right by construction.

Each goes through the format's public door: which format takes it, the five buckets, and how sure each is.
"""

from typing import Any

import copilot_building as copilot
import gemini_building as gemini
import pytest
import qwen_building as qwen
import rollouts as codex
from claude_building import OWN, Rows, agent_rows, document, progress, usage
from msgspec import Struct
from trap_building import (
    OWN_PART,
    THREAD,
    answer,
    closed,
    copied,
    forked,
    paginated,
    read,
    spread,
    streamed,
    switched,
    task_totals,
    turn_of,
    written,
    zeros,
)

from debrief.model import Tokens, total_tokens
from debrief.sources import Document

EXACT = ("exact", "exact", "exact", "exact", "missing")
AT_LEAST = ("exact", "exact", "exact", "lower_bound", "missing")
NOTHING = ("missing",) * 5
WHOLE = ("exact", "exact", "missing", "exact", "exact")


class Trap(Struct, frozen=True):
    """`tokens`: input, cache read, cache write, output, reasoning, of all calls together."""

    name: str
    format: str
    rows: list[Any]
    tokens: tuple[int | None, ...]
    quality: tuple[str, ...]
    calls: int = 1
    companions: tuple[Document, ...] = ()


CLAUDE = [
    Trap(
        "a row for each block, the output growing",
        "claude_code",
        spread("2.0.64", 1, 30, 120, stop="end_turn"),
        (10, 3000, 200, 120, None),
        EXACT,
    ),
    Trap(
        "a reason to stop on an earlier row is one",
        "claude_code",
        [*spread("2.1.62", 120, stop="end_turn"), *spread("2.1.62", 120, uuid="late")[1:]],
        (10, 3000, 200, 120, None),
        EXACT,
    ),
    Trap(
        "rows of a gateway without a request id",
        "claude_code",
        spread("2.1.62", 7, 7, 90, stop="end_turn", requestId=None),
        (10, 3000, 200, 90, None),
        EXACT,
    ),
    *(
        Trap(
            f"only placeholders in {version}",
            "claude_code",
            spread(version, 1, 1, 3),
            (10, 3000, 200, 3, None),
            AT_LEAST,
        )
        for version in ("2.1.12", "2.1.20", "2.1.25", "2.1.29")
    ),
    *(
        Trap(
            f"within the window, yet with a reason to stop, {version}",
            "claude_code",
            spread(version, 1, 250, stop="end_turn"),
            (10, 3000, 200, 250, None),
            EXACT,
        )
        for version in ("2.1.12", "2.1.29", "2.1.62")
    ),
    Trap(
        "one placeholder among exact ones",
        "claude_code",
        [
            *spread("2.1.20", 1, 2),
            Rows().says("more", "msg_2", stop="end_turn", usage=usage(40), uuid="more"),
        ],
        (20, 6000, 400, 42, None),
        AT_LEAST,
        2,
    ),
    Trap(
        "a sub-agent in its own file and in progress rows",
        "claude_code",
        [*task_totals(), *(progress("a7", row, n) for n, row in enumerate(agent_rows()))],
        (20, 6000, 400, 59, None),
        EXACT,
        2,
        (document(agent_rows(), f"{OWN}/subagents/agent-a7.jsonl"),),
    ),
    Trap(
        "a sub-agent in progress rows alone, each told twice",
        "claude_code",
        [*task_totals(), *(progress("a7", row, n) for n, row in enumerate([*agent_rows(), *agent_rows()]))],
        (20, 6000, 400, 59, None),
        EXACT,
        2,
    ),
    Trap(
        "a sub-agent inline, as a side chain",
        "claude_code",
        [*task_totals(), *agent_rows()],
        (20, 6000, 400, 59, None),
        EXACT,
        2,
    ),
    Trap("totals in a task's result", "claude_code", task_totals(), (10, 3000, 200, 50, None), EXACT),
    Trap(
        "a message that the tool wrote itself",
        "claude_code",
        [*answer(usage(40)), Rows().says("API Error", "msg_9", usage=zeros(), over={"model": "<synthetic>"})],
        (10, 3000, 200, 40, None),
        EXACT,
    ),
    Trap(
        "zeros are what a gateway writes who does not know",
        "claude_code",
        answer(zeros()),
        (None,) * 5,
        NOTHING,
    ),
    Trap(
        "thinking is a part of the output",
        "claude_code",
        answer(usage(100, output_tokens_details={"thinking_tokens": 30})),
        (10, 3000, 200, 70, 30),
        ("exact",) * 5,
    ),
    Trap(
        "what is written to the cache, told by its age alone",
        "claude_code",
        answer(
            {
                "input_tokens": 10,
                "cache_read_input_tokens": 0,
                "output_tokens": 5,
                "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 12},
            }
        ),
        (10, 0, 42, 5, None),
        EXACT,
    ),
    Trap(
        "summarising within the request is billed beside it",
        "claude_code",
        answer(
            usage(
                40,
                iterations=[
                    {
                        "type": "compaction",
                        "input_tokens": 5000,
                        "output_tokens": 300,
                        "cache_read_input_tokens": 7,
                    },
                    {"type": "message", **usage(40)},
                ],
            )
        ),
        (5010, 3007, 200, 340, None),
        EXACT,
    ),
    Trap(
        "a second model within the request is a call of its own",
        "claude_code",
        answer(
            usage(
                40,
                iterations=[
                    {"type": "message", **usage(40)},
                    {"type": "advisor_message", "model": "claude-opus-4-6", **usage(11)},
                ],
            )
        ),
        (20, 6000, 400, 51, None),
        EXACT,
        2,
    ),
    Trap(
        "history under another session's id",
        "claude_code",
        forked("sessionId"),
        (10, 3000, 200, 40, None),
        EXACT,
    ),
    Trap(
        "history that says where it was forked from",
        "claude_code",
        forked("forkedFrom"),
        (10, 3000, 200, 40, None),
        EXACT,
    ),
    Trap(
        "the same row twice",
        "claude_code",
        [row for row in answer(usage(40)) for _ in "ab"],
        (10, 3000, 200, 40, None),
        EXACT,
    ),
    Trap(
        "numbers that are none",
        "claude_code",
        answer({"input_tokens": "10", "output_tokens": True, "cache_read_input_tokens": -3}),
        (None,) * 5,
        NOTHING,
    ),
    Trap(
        "a run behind a gateway: only its end knows",
        "claude_code_stream",
        streamed(closed(900, 70, 5, 60)),
        (900, 70, 5, 60, None),
        EXACT,
    ),
    Trap(
        "a run whose end counts the earlier end in",
        "claude_code_stream",
        streamed(closed(400, 30, 5, 20), closed(900, 70, 5, 60)),
        (900, 70, 5, 60, None),
        EXACT,
    ),
    Trap("a run that was killed behind a gateway", "claude_code_stream", streamed(), (None,) * 5, NOTHING, 2),
]


CODEX = [
    Trap(
        "the cached part of the input, the reasoning part of the output",
        "codex",
        [codex.meta(), codex.user("go"), codex.counted((100, 60, 30, 10))],
        (40, 60, None, 20, 10),
        WHOLE,
    ),
    Trap(
        "what is written to the cache is a part of the input",
        "codex",
        [codex.meta(), codex.user("go"), written()],
        (15, 60, 25, 20, 10),
        ("exact",) * 5,
    ),
    Trap(
        "a cumulative total, some of them repeated",
        "codex",
        [
            codex.meta(),
            *(codex.counted(total) for total in ((100, 60, 30, 10), (100, 60, 30, 10), (150, 80, 40, 12))),
        ],
        (70, 80, None, 28, 12),
        WHOLE,
        2,
    ),
    Trap(
        "a ping of the rate limits",
        "codex",
        [
            codex.meta(),
            codex.counted((100, 60, 30, 10)),
            codex.event("token_count", info=None, rate_limits={}),
        ],
        (40, 60, None, 20, 10),
        WHOLE,
    ),
    Trap("a model switch within the total", "codex", switched(), (100, 200, None, 35, 15), WHOLE, 2),
    Trap(
        "a counter that begins anew",
        "codex",
        [
            codex.meta(),
            codex.counted((100, 60, 30, 10)),
            codex.counted(
                (20, 0, 4, 0),
                input_tokens=20,
                cached_input_tokens=0,
                output_tokens=4,
                reasoning_output_tokens=0,
            ),
        ],
        (60, 60, None, 24, 10),
        WHOLE,
        2,
    ),
    Trap("a fork's copy of its parent's history", "codex", copied(*OWN_PART), (20, 80, None, 8, 2), WHOLE),
    Trap("a fork that did nothing of its own", "codex", copied(), (None,) * 5, NOTHING, 0),
    Trap(
        "a copy that only the clock tells apart",
        "codex",
        copied(codex.user("mine", 60), codex.counted((1100, 980, 110, 52), 61), turn="turn-1"),
        (20, 80, None, 8, 2),
        ("lower_bound", "lower_bound", "missing", "lower_bound", "lower_bound"),
    ),
    Trap("ordinals, one of them used twice", "codex", paginated(), (70, 80, None, 28, 12), WHOLE, 2),
    Trap(
        "a headless thread counts on from turn to turn",
        "codex_exec",
        [
            THREAD,
            {"type": "turn.started"},
            turn_of(100, 60, 20),
            THREAD,
            {"type": "turn.started"},
            turn_of(150, 80, 30),
        ],
        (70, 80, None, 30, None),
        ("exact", "exact", "missing", "exact", "missing"),
        2,
    ),
]

TABLE = [
    Trap(
        "both caches within the input, reasoning within the output",
        "copilot_cli",
        [
            copilot.start(),
            copilot.user("go"),
            copilot.said("done"),
            copilot.shutdown(9, opus=copilot.used(1000, 50, 700, 100, 20)),
        ],
        (200, 700, 100, 30, 20),
        ("exact",) * 5,
    ),
    Trap(
        "the cache within the input, thoughts beside the output",
        "gemini_cli",
        [gemini.header(), gemini.answer("g", "ok", tokens=gemini.counts(1000, 600, 50, 30, 20, 1100))],
        (420, 600, None, 50, 30),
        WHOLE,
    ),
    Trap(
        "the cache within the prompt, thoughts beside the candidates",
        "qwen_code",
        [qwen.said("u", None, "go"), qwen.answered("a", "u", "ok", **qwen.usage(1000, 600, 50, 30, 1080))],
        (400, 600, None, 50, 30),
        WHOLE,
    ),
]


@pytest.mark.parametrize("trap", [*CLAUDE, *CODEX, *TABLE], ids=lambda trap: f"{trap.format}: {trap.name}")
def test_the_sums_are_right_and_say_how_sure_they_are(trap: Trap) -> None:
    name, session = read(trap.rows, *trap.companions)
    sums, quality = total_tokens(session)
    assert name == trap.format
    assert sums == Tokens(**dict(zip(Tokens.__struct_fields__, trap.tokens, strict=True)))
    assert tuple(quality[bucket] for bucket in Tokens.__struct_fields__) == trap.quality
    assert len(session.model_calls) == trap.calls
    assert session.opaque_count == 0
