"""A session of a coding agent: who, where, when, what happened, what it cost and how it ended."""

from typing import Literal

from msgspec import Struct

from debrief.model.event import Event

Quality = Literal["exact", "lower_bound", "missing"]

Relation = Literal["fork", "resume", "subagent", "continuation"]

EndState = Literal[
    "finished",  # the agent said that it was done, or ended its turn
    "running",  # a call is open or a turn has begun: at work, or cut off; only the clock can tell
    "interrupted",  # a person stopped it
    "error",  # the model's service or the agent's own limit ended it
    "truncated",  # the transcript breaks off inside a record
    "unknown",
]

PullRequestEvidence = Literal["native", "tool_result", "mention"]


class Tokens(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Five disjoint buckets of one model call. None: the transcript does not say; never zero for unknown.

    `output` is all output that is not counted in `reasoning`; where a format cannot tell them apart,
    `reasoning` is None and `output` holds both.
    """

    input: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    output: int | None = None
    reasoning: int | None = None


class ModelCall(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request to a model. `key` makes repeats of the same call recognisable across files.

    `lower_bound` names the buckets of `tokens` whose number is known to be too small, and `cost` where the
    call costs more than its tokens do (searches are paid by the request).
    `cache_write_1h` is the part of `tokens.cache_write` that is kept for an hour and costs more.
    `cost_usd_micros` is what the transcript itself says the call cost. `event` is the ordinal of the first
    event that came of the call.
    """

    key: str
    model: str | None = None
    ts_us: int | None = None
    tokens: Tokens = Tokens()
    lower_bound: tuple[str, ...] = ()
    cache_write_1h: int | None = None
    cost_usd_micros: int | None = None
    event: int | None = None
    agent: str | None = None


class UsageRows(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The rows of a transcript that state tokens, so that a sum can be explained beside the naive one.

    `rows` counts all of them; `repeated` those that tell again of a call that a row before them told of, or
    of a total that calls already make up; `replayed` those of another session's history. `naive` is what
    adding up every row gives, the repeated and the replayed ones too.
    """

    rows: int = 0
    repeated: int = 0
    replayed: int = 0
    naive: Tokens = Tokens()


class PullRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A pull (or merge) request that the session created, or that its transcript only mentions.

    `evidence`: the agent's own record, the output of the tool that creates one, or mere text. `event` is the
    ordinal of the event that shows it. `state` is None until a forge says (open, merged, closed).
    """

    url: str
    created: bool
    evidence: PullRequestEvidence
    event: int
    number: int | None = None
    repository: str | None = None
    state: str | None = None


class Session(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a format makes of a transcript.

    `repository` is `owner/name`, `remote` the same behind its host, where that is known.
    `format` is the format's name, `native_id` the agent's own id of the session, `agent` the product's name
    for people. `end_reason` says in one sentence why `end_state` was judged so. `faults` are sentences about
    what in the transcript could not be read ("line 7: not JSON"), at most a hundred; `fault_count` is exact.
    `native_cost_usd_micros` is the whole session's cost where the transcript itself states it, `native_acus`
    the same in ACUs. `tags` are those that the transcript gives the session.
    """

    format: str
    parser_version: int
    native_id: str
    agent: str
    agent_version: str | None = None
    surface: str | None = None
    user: str | None = None
    repository: str | None = None
    remote: str | None = None
    cwd: str | None = None
    branch: str | None = None
    commit: str | None = None
    title: str | None = None
    title_source: str | None = None
    initial_user_message: str | None = None
    parent_id: str | None = None
    relation: Relation | None = None
    started_us: int | None = None
    last_event_us: int | None = None
    end_state: EndState = "unknown"
    end_reason: str = ""
    events: tuple[Event, ...] = ()
    model_calls: tuple[ModelCall, ...] = ()
    usage: UsageRows = UsageRows()
    pull_requests: tuple[PullRequest, ...] = ()
    native_cost_usd_micros: int | None = None
    native_acus: float | None = None
    tags: tuple[str, ...] = ()
    opaque_count: int = 0
    fault_count: int = 0
    faults: tuple[str, ...] = ()


BUCKETS = ("input", "cache_read", "cache_write", "output", "reasoning")


def total_tokens(session: Session) -> tuple[Tokens, dict[str, Quality]]:
    """Sum the calls of `session`, bucket by bucket.

    Returns the sums and, for each bucket, how far to trust its sum: `missing` where no call states it (the
    sum is None), `lower_bound` where some call lacks it or is itself a lower bound, else `exact`. Calls that
    do not tell reasoning from output count it in `output`, so that lacking it alone makes no lower bound.
    """
    sums: dict[str, int | None] = {}
    qualities: dict[str, Quality] = {}
    for bucket in BUCKETS:
        values = [getattr(call.tokens, bucket) for call in session.model_calls]
        known = [value for value in values if value is not None]
        sums[bucket] = sum(known) if known else None
        if not known:
            qualities[bucket] = "missing"
        elif (bucket != "reasoning" and len(known) < len(values)) or any(
            bucket in call.lower_bound for call in session.model_calls
        ):
            qualities[bucket] = "lower_bound"
        else:
            qualities[bucket] = "exact"
    return Tokens(**sums), qualities
