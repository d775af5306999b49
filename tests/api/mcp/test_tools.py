"""What agents send to the tools and what the tools say: arguments arrive as they are, mistakes are told plainly."""

import re
import socket
from itertools import count
from typing import Any

import pytest
from mcp import Client

from api.mcp.rest_client import ApiRefused, Bearer, RestClient
from api.mcp.tool_words import TOOL_HINTS
from api.rest.answers import DomainsAnswer
from api.rest.error_codes import HINTS
from tests.api.conftest import MakeToken, Program
from tests.api.mcp.agents import Connect, failure, over_http, run, use
from tests.cast import ANA, BEN, CLEO
from tests.servers.harness import World

_numbers = count(1)


def tell(tool_server: str, token: str, story: Any) -> None:
    """A story of one agent over HTTP: `async def story(agent)`."""

    async def whole() -> None:
        async with over_http(tool_server, token, "auto") as agent:
            await story(agent)

    run(whole())


async def create(agent: Client, ids: dict[str, int], name: str = "", **more: Any) -> Any:
    arguments = {"domain_id": ids["brand-a.test"], "local_part": name or f"tool{next(_numbers)}"}
    arguments |= {"display_name": "Tool", "member_mailbox_ids": [ids[ANA]]} | more
    made = await use(agent, "create_shared_mailbox", **arguments)
    return made["data"]


def test_what_is_asked_for_is_what_happens(
    world: World, tool_server: str, make_token: MakeToken, ids: dict[str, int]
) -> None:
    async def story(agent: Client) -> None:
        name = f"tool{next(_numbers)}"
        made = await create(agent, ids, name, idempotency_key=name)
        assert (await create(agent, ids, name, idempotency_key=name))["id"] == made["id"]
        desk = {"mailbox_id": made["id"]}
        person = desk | {"member_mailbox_id": ids[BEN], "can_send": False, "idempotency_key": f"{name}-2"}
        added = (await use(agent, "add_shared_mailbox_member", **person))["data"]
        assert added["can_send"] is False
        assert (await use(agent, "add_shared_mailbox_member", **person))["data"] == added
        member = desk | {"member_id": added["id"]}
        labelled = (await use(agent, "update_shared_mailbox_member", **member, custom_label="Mine"))["data"]
        assert (labelled["custom_label"], labelled["can_send"]) == ("Mine", False)
        for _repeated in range(2):
            change = member | {"can_send": True, "idempotency_key": f"{name}-3"}
            assert (await use(agent, "update_shared_mailbox_member", **change))["data"]["can_send"] is True
            gone = await use(agent, "list_shared_mailbox_members", **desk, per_page=1, page=2)
            assert gone["meta"] == {"page": 2, "per_page": 1, "total": 2}
        for _repeated in range(2):
            removed = await use(agent, "remove_shared_mailbox_member", **member, idempotency_key=f"{name}-4")
            assert removed["data"] == {"id": added["id"], "removed": True}
        password = "A-Password-for-2-people"
        for _repeated in range(2):
            back = desk | {"password": password, "idempotency_key": f"{name}-5"}
            assert (await use(agent, "convert_shared_mailbox_to_regular", **back))["data"]["type"] == "regular"
        with world.imap(made["address"], password):
            pass
        for _repeated in range(2):
            there = desk | {"member_mailbox_ids": [ids[ANA], ids[CLEO]], "idempotency_key": f"{name}-6"}
            assert (await use(agent, "convert_mailbox_to_shared", **there))["data"]["member_count"] == 2

    tell(tool_server, make_token(), story)


