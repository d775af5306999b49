"""Somebody forwards a message with a file, and a colleague puts the message away meanwhile."""

from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cast import ANA, BEN, KIM, SUPPORT
from tests.pages.mail.browser import visit
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.hands import INBOX, open_row, received, row
from tests.pages.mail.letters import arrived, copies, find
from tests.servers.harness import World
from tests.visitor import Page as PageText
from tests.visitor import Visitor, folder_url

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def page(browser: Browser, site: str, world: World) -> Iterator[Page]:
    context, page = visit(browser, site, world.sign_in(ANA))
    yield page
    context.close()


def with_invoice(world: World, subject: str, name: str = "invoice.pdf", message_id: str = "") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = KIM, SUPPORT, subject
    message["Message-ID"] = message_id or f"<{subject.replace(' ', '.')}@customer.test>"
    message.set_content("Here it is.")
    message.add_attachment(name.encode(), maintype="application", subtype="pdf", filename=name)
    received(world, subject, raw=message.as_bytes(policy=SMTP))


def forward(visitor: Visitor, url: str, about: str) -> dict[str, str]:
    fields = visitor.page(f"{url}/forward").fields
    return fields | {"to": KIM, "subject": about, "text": "For your records.", "format": "text"}


def files(world: World, subject: str) -> list[str | None]:
    return [part.get_filename() for part in arrived(world, KIM, subject).iter_attachments()]


def put_away(visitor: Visitor, url: str, verb: str) -> None:
    folder, _slash, ref = url.rpartition("/")
    assert visitor.post(f"{folder}/{verb}", {"ref": ref}).status_code == 303


def test_ben_archives_what_ana_is_about_to_forward(world: World, sign_in: SignIn) -> None:
    with_invoice(world, "Invoice archived early")
    ana, ben = sign_in(ANA), sign_in(BEN)
    url = find(ana, SUPPORT, "Invoice archived early")
    form = forward(ana, url, "Fwd: archived early")
    put_away(ben, url, "archive")
    assert ana.post(f"/mail/{SUPPORT}/drafts", form, **FRAGMENT).status_code == 200
    assert ana.post(f"/mail/{SUPPORT}/send", form).status_code == 303
    assert files(world, "Fwd: archived early") == ["invoice.pdf"]


def test_ben_deletes_forever_what_lies_in_anas_draft(world: World, sign_in: SignIn) -> None:
    with_invoice(world, "Invoice gone for good")
    ana, ben = sign_in(ANA), sign_in(BEN)
    url = find(ana, SUPPORT, "Invoice gone for good")
    form = forward(ana, url, "Fwd: gone for good")
    form |= PageText(ana.post(f"/mail/{SUPPORT}/drafts", form, **FRAGMENT).text).fields
    put_away(ben, url, "delete")
    put_away(ben, find(ben, SUPPORT, "Invoice gone for good", "Trash"), "delete_forever")
    assert ana.post(f"/mail/{SUPPORT}/send", form).status_code == 303
    assert files(world, "Fwd: gone for good") == ["invoice.pdf"]


def test_another_message_of_the_same_name_lends_no_file(world: World, sign_in: SignIn) -> None:
    with_invoice(world, "The invoice itself", message_id="<same@customer.test>")
    with_invoice(world, "Called the same", name="another-one.pdf", message_id="<same@customer.test>")
    ana = sign_in(ANA)
    url = find(ana, SUPPORT, "The invoice itself")
    form = forward(ana, url, "Fwd: the invoice itself")
    put_away(ana, url, "delete")
    put_away(ana, find(ana, SUPPORT, "The invoice itself", "Trash"), "delete_forever")
    refused = ana.post(f"/mail/{SUPPORT}/send", form)
    assert refused.status_code == 409
    assert "Attach it again" in refused.text
    assert copies(world, KIM, "Fwd: the invoice itself") == 0


def test_ana_archives_beside_the_form_and_goes_on(world: World, page: Page) -> None:
    with_invoice(world, "Invoice archived beside")
    page.goto(INBOX)
    open_row(page, "Invoice archived beside")
    page.locator("#pane").get_by_role("button", name="Forward").click()
    page.get_by_label("To", exact=True).fill(KIM)
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")
    row(page, "Invoice archived beside").get_by_role("checkbox").check()
    page.locator(".list-actions").get_by_role("button", name="Archive").click()
    expect(page.locator("#toasts")).to_contain_text("Archived 1 message.")
    page.get_by_label("Subject").fill("Fwd: archived beside")
    with page.expect_response(lambda answer: answer.url.endswith("/drafts") and answer.ok):
        page.get_by_role("textbox", name="Message").press_sequentially("Gone on. ")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#toasts")).to_contain_text("Message sent.")
    assert files(world, "Fwd: archived beside") == ["invoice.pdf"]


def test_a_forward_that_was_kept_has_nothing_left_to_save(world: World, page: Page) -> None:
    with_invoice(world, "Invoice kept once")
    page.goto(INBOX)
    open_row(page, "Invoice kept once")
    page.locator("#pane").get_by_role("button", name="Forward").click()
    page.get_by_label("To", exact=True).fill(KIM)
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")
    saves: list[str] = []
    page.on("request", lambda asked: saves.append(asked.url) if asked.url.endswith("/drafts") else None)
    page.locator("#sidebar").get_by_role("link", name="Archive").click()
    expect(page.locator("#list")).to_have_attribute("aria-label", "Archive")
    assert page.url.endswith(folder_url(SUPPORT, "Archive"))
    assert saves == []
