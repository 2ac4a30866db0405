"""Track I: what a language model's answers, good and bad, become. Pass or fail, all on this machine.

.venv/bin/python bench/quality/plumbing.py
"""

import json
import sys
from functools import partial
from typing import Final

from fake_llm import Reply, in_turn
from llm_cases import GOOD, WRONG_TURN, LlmCase, case, claim, dropped, faults_of, kept_one, stands
from llm_checks import (
    CUT,
    OK,
    after_waits,
    as_data,
    asked_once,
    at_most_eight,
    cut_short,
    every_event_once,
    in_plain_words,
    injected,
    kept_other,
    large,
    not_followed,
    nothing_new,
    older_name,
    one_each,
    parts_read,
    redacted,
    reworded,
    rewording,
    spent,
    split_and_read,
    talkative,
    too_long,
    too_long_once,
    uncounted,
    unpriced,
    unsafe,
    with_secrets,
    without_advice,
)
from metrics import Row, row

RUNAWAY: Final = Reply(
    answer={
        "issues": [{**WRONG_TURN, "evidence": [{"event": n % 11, "excerpt": "x" * 9}]} for n in range(1_000)]
    }
)
ONLY_OPENAI: Final = ("openai",)
TIRED: Final = Reply(status=429, code="rate_limit_exceeded")
ASLEEP: Final = Reply(answer=GOOD, stall_s=0.4)

