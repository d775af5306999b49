"""Remote images: shown when somebody asks for them, and until they want it no more."""

from email.message import EmailMessage
from email.policy import SMTP

from playwright.sync_api import expect

from tests.cast import ANA, BEN, KIM, SUPPORT
from tests.pages.mail.conftest import Window
from tests.pages.mail.hands import INBOX, open_row, received
from tests.servers.harness import World

BLOCKED, ALWAYS = "Remote images are blocked", "Images of this sender are always shown."


def picture(world: World, subject: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = KIM, SUPPORT, subject
    message.set_content('<p>Look:</p><img src="https://images.example/a.png">', subtype="html")
    received(world, subject, raw=message.as_bytes(policy=SMTP))


def test_ana_always_wants_kims_images_until_she_does_not(window: Window, world: World) -> None:
    picture(world, "With a picture")
    picture(world, "With another picture")
    ana, ben = window(ANA), window(BEN)
    ana.goto(INBOX)
    open_row(ana, "With a picture")
    image = ana.frame_locator(".message-frame").locator("img")
    expect(ana.get_by_text(BLOCKED)).to_be_visible()
    ana.get_by_role("button", name="Always from this sender").click()
    expect(ana.get_by_text(ALWAYS)).to_be_visible()
    open_row(ana, "With another picture")
    expect(ana.get_by_text(ALWAYS)).to_be_visible()
    assert "/image/" in (image.get_attribute("src") or "")

    ben.goto(INBOX)
    open_row(ben, "With a picture")
    expect(ben.get_by_text(BLOCKED)).to_be_visible()

    ana.get_by_role("button", name="Stop showing them").click()
    expect(ana.get_by_text(BLOCKED)).to_be_visible()
    open_row(ana, "With a picture")
    expect(ana.get_by_text(BLOCKED)).to_be_visible()
    assert image.get_attribute("src") is None
