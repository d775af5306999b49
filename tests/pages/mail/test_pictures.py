"""Pictures that stand in the text of a letter come along when it is answered, passed on, or written to its end."""

import base64
import re
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.cast import ANA, KIM, SUPPORT
from tests.pages.mail.conftest import SignIn, Window
from tests.pages.mail.letters import arrived, find
from tests.servers.harness import World

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def with_picture(subject: str, name: str = "damage@kim", *, other: bool = True) -> bytes:
    """A letter whose text shows a picture, and one more that its text doesn't show."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = KIM, SUPPORT, subject
    message["Message-ID"] = f"<{subject.replace(' ', '.')}@customer.test>"
    message.set_content(f'<p>See the damage:</p><img src="cid:{name}" width="30" height="30" alt="">', subtype="html")
    message.add_related(PIXEL, "image", "png", cid=f"<{name}>", filename="damage.png", disposition="inline")
    if other:
        message.add_related(PIXEL + b"2", "image", "png", cid="<other@kim>", filename="other.png", disposition="inline")
    return message.as_bytes(policy=SMTP)


def picture_in(received: EmailMessage) -> bytes:
    """What the HTML that arrived shows in place of its picture."""
    html = received.get_body(("html",))
    assert html is not None
    name = html.get_content().partition('src="cid:')[2].partition('"')[0]
    found = [part for part in received.walk() if part["Content-ID"] == f"<{name}>"]
    assert len(found) == 1, received.as_string()
    data = found[0].get_payload(decode=True)
    assert isinstance(data, bytes)
    return data


def files(received: EmailMessage) -> list[str | None]:
    return [part.get_filename() for part in received.walk() if part.get_content_disposition() == "attachment"]


def is_seen(page: Page) -> None:
    """The editor shows the picture itself."""
    image = page.frame_locator("#compose iframe").locator("img").first
    expect(image).to_have_attribute("src", re.compile("^blob:"))
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1


def send(page: Page, about: str) -> None:
    page.get_by_label("To", exact=True).fill(KIM)
    page.get_by_label("Subject").fill(about)
    with page.expect_response(lambda answer: answer.url.endswith("/drafts") and answer.ok):
        page.frame_locator("#compose iframe").locator("body").press_sequentially("Sorry! ")
    is_seen(page)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#toasts")).to_contain_text("Message sent.")


@pytest.mark.parametrize(("how", "beside"), [("Reply", []), ("Forward", ["other.png"])])
def test_kims_picture_comes_back_to_her_in_its_place(
    world: World, sign_in: SignIn, window: Window, how: str, beside: list[str]
) -> None:
    world.deposit(SUPPORT, with_picture(f"Damage to {how}"))
    page = window()
    page.goto(find(sign_in(ANA), SUPPORT, f"Damage to {how}"))
    page.locator("#pane").get_by_role("button", name=how, exact=True).click()
    is_seen(page)
    send(page, f"{how} with a picture")
    received = arrived(world, KIM, f"{how} with a picture")
    assert picture_in(received) == PIXEL
    assert files(received) == beside


@pytest.mark.parametrize("name", ["damage@kim", "picture!1", "x" * 200])
def test_a_draft_of_another_program_is_sent_on_with_its_pictures(world: World, sign_in: SignIn, name: str) -> None:
    about = f"Drawn elsewhere {len(name)}"
    draft = with_picture(about).replace(b"damage@kim", name.encode())
    world.deposit(SUPPORT, draft, folder="Drafts", flags=["\\Draft"])
    ana = sign_in(ANA)
    page = ana.page(find(ana, SUPPORT, about, "Drafts"))
    keep = re.findall(r'name="keep" value="([^"]*)"', page.html)
    form: dict[str, Any] = page.fields | {"to": KIM, "subject": about, "format": "html", "keep": keep}
    assert ana.post(f"/mail/{SUPPORT}/send", form, token=form.pop("csrf_token")).status_code == 303
    received = arrived(world, KIM, about)
    assert picture_in(received) == PIXEL
    assert files(received) == ["other.png"]
