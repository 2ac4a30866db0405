"""Which lists are short work, and so may run in the event loop."""

from typing import Any

import pytest

from debrief.store import SessionFilter

MANY = tuple(f"o{number}" for number in range(17))


@pytest.mark.parametrize(
    ("wanted", "is_short"),
    [
        ({}, True),
        ({"org_ids": ()}, True),
        ({"org_ids": ("a",)}, True),
        ({"org_ids": ("a", "b")}, True),
        ({"org_ids": MANY}, False),
        ({"statuses": ("exit",)}, True),
        ({"statuses": ("exit", "error")}, True),
        ({"org_ids": ("a",), "statuses": ("exit",)}, True),
        ({"org_ids": ("a", "b"), "statuses": ("exit",)}, False),
        ({"org_ids": ("a", "b"), "has_analysis": True}, False),
        ({"org_ids": ("a",), "has_analysis": False}, True),
        ({"repo_names": MANY}, False),
        ({"tags": ("x",)}, True),
        ({"tags": ("x", "y")}, False),
        ({"user_ids": ("u",)}, False),
        ({"created_from_us": 1}, True),
        ({"updated_from_us": 1}, False),
        ({"snapshot_us": 1}, False),
    ],
)
def test_what_reads_few_rows_is_short(wanted: dict[str, Any], is_short: bool) -> None:  # noqa: FBT001 (a case)
    assert SessionFilter(enterprise_id="e", **wanted).is_short is is_short