def test_finding_asks_what_the_agent_asked(
    tool_server: str, make_token: MakeToken, script: Program, ids: dict[str, int]
) -> None:
    body = {"domain_id": ids["brand-b.test"], "local_part": "tool-gone", "password_mode": "generated_one_time"}
    script.delete(f"/mailboxes/{script.post('/mailboxes', body)['data']['id']}")
    questions: list[dict[str, Any]] = [
        {"domain_id": ids["brand-b.test"]},
        {"has_members": True},
        {"has_members": False},
        {"type": "shared", "search": "support"},
        {"status": "trashed", "search": "tool-gone"},
        {"per_page": 1, "page": 2},
    ]

    async def story(agent: Client) -> None:
        for question in questions:
            query = "&".join(f"{name}={str(value).lower()}" for name, value in question.items())
            assert await use(agent, "list_mailboxes", **question) == script.get(f"/mailboxes?{query}"), question
        paged = {"per_page": 1, "page": 2}
        assert await use(agent, "list_domains", **paged) == script.get("/domains?per_page=1&page=2")
        assert (await use(agent, "list_mailboxes", **questions[4]))["data"][0]["status"] == "trashed"

    tell(tool_server, make_token(), story)


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("get_mailbox", {"mailbox_id": True}, "mailbox_id"),
    ("get_mailbox", {"mailbox_id": "1"}, "mailbox_id"),
    ("get_mailbox", {"mailbox_id": 1.0}, "mailbox_id"),
    ("get_mailbox", {"mailbox_id": 0}, "mailbox_id"),
    ("get_mailbox", {"mailbox_id": None}, "mailbox_id"),
    ("get_mailbox", {}, "mailbox_id"),
    ("list_mailboxes", {"has_members": "true"}, "has_members"),
    ("list_mailboxes", {"page": "1"}, "page"),
    ("list_mailboxes", {"status": "gone"}, "status"),
    ("convert_mailbox_to_shared", {"mailbox_id": 1, "member_mailbox_ids": [1, "2"]}, "member_mailbox_ids.1"),
    ("convert_mailbox_to_shared", {"mailbox_id": 1, "member_mailbox_ids": []}, "member_mailbox_ids"),
    ("add_shared_mailbox_member", {"mailbox_id": 1, "member_mailbox_id": 1, "can_send": 1}, "can_send"),
    ("convert_shared_mailbox_to_regular", {"mailbox_id": 1, "password": "hunter-2"}, "password"),
    ("remove_shared_mailbox_member", {"mailbox_id": 1, "member_id": 1, "idempotency_key": "a b"}, "idempotency_key"),
]


def test_mistakes_are_told_by_field_and_without_what_was_sent(connect: Connect, make_token: MakeToken) -> None:
    token = make_token()

    async def story() -> None:
        async with connect(token, "auto") as agent:
            for tool, arguments, field in MISTAKES:
                words = await failure(agent, tool, **arguments)
                assert words.startswith(f"validation_failed: {field}: "), words
                assert words.endswith(TOOL_HINTS["validation_failed"]), words
                assert "http" not in words
                assert "hunter-2" not in words

    run(story())


def test_null_is_left_out_here_too(tool_server: str, make_token: MakeToken, ids: dict[str, int]) -> None:
    async def story(agent: Client) -> None:
        nulls = {"search": None, "type": None, "has_members": None, "status": None, "page": None, "per_page": None}
        assert (await use(agent, "list_mailboxes", **nulls))["meta"]["per_page"] == 50
        desk = (await create(agent, ids, idempotency_key=None))["id"]
        person = {"mailbox_id": desk, "member_mailbox_id": ids[BEN], "can_send": None}
        assert (await use(agent, "add_shared_mailbox_member", **person))["data"]["can_send"] is True

    tell(tool_server, make_token(), story)


def test_what_the_api_refuses_names_tools_and_the_request(
    tool_server: str, make_token: MakeToken, ids: dict[str, int]
) -> None:
    async def story(agent: Client) -> None:
        desk = (await create(agent, ids))["id"]
        twice = await failure(agent, "add_shared_mailbox_member", mailbox_id=desk, member_mailbox_id=ids[ANA])
        assert twice.startswith("already_member: ana@brand-a.test has access")
        assert "list_shared_mailbox_members" in twice
        assert re.search(r"\(request_id req_[0-9a-f]{24}\)$", twice)
        regular = await failure(agent, "list_shared_mailbox_members", mailbox_id=ids[BEN])
        assert "list_mailboxes" in regular
        common = {"mailbox_id": desk, "password": "Password-1234"}
        weak = await failure(agent, "convert_shared_mailbox_to_regular", **common)
        assert weak.startswith("validation_failed: password: ")
        assert "Password-1234" not in weak

    tell(tool_server, make_token(), story)


def test_no_hint_to_an_agent_speaks_of_rest() -> None:
    for code, hint in (HINTS | TOOL_HINTS).items():
        assert not re.search(r"/|GET|POST|PATCH|DELETE|[Hh]eader|Retry-After|JSON", hint), code
    assert set(TOOL_HINTS) <= set(HINTS)


@pytest.fixture
def silent() -> Any:
    """A server that takes every request and answers none; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("method", "key", "said", "unsaid"),
    [
        ("POST", "mine", "same arguments and the same idempotency_key", "Nothing was changed"),
        ("DELETE", None, "look whether it was made", "Nothing was changed"),
        ("GET", None, "Nothing was changed", "may have been made"),
    ],
)
def test_no_answer_in_time_says_what_may_have_happened(
    silent: str, method: str, key: str | None, said: str, unsaid: str
) -> None:
    async def ask(url: str) -> None:
        await RestClient(url, seconds=0.3).call(Bearer("x"), method, "/domains", DomainsAnswer, key=key)

    with pytest.raises(ApiRefused) as refused:
        run(ask(silent))
    words = str(refused.value)
    assert words.startswith("api_unreachable: ")
    assert said in words
    assert unsaid not in words
    with pytest.raises(ApiRefused, match="Nothing was changed"):
        run(ask("http://127.0.0.1:1"))
