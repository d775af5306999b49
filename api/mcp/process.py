"""`python -m api.mcp.process`: the tool server over streamable HTTP, at /mcp on MCP_PORT.

Every request brings its own token, which is passed on to the REST API; nothing is kept between two requests. It ends
on SIGTERM, and when its standard input ends: that is held open by the supervisor.
"""

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from mcp.server.mcpserver import Context
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.types import ASGIApp

from api.mcp.connection import Connection
from api.mcp.guard import Guard, token_of
from api.mcp.rest_client import Bearer, RestClient
from api.mcp.tools import build
from core.config import Config, url_of
from core.logs import configure
from core.settings import settings
from core.vault import Vault

PATH = "/mcp"
_READY_SECONDS = 0.02


def application(config: Config) -> Starlette:
    """The ASGI application; it calls the web server of this configuration."""
    vault = Vault.of(config)
    rest = RestClient(url_of(_reachable(config.host), config.port))

    def bearer_of(context: Context[Any, Any]) -> Bearer:
        headers = context.headers or {}
        request = context.request_context.request
        address = request.client.host if request is not None and request.client else ""
        return Bearer(token_of(headers.get("authorization", "")), address, vault.derive("mcp-caller", address))

    app = build(rest, bearer_of).streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        # The guard looks at names and origins, and compares them whole.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    app.add_middleware(Guard, names=_names(config), is_good=rest.knows)
    return app


def _names(config: Config) -> frozenset[str]:
    public = urlsplit(config.public_url).hostname or ""
    return frozenset({config.host.lower(), "127.0.0.1", "localhost", "::1", public}) - {""}


def main() -> None:
    config = Config.from_env(settings())
    app = application(config)
    configure(Path(os.environ["POSTROOM_LOG"]) if os.environ.get("POSTROOM_LOG") else None)
    for noisy in ("httpx2", "mcp", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    asyncio.run(_serve(listener(config, app)))


def listener(config: Config, app: ASGIApp, connection: type[Connection] = Connection) -> uvicorn.Server:
    """The server that will answer with `app`."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=config.host,
            port=config.mcp_port,
            http=connection,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=3,
        )
    )


async def _serve(server: uvicorn.Server) -> None:
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(_READY_SECONDS)
    if server.started:
        print("ready", flush=True)
    if os.environ.get("POSTROOM_LIFELINE"):
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _end, server)
    await serving


def _end(server: uvicorn.Server) -> None:
    server.should_exit = True


def _reachable(host: str) -> str:
    """Where the web server of this machine answers when it listens on every address."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  nothing is bound here


if __name__ == "__main__":
    main()
