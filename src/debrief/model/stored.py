"""A session as Debrief keeps it: the Session, its Analysis, and what the transcript does not say itself."""

from typing import Literal

from msgspec import Struct

from debrief.model.analysis import Analysis
from debrief.model.session import Quality, Session

Status = Literal["new", "claimed", "running", "exit", "error", "suspended", "resuming"]


AcuRule = Literal["stated", "cost", "active_minutes", "nothing"]


class Cost(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a session cost. `cost_usd_micros` is None where nothing could be priced.

    `quality` says whether it is exact, a lower bound (a model without a price, a bucket that the transcript
    does not state) or missing. `acus` is never unknown, by contract; `acu_rule` says how it came about: as
    the transcript has `stated` it, from the `cost` at `usd_per_acu`, from the `active_minutes` at
    `minutes_per_acu` where no cost can be known, or from `nothing`, and is 0.0 then. `priced_calls` counts
    the calls whose cost is in the sum, `unpriced_models` names the models without a price, `prices` is the
    version of the price table.
    """

    cost_usd_micros: int | None = None
    quality: Quality = "missing"
    acus: float = 0.0
    acu_rule: AcuRule = "nothing"
    usd_per_acu: float | None = None
    active_minutes: float | None = None
    minutes_per_acu: float | None = None
    priced_calls: int = 0
    unpriced_models: tuple[str, ...] = ()
    prices: str = ""


class Baseline(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is usual where the session comes from: of how many sessions, and what 95 of 100 stay below.

    `tokens_p95` is None where too few of them state their tokens.
    """

    sessions: int
    steps_p95: int
    tokens_p95: int | None = None


class StoredSession(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """See the module. `session.events` is empty where events were not asked for.

    `created_us` is when the session began, `updated_us` when this answer last changed. `analysis` is None
    until it is done. `step_count` is how many tools the main chain called, None where nobody counted;
    `baseline` what was usual when the session was analysed, so that it can be analysed again alike.
    """

    enterprise_id: str
    session_id: str
    org_id: str
    created_us: int
    updated_us: int
    status: Status
    session: Session
    analysis: Analysis | None
    cost: Cost
    user_id: str | None = None
    step_count: int | None = None
    baseline: Baseline | None = None
    tags: tuple[str, ...] = ()
