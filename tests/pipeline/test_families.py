"""Whole families of forks: each call counts once, in whatever order the files come, and at what cost."""

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from desk import NATIVE, SESSION, Desk, branch, conversation, read_by_other_versions, record, write
from sqlalchemy import Engine, event

from debrief.store import Store

OTHER = "99999999-2222-4333-8444-555555555555"
FORK = f"claude-code-{OTHER}"


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


CHAIN = {"A": (1, 2, 3), "B": (1, 2, 4, 5), "C": (1, 2, 4, 6)}
"""B replays A and goes on; C replays B, what it replays of A too, and goes on later."""


def counted(desk: Desk, natives: dict[str, str]) -> dict[str, list[int]]:
    """The numbers of the answers that each session counts."""
    return {
        one: [int(call.key[-1]) for call in desk.stored(f"claude-code-{native}").session.model_calls]
        for one, native in natives.items()
    }


def test_a_fork_of_a_fork_counts_once_and_is_judged_alike_in_every_order(desk: Desk) -> None:
    families = list(itertools.product(itertools.permutations("ABC"), itertools.permutations("123")))
    several = []
    for number, (order, names) in enumerate(families):
        family = f"{number:04}"
        natives = {
            one: f"{name * 8}-{family}-4333-8444-555555555555" for one, name in zip("ABC", names, strict=True)
        }
        several.append(natives)
        paths = [
            write(desk.folder / f"{family}{one}.jsonl", branch(natives[one], *CHAIN[one], family=family))
            for one in order
        ]
        for path in paths:
            desk.run(path)
    wrong = {
        families[number]: told
        for number, natives in enumerate(several)
        if (told := counted(desk, natives)) != {"A": [1, 2, 3], "B": [4, 5], "C": [6]}
    }
    assert wrong == {}
    read_by_other_versions(desk)
    assert [counted(desk, natives) for natives in several] == [
        {"A": [1, 2, 3], "B": [4, 5], "C": [6]} for _ in several
    ]


def grown_family(rng: random.Random) -> list[list[int]]:
    """Branches of up to six sessions: each replays the beginning of another and goes on later."""
    branches = [[1]]
    for number in range(2, 10):
        if rng.random() < 0.45 and len(branches) < 6:
            of = rng.choice(branches)
            branches.append([*of[: rng.randint(1, len(of))], number])
        else:
            rng.choice(branches).append(number)
    return branches


@pytest.mark.parametrize("seed", range(40))
def test_every_call_of_a_family_counts_once_however_its_files_come_and_grow(desk: Desk, seed: int) -> None:
    rng = random.Random(seed)
    branches = grown_family(rng)
    natives = {
        str(number): f"{number}{'0' * 7}-{seed:04}-4333-8444-555555555555" for number in range(len(branches))
    }
    halves = [(one, rng.randint(1, len(branches[one]))) for one in [*range(len(branches))] * 2]
    rng.shuffle(halves)
    wholes = [(one, len(branches[one])) for one in range(len(branches))]
    rng.shuffle(wholes)
    for one, length in (*halves, *wholes):
        rows = branch(natives[str(one)], *branches[one][:length], family=str(seed))
        desk.run(write(desk.folder / f"{one}.jsonl", rows))
    told = counted(desk, natives)
    assert sorted(itertools.chain(*told.values())) == list(range(1, 10)), told


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that are sent to any database meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_of_many_forks_each_costs_the_same(desk: Desk) -> None:
    desk.run(write(desk.folder / "original.jsonl", branch(NATIVE, 1, 2)))
    sent = {}
    for number in range(30):
        native = f"{number:08}-2222-4333-8444-555555555555"
        path = write(desk.folder / f"{number}.jsonl", branch(native, 1, 2, 10 + number))
        with statements() as told:
            assert desk.told(path) == {path.name: "new forked"}
        sent[number] = len(told)
    assert sent[29] == sent[5]


def test_a_pull_request_of_the_original_is_only_mentioned_in_its_fork(desk: Desk) -> None:
    url = "https://github.com/ada/shop/pull/7"
    asked = [
        {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "gh pr create --fill"}}
    ]
    said = [{"type": "tool_result", "tool_use_id": "toolu_1", "content": f"{url}\n"}]
    rows = [*conversation(), record(2, "assistant", asked), record(3, "user", said)]
    desk.run(write(desk.folder / "a.jsonl", rows))
    desk.run(
        write(desk.folder / "b.jsonl", [row | {"sessionId": OTHER} for row in [*rows, *branch(OTHER, 4)[1:]]])
    )
    told = [desk.stored(name).session.pull_requests for name in (SESSION, FORK)]
    assert [[(pull.url, pull.created) for pull in several] for several in told] == [
        [(url, True)],
        [(url, False)],
    ]


def test_an_original_that_goes_on_after_its_fork_stays_the_original(desk: Desk) -> None:
    original = write(desk.folder / "a.jsonl", branch(NATIVE, 1, 2))
    fork = write(desk.folder / "b.jsonl", branch(OTHER, 1, 2, 3))
    desk.run(original)
    desk.run(fork)
    write(original, branch(NATIVE, 1, 2, 4))
    assert desk.told(original) == {"a.jsonl": "updated grown"}
    write(fork, branch(OTHER, 1, 2, 3, 5))
    assert desk.told(fork) == {"b.jsonl": "updated forked"}
    assert desk.stored(SESSION).session.relation is None
    assert desk.stored(FORK).session.parent_id == NATIVE
    assert counted(desk, {"a": NATIVE, "b": OTHER}) == {"a": [1, 2, 4], "b": [3, 5]}
