"""A newcomer's path: olive makes support@ for three people, and one of them loses it while their webmail is open."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import delete

from mailboxes.models import Mailbox
from tests.cast import ANA, BEN, OWNER, PASSWORD
from tests.pages.console.console import Desk
from tests.pages.mail.browser import visit
from tests.servers.harness import World

ADDRESS = "support@acme.test"


def window(browser: Browser, site: str, width: int, *, scripts: bool) -> tuple[BrowserContext, Page]:
    context = browser.new_context(base_url=site, viewport={"width": width, "height": 900}, java_script_enabled=scripts)
    page = context.new_page()
    page.set_default_timeout(20_000)
    return context, page


@pytest.mark.parametrize(("width", "scripts"), [(1440, True), (390, True), (1440, False)])
def test_from_sign_in_to_a_team_that_changes(
    world: World, olive: Desk, browser: Browser, site: str, width: int, scripts: bool
) -> None:
    context, page = window(browser, site, width, scripts=scripts)
    page.goto("/console/")
    page.get_by_label("Email address").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.get_by_role("button", name="Add mailbox").click()
    expect(page.get_by_text("Create directly")).to_be_visible()
    page.get_by_role("link", name="Shared", exact=True).click()
    page.get_by_label("Name", exact=True).fill("support")
    page.get_by_label("Domain").select_option(label="acme.test")
    page.get_by_label("Display name").fill("Acme Support")
    expect(page.get_by_label("password")).to_have_count(0)
    for name in ("Ana Almeida", "Ben Brandt", "Cleo Castellanos"):
        page.get_by_role("checkbox", name=name).check()
    page.get_by_role("button", name="Create shared mailbox").click()
    expect(page.get_by_role("heading", name="People with access")).to_be_visible()
    for name in ("Ana Almeida", "Ben Brandt", "Cleo Castellanos"):
        expect(page.get_by_role("group", name=name).get_by_role("button", pressed=True)).to_have_text("Can reply")

    own, webmail = visit(browser, site, world.sign_in(BEN), width=1440)
    webmail.goto("/")
    switcher = webmail.get_by_role("navigation", name="Mailboxes and folders")
    expect(switcher.get_by_role("link", name="Acme Support")).to_have_count(1)

    cleo = page.get_by_role("group", name="Cleo Castellanos")
    cleo.get_by_role("button", name="Read-only").click()
    expect(page.get_by_text("Cleo Castellanos can only read now.")).to_be_visible()
    expect(cleo.get_by_role("button", pressed=True)).to_have_text("Read-only")

    page.get_by_role("button", name="Remove Ben Brandt").click()
    expect(page.get_by_text("Ben Brandt has no access any more.")).to_be_visible()
    expect(page.get_by_role("group", name="Ben Brandt")).to_have_count(0)
    webmail.reload()
    expect(switcher.get_by_role("link", name="Acme Support")).to_have_count(0)
    expect(switcher.get_by_role("link", name="Inbox")).to_be_visible()
    own.close()
    context.close()

    assert set(olive.members(ADDRESS)) == {ANA, "cleo@brand-b.test"}
    olive.post(f"{olive.path(ADDRESS)}/delete", address=ADDRESS)
    with world.db.write() as session:
        session.execute(delete(Mailbox).where(Mailbox.address == ADDRESS))
