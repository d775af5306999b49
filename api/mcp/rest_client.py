"""The REST API as a program calls it, for the tool server: one call, one answer or one clear error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from api.mcp.tool_words import refused, unanswered
from api.rest.answers import ErrorAnswer

M = TypeVar("M", bound=BaseModel)

_SECONDS = 30.0
# With these nothing has reached the API yet.
_UNSENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.LocalProtocolError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
    UnicodeError,
)


@dataclass(frozen=True)
class Bearer:
    """Whose token a call carries, and where they are, when that is somewhere else (proved by `proof`)."""

    token: str = field(repr=False)
    address: str = ""
    proof: str = field(default="", repr=False)


class ApiRefused(Exception):
    """The API said no, or nothing; the text is what a model can act on."""


class RestClient:
    """Calls of many bearers over kept connections. Nothing of a bearer is kept."""

    def __init__(self, base_url: str, *, seconds: float = _SECONDS) -> None:
        self._base = f"{base_url.rstrip('/')}/api/v1"
        # Proxy settings of the environment are for the world outside; this is our own server.
        self._client = httpx2.AsyncClient(timeout=seconds, trust_env=False, follow_redirects=False)

    async def call(
        self,
        bearer: Bearer,
        method: str,
        path: str,
        answer: type[M],
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
        confirmed: bool = False,
    ) -> M:
        """Raises ApiRefused. What is None is left out. `confirmed` is what deleting asks for."""
        may_have_changed = method != "GET"
        try:
            got = await self._send(bearer, method, path, query=query, body=body, key=key, confirmed=confirmed)
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            what = f"api_unreachable: Postroom doesn't answer ({type(error).__name__})."
            unsent = isinstance(error, _UNSENT)
            raise ApiRefused(unanswered(what, may_have_changed=may_have_changed and not unsent, key=key)) from error
        try:
            if got.is_success:
                return answer.model_validate_json(got.content)
            raise ApiRefused(refused(ErrorAnswer.model_validate_json(got.content).error))
        except ValidationError as trouble:
            what = f"api_unreadable: Postroom answered {got.status_code} with something else."
            raise ApiRefused(unanswered(what, may_have_changed=may_have_changed, key=key)) from trouble

    async def knows(self, token: str) -> bool:
        """Whether the API takes this token. When it can't be asked, that is told where it is used."""
        try:
            return (await self._send(Bearer(token), "GET", "/me")).status_code != httpx2.codes.UNAUTHORIZED
        except UnicodeError:  # no header can carry it
            return False
        except httpx2.HTTPError:
            return True

    async def _send(
        self,
        bearer: Bearer,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
        confirmed: bool = False,
    ) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {bearer.token}", "X-Postroom-Client": "mcp"}
        if key is not None:
            headers["Idempotency-Key"] = key
        if confirmed:
            headers["X-Confirm-Delete"] = "true"
        if bearer.address:
            headers["X-Postroom-Caller"] = f"{bearer.address} {bearer.proof}"
        return await self._client.request(
            method,
            self._base + path,
            params=_given(query),
            json=_given(body) if body is not None else None,
            headers=headers,
        )


def _given(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Without what was left out; true and false as the API reads them in a query."""
    return {name: value for name, value in (values or {}).items() if value is not None}
