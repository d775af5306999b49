"""ana loses her share in support@ while she works there: at once, everywhere, and her words stay hers."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from playwright.sync_api import Browser, expect

from mailboxes.audit import Doer
from mailboxes.directory import find_mailbox
from mailboxes.memberships import add_members, change_membership, find_membership, remove_member
from tests.cast import ANA, KIM, SUPPORT
from tests.mailboxes.test_storage import olive as administration
from tests.pages.mail.browser import visit
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.letters import deliver, find
from tests.servers.harness import World
from tests.visitor import Page, folder_url
from web.context import EXTENSION, Services

OWNER = Doer("owner@acme.test", "web")


@contextmanager
def removed(app: Flask, world: World, person: str) -> Iterator[None]:
    """Inside the block the person is no member, removed as the law does it."""
    services: Services = app.extensions[EXTENSION]
    with world.db.write() as session:
        shared, member = find_mailbox(session, SUPPORT), find_mailbox(session, person)
        remove_member(session, OWNER, services.doors, shared, member)
    try:
        yield
    finally:
        with world.db.write() as session:
            add_members(session, OWNER, shared, [member])


def test_ana_is_removed_while_she_writes(
    world: World, app: Flask, site: str, browser: Browser, sign_in: SignIn
) -> None:
    deliver(world, "Removed in the middle of this")
    url = find(sign_in(ANA), SUPPORT, "Removed in the middle of this")
    context, page = visit(browser, site, world.sign_in(ANA))
    page.goto(f"{url}/reply")
    page.wait_for_function("() => window.htmx")  # without it the form works too, as a page of its own
    page.get_by_role("textbox", name="Message").fill("Half of an answer")
    with world.imap(ANA, mailbox=SUPPORT) as idle:
        idle.select()
        idle.send(b"a IDLE\r\n")
        idle.readline()
        with removed(app, world, ANA):
            while idle.readline():  # whatever Dovecot says before it hangs up
                pass

            page.get_by_role("button", name="Send", exact=True).click()
            expect(page.get_by_role("alert").filter(has_text="access to it any more")).to_be_visible()
            expect(page.get_by_role("textbox", name="Message")).to_have_value("Half of an answer")
            page.get_by_role("link", name="Inbox", exact=True).first.click()
            expect(page.get_by_text("you don't have access to it any more")).to_be_visible()
            page.goto("/")
            switcher = page.get_by_role("navigation", name="Mailboxes and folders")
            expect(switcher.get_by_role("link", name="Sales")).to_have_count(1)
            expect(switcher.get_by_role("link", name="Support")).to_have_count(0)
    context.close()
    assert not [raw for raw in world.folder(KIM) if b"Half of an answer" in raw]


def test_without_scripts_her_words_come_back_with_the_refusal(world: World, app: Flask, sign_in: SignIn) -> None:
    deliver(world, "Removed, and no scripts")
    ana = sign_in(ANA)
    fields = ana.page(find(ana, SUPPORT, "Removed, and no scripts") + "/reply").fields
    token = ana.token()
    with removed(app, world, ANA):
        form = dict(fields) | {"cc": "second@customer.test", "subject": "Re: parcel", "text": "What I wrote"}
        answer = ana.post(f"/mail/{SUPPORT}/send", form, token=token)
    assert answer.status_code == 404
    kept = [f"To: {fields['to']}", "Cc: second@customer.test", "Subject: Re: parcel", "", "What I wrote"]
    assert "\n".join(kept) in Page(answer.text).fields[""]


def test_read_only_from_one_moment_to_the_next(world: World, app: Flask, sign_in: SignIn) -> None:
    deliver(world, "Read-only in the middle of this")
    ana = sign_in(ANA)
    url = find(ana, SUPPORT, "Read-only in the middle of this")
    fields = ana.page(f"{url}/reply").fields
    services: Services = app.extensions[EXTENSION]
    olive = administration(world.db)
    with world.db.write() as session:
        shared = find_mailbox(session, SUPPORT)
        member = find_membership(session, shared, find_mailbox(session, ANA))
        change_membership(session, olive, services.doors, shared.id, member.id, can_send=False)
    try:
        assert ana.post(f"/mail/{SUPPORT}/send", dict(fields) | {"text": "No"}).status_code == 403
        assert ana.post(folder_url(SUPPORT) + "star", {"ref": url.rpartition("/")[2]}).status_code == 403
        assert "Read-only" in ana.page(url).text
    finally:
        with world.db.write() as session:
            change_membership(session, olive, services.doors, shared.id, member.id, can_send=True)
