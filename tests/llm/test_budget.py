"""What may be spent: in a run, in a day, by several processes, and where something breaks."""

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
import pytest

from debrief.errors import BudgetUsedUp
from debrief.llm.budget import Budget, Spent, price
from debrief.llm.memory import Memory, Reply
from debrief.llm.settings import LlmSettings

DAY = 86_400.0
SETTINGS = LlmSettings(
    provider="openai", model="gpt-4o", base_url="http://h", api_key="k", tokens_per_day=10_000, usd_per_day=1
)


def with_(**changes: object) -> LlmSettings:
    return msgspec.structs.replace(SETTINGS, **changes)


def test_what_is_reserved_counts_until_it_is_settled(tmp_path: Path) -> None:
    budget = Budget(SETTINGS, tmp_path, now=lambda: 0)
    first = budget.reserve(5_000, 1_000)
    with pytest.raises(BudgetUsedUp, match="10,000 tokens a day"):
        budget.reserve(4_000, 1_000)
    budget.settle(first, Spent(100, 7))
    budget.reserve(4_000, 1_000)
    assert budget.spent_on("1970-01-01").tokens == 5_100


def test_a_new_run_knows_the_day_and_a_new_day_begins_anew(tmp_path: Path) -> None:
    Budget(SETTINGS, tmp_path, now=lambda: 0).reserve(9_000, 500)
    with pytest.raises(BudgetUsedUp):
        Budget(SETTINGS, tmp_path, now=lambda: DAY - 1).reserve(1_000, 500)
    Budget(SETTINGS, tmp_path, now=lambda: DAY).reserve(1_000, 500)


def test_dollars_count_where_the_price_is_known(tmp_path: Path) -> None:
    dear = with_(usd_per_day=0.01, usd_per_run=1.0)
    with pytest.raises(BudgetUsedUp, match=r"\$0.01 a day"):
        Budget(dear, tmp_path, now=lambda: 0).reserve(9_000, 500)
    unknown = with_(usd_per_day=0.01, model="model-of-our-own")
    assert Budget(unknown, tmp_path, now=lambda: 0).reserve(9_000, 500).most.usd_micros is None
    assert Budget(unknown, tmp_path, now=lambda: 0).spent_on("1970-01-01").usd_micros == 0


def test_a_refused_reservation_holds_nothing_back(tmp_path: Path) -> None:
    budget = Budget(SETTINGS, tmp_path, now=lambda: 0)
    with pytest.raises(BudgetUsedUp):
        budget.reserve(50_000, 1_000)
    assert budget.spent_on("1970-01-01").tokens == 0
    budget.reserve(9_000, 500)


def test_a_line_that_a_crash_cut_is_passed_over(tmp_path: Path) -> None:
    budget = Budget(SETTINGS, tmp_path, now=lambda: 0)
    budget.settle(budget.reserve(5_000, 1_000), Spent(800, 1))
    with (tmp_path / "spent-1970-01-01.jsonl").open("a") as book:
        book.write('{"id": "x", "tok\n[]\n')
    budget.reserve(5_000, 1_000)
    assert budget.spent_on("1970-01-01").tokens == 6_800


def reserve(folder: str) -> int:
    taken = 0
    budget = Budget(SETTINGS, Path(folder), now=lambda: 0)
    for _ in range(40):
        try:
            budget.reserve(90, 10)
            taken += 1
        except BudgetUsedUp:
            pass
    return taken


def test_several_processes_never_spend_more_than_the_day_allows(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        taken = sum(pool.map(reserve, [str(tmp_path)] * 4))
    assert 90 <= taken <= 100
    lines = (tmp_path / "spent-1970-01-01.jsonl").read_text().splitlines()
    assert all(json.loads(line) for line in lines)


def test_prices_tell_cached_tokens_from_fresh_ones() -> None:
    fresh, read = (
        price("gpt-4o", fresh=1_000_000, output=0),
        price("gpt-4o", fresh=0, output=0, read=1_000_000),
    )
    assert fresh is not None
    assert read is not None
    assert 0 < read < fresh
    assert price("model-of-our-own", fresh=1, output=1) is None


def test_an_answer_is_remembered_whole_or_not_at_all(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "answers")
    reply = Reply(text="{}", tokens_in=1, tokens_out=2, usd_micros=None)
    assert memory.find("ab12") is None
    memory.keep("ab12", reply)
    assert memory.find("ab12") == reply
    kept = tmp_path / "answers" / "ab" / "ab12.json"
    kept.write_bytes(kept.read_bytes()[:10])
    assert memory.find("ab12") is None


def test_a_folder_that_refuses_costs_nothing_but_the_memory(tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("a file")
    memory = Memory(tmp_path / "answers")
    memory.keep("ab12", Reply(text="{}", tokens_in=1, tokens_out=2, usd_micros=None))
    assert memory.find("ab12") is None
