"""What is asked for: the lists, depths and filters of the contract, each as thousands of requests.

The requests of a filter differ from each other, in their values and a little in `skip`, so that what a server
kept of one page helps no other; only the work `page` asks for the same page again and again, as pollers do.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from itertools import cycle, islice
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

import content
import load
import naive
from server import Served

PAGE: Final = "page"
WALK: Final = "page, every one another"
FILTER: Final = "filter"
NAIVE: Final = "naive page"
UNCHANGED: Final = "page, unchanged (304)"

INSIGHTS: Final = "/v2/enterprise/sessions/insights"
BASICS: Final = "/v2/enterprise/sessions"
VARIANTS: Final = 3_000
NEAR: Final = 61
FAR: Final = 1_009
"""As far as `skip` strays from what a row says; farther where a filter has few values. Primes repeat late."""
STRIDE: Final = 37
FEW: Final = ("statuses 1", "has_analysis", "org + statuses 1", "org + has_analysis", "org")

DEEP: Final = ("org_ids 3", "tags 1", "tags 3", "user_ids 20", "statuses 1", "created year", "updated month")
"""The filters that are looked at in the middle of their lists, too."""

PATIENCE_S: Final = 5.0

Query = dict[str, str | int]


class TooSlow(Exception):  # noqa: N818 (it says what it was)
    """A case cannot be measured: its first answer does not come in time."""


class Case(msgspec.Struct, kw_only=True):
    """One row to be: requests that are sent in turn, for ever. `size` is that of an answer's body, about."""

    work: str
    filter: str
    limit: int
    skip: int
    requests: list[bytes]
    expected: int = 200
    size: int = 0
    source: Iterator[bytes] = iter(())

    def __post_init__(self) -> None:
        self.source = cycle(self.requests)


