"""One request to the model, at the one address that the settings name: a Question in, its Reply out.

The library speaks both wire formats; what it raises becomes an error of ours, whose text holds a status
and a code, and nothing of the transcript or the key. Nothing is tried twice here, and no redirect is
followed.
"""

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from debrief.errors import ModelError, ModelOutOfReach, ModelTooSmall, SettingsError
from debrief.llm.asking import ANSWER_SCHEMA, ANSWER_TOOL, Question
from debrief.llm.budget import price
from debrief.llm.memory import Reply
from debrief.llm.settings import LlmSettings
from debrief.llm.shown import tokens_of

if TYPE_CHECKING:
    import httpx2
    from pydantic_ai import ModelResponse
    from pydantic_ai.models import Model

CONNECT_S = 10
_CODE: Final = re.compile(r"[\w.:-]{1,60}")
_PASSING: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class TransientError(ModelError):
    """Trying again may help, after `wait_s` where the server said so. `was_sent`: it may be paid for."""

    def __init__(self, text: str, *, wait_s: float | None = None, was_sent: bool = False) -> None:
        super().__init__(text)
        self.wait_s = wait_s
        self.was_sent = was_sent


class _Mode(Struct):
    """Whether the server takes tools; one that refuses them once is asked in plain words from then on."""

    takes_tools: bool = True


class Client:
    """Asks one model. To be opened and closed inside one event loop."""

    def __init__(self, settings: LlmSettings) -> None:
        try:
            from pydantic_ai import direct  # noqa: F401, PLC0415 (an extra, and a second to load)
        except ImportError as error:
            raise SettingsError("DEBRIEF_LLM is set; it needs: pip install 'debrief[llm]'") from error
        self._settings = settings
        self._mode = _Mode()
        self._http = _http_client(settings)
        self._model = _model(settings, self._http)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def ask(self, question: Question) -> Reply:
        """The model's reply. Raises `ModelError`; `TransientError` where trying again may help."""
        with_tools = self._mode.takes_tools
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                response = await self._request(question, with_tools=with_tools)
        except TimeoutError:
            seconds = self._settings.timeout_s
            raise TransientError(f"the model did not answer within {seconds:g} s", was_sent=True) from None
        except Exception as error:
            raised = _error_of(error, with_tools=with_tools)
            if with_tools and isinstance(raised, _ToolsRefusedError):
                self._mode.takes_tools = False
            raise raised from error
        return self._reply(question, response)

    async def _request(self, question: Question, *, with_tools: bool) -> "ModelResponse":
        from pydantic_ai import ModelRequest, ToolDefinition, UserPromptPart, direct  # noqa: PLC0415 (an extra)
        from pydantic_ai.models import ModelRequestParameters  # noqa: PLC0415 (as above)

        tool = ToolDefinition(
            name=ANSWER_TOOL,
            description="Report what the rules could not see.",
            parameters_json_schema=ANSWER_SCHEMA,
            strict=False,
            kind="output",
        )
        parameters = ModelRequestParameters(
            output_mode="tool" if with_tools else "text",
            output_tools=[tool] if with_tools else [],
            allow_text_output=True,
        )
        message = ModelRequest(parts=[UserPromptPart(question.text)], instructions=question.instructions)
        return await direct.model_request(
            self._model,
            [message],
            model_settings={"max_tokens": self._settings.answer_tokens},
            model_request_parameters=parameters,
            instrument=False,
        )

    def _reply(self, question: Question, response: "ModelResponse") -> Reply:
        from pydantic_ai import TextPart, ToolCallPart  # noqa: PLC0415 (an extra)

        # As it came: arguments that break off are read as far as they go.
        called = [
            part.args if isinstance(part.args, str) else json.dumps(part.args or {}, ensure_ascii=False)
            for part in response.parts
            if isinstance(part, ToolCallPart)
        ]
        text = "".join(part.content for part in response.parts if isinstance(part, TextPart))
        usage = response.usage
        fresh = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
        output = usage.output_tokens
        words = "\n".join(called) or text
        if usage.input_tokens <= 0 and output <= 0:
            # A server that counts nothing is not free.
            fresh, output = most_of(question), tokens_of(words)
        return Reply(
            text=words,
            tokens_in=fresh + usage.cache_read_tokens + usage.cache_write_tokens,
            tokens_out=output,
            usd_micros=price(
                self._settings.model,
                fresh=max(0, fresh),
                output=output,
                read=usage.cache_read_tokens,
                written=usage.cache_write_tokens,
            ),
            ending=response.finish_reason or "",
        )


