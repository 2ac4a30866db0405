"""What the language model's settings are, and which of them make sense together."""

from collections.abc import Mapping
from typing import Literal, get_args

from msgspec import Struct

from debrief.errors import SettingsError

Provider = Literal["openai", "anthropic"]
PROVIDERS: tuple[str, ...] = get_args(Provider)

ADDRESSES: dict[str, str] = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
}
"""Where each provider itself is."""

NO_KEY = "none"
"""Sent where a server of one's own asks for no key."""

MOST_TOKENS = 10**12
LEAST_PART = 4_000


class LlmSettings(Struct, frozen=True, kw_only=True):
    """See `debrief.config`. A budget is a limit on what is spent; dollars count where the price is known.

    `is_compatible` is for a server that speaks a provider's wire format and is not the provider's own.
    """

    provider: Provider
    model: str
    base_url: str
    api_key: str
    is_compatible: bool = False
    tokens_per_run: int = 2_000_000
    tokens_per_day: int = 10_000_000
    usd_per_run: float = 5.0
    usd_per_day: float = 20.0
    part_tokens: int = 48_000
    answer_tokens: int = 8_000
    at_once: int = 4
    timeout_s: float = 180

    @property
    def name(self) -> str:
        """The model as it was asked for: `openai:MODEL`."""
        return f"{self.provider}:{self.model}"

    def __repr__(self) -> str:
        """Without the key, which must reach no log."""
        return f"LlmSettings({self.name} at {self.base_url})"


def llm_settings(environment: Mapping[str, str], *, prefix: str) -> LlmSettings | None:
    """The settings below `prefix`, or None where no model is named. Raises `SettingsError`."""

    def given(name: str) -> str | None:
        return environment.get(f"{prefix}_{name}") or None

    named = environment.get(prefix)
    if not named:
        return None
    provider, _, model = named.partition(":")
    if provider not in PROVIDERS or not model.strip():
        raise SettingsError(f"{prefix} is {named!r}; it must be openai:MODEL or anthropic:MODEL")
    usual = provider.upper()
    base_url = (given("BASE_URL") or environment.get(f"{usual}_BASE_URL") or ADDRESSES[provider]).rstrip("/")
    if not base_url.startswith(("http://", "https://")):
        raise SettingsError(f"{prefix}_BASE_URL is {base_url!r}; it must begin with http:// or https://")
    # A provider's own key is for its own address: another server is not to be shown it.
    is_compatible = given("BASE_URL") is not None and base_url != ADDRESSES[provider]
    key = given("API_KEY") or (None if is_compatible else environment.get(f"{usual}_API_KEY"))
    if not key and not is_compatible:
        raise SettingsError(f"{prefix} is set, but no key: set {prefix}_API_KEY or {usual}_API_KEY")

    def count(name: str, default: int, least: int, most: int) -> int:
        return _number(f"{prefix}_{name}", given(name), default, least, most)

    return LlmSettings(
        provider="openai" if provider == "openai" else "anthropic",
        model=model.strip(),
        base_url=base_url,
        api_key=key or NO_KEY,
        is_compatible=is_compatible,
        tokens_per_run=count("TOKENS_PER_RUN", 2_000_000, 1, MOST_TOKENS),
        tokens_per_day=count("TOKENS_PER_DAY", 10_000_000, 1, MOST_TOKENS),
        usd_per_run=_dollars(f"{prefix}_USD_PER_RUN", given("USD_PER_RUN"), 5.0),
        usd_per_day=_dollars(f"{prefix}_USD_PER_DAY", given("USD_PER_DAY"), 20.0),
        part_tokens=count("PART_TOKENS", 48_000, LEAST_PART, 2_000_000),
        answer_tokens=count("ANSWER_TOKENS", 8_000, 500, 200_000),
        at_once=count("AT_ONCE", 4, 1, 64),
        timeout_s=count("TIMEOUT_S", 180, 1, 3600),
    )


def _number(name: str, text: str | None, default: int, least: int, most: int) -> int:
    if text is None:
        return default
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise SettingsError(f"{name} is {text!r}; it must be a number from {least} to {most}")
    return number


def _dollars(name: str, text: str | None, default: float) -> float:
    if text is None:
        return default
    try:
        dollars = float(text)
    except ValueError:
        dollars = 0.0
    if not 0 < dollars < float("inf"):
        raise SettingsError(f"{name} is {text!r}; it must be a number above 0")
    return dollars
