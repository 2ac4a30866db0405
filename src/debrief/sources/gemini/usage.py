"""Token counts of the Gemini family in, our five disjoint buckets out.

The input includes what came out of the cache. Thoughts stand beside the output in Gemini's own counts; but
where another service's reply was translated, they are part of it, and only the total tells which.
"""

from typing import Any

from debrief.model import Tokens
from debrief.sources.records import count

SHORT_NAMES = ("input", "cached", "output", "thoughts", "tool", "total")
"""As Gemini CLI records a message's tokens."""

API_NAMES = (
    "promptTokenCount",
    "cachedContentTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "toolUsePromptTokenCount",
    "totalTokenCount",
)
"""As the service's interface names them."""

TELEMETRY_NAMES = (
    "input_token_count",
    "cached_content_token_count",
    "output_token_count",
    "thoughts_token_count",
    "tool_token_count",
    "total_token_count",
)
"""As telemetry names them."""


def buckets(usage: dict[str, Any], names: tuple[str, ...]) -> Tokens | None:
    """The buckets of `usage`, whose fields are called `names`; None where it counts nothing.

    What the model read of a tool that the service itself ran is input, and stands beside the other input.
    """
    values = [count(usage.get(name)) for name in names]
    prompt, cached, output, thoughts, tool, total = values
    if not any(values):
        return None
    if thoughts and output is not None and _thoughts_inside(prompt, output, thoughts, tool, total):
        output -= thoughts
    read = None
    if prompt is not None:
        read = max(0, prompt - (cached or 0)) + (tool or 0)
    return Tokens(input=read, cache_read=cached, output=output, reasoning=thoughts)


def _thoughts_inside(
    prompt: int | None, output: int, thoughts: int, tool: int | None, total: int | None
) -> bool:
    """Whether `output` holds the thoughts: the total is then made up without them."""
    if prompt is None or not total or thoughts > output:
        return False
    return total in (prompt + output, prompt + output + (tool or 0))
