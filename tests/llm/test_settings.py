from pathlib import Path

import pytest

from debrief.config import settings_from
from debrief.errors import SettingsError
from debrief.llm.settings import LlmSettings


def made(**environment: str) -> LlmSettings | None:
    return settings_from(environment, data=Path("/data")).llm


def test_a_model_is_off_by_default() -> None:
    assert made() is None
    assert made(OPENAI_API_KEY="k", DEBRIEF_LLM_BASE_URL="http://h") is None


def test_a_provider_and_a_model_are_enough_with_the_usual_key() -> None:
    llm = made(DEBRIEF_LLM="anthropic:some-model", ANTHROPIC_API_KEY="k")
    assert llm is not None
    assert (llm.name, llm.base_url, llm.api_key) == ("anthropic:some-model", "https://api.anthropic.com", "k")


def test_our_own_variables_go_before_the_usual_ones() -> None:
    llm = made(
        DEBRIEF_LLM="openai:org/model:free",
        DEBRIEF_LLM_BASE_URL="http://h:1/v1/",
        DEBRIEF_LLM_API_KEY="ours",
        OPENAI_API_KEY="theirs",
        OPENAI_BASE_URL="http://other",
    )
    assert llm is not None
    assert (llm.model, llm.base_url, llm.api_key) == ("org/model:free", "http://h:1/v1", "ours")


def test_a_providers_key_is_not_shown_to_another_server() -> None:
    llm = made(DEBRIEF_LLM="openai:m", DEBRIEF_LLM_BASE_URL="http://elsewhere", OPENAI_API_KEY="theirs")
    assert llm is not None
    assert llm.api_key == "none"


def test_the_usual_address_takes_the_usual_key() -> None:
    llm = made(DEBRIEF_LLM="openai:m", OPENAI_BASE_URL="http://proxy", OPENAI_API_KEY="theirs")
    assert llm is not None
    assert (llm.base_url, llm.api_key) == ("http://proxy", "theirs")


def test_the_key_is_in_no_text() -> None:
    settings = settings_from({"DEBRIEF_LLM": "openai:m", "DEBRIEF_LLM_API_KEY": "planted"}, data=Path("/d"))
    assert "planted" not in f"{settings!r} {settings.llm!r} {settings.llm}"


@pytest.mark.parametrize(
    "environment",
    [
        {"DEBRIEF_LLM": "openai", "OPENAI_API_KEY": "k"},
        {"DEBRIEF_LLM": "openai:", "OPENAI_API_KEY": "k"},
        {"DEBRIEF_LLM": "nobody:model", "OPENAI_API_KEY": "k"},
        {"DEBRIEF_LLM": "openai:m"},
        {"DEBRIEF_LLM": "openai:m", "DEBRIEF_LLM_BASE_URL": "ftp://h"},
        {"DEBRIEF_LLM": "openai:m", "OPENAI_API_KEY": "k", "DEBRIEF_LLM_USD_PER_DAY": "nan"},
        {"DEBRIEF_LLM": "openai:m", "OPENAI_API_KEY": "k", "DEBRIEF_LLM_USD_PER_RUN": "0"},
        {"DEBRIEF_LLM": "openai:m", "OPENAI_API_KEY": "k", "DEBRIEF_LLM_TOKENS_PER_RUN": "many"},
        {"DEBRIEF_LLM": "openai:m", "OPENAI_API_KEY": "k", "DEBRIEF_LLM_AT_ONCE": "0"},
        {"DEBRIEF_LLM": "openai:m", "OPENAI_API_KEY": "k", "DEBRIEF_LLM_PART_TOKENS": "10"},
    ],
)
def test_what_makes_no_sense_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="DEBRIEF_LLM"):
        settings_from(environment, data=Path("/data"))
