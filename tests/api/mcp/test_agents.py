"""An agent at work: the SDK's own client, over standard input and output and over HTTP, in both protocol revisions."""

import subprocess
import sys
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS

from mailboxes.models import AuditEntry
from servers.child import ROOT
from tests.api.conftest import MakeProgram, MakeToken, Program
from tests.api.mcp.agents import REVISIONS, Connect, failure, over_stdio, run, use
from tests.cast import ANA, BEN, DAN
from tests.pages.console.console import Desk
from tests.servers.harness import World
from tests.visitor import Visitor

TOOLS = [
    "whoami",
    "list_domains",
    "list_mailboxes",
    "get_mailbox",
    "list_audit",
    "create_domain",
    "create_mailbox",
    "delete_mailbox",
    "restore_mailbox",
    "list_shared_mailbox_members",
    "add_shared_mailbox_member",
    "update_shared_mailbox_member",
    "remove_shared_mailbox_member",
    "create_shared_mailbox",
    "convert_mailbox_to_shared",
    "convert_shared_mailbox_to_regular",
]


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_agent_runs_a_shared_mailbox(
    world: World,
    app: Any,
    connect: Connect,
    make_token: MakeToken,
    script: Program,
    ids: dict[str, int],
    revision: str,
    request: pytest.FixtureRequest,
) -> None:
    token = make_token(name="an agent")
    name = f"desk-{request.node.callspec.id}".replace("_", "-")

    async def story() -> None:
        async with connect(token, revision) as agent:
            domains = (await use(agent, "list_domains"))["data"]
            domain = next(one for one in domains if one["name"] == "brand-a.test")
            people = (await use(agent, "list_mailboxes", search="ana@", type="regular"))["data"]
            assert [one["address"] for one in people] == [ANA]
            made = await use(
                agent,
                "create_shared_mailbox",
                domain_id=domain["id"],
                local_part=name,
                display_name="The Desk",
                member_mailbox_ids=[people[0]["id"]],
                idempotency_key=f"make-{name}",
            )
            desk = made["data"]["id"]
            first = (await use(agent, "list_shared_mailbox_members", mailbox_id=desk))["data"]
            assert [(one["email"], one["can_send"], one["can_read"]) for one in first] == [(ANA, True, True)]
            added = []
            for person in (BEN, DAN):
                answer = await use(agent, "add_shared_mailbox_member", mailbox_id=desk, member_mailbox_id=ids[person])
                added.append(answer["data"]["id"])
            reader = await use(
                agent, "update_shared_mailbox_member", mailbox_id=desk, member_id=added[0], can_send=False
            )
            assert reader["data"]["can_send"] is False
            for member in added:
                await use(agent, "remove_shared_mailbox_member", mailbox_id=desk, member_id=member)
            words = await failure(agent, "remove_shared_mailbox_member", mailbox_id=desk, member_id=first[0]["id"])
            assert "last_member: A shared mailbox always needs at least one member." in words
            assert "Add somebody else first" in words
            person = await use(agent, "convert_shared_mailbox_to_regular", mailbox_id=desk)
            assert person["data"]["type"] == "regular"
            assert "password" not in str(person)
            back = await use(agent, "convert_mailbox_to_shared", mailbox_id=desk, member_mailbox_ids=[ids[ANA]])
            assert back["data"]["type"] == "shared"
            assert (await use(agent, "get_mailbox", mailbox_id=desk))["data"]["member_count"] == 1

    run(story())
    address = f"{name}@brand-a.test"
    olive = Desk(world, app)
    assert address in olive.page("/mailboxes?q=" + name).text
    assert "an agent" in olive.page("/audit?mailbox=" + address).text
    assert address in Visitor(app, ANA).come_back(world.sign_in(ANA)).page("/").html
    with world.db.read() as session:
        entries = session.query(AuditEntry).filter_by(mailbox=address).order_by(AuditEntry.id).all()
    assert {(entry.actor, entry.door, entry.client_address) for entry in entries} == {("an agent", "mcp", "127.0.0.1")}
    assert [entry.action for entry in entries] == [
        "mailbox.added",
        "member.added",
        "member.added",
        "member.added",
        "member.read_only",
        "member.removed",
        "member.removed",
        "member.removed",
        "mailbox.converted_to_regular",
        "mailbox.converted_to_shared",
        "member.added",
    ]


@pytest.mark.parametrize("revision", REVISIONS)
def test_tools_are_always_the_same_and_say_what_they_do(connect: Connect, make_token: MakeToken, revision: str) -> None:
    token = make_token()
    # Whether it only looks, whether it may destroy, whether twice is once; none of them reaches outside the house.
    looks, adds, changes = (True, False, True, False), (False, False, False, False), (False, True, True, False)
    kinds = {"list": looks, "get": looks, "whoami": looks, "create": adds, "add": adds, "restore": adds}
    expected = {name: kinds.get(name.partition("_")[0], changes) for name in TOOLS}

    async def story() -> None:
        async with connect(token, revision) as agent:
            listed = await agent.list_tools()
            assert [tool.name for tool in listed.tools] == TOOLS
            for tool in listed.tools:
                hints = tool.annotations
                assert hints is not None
                assert tool.output_schema is not None
                assert tool.description
                assert tool.input_schema["additionalProperties"] is False
                for argument, schema in tool.input_schema["properties"].items():
                    assert schema.get("description"), (tool.name, argument)
                assert expected[tool.name] == (
                    hints.read_only_hint,
                    hints.destructive_hint,
                    hints.idempotent_hint,
                    hints.open_world_hint,
                )
        async with connect(token, revision) as again:
            assert (await again.list_tools()).tools == listed.tools

    run(story())