class Asker:
    """Makes cases for one server and data set."""

    def __init__(self, served: Served, key: str, count: int) -> None:
        self.served = served
        self.port = served.port
        self.headers = {"Authorization": f"Bearer {key}"}
        self.count = count
        self.world_orgs = [f"org_{number:02d}" for number in range(content.ORGS)]
        self.said: list[str] = []

    def total(self, path: str) -> int:
        """How many sessions a list has."""
        return int(json.loads(self._get(path).body)["total"])

    def session_ids(self) -> list[str]:
        """Some, from all over the list."""
        found: list[str] = []
        for part in range(10):
            page = self._get(f"{BASICS}?limit=200&skip={part * self.count // 10}")
            found += [item["session_id"] for item in json.loads(page.body)["items"]]
        return found

    def case(
        self,
        work: str,
        name: str,
        paths: list[str],
        *,
        limit: int = 100,
        skip: int = 0,
        headers: Mapping[str, str] | None = None,
        expected: int = 200,
    ) -> Case:
        """A case of `paths`, asked for once or twice to see that they answer and how large."""
        sent = {**self.headers, **(headers or {})}
        sizes = []
        for path in paths[:: max(1, len(paths) // 3)][:3]:
            answer = self._first(work, name, path, sent)
            if answer.status != expected:
                raise load.WrongAnswer(f"{path[:200]}: {answer.status} {answer.body[:200]!r}")
            sizes.append(len(answer.body))
            if answer.status == 200 and "content-encoding" not in answer.headers:  # noqa: PLR2004 (OK)
                self._check(path, json.loads(answer.body))
        return Case(
            work=work,
            filter=name,
            limit=limit,
            skip=skip,
            requests=[load.request(path, sent) for path in paths],
            expected=expected,
            size=sum(sizes) // len(sizes),
        )

    def _first(self, work: str, name: str, path: str, headers: Mapping[str, str]) -> load.Answer:
        """An answer; if it takes too long, a server that is still at it is ended, and another started."""
        try:
            return load.fetch(self.port, path, headers, timeout=PATIENCE_S)
        except TimeoutError:
            said = f"{work}, {name}: took more than {PATIENCE_S:.0f} s"
            self.said.append(said)
            self.served.restart()
            raise TooSlow(said) from None

    def _check(self, path: str, page: dict[str, Any]) -> None:
        """The page is one: as many items as it says, each with an id."""
        left = max(0, int(page["total"]) - int(page["skip"]))
        if len({item["session_id"] for item in page["items"]}) != min(left, int(page["limit"])):
            raise load.WrongAnswer(f"{path[:200]}: {len(page['items'])} items of {page['total']}")

    def depths(self) -> tuple[int, int, int]:
        """The first page, the middle, almost the end."""
        return 0, self.count // 2, self.count - max(1_000, self.count // 1_000)

    def pages(self, limit: int) -> list[Case]:
        """The list without a filter: at three depths, the same page again or each time another."""
        made = []
        for skip in self.depths():
            one = f"{INSIGHTS}?limit={limit}&skip={skip}"
            near = min(VARIANTS, max(1, self.count // 10))
            start = min(skip, self.count - near - 1)
            walk = [f"{INSIGHTS}?limit={limit}&skip={start + at * 7 % near}" for at in range(near)]
            made.append(self.case(PAGE, "none", [one], limit=limit, skip=skip))
            made.append(self.case(WALK, "none", walk, limit=limit, skip=skip))
        return made

    def others(self) -> list[Case]:
        """Basics; what a poller gets whose page is unchanged; compressed pages."""
        one = f"{INSIGHTS}?limit=100&skip=0"
        walk = [f"{BASICS}?limit=100&skip={at}" for at in range(min(VARIANTS, self.count // 10))]
        made = [
            self.case("page of basics", "none", [f"{BASICS}?limit=100&skip=0"]),
            self.case("page of basics, every one another", "none", walk),
        ]
        etag = self._get(one).headers.get("etag")
        if etag is None:
            self.said.append("no ETag is answered: the 304 was not measured")
        else:
            kept = {"If-None-Match": etag}
            made.append(self.case(UNCHANGED, "none", [one], headers=kept, expected=304))
        pages = [f"{INSIGHTS}?limit=100&skip={at}" for at in range(min(VARIANTS, self.count // 10))]
        for coding in ("gzip", "zstd"):
            asked = {"Accept-Encoding": coding}
            if "content-encoding" not in load.fetch(self.port, one, {**self.headers, **asked}).headers:
                self.said.append(f"{coding} is not answered: not measured")
                continue
            made.append(self.case(f"page, {coding}", "none", [one], headers=asked))
            made.append(self.case(f"page, {coding}, every one another", "none", pages, headers=asked))
        return made

    def naive(self) -> list[Case]:
        """The naive list, first page and middle."""
        made = []
        for skip in (0, self.count // 2):
            query = {"enterprise": content.ENTERPRISE, "limit": 100, "skip": skip}
            with suppress(TooSlow):
                made.append(self.case(NAIVE, "none", [f"{naive.PATH}?{urlencode(query)}"], skip=skip))
        return made

    def filters(self) -> list[Case]:
        """Every filter of the contract and of ours: alone, with an organization, and some together."""
        made: list[Case] = []
        values = self._values()
        for name, (limit, vary) in values.items():
            made += self._filtered(name, limit, vary, in_org=False)
            if not name.startswith("org_ids"):
                made += self._filtered(f"org + {name}", limit, vary, in_org=True)
        made += self._filtered("org", 100, lambda _: {}, in_org=True)
        together = {
            "user_ids 1 + created month": ("user_ids 1", "created month"),
            "tags 1 + created month": ("tags 1", "created month"),
            "org_ids 3 + created month": ("org_ids 3", "created month"),
            "created month + updated week": ("created month", "updated week"),
            "statuses 1 + repo_names 1": ("statuses 1", "repo_names 1"),
            "tags 3 + statuses 1 + created year": ("tags 3", "statuses 1", "created year"),
            "user_ids 20 + updated week": ("user_ids 20", "updated week"),
        }
        for name, parts in together.items():
            varies = [values[part][1] for part in parts]
            made += self._filtered(name, 100, _joined(varies), in_org=False)
        return made + self._deep()

    def _deep(self) -> list[Case]:
        busy = self.world_orgs[0]
        lists = {
            "org": f"/v2/enterprise/organizations/{busy}/sessions/insights?limit=100",
            **{
                name: f"{INSIGHTS}?{urlencode({**self._values()[name][1](0), 'limit': 100})}" for name in DEEP
            },
            "has_analysis": f"{INSIGHTS}?limit=100&has_analysis=true",
        }
        made: list[Case] = []
        for name, path in lists.items():
            middle = self.total(path) // 2
            paths = [f"{path}&skip={max(0, middle - at)}" for at in range(min(VARIANTS, max(1, middle)))]
            made += self._if_in_time(name, paths, skip=middle)
        return made

    def _filtered(self, name: str, limit: int, vary: Callable[[int], Query], *, in_org: bool) -> list[Case]:
        paths = []
        for number in range(VARIANTS):
            stray = FAR if name in FEW else NEAR
            near = number * 7 % stray if limit == 100 else 0  # noqa: PLR2004 (200 ids are one page)
            query: Query = {**vary(number), "limit": limit, "skip": near}
            org = self.world_orgs[number % content.ORGS]
            base = f"/v2/enterprise/organizations/{org}/sessions/insights" if in_org else INSIGHTS
            paths.append(f"{base}?{urlencode(query)}")
        return self._if_in_time(name, paths, limit=limit)

    def _if_in_time(self, name: str, paths: list[str], *, limit: int = 100, skip: int = 0) -> list[Case]:
        try:
            return [self.case(FILTER, name, paths, limit=limit, skip=skip)]
        except TooSlow:
            return []

    def _values(self) -> dict[str, tuple[int, Callable[[int], Query]]]:
        if not hasattr(self, "_ids"):
            self._ids = self.session_ids()
        roll = content.dice(2)
        users = [f"user_{roll.randrange(content.USERS):04d}" for _ in range(VARIANTS)]
        ids = roll.sample(self._ids, len(self._ids))

        def some(words: list[str], number: int, count: int) -> str:
            start = number * STRIDE % len(words)
            return ",".join(islice(cycle(words), start, start + count))

        tags = [f"tag-{number:03d}" for number in range(content.TAGS)]
        return {
            "org_ids 1": (100, lambda n: {"org_ids": some(self.world_orgs, n, 1)}),
            "org_ids 3": (100, lambda n: {"org_ids": some(self.world_orgs, n, 3)}),
            "user_ids 1": (100, lambda n: {"user_ids": some(users, n, 1)}),
            "user_ids 20": (100, lambda n: {"user_ids": some(users, n, 20)}),
            "session_ids 200": (200, lambda n: {"session_ids": some(ids, n, 200)}),
            "created day": (100, lambda n: _window("created", n, timedelta(days=1), timedelta(minutes=37))),
            "created month": (
                100,
                lambda n: _window("created", n, timedelta(days=30), timedelta(minutes=37)),
            ),
            "created year": (
                100,
                lambda n: _window("created", n, timedelta(days=365), timedelta(minutes=37)),
            ),
            "updated hour": (100, lambda n: _since("updated", n, timedelta(hours=1))),
            "updated week": (100, lambda n: _window("updated", n, timedelta(days=7), timedelta(minutes=37))),
            "updated month": (
                100,
                lambda n: _window("updated", n, timedelta(days=30), timedelta(minutes=37)),
            ),
            "tags 1": (100, lambda n: {"tags": some(tags, n, 1)}),
            "tags 3": (100, lambda n: {"tags": some(tags, n, 3)}),
            "statuses 1": (100, lambda n: {"statuses": ("exit", "suspended", "error", "running")[n % 4]}),
            "repo_names 1": (
                100,
                lambda n: {"repo_names": f"example/{self.world_orgs[n % 50]}-service-{n // 50 % 8}"},
            ),
            "has_analysis": (100, lambda n: {"has_analysis": "false" if n % 2 else "true"}),
        }

    def _get(self, path: str) -> load.Answer:
        answer = load.fetch(self.port, path, self.headers)
        if answer.status != 200:  # noqa: PLR2004 (OK)
            raise load.WrongAnswer(f"{path}: {answer.status} {answer.body[:200]!r}")
        return answer


def _joined(varies: list[Callable[[int], Query]]) -> Callable[[int], Query]:
    def vary(number: int) -> Query:
        query: Query = {}
        for one in varies:
            query |= one(number)
        return query

    return vary


def _window(name: str, number: int, width: timedelta, step: timedelta) -> Query:
    end = content.END - number * step
    return {
        f"{name}_date_from": (end - width).strftime("%Y-%m-%dT%H:%M:%SZ"),
        f"{name}_date_to": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _since(name: str, number: int, width: timedelta) -> Query:
    start = content.END - width + number * timedelta(seconds=1) % width
    return {f"{name}_date_from": start.strftime("%Y-%m-%dT%H:%M:%SZ")}
