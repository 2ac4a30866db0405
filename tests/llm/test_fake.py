"""The fake model speaks as real ones do: the library understands its streams and its typed answers too."""

import asyncio
import json
import sys
from pathlib import Path

import msgspec
import pytest
from pydantic_ai import ModelRequest, TextPart, ToolCallPart, ToolDefinition, direct
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition

from debrief.llm import LlmSettings
from debrief.llm.asking import ANSWER_SCHEMA, ANSWER_TOOL
from debrief.llm.client import Client

sys.path.insert(0, str(Path(__file__).parents[2] / "bench" / "quality"))

from fake_llm import FakeModel, Form, Reply, in_turn

ANSWER = {"issues": [], "said": "Grüße, 世界"}
SETTINGS = LlmSettings(provider="openai", model="gpt-4o", base_url="http://h", api_key="k")


async def streamed(settings: LlmSettings, parameters: ModelRequestParameters) -> list[object]:
    client = Client(settings)
    try:
        async with direct.model_request_stream(
            client._model,  # noqa: SLF001 (the fake is under test, by the library's own words)
            [ModelRequest.user_text_prompt("Report.")],
            model_request_parameters=parameters,
        ) as stream:
            async for _ in stream:
                pass
            return list(stream.get().parts)
    finally:
        await client.close()


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("form", ["tool", "text"])
def test_streams_are_understood(provider: str, form: Form) -> None:
    tool = ToolDefinition(name=ANSWER_TOOL, parameters_json_schema=ANSWER_SCHEMA, kind="output")
    parameters = ModelRequestParameters(output_mode="tool", output_tools=[tool])
    with FakeModel(in_turn([Reply(answer=ANSWER, form=form, chunk=3)])) as fake:
        settings = msgspec.structs.replace(SETTINGS, provider=provider, base_url=fake.address)
        parts = asyncio.run(streamed(settings, parameters))
        assert fake.requests[0].body["stream"] is True
    said = [part.args_as_dict() for part in parts if isinstance(part, ToolCallPart)]
    said += [json.loads(part.content) for part in parts if isinstance(part, TextPart)]
    assert said == [ANSWER]


def test_a_response_format_is_taken() -> None:
    shape = OutputObjectDefinition(name="report", json_schema=ANSWER_SCHEMA)
    parameters = ModelRequestParameters(output_mode="native", output_object=shape)

    async def ask(address: str) -> list[object]:
        client = Client(msgspec.structs.replace(SETTINGS, base_url=address))
        try:
            response = await direct.model_request(
                client._model,  # noqa: SLF001 (as above)
                [ModelRequest.user_text_prompt("Report.")],
                model_request_parameters=parameters,
            )
        finally:
            await client.close()
        return list(response.parts)

    with FakeModel(in_turn([Reply(answer=ANSWER, form="text")])) as fake:
        parts = asyncio.run(ask(fake.address))
        assert fake.requests[0].body["response_format"]["type"] == "json_schema"
    assert [json.loads(part.content) for part in parts if isinstance(part, TextPart)] == [ANSWER]
