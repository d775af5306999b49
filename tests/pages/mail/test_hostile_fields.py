"""A stranger, or a colleague, writes HTML into every field there is: on every page it is words and nothing else."""

import base64
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy import select
from sqlalchemy.orm import Session

from auth.models import Login
from core.db import Base
from mail.imap.client import Imap
from mail.imap.pool import Pool
from mail.sasl import Credential
from mailboxes.models import Mailbox, Membership
from tests.cast import ANA, BEN, EVE, HELP, SUPPORT
from tests.hostile.build import TRAP
from tests.pages.mail.browser import visit
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.letters import find
from tests.pages.mail.stage import listen
from tests.pages.mail.trap import Trap
from tests.servers.harness import World
from tests.visitor import Visitor, folder_url

RUN = "document.title='owned'"
MARK = f"<b class=owned hx-get=http://{TRAP}/ hx-trigger=load>"
EVIL = f"\"'><img src=x onerror={RUN}>{MARK}</script></textarea></title>{{{{7*7}}}}"
FOLDER = "\"'><img src=x onerror=owned><b class=owned>"
FRAGMENT = {"HX-Request": "true"}


class Injected(HTMLParser):
    """What in a page came out of a field instead of a template."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name: value or "" for name, value in attrs}
        ours = names.get("hx-get", "/").startswith("/") and not any(name.startswith("on") for name in names)
        if not ours or "owned" in names.get("class", "") or names.get("src") == "x":
            self.found.append(self.get_starttag_text() or tag)


def quoted(text: str) -> bytes:
    return b'"' + text.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'


def evil_letter() -> bytes:
    name = quoted(EVIL)
    return b"\r\n".join(
        [
            b"From: " + name + b" <mallory@evil.test>",
            b"To: " + name + b" <help@other.test>, <" + MARK.encode().replace(b" ", b"") + b"@evil.test>",
            b"Cc: " + name + b" <cc@evil.test>",
            b"Reply-To: " + name + b" <reply@evil.test>",
            b"Subject: evil in every field " + EVIL.encode(),
            b"Message-ID: <evil-fields@evil.test>",
            b"MIME-Version: 1.0",
            b"Content-Type: multipart/mixed; boundary=edge",
            b"",
            b"--edge\r\nContent-Type: text/plain; charset=utf-8\r\n",
            EVIL.encode(),
            b"> " + EVIL.encode(),
            b"--edge\r\nContent-Type: image/png; name=" + quoted(EVIL),
            b"Content-Disposition: attachment; filename=" + quoted(EVIL) + b"\r\n",
            EVIL.encode(),
            b"--edge--",
            b"",
        ]
    )


@pytest.fixture(scope="module")
def marked(world: World, app: Flask) -> Iterator[None]:
    """help@ and eve carry HTML in everything that has a name, and a folder of help@ is called so."""
    with world.db.write() as session:
        kept = _named(session)
        for row, name, _ in kept:
            setattr(row, name, EVIL[:120])
    pool = Pool("127.0.0.1", world.config.imap_port)
    with pool.connection(Credential(EVE, world.key(EVE), HELP), owner=0) as imap:
        assert isinstance(imap, Imap)
        imap.folders.create(FOLDER)
    pool.close_all()
    world.deliver(HELP, evil_letter(), sender="mallory@evil.test")
    yield
    with world.db.write() as session:
        for (row, name, _), (_, _, value) in zip(_named(session), kept, strict=True):
            setattr(row, name, value)


def _named(session: Session) -> list[tuple[Base, str, str]]:
    """What has a name or a text that people choose: the row, its column, and what stands there."""
    shared = session.scalars(select(Mailbox).where(Mailbox.address == HELP)).one()
    membership = session.scalars(select(Membership).where(Membership.mailbox_id == shared.id)).one()
    eve = session.scalars(select(Login).where(Login.name == EVE, Login.role == "person")).one()
    fields = [(shared, "display_name"), (shared, "signature"), (membership, "custom_label"), (eve, "display_name")]
    return [(row, name, getattr(row, name)) for row, name in fields]


@pytest.fixture
def eve(sign_in: SignIn) -> Visitor:
    return sign_in(EVE)


def pages(eve: Visitor) -> list[str]:
    """Every page that shows any of it."""
    letter = find(eve, HELP, "evil in every field")
    inbox, odd = folder_url(HELP), folder_url(HELP, FOLDER.replace("~", "~0").replace("/", "~1"))
    asked = quote(EVIL)
    messages = [letter + view for view in ("", "/print", "/source", "/reply", "/reply-all", "/forward", "/draft")]
    lists = [inbox, odd, f"{inbox}sidebar", f"{inbox}?q={asked}&from={asked}&subject={asked}", f"{odd}?q={asked}"]
    errors = [f"/mail/{asked}/f/INBOX/", f"{folder_url(HELP)}{asked}", f"/mail/{HELP}/f/{asked}/", f"/{asked}"]
    others = [f"/mail/{HELP}/compose?to={asked}", f"/mail/{HELP}/compose", "/settings/security", "/settings/sessions"]
    return [*messages, *lists, *errors, *others, f"/login?next={asked}", f"/image/{asked}/1/{asked}"]


@pytest.mark.usefixtures("marked")
def test_on_every_page_and_in_every_fragment_it_is_words(eve: Visitor) -> None:
    shown = 0
    for url in pages(eve):
        for headers in ({}, FRAGMENT):
            answer = eve.get(url, **headers)
            assert answer.status_code < 500, url
            assert Injected(answer.text).found == [], url
            shown += "&lt;img src=x" in answer.text
            assert ">49<" not in answer.text, url
    assert shown > 20


@pytest.mark.usefixtures("marked")
def test_what_is_sent_back_after_a_mistake_is_words(eve: Visitor) -> None:
    fields = dict(eve.page(f"/mail/{HELP}/compose").fields)
    evil = {"to": EVIL, "cc": EVIL, "bcc": EVIL, "subject": EVIL, "text": EVIL, "html": EVIL, "mode": EVIL}
    for headers in ({}, FRAGMENT):
        for path in ("send", "drafts", "drafts/attach"):
            answer = eve.post(f"/mail/{HELP}/{path}", fields | evil, **headers)
            assert answer.status_code < 500, path
            assert Injected(answer.text).found == [], path
    answer = eve.post(f"/mail/{HELP}/send", fields | evil | {"key": EVIL})
    assert answer.status_code < 500
    assert Injected(answer.text).found == []
    moved = eve.post(folder_url(HELP) + "move", {"ref": EVIL, "to": EVIL, "q": EVIL, "page": EVIL})
    assert moved.status_code < 500
    assert Injected(moved.text).found == []


@pytest.mark.usefixtures("marked")
def test_in_chromium_nothing_of_it_comes_to_life(
    browser: Browser, site: str, world: World, eve: Visitor, trap: Trap
) -> None:
    context, page = visit(browser, site, world.sign_in(EVE))
    owned = listen(page)
    trap.clear()
    for url in pages(eve):
        page.goto(url)
        assert page.locator(".owned, [onerror], [src=x]").count() == 0, url
    page.wait_for_timeout(300)
    assert (owned, trap.caught) == ([], [])
    context.close()


def test_a_draft_that_a_colleague_left_is_restored_as_words(
    browser: Browser, site: str, world: World, sign_in: SignIn, trap: Trap
) -> None:
    ana, ben = sign_in(ANA), sign_in(BEN)
    fields = dict(ana.page(f"/mail/{SUPPORT}/compose").fields)
    evil = {"to": EVIL, "cc": EVIL, "bcc": EVIL, "subject": f"left by ana {EVIL}", "text": EVIL}
    kinds = {"text": {"format": "text"}, "html": {"format": "html", "html": f"<p>{EVIL}<script>{RUN}</script></p>"}}
    for number, (kind, body) in enumerate(kinds.items()):
        key = f"{number:032x}"
        saved = ana.post(f"/mail/{SUPPORT}/drafts", fields | evil | body | {"key": key})
        assert saved.status_code == 303, kind
        for headers in ({}, FRAGMENT):
            answer = ben.get(saved.location, **headers)
            assert answer.status_code == 200
            assert Injected(answer.text).found == [], kind
        context, page = visit(browser, site, world.sign_in(BEN))
        owned = listen(page)
        trap.clear()
        page.goto(saved.location)
        page.wait_for_timeout(300)
        assert page.get_by_label("Subject", exact=True).input_value().startswith("left by ana")
        assert (owned, trap.caught) == ([], [])
        context.close()
        assert ben.post(f"/mail/{SUPPORT}/drafts/discard", dict(ben.page(saved.location).fields)).status_code == 303


@pytest.mark.parametrize(
    "kept",
    [
        {"to": "\ud800", "cc": EVIL, "mode": EVIL, "folder": "\udfff", "answers": "1.1"},
        {"to": 1, "cc": [EVIL], "bcc": None, "mode": "reply", "folder": EVIL, "answers": EVIL},
        [EVIL],
        EVIL,
    ],
)
def test_a_message_that_pretends_to_be_a_draft_of_ours(world: World, sign_in: SignIn, kept: object) -> None:
    encoded = base64.b64encode(json.dumps(kept).encode())
    letter = b"X-Postroom-Draft: " + encoded + b"\r\nSubject: pretends\r\nFrom: m@evil.test\r\n\r\nHello\r\n"
    world.deliver(EVE, letter, sender="mallory@evil.test")
    eve = sign_in(EVE)
    url = find(eve, EVE, "pretends")
    answer = eve.get(f"{url}/draft")
    assert answer.status_code == 200
    assert Injected(answer.text).found == []
    eve.post(folder_url(EVE) + "delete", {"ref": url.rpartition("/")[2]})


def test_the_eye_that_looks_for_it_sees_it() -> None:
    assert len(Injected(EVIL).found) == 2
