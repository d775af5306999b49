"""The SDK's server, with our words for what goes wrong."""

from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.types import CallToolResult, InputRequiredResult
from pydantic import ValidationError

from api.tool_words import wrong_arguments


class ToolServer(MCPServer[Any]):
    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Null is as good as left out. Raises ToolError without the SDK's preface, and never with what was sent."""
        given = {field: value for field, value in arguments.items() if value is not None}
        try:
            return await super().call_tool(name, given, context)
        except UnexpectedToolError:
            raise
        except ToolError as trouble:
            if isinstance(trouble.__cause__, ValidationError):
                raise ToolError(wrong_arguments(trouble.__cause__)) from trouble.__cause__
            raise ToolError(str(trouble.__cause__ or trouble)) from trouble
