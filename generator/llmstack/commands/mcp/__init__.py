"""`llmstack mcp`: what the commands that only read have to say, as tools for agents (Model Context Protocol)."""

from __future__ import annotations

import sys

from llmstack.commands import output
from llmstack.commands.running import LINE

SDK = "mcp>=2.0,<3"
"""The protocol's own SDK for Python, which the extra `mcp` of the package asks for."""


def mcp() -> None:
    """Serve read-only tools to an agent, over stdio (MCP).

    They are lint, explain, diff, fit and schema, for one repository: that of the folder it is started in, or of -C.
    An agent's client starts it (docs/agents.md has the lines for some); it ends with its stdin. It writes nothing,
    fetches nothing, and runs nothing that the repository names. Needs the extra `mcp`.
    """
    from llmstack.programs import ToolError

    root = output.find_project(None).root.resolve()
    try:
        from llmstack.commands.mcp.server import serve
    except ModuleNotFoundError as error:
        if error.name not in ("anyio", "mcp", "mcp_types"):
            raise
        raise ToolError(
            f"`llmstack mcp` needs `{SDK}`, the SDK of the Model Context Protocol: install llmstack with its extra "
            f"`mcp`, or add that to this installation with `{sys.executable} -m pip install '{SDK}'`"
        ) from error
    if sys.stdin.isatty():
        output.say(f"serving {root} over stdio, for an agent's client to start; Ctrl-D ends it")
    LINE.end()
    serve(root)
