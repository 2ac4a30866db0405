"""Plans on the driver itself: the same answers, one snapshot, and what happens when the server goes away."""

import asyncio
import itertools
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import bindparam, func, select, text

from debrief.errors import StoreError, Unavailable
from debrief.store import SessionFilter, Store, pages, plans
from debrief.store.plans import Plan, Query
from debrief.store.schema import organizations

ORGS = func.count()


def how_many() -> Plan[list[int]]:
    """Counts the organizations of an enterprise twice: a constant of the statement is a parameter too."""
    found = []
    for _ in range(2):
        rows = yield Query(
            "orgs",
            lambda: (
                select(func.count())
                .select_from(organizations)
                .where(
                    organizations.c.enterprise_id == bindparam("enterprise_id"),
                    organizations.c.created_us > 0,
                    organizations.c.org_id.in_([bindparam("org_0"), bindparam("org_1")]),
                )
            ),
            {"enterprise_id": "default", "org_0": "a", "org_1": "b"},
        )
        found.append(int(rows[0][0]))
    return found


def add(store: Store, name: str) -> None:
    with store.write() as connection:
        connection.execute(
            organizations.insert(), {"enterprise_id": "default", "org_id": name, "created_us": 1}
        )


def test_x(store: Store) -> None:
    async def go() -> None:
        assert await store.direct.run(how_many()) == [0, 0]
        add(store, "a")
        assert await store.direct.run(how_many()) == [1, 1]
        for f in (
            {},
            {"org_ids": ("a",)},
            {"org_ids": ("a", "b")},
            {"tags": ("a", "b", "c"), "has_analysis": True},
            {"text": "x"},
            {"updated_from_us": 3, "org_ids": ("a", "b")},
            {"created_from_us": 3, "snapshot_us": 6},
        ):
            for d in (True, False):
                p = pages.page_plan(SessionFilter(enterprise_id="default", **f), skip=0, limit=10, detail=d)
                print(await store.direct.run(p))
        await store.aclose()

    asyncio.run(go())