def most_of(question: Question) -> int:
    """About how many tokens a question has, with the tool that goes with it; rather more than less."""
    return tokens_of(question.instructions) + tokens_of(question.text) + tokens_of(str(ANSWER_SCHEMA))


class _ToolsRefusedError(TransientError):
    """The request was refused for its form: in plain words it may be taken."""


def _http_client(settings: LlmSettings) -> "httpx2.AsyncClient":
    import httpx2  # noqa: PLC0415 (comes with the extra)

    return httpx2.AsyncClient(
        follow_redirects=False,
        timeout=httpx2.Timeout(settings.timeout_s, connect=min(CONNECT_S, settings.timeout_s)),
        limits=httpx2.Limits(max_connections=settings.at_once),
    )


def _model(settings: LlmSettings, http: "httpx2.AsyncClient") -> "Model[Any]":
    if settings.provider == "openai":
        from openai import AsyncOpenAI  # noqa: PLC0415 (comes with the extra)
        from pydantic_ai.models.openai import OpenAIChatModel  # noqa: PLC0415 (as above)
        from pydantic_ai.profiles.openai import OpenAIModelProfile  # noqa: PLC0415 (as above)
        from pydantic_ai.providers.openai import OpenAIProvider  # noqa: PLC0415 (as above)
        from pydantic_ai.providers.openai_compatible import (  # noqa: PLC0415 (as above)
            OpenAICompatibleProvider,
        )

        speaker = AsyncOpenAI(
            api_key=settings.api_key, base_url=settings.base_url, http_client=http, max_retries=0
        )
        if settings.is_compatible:
            # Such servers know the older name of the limit, and not all of them the newer one.
            profile = OpenAIModelProfile(openai_chat_supports_max_completion_tokens=False)
            provider = OpenAICompatibleProvider("compatible", openai_client=speaker, profile=profile)
            return OpenAIChatModel(settings.model, provider=provider)
        return OpenAIChatModel(settings.model, provider=OpenAIProvider(openai_client=speaker))
    from anthropic import AsyncAnthropic  # noqa: PLC0415 (comes with the extra)
    from pydantic_ai.models.anthropic import AnthropicModel  # noqa: PLC0415 (as above)
    from pydantic_ai.providers.anthropic import AnthropicProvider  # noqa: PLC0415 (as above)

    voice = AsyncAnthropic(
        api_key=settings.api_key, base_url=settings.base_url, http_client=http, max_retries=0
    )
    return AnthropicModel(settings.model, provider=AnthropicProvider(anthropic_client=voice))


def _error_of(error: Exception, *, with_tools: bool) -> ModelError:
    """An error of ours for what the library raised."""
    from pydantic_ai import exceptions  # noqa: PLC0415 (an extra)

    status = getattr(error, "status_code", None)
    code = getattr(error, "provider_error_code", None) or getattr(error, "provider_error_type", None)
    known = f" ({code})" if isinstance(code, str) and _CODE.fullmatch(code) else ""
    told = f"the model's server answered {status}{known}"
    lasting = (
        (exceptions.ModelContextWindowExceededError, ModelTooSmall, "the request is too long for the model"),
        (exceptions.ModelAuthenticationError, ModelOutOfReach, "the key is refused"),
        (exceptions.ModelQuotaExceededError, ModelOutOfReach, "the account's quota is used up"),
        (exceptions.ModelNotFoundError, ModelOutOfReach, "no such model or address"),
    )
    for kind, ours, meaning in lasting:
        if isinstance(error, kind):
            return ours(f"{told}: {meaning}")
    raised = ModelError(told)
    if isinstance(error, exceptions.ModelConnectionError):
        was_sent = error.phase not in {"pool", "connect"}
        raised = TransientError("the connection to the model's server failed", was_sent=was_sent)
    elif status in _PASSING:
        raised = TransientError(told, wait_s=getattr(error, "retry_after", None))
    elif isinstance(error, exceptions.ModelRequestRejectedError) and with_tools:
        raised = _ToolsRefusedError(told, wait_s=0)
    elif status is None:
        raised = TransientError(f"the model's reply made no sense ({type(error).__name__})", was_sent=True)
    return raised
