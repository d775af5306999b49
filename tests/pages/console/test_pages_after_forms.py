"""Pages that stand behind a form or a letter, looked at and walked through like the others."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from auth import resets
from auth.models import Owner
from core.db import now
from mailboxes.audit import Doer
from mailboxes.directory import add_owner, find_account
from tests.cast import ANA, BEN, PASSWORD, TESS_SECRET
from tests.pages.console.console import Desk
from tests.pages.console.test_pages import page, violations, walk
from tests.servers.harness import World

__all__ = ["page"]
OTTO = "otto@acme.test"


@pytest.fixture(scope="module", autouse=True)
def otto(world: World) -> int:
    """A second owner, with a second factor."""
    with world.db.write() as session:
        owner = add_owner(session, Doer("tests", "cli"), find_account(session, "Acme"), OTTO, "Otto", PASSWORD)
        owner.totp_secret, owner.totp_confirmed_at = world.vault.encrypt(TESS_SECRET), now()
        session.flush()
        return owner.id


def check(page: Page) -> None:
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == [], width
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), width
    assert walk(page) == []


def test_the_password_that_is_shown_once_and_the_form_with_errors(page: Page) -> None:
    page.goto("/console/mailboxes/add/personal")
    page.get_by_label("Name", exact=True).fill("a b")
    page.get_by_label("Display name").fill("Made")
    page.get_by_role("button", name="Create mailbox").click()
    expect(page.get_by_role("alert")).to_contain_text("an address we can make")
    check(page)
    page.get_by_label("Name", exact=True).fill("made")
    page.get_by_label("Set a password").check()
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Create mailbox").click()
    expect(page.locator("#password-error")).to_be_visible()
    check(page)
    page.get_by_label("Generate a strong password").check()
    page.get_by_role("button", name="Create mailbox").click()
    expect(page.get_by_role("heading", name="The password")).to_be_visible()
    check(page)


def test_removing_an_owner_and_moving_to_a_smaller_plan(page: Page, otto: int) -> None:
    page.goto(f"/console/settings/owners/{otto}/remove")
    expect(page.get_by_role("heading", name=f"Remove {OTTO}?")).to_be_visible()
    check(page)
    page.goto("/console/plan")
    page.get_by_label("Nano").check()
    page.get_by_role("button", name="Change plan").click()
    expect(page.get_by_role("heading", name="Change from Agency to Nano?")).to_be_visible()
    check(page)


def test_what_the_access_tab_says_after_a_step(page: Page, olive: Desk) -> None:
    page.goto(f"/console{olive.path(olive.make_shared('noticed', ANA, BEN))}/access")
    page.get_by_role("button", name="Remove Ben").click()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    check(page)


def test_the_second_step_of_signing_in(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/console/login")
    page.get_by_label("Email address").fill(OTTO)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Authentication code")).to_be_visible()
    check(page)


def test_a_link_that_works(page: Page, world: World) -> None:
    page.context.clear_cookies()
    with world.db.write() as session:
        owner = session.scalars(select(Owner).where(Owner.name == OTTO)).one()
        token = resets.issue(session, owner, now())
    page.goto(f"/console/reset/{token}")
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    check(page)


def test_an_owners_recovery_codes(page: Page, world: World, site: str) -> None:
    page.context.add_cookies([{"name": "postroom-console", "value": world.sign_in(OTTO, "owner"), "url": site}])
    page.goto("/console/settings/recovery-codes")
    check(page)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Make new recovery codes").click()
    expect(page.locator(".codes li")).to_have_count(10)
    check(page)
    page.set_viewport_size({"width": 390, "height": 900})
    lines = page.evaluate("[...document.querySelectorAll('.codes li')].map(li => li.getClientRects().length)")
    assert lines == [1] * 10, "a code is broken over two lines"
    assert len({box["y"] for one in page.locator(".codes li").all() if (box := one.bounding_box())}) == 10