CASES: Final[tuple[LlmCase, ...]] = (
    case("valid", OK, kept_one),
    case("valid as text", Reply(answer=GOOD, form="text"), kept_one),
    case("JSON in a fence", Reply(answer=f"```json\n{json.dumps(GOOD)}\n```", form="text"), kept_one),
    case("prose around", Reply(answer=f"Here {{x}} is:\n{json.dumps(GOOD)}\nDone.", form="text"), kept_one),
    case("a compatible server", OK, older_name, settings={"is_compatible": True}),
    case("no tools", in_plain_words, kept_one),
    case("cut at max_tokens", Reply(answer=CUT, form="text", finish="length"), cut_short),
    case("cut in a tool call", Reply(answer=CUT, finish="length"), cut_short, providers=ONLY_OPENAI),
    case("unknown label", claim(label="Vibes"), dropped("label")),
    case("label Other", claim(label="Other"), kept_other),
    case("impact Critical", claim(impact="Critical"), dropped("impact")),
    case("no such event", claim(evidence=[{"event": 99, "excerpt": "All tests"}]), dropped("event")),
    case("event below zero", claim(evidence=[{"event": -1, "excerpt": "All tests"}]), dropped("event")),
    case("excerpt not there", claim(evidence=[{"event": 3, "excerpt": "I delete it"}]), dropped("excerpt")),
    case("excerpt elsewhere", claim(evidence=[{"event": 0, "excerpt": "All tests"}]), dropped("excerpt")),
    case("excerpt of nothing", claim(evidence=[{"event": 3, "excerpt": " "}]), dropped("excerpt")),
    case("cites nothing", claim(evidence=[]), dropped("citation")),
    case("number made up", claim(summary="The agent changed 417 files for it."), dropped("number")),
    case("quotation made up", claim(summary='It said "I gave up" there.'), dropped("quotation")),
    case("a link in the words", claim(summary="See https://evil.example now."), dropped("address")),
    case("no words", claim(summary=" \n "), dropped("length")),
    case("misshapen", claim(evidence="event 3"), dropped("misshapen")),
    case("a link in advice", unsafe("Run what https://evil.example says."), without_advice),
    case("a pipe in advice", unsafe("Run curl x | sh first."), without_advice),
    case(
        "a command made up", unsafe("Run `make deploy-all` first."), partial(without_advice, why="quotation")
    ),
    case("empty", Reply(answer={"issues": []}), nothing_new),
    case("the same twice", Reply(answer={"issues": [WRONG_TURN] * 2}), kept_one),
    case(
        "a known finding again",
        claim(label="Verification", evidence=[{"event": 9, "excerpt": "All tests pass now"}]),
        dropped("duplicate"),
    ),
    case("more than eight", one_each, at_most_eight, make=talkative),
    case("a thousand issues", RUNAWAY, dropped("misshapen", 950)),
    case("words for timeline and prompt", rewording, reworded),
    case("refused in words", Reply(answer="I cannot help.", form="text"), stands("could not be read")),
    case(
        "refused",
        Reply(answer="", form="text", finish="content_filter"),
        stands("could not be read"),
    ),
    case("nested without end", Reply(answer="[{" * 20_000, form="text"), stands("could not be read")),
    case("context length", too_long_once, split_and_read),
    case("context length always", lambda request, _: too_long(request), stands("too long", 5)),
    case("401", Reply(status=401, code="invalid_api_key"), stands("the key is refused", stops=True)),
    case("403", Reply(status=403, code="forbidden"), stands("the key is refused", stops=True)),
    case("404", Reply(status=404, code="model_not_found"), stands("no such model", stops=True)),
    case(
        "quota",
        Reply(status=429, code="insufficient_quota"),
        stands("quota", stops=True),
        providers=ONLY_OPENAI,
    ),
    case(
        "429 with Retry-After",
        in_turn([Reply(status=429, headers=(("Retry-After", "7"),)), OK]),
        partial(after_waits, waits=[7.0]),
    ),
    case("429 without", in_turn([TIRED, TIRED, OK]), partial(after_waits, waits=[None, None])),
    case("429 always", TIRED, stands("429", 4)),
    case(
        "429 for an hour",
        Reply(status=429, code="rate_limit_exceeded", headers=(("Retry-After", "3600"),)),
        stands("429", 1),
    ),
    case("500 then success", in_turn([Reply(status=500), OK]), partial(after_waits, waits=[None])),
    case("529 then success", in_turn([Reply(status=529), OK]), partial(after_waits, waits=[None])),
    case("500 always", Reply(status=500), stands("500", 4)),
    case("a slow body", ASLEEP, stands("within 0.1 s", 4), settings={"timeout_s": 0.1}),
    case("a closed socket", Reply(answer=GOOD, close_after=40), stands("connection", 4)),
    case(
        "a closed socket, then success",
        in_turn([Reply(answer=GOOD, close_after=0), OK]),
        partial(after_waits, waits=[None]),
    ),
    case(
        "UTF-8 split", Reply(answer={"issues": [WRONG_TURN], "x": "Grüße, 世界 🚀" * 30}, chunk=1), kept_one
    ),
    case("a page instead", Reply(body=b"<html>Sign in</html>"), stands("", 4)),
    case("an empty body", Reply(body=b""), stands("", 4)),
    case(
        "a redirect",
        Reply(status=307, headers=(("Location", "/elsewhere"),)),
        not_followed,
    ),
    case("injection, obeyed", Reply(answer={"issues": []}), as_data, make=injected),
    case("secrets", Reply(answer={"issues": []}), redacted, make=with_secrets),
    case("larger than the window", parts_read, every_event_once, make=large, settings={"part_tokens": 6_000}),
    case("asked twice", OK, asked_once, rounds=2),
    case("no price", OK, unpriced, settings={"model": "llama-of-our-own"}),
    case("no tokens counted", Reply(answer=GOOD, tokens=None), uncounted, providers=ONLY_OPENAI),
    case(
        "tokens of a run",
        parts_read,
        partial(spent, requests=2, fault="tokens a run", most=30_000),
        make=large,
        settings={"part_tokens": 6_000, "tokens_per_run": 20_000, "answer_tokens": 1_000},
    ),
    case(
        "tokens of a day",
        OK,
        partial(spent, requests=0, fault="tokens a day", most=0),
        settings={"tokens_per_day": 500},
    ),
    case(
        "dollars of a day",
        OK,
        partial(spent, requests=0, fault="$0.0001 a day", most=0),
        settings={"usd_per_day": 0.0001},
    ),
    case(
        "dollars of a run",
        OK,
        partial(spent, requests=0, fault="$0.0001 a run", most=0),
        settings={"usd_per_run": 0.0001},
    ),
)


def rows() -> list[Row]:
    """One row for each case and wire format."""
    return [
        row(
            ("I", f"{one.name}, {provider}", "-"),
            "pass",
            1,
            0.0 if (faults := faults_of(one, provider)) else 1.0,
            interval=(0.0, 0.0) if faults else (1.0, 1.0),
            bar=1.0,
        )
        for one in CASES
        for provider in one.providers
    ]


def main() -> int:
    """Print what does not hold."""
    failed = 0
    for one in CASES:
        for provider in one.providers:
            faults = faults_of(one, provider)
            failed += bool(faults)
            print(f"{'FAIL' if faults else 'pass'}  {one.name}, {provider}  {'; '.join(faults)}")
    print(f"{failed} failed")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
