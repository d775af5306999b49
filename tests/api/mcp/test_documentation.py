"""The words about the API are true: its examples run, its page shows every call without asking another host."""

import json
import os
import re
import subprocess
import tomllib
from typing import Any

import pytest
from playwright.sync_api import Playwright

from servers.child import ROOT
from tests.api.rest.test_scopes import CALLS
from tests.pages.mail.browser import launch
from tests.pages.mail.trap import Trap
from tests.servers.harness import World
from tests.waiting import PATIENCE

TEXT = (ROOT / "docs" / "api.md").read_text()
README = (ROOT / "README.md").read_text()


def blocks(kind: str, text: str = TEXT) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def run(script: str, world: World, site: str) -> list[dict[str, Any]]:
    """What the commands answer, typed into a shell where Postroom is checked out. Only the port is another."""
    settings = {"PATH": os.environ["PATH"]} | world.environment()
    script = "set -euo pipefail\n" + script.replace("http://127.0.0.1:8000", site)
    command = ["/bin/bash", "-c", script]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=PATIENCE, cwd=ROOT)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line]


def test_the_examples_run(world: World, site: str) -> None:
    answers = run("\n".join(blocks("sh setup") + blocks("sh")), world, site)
    assert len(answers) == 10
    assert all("data" in answer for answer in answers)
    assert answers[-1]["data"][0]["action"] == "mailbox.deleted"


def test_the_readmes_example_runs(world: World, site: str) -> None:
    (answer,) = run("\n".join(blocks("sh setup", README) + blocks("sh api", README)), world, site)
    assert [mailbox["local_part"] for mailbox in answer["data"]] == ["support"]


def test_the_agents_settings_can_be_read() -> None:
    assert json.loads(blocks("json", README)[0])["mcpServers"]["postroom"]["url"].endswith(":8765/mcp")
    configurations = [json.loads(block) for block in blocks("json")]
    assert len(configurations) == 4
    assert tomllib.loads(blocks("toml")[0])["mcp_servers"]["postroom"]["url"].endswith(":8765/mcp")
    assert "python -m api.mcp" in TEXT


def test_every_scope_stands_in_the_example() -> None:
    assert {scope for scope in CALLS.values() if scope} <= set(re.findall(r"[a-z]+:[a-z]+", blocks("sh setup")[0]))


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_shows_every_call_and_asks_nobody_else(site: str, playwright: Playwright, width: int) -> None:
    asked: set[str] = set()
    trouble: list[str] = []
    filled: list[dict[str, object]] = []
    with Trap() as trap:
        browser = launch(playwright, trap)
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("request", lambda request: asked.add(request.url))
        page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.goto(f"{site}/api/docs")
        page.locator(".opblock").first.wait_for()
        assert page.locator(".opblock").count() == len(CALLS)
        page.locator(".opblock-summary-path", has_text="convert-to-shared").click()
        page.get_by_text("member_mailbox_ids").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for name in ("Mailboxes-create_mailbox", "Shared_mailboxes-create_shared_mailbox", "Members-update_member"):
            operation = page.locator(f"#operations-{name}")
            # Not by the mouse: what opens above moves the rest of the page while it is on its way.
            operation.locator(".opblock-summary-control").dispatch_event("click")
            operation.locator(".try-out__btn").dispatch_event("click")
            filled.append(json.loads(operation.locator(".body-param textarea").input_value()))
        if os.environ.get("POSTROOM_SHOTS"):
            page.screenshot(path=f"{os.environ['POSTROOM_SHOTS']}/docs-{width}.png")
        browser.close()
    assert [url for url in asked if not url.startswith((f"{site}/", "data:", "blob:"))] == []
    assert trouble == []
    assert [body.get("local_part") for body in filled] == ["ana", "support", None]
    assert filled[2] == {"can_send": False, "custom_label": "Front desk"}
