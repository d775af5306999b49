"""Agents: the SDK's own client, over standard input and output and over HTTP."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent

from servers.child import ROOT
from tests.waiting import PATIENCE

REVISIONS = ("auto", "legacy")  # the current one, and the handshake of the years before
Connect = Callable[[str, str], Any]


@asynccontextmanager
async def over_stdio(site: str, token: str, revision: str) -> AsyncIterator[Client]:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "api.mcp"],
        cwd=ROOT,
        env={"POSTROOM_URL": site, "POSTROOM_TOKEN": token},
    )
    async with Client(command, mode=revision) as client:
        yield client


@asynccontextmanager
async def over_http(url: str, token: str, revision: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False, timeout=PATIENCE) as carrier,
        Client(streamable_http_client(url, http_client=carrier), mode=revision) as client,
    ):
        yield client


def run(story: Awaitable[None]) -> None:
    """In a thread of its own: the browsers' driver keeps an event loop running in the main one."""
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, asyncio.wait_for(story, 60)).result()


async def use(client: Client, tool: str, **arguments: Any) -> Any:
    """What the tool answers: structured, and the same as text."""
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, CallToolResult)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    (text,) = result.content
    assert isinstance(text, TextContent)
    assert json.loads(text.text) == result.structured_content
    return result.structured_content


async def failure(client: Client, tool: str, **arguments: Any) -> str:
    """What the tool says when it fails."""
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, CallToolResult)
    assert result.is_error
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text
