"""Every case of the plumbing, in both wire formats; the cases are shared with `make eval`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench" / "quality"))

from llm_cases import LlmCase, faults_of
from plumbing import CASES

RUNS = [(one, provider) for one in CASES for provider in one.providers]


@pytest.mark.parametrize(("case", "provider"), RUNS, ids=[f"{one.name}-{said}" for one, said in RUNS])
def test_whatever_a_model_does_the_analysis_holds(case: LlmCase, provider: str) -> None:
    assert faults_of(case, provider) == []
