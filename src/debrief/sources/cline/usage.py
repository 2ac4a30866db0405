"""Token counts of the family: what a request of the panel, or an answer of the history, says in, buckets out.

A request's `tokensIn` is what did not come from the cache, in Cline and in the older Roo Code with
Anthropic's protocol; since November 2025 Roo Code and Kilo Code write the whole prompt there. Only they name
the protocol.
"""

from typing import Any

from debrief.model import Tokens
from debrief.sources.records import count, mapping

WHOLE_PROMPT_SINCE_US = 1_761_955_200_000_000
"""2025-11-01, when the first version that writes the whole prompt was published."""


def of_request(info: dict[str, Any], ts_us: int | None) -> Tokens | None:
    """The tokens of one request; None where it says none, empty where it knows no better than zero."""
    taken, said = count(info.get("tokensIn")), count(info.get("tokensOut"))
    write, read = count(info.get("cacheWrites")), count(info.get("cacheReads"))
    if taken is None and said is None:
        return None
    if not any((taken, said, write, read)):
        return Tokens()
    cached = (read or 0) + (write or 0)
    if taken is not None and cached <= taken and _counts_the_whole(info.get("apiProtocol"), ts_us):
        taken -= cached
    return Tokens(input=taken, cache_read=read, cache_write=write, output=said)


def _counts_the_whole(protocol: object, ts_us: int | None) -> bool:
    if protocol == "openai":
        return True
    return protocol == "anthropic" and ts_us is not None and ts_us >= WHOLE_PROMPT_SINCE_US


def of_answer(message: dict[str, Any], model: str | None) -> Tokens | None:
    """The tokens that an answer of the history states.

    What was read from the cache and what was written into it stand there as one number. Only Claude's prices
    know writing, so that of another model it is all reading; of Claude's the parts are unknown.
    """
    tokens = mapping(mapping(message.get("metrics")).get("tokens"))
    prompt, completion = count(tokens.get("prompt")), count(tokens.get("completion"))
    if prompt is None and completion is None:
        return None
    cached = count(tokens.get("cached"))
    if not any((prompt, completion, cached)):
        return Tokens()
    if cached == 0:
        return Tokens(input=prompt, cache_read=0, cache_write=0, output=completion)
    if cached is None or model is None or "claude" in model.lower():
        return Tokens(input=prompt, output=completion)
    return Tokens(input=prompt, cache_read=cached, cache_write=0, output=completion)
