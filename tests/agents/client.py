"""A client of the protocol's own SDK, which starts `llmstack mcp` as an agent's client does: over stdio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
from mcp import Client, StdioServerParameters

from tests.cli.sandbox import Sandbox

Result = TypeVar("Result")


def converse(sandbox: Sandbox, talk: Callable[[Client], Awaitable[Result]]) -> Result:
    """What comes of a conversation with a server that was started in the sandbox's root."""
    parameters = StdioServerParameters(
        command=str(sandbox.programs / "llmstack"), args=["mcp"], env=sandbox.environment(), cwd=str(sandbox.root)
    )

    async def run() -> Result:
        async with Client(parameters) as client:
            return await talk(client)

    return anyio.run(run)


def call(sandbox: Sandbox, name: str, **asked: Any) -> Any:
    """The result of one call; the client itself holds the answer against the tool's output schema."""
    return converse(sandbox, lambda client: client.call_tool(name, asked))


def said(result: Any) -> str:
    """All the text of a result."""
    return "\n".join(block.text for block in result.content)