def test_what_a_tool_does_not_know_is_refused_and_nothing_happens(
    connect: Connect, make_token: MakeToken, script: Program, ids: dict[str, int], request: pytest.FixtureRequest
) -> None:
    name = f"misspelt-{request.node.callspec.id}"
    body = {"domain_id": ids["brand-a.test"], "local_part": name, "display_name": "Misspelt"}
    desk = script.post("/shared-mailboxes", body | {"member_mailbox_ids": [ids[ANA]]})["data"]["id"]
    token = make_token()

    async def story() -> None:
        async with connect(token, "auto") as agent:
            person = {"mailbox_id": desk, "member_mailbox_id": ids[BEN], "cansend": False}
            words = await failure(agent, "add_shared_mailbox_member", **person)
            assert words.startswith("validation_failed: cansend: There is no such field: did you mean can_send")
            with pytest.raises(MCPError) as refused:
                await agent.get_prompt("anything")
            assert refused.value.error.code == INVALID_PARAMS

    run(story())
    assert [one["email"] for one in script.get(f"/mailboxes/{desk}/members")["data"]] == [ANA]
    script.delete(f"/mailboxes/{desk}")


def test_an_agent_adds_deletes_and_brings_back(
    connect: Connect, make_token: MakeToken, ids: dict[str, int], request: pytest.FixtureRequest
) -> None:
    token, name = make_token(name="a helper"), f"helped-{request.node.callspec.id}.test"

    async def story() -> None:
        async with connect(token, "auto") as agent:
            me = await use(agent, "whoami")
            assert "mailboxes:delete" in me["capabilities"]["effective_scopes"]
            assert me["data"]["limits"]["shared_per_domain"] > 0
            domain = (await use(agent, "create_domain", name=name))["data"]
            assert (await use(agent, "list_domains", search=name.upper()))["data"] == [domain]
            made = await use(agent, "create_mailbox", domain_id=domain["id"], local_part="gil", display_name="Gil")
            assert "password" not in str(made)
            gil = {"mailbox_id": made["data"]["id"]}
            intent = (await use(agent, "delete_mailbox", **gil))["intent"]
            assert intent["address"] == f"gil@{name}"
            assert (await use(agent, "get_mailbox", **gil))["data"]["status"] == "active"
            other = await failure(agent, "delete_mailbox", mailbox_id=ids[ANA], intent_id=intent["id"])
            assert "another mailbox's" in other
            gone = await use(agent, "delete_mailbox", **gil, intent_id=intent["id"])
            assert gone["deleted"]["status"] == "trashed"
            assert (await use(agent, "restore_mailbox", **gil))["data"]["status"] == "active"
            shared = {"domain_id": domain["id"], "local_part": "desk", "display_name": "Desk"}
            shared |= {"member_mailbox_ids": [ids[ANA]], "read_only_member_mailbox_ids": [gil["mailbox_id"]]}
            desk = (await use(agent, "create_shared_mailbox", **shared))["data"]["id"]
            members = (await use(agent, "list_shared_mailbox_members", mailbox_id=desk))["data"]
            assert {one["email"]: one["can_send"] for one in members} == {ANA: True, f"gil@{name}": False}
            log = (await use(agent, "list_audit", mailbox=f"gil@{name}"))["data"]
            assert [one["action"] for one in log] == ["mailbox.restored", "mailbox.deleted", "mailbox.added"]
            assert {one["actor"] for one in log} == {"a helper"}

    run(story())


def test_scopes_and_errors_are_the_apis(connect: Connect, make_token: MakeToken, ids: dict[str, int]) -> None:
    reader = make_token(scopes=["mailboxes:read"])
    stranger = make_token("Other", ["mailboxes:read"])

    async def story() -> None:
        async with connect(reader, "auto") as agent:
            words = await failure(agent, "convert_shared_mailbox_to_regular", mailbox_id=1)
            assert "insufficient_scope: This token doesn't have the scope mailboxes:write." in words
            assert "not_found" in await failure(agent, "get_mailbox", mailbox_id=2_000_000)
        async with connect(stranger, "auto") as agent:
            assert "not_found" in await failure(agent, "get_mailbox", mailbox_id=ids[ANA])

    run(story())


@pytest.mark.parametrize("settings", [{}, {"POSTROOM_URL": "http://127.0.0.1:1"}, {"POSTROOM_TOKEN": "x"}])
def test_without_its_settings_it_says_so_in_one_line(settings: dict[str, str]) -> None:
    command = [sys.executable, "-m", "api.mcp"]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 1
    assert done.stderr == "Set POSTROOM_URL (such as http://127.0.0.1:8000) and POSTROOM_TOKEN.\n"


def test_a_server_that_is_away_is_said(make_token: MakeToken) -> None:
    async def story() -> None:
        async with over_stdio("http://127.0.0.1:1", make_token(), "auto") as agent:
            assert "api_unreachable" in await failure(agent, "list_domains")

    run(story())


def test_a_program_that_only_claims_to_come_from_elsewhere_is_not_believed(
    world: World, make_program: MakeProgram
) -> None:
    liar = make_program(name="a liar")
    liar.post("/domains", {"name": "liar.test"}, X_Postroom_Caller="203.0.113.9 0000")
    with world.db.read() as session:
        entry = session.query(AuditEntry).filter_by(subject="liar.test").one()
    assert entry.client_address == "127.0.0.1"
