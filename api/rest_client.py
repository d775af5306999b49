"""The REST API as a program calls it, for the tool server: one call, one answer or one clear error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from api.answers import ErrorAnswer

M = TypeVar("M", bound=BaseModel)

_SECONDS = 30.0


@dataclass(frozen=True)
class Bearer:
    """Whose token a call carries, and where they are, when that is somewhere else (proved by `proof`)."""

    token: str = field(repr=False)
    address: str = ""
    proof: str = field(default="", repr=False)


class ApiRefused(Exception):
    """The API said no; the text is what a model can act on: code, message, hint."""


class RestClient:
    """Calls of many bearers over kept connections. Nothing of a bearer is kept."""

    def __init__(self, base_url: str) -> None:
        self._base = f"{base_url.rstrip('/')}/api/v1"
        # Proxy settings of the environment are for the world outside; this is our own server.
        self._client = httpx2.AsyncClient(timeout=_SECONDS, trust_env=False, follow_redirects=False)

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
    ) -> M:
        """Raises ApiRefused. What is None is left out."""
        headers = {"Authorization": f"Bearer {bearer.token}", "X-Postroom-Client": "mcp"}
        if key is not None:
            headers["Idempotency-Key"] = key
        if bearer.address:
            headers["X-Postroom-Caller"] = f"{bearer.address} {bearer.proof}"
        try:
            got = await self._client.request(
                method,
                self._base + path,
                params=_given(query),
                json=_given(body) if body is not None else None,
                headers=headers,
            )
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise ApiRefused(
                f"api_unreachable: Postroom doesn't answer ({type(error).__name__}). Try again in a moment."
            ) from error
        return _read(got, answer)


def _read(got: httpx2.Response, answer: type[M]) -> M:
    try:
        if got.is_success:
            return answer.model_validate_json(got.content)
        error = ErrorAnswer.model_validate_json(got.content).error
    except ValidationError as trouble:
        raise ApiRefused(f"api_unreadable: Postroom answered {got.status_code} with something else.") from trouble
    details = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in (error.fields or {}).items())
    words = f"{error.code}: {error.message} {error.hint}"
    raise ApiRefused(f"{words} ({details})" if details else words)


def _given(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Without what was left out; true and false as the API reads them in a query."""
    return {name: value for name, value in (values or {}).items() if value is not None}
