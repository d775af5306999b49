"""Storage on the pages: owners and members see that it runs out, and may still delete; and what waits in the badge."""

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import update

from mailboxes.models import Account, Mailbox
from mailboxes.storage import MEBIBYTE, recount
from mailboxes.storage_counts import write_down
from tests.cast import ANA, CLEO, DAN, EVE, SUPPORT
from tests.pages.console.console import Desk
from tests.servers.harness import World
from tests.visitor import Visitor, folder_url

SignIn = Callable[[str], Visitor]
TERABYTE = 1_000_000 * MEBIBYTE
LETTER = b"From: kim@customer.test\r\nTo: dan@brand-a.test\r\nSubject: Hello\r\n\r\nHello\r\n"
NOTICE = re.compile(r'storage-notice" role="status">(.*?)</div>', re.DOTALL)


@pytest.fixture(autouse=True)
def _room_again(world: World) -> Iterator[None]:
    yield
    with world.db.write() as session:
        session.execute(update(Mailbox).values(used_bytes=0, quota_mb=None))
        session.execute(update(Account).where(Account.name == "Acme").values(plan="Agency"))
        for account_id in (1, 2, 3):
            recount(session, account_id)


def notice(html: str) -> str:
    """What a page says about the storage, without its marks."""
    found = NOTICE.search(html)
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", found[1]).split())) if found else ""


def test_while_there_is_room_nothing_is_said(world: World, olive: Desk, sign_in: SignIn) -> None:
    write_down(world.db, {ANA: TERABYTE * 89 // 100})
    assert notice(olive.page("/mailboxes").html) == notice(olive.page("/plan").html) == ""
    assert notice(sign_in(ANA).page(folder_url(ANA)).html) == ""


def test_owners_and_members_are_told_before_it_is_full(world: World, olive: Desk, sign_in: SignIn) -> None:
    write_down(world.db, {ANA: TERABYTE * 95 // 100})
    for page in ("/mailboxes", "/plan"):
        assert notice(olive.page(page).html).startswith(
            "The storage is nearly full. The account's mailboxes together use 950 GB of 1 TB on the Agency plan."
        )
    for address in (CLEO, SUPPORT):
        said = notice(sign_in(CLEO).page(folder_url(address)).html)
        assert said.startswith("The storage is nearly full.")
        assert said.endswith("or ask who runs the account for more.")
    assert notice(sign_in(EVE).page(folder_url(EVE)).html) == ""


def test_a_full_pool_blocks_nobody_who_makes_room(world: World, olive: Desk, sign_in: SignIn) -> None:
    world.deliver(DAN, LETTER)
    write_down(world.db, {ANA: TERABYTE})
    visitor = sign_in(DAN)
    assert notice(visitor.page(folder_url(DAN)).html).startswith("The storage is full.")
    for folder, action in (("INBOX", "delete"), ("Trash", "delete_forever")):
        shown = visitor.page(folder_url(DAN, folder))
        ref = next(url.rpartition("/")[2] for url in shown.links if re.search(rf"/{folder}/\d+\.\d+$", url))
        assert visitor.post(folder_url(DAN, folder) + action, {"ref": ref}).status_code == 303
        assert world.folder(DAN, folder) == []
    # The console makes, deletes and restores as ever.
    address = olive.make("roomy")
    assert olive.post(f"{olive.path(address)}/delete", address=address).status_code == 303
    assert olive.post(f"/mailboxes/bin/{olive.mailbox(address)}/restore").status_code == 303


def test_the_plan_page_says_what_is_set_aside(world: World, olive: Desk) -> None:
    with world.db.write() as session:
        session.execute(update(Mailbox).where(Mailbox.address == DAN).values(quota_mb=2_000))
        recount(session, 1)
    assert "2 GB of it are set aside" in olive.page("/plan").text
    assert "of 2 GB" in olive.page("/mailboxes?q=dan").text


def test_mail_waits_uncounted_while_the_mail_server_is_away(world: World, app: Flask, olive: Desk) -> None:
    lone = olive.make("hermit")
    shared = olive.make_shared("quiet", lone)
    assert olive.post(f"{olive.path(lone)}/delete", address=lone).status_code == 303
    world.deliver(shared, LETTER)
    assert re.search(r"No members\s+· 1 unread", olive.page("/mailboxes?q=quiet").text)
    world.stop_dovecot()
    try:
        row = olive.page("/mailboxes?q=quiet").text
    finally:
        world.start_dovecot()
    assert "No members" in row
    assert "unread" not in row
