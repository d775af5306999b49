"""The SDK's server, with our words for what goes wrong."""

from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, CallToolResult, GetPromptResult, InputRequiredResult
from mcp.types import Tool as ToolDescription
from pydantic import ValidationError

from api.mcp.tool_words import unknown_arguments, wrong_arguments


class ToolServer(MCPServer[Any]):
    async def list_tools(self) -> list[ToolDescription]:
        """An argument that a tool doesn't know is refused, and each schema says so."""
        tools = await super().list_tools()
        for tool in tools:
            tool.input_schema = {**tool.input_schema, "additionalProperties": False}
        return tools

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """There are none; asking for one is the caller's mistake (JSON-RPC 2.0 section 5.1)."""
        raise MCPError(code=INVALID_PARAMS, message="There is no such prompt: this server has tools only.")

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Null is as good as left out. Raises ToolError without the SDK's preface, and never with what was sent."""
        tool = self._tool_manager.get_tool(name)
        if tool and (wrong := unknown_arguments(arguments, tool.parameters["properties"])):
            raise ToolError(wrong)
        given = {field: value for field, value in arguments.items() if value is not None}
        try:
            return await super().call_tool(name, given, context)
        except UnexpectedToolError:
            raise
        except ToolError as trouble:
            if isinstance(trouble.__cause__, ValidationError):
                raise ToolError(wrong_arguments(trouble.__cause__)) from trouble.__cause__
            raise ToolError(str(trouble.__cause__ or trouble)) from trouble
