"""What a model's service says of a call's tokens, in OpenAI's words or the later ones; five buckets out."""

from typing import Any

from debrief.model import Tokens
from debrief.sources.records import count, mapping


def tokens_of(usage: dict[str, Any]) -> Tokens | None:
    """The buckets of `usage`: its prompt includes what was cached, its completion the reasoning.

    None where it states nothing but zeros.
    """
    prompt = _first(usage, "prompt_tokens", "input_tokens")
    completion = _first(usage, "completion_tokens", "output_tokens")
    given = mapping(usage.get("prompt_tokens_details")) or mapping(usage.get("input_tokens_details"))
    made = mapping(usage.get("completion_tokens_details")) or mapping(usage.get("output_tokens_details"))
    read = _first(given, "cached_tokens")
    if read is None:
        read = _first(usage, "prompt_cache_hit_tokens", "cache_read_input_tokens")
    write = _first(usage, "cache_creation_input_tokens")
    if write is None:
        write = _first(given, "cache_creation_tokens", "cache_write_tokens")
    reasoning = _first(made, "reasoning_tokens")
    if not (prompt or completion):
        return None
    if "prompt_tokens" not in usage and not given and (read is not None or write is not None):
        # The service that has these names counts its caches beside the input.
        return Tokens(input=prompt, cache_read=read, cache_write=write, output=completion)
    fresh = None if prompt is None else max(0, prompt - (read or 0))
    if fresh is not None and write is not None and write <= fresh:
        # Some gateways count cache writes beside the prompt.
        fresh -= write
    output = None if completion is None else max(0, completion - (reasoning or 0))
    return Tokens(input=fresh, cache_read=read, cache_write=write, output=output, reasoning=reasoning)


def _first(values: dict[str, Any], *names: str) -> int | None:
    return next((number for name in names if (number := count(values.get(name))) is not None), None)
