"""People make folders of their own, name them anew and take them away; and they empty the Trash."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from mail.imap.refs import encode_folder
from tests.cast import ANA, BEN, CLEO, DAN, SUPPORT
from tests.pages.mail.browser import visit
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.letters import copies, deliver, find, letter
from tests.servers.harness import World
from tests.visitor import Page, Visitor, folder_url
from webmail import foldering

ACTS: list[tuple[str, dict[str, Any]]] = [
    ("create", {"name": "Not by cleo"}),
    ("rename", {"folder": "Archive", "name": "Not by cleo"}),
    ("delete", {"folder": "Archive"}),
    ("empty-trash", {}),
]


def url(mailbox: str, act: str = "") -> str:
    return f"/mail/{mailbox}/folders{'/' + act if act else ''}"


def test_ben_makes_a_folder_for_the_team_and_ana_moves_mail_into_it(world: World, sign_in: SignIn) -> None:
    ben, ana = sign_in(BEN), sign_in(ANA)
    page = ben.page(folder_url(SUPPORT))
    assert url(SUPPORT) in page.controls
    assert ben.post(url(SUPPORT, "create"), {"name": "  Rückfragen & Co "}).status_code == 303
    assert "Made the folder Rückfragen &amp; Co." in ben.page(url(SUPPORT)).html
    deliver(world, "Into the new folder")
    message = find(ana, SUPPORT, "Into the new folder")
    assert "Rückfragen & Co" in ana.page(message).text
    moved = ana.post(folder_url(SUPPORT) + "move", {"ref": message.rpartition("/")[2], "to": "Rückfragen & Co"})
    assert moved.status_code == 303
    assert find(ben, SUPPORT, "Into the new folder", "Rückfragen & Co")

    # With mail in it, it can be named anew, not taken away.
    full = ben.post(url(SUPPORT, "delete"), {"folder": "Rückfragen & Co"})
    assert full.status_code == 409
    assert "still something in this folder" in Page(full.text).text
    assert ben.post(url(SUPPORT, "rename"), {"folder": "Rückfragen & Co", "name": "Questions"}).status_code == 303
    message = find(ben, SUPPORT, "Into the new folder", "Questions")
    emptied = ana.post(folder_url(SUPPORT, "Questions") + "archive", {"ref": message.rpartition("/")[2]})
    assert emptied.status_code == 303, emptied.text
    assert ben.post(url(SUPPORT, "delete"), {"folder": "Questions"}).status_code == 303
    assert ben.get(folder_url(SUPPORT, "Questions")).status_code == 404


@pytest.mark.parametrize("name", ["", "   ", "a/b", "100%", "all*", ".hidden", "~home", "inbox", "ARCHIVE", "n" * 61])
def test_a_name_that_cannot_be_is_refused_in_words(sign_in: SignIn, name: str) -> None:
    dan = sign_in(DAN)
    before = dan.page(url(DAN)).links
    refused = dan.post(url(DAN, "create"), {"name": name})
    assert refused.status_code in (400, 409)
    page = Page(refused.text)
    page.check()
    assert 'role="alert"' in page.html
    assert page.fields["name"] == name
    assert dan.page(url(DAN)).links == before


def test_a_folder_nobody_can_name_twice(sign_in: SignIn) -> None:
    dan = sign_in(DAN)
    for name in ("Bills", "Taxes"):
        assert dan.post(url(DAN, "create"), {"name": name}).status_code == 303
    assert "already exists" in dan.post(url(DAN, "create"), {"name": "bills"}).text
    assert "already exists" in dan.post(url(DAN, "rename"), {"folder": "Bills", "name": "Taxes"}).text
    assert dan.post(url(DAN, "rename"), {"folder": "Bills", "name": "BILLS"}).status_code == 303


@pytest.mark.parametrize("name", ["INBOX", "Sent", "Drafts", "Trash"])
def test_the_folders_of_every_mailbox_stay(sign_in: SignIn, name: str) -> None:
    dan = sign_in(DAN)
    for act in ("rename", "delete"):
        refused = dan.post(url(DAN, act), {"folder": name, "name": "Mine"})
        assert refused.status_code in (404, 409)
    assert dan.post(url(DAN, "rename"), {"folder": "Never made", "name": "Mine"}).status_code == 404


def test_the_trash_is_emptied_after_a_question(world: World, sign_in: SignIn) -> None:
    deliver(world, "Thrown away for good")
    ben = sign_in(BEN)
    message = find(ben, SUPPORT, "Thrown away for good")
    ben.post(folder_url(SUPPORT) + "delete", {"ref": message.rpartition("/")[2]})
    asked = ben.page(url(SUPPORT, "empty-trash"))
    assert "gone for good" in asked.text
    assert copies(world, SUPPORT, "Thrown away for good", "Trash") == 1
    assert ben.post(url(SUPPORT, "empty-trash"), {}).status_code == 303
    assert world.folder(SUPPORT, "Trash") == []
    assert "empty already" in ben.page(url(SUPPORT, "empty-trash")).text


def test_what_a_colleague_threw_away_a_moment_ago_goes_too(world: World, sign_in: SignIn) -> None:
    for name in ("First to go", "Second to go"):
        world.deposit(SUPPORT, letter(name))
    ana, ben = sign_in(ANA), sign_in(BEN)
    ana.post(url(SUPPORT, "empty-trash"), {})
    for _ in range(2):  # and the Trash stays in ana's hand
        ana.page(folder_url(SUPPORT, "Trash"))
    for name in ("First to go", "Second to go"):
        ben.post(folder_url(SUPPORT) + "delete", {"ref": find(ben, SUPPORT, name).rpartition("/")[2]})
    assert "2 messages" in ana.page(url(SUPPORT, "empty-trash")).text
    ana.page(folder_url(SUPPORT, "Trash"))
    assert ana.post(url(SUPPORT, "empty-trash"), {}).status_code == 303
    assert world.folder(SUPPORT, "Trash") == []


def test_a_full_trash_is_emptied_step_by_step(world: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foldering, "AT_ONCE", 2)
    ana, ben = sign_in(ANA), sign_in(BEN)
    while world.folder(SUPPORT, "Trash"):
        ana.post(url(SUPPORT, "empty-trash"), {})
    for number in range(5):
        world.deposit(SUPPORT, letter(f"Step {number}"), folder="Trash")
    world.deposit(SUPPORT, letter("Thrown away meanwhile"))
    first = ana.post(url(SUPPORT, "empty-trash"), {})
    assert "2 of 5 messages are gone" in first.text
    ben.post(folder_url(SUPPORT) + "delete", {"ref": find(ben, SUPPORT, "Thrown away meanwhile").rpartition("/")[2]})
    second = ana.post(url(SUPPORT, "empty-trash"), hidden(first.text))
    assert "4 of 5 messages are gone" in second.text
    last = ana.post(url(SUPPORT, "empty-trash"), hidden(second.text))
    assert last.status_code == 303
    assert "Deleted 5 messages for good." in ana.page(last.headers["Location"]).text
    assert [copies(world, SUPPORT, about, "Trash") for about in ("Step 4", "Thrown away meanwhile")] == [0, 1]


def test_a_full_trash_is_emptied_by_itself_after_one_click(
    world: World, browser: Browser, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foldering, "AT_ONCE", 2)
    for number in range(3):
        world.deposit(DAN, letter(f"One click {number}", to=DAN), folder="Trash")
    context, page = visit(browser, site, world.sign_in(DAN))
    page.goto(url(DAN, "empty-trash"))
    page.get_by_role("button", name="Empty Trash").click()
    expect(page.get_by_text("Deleted 3 messages for good.")).to_be_visible()
    context.close()


@pytest.mark.parametrize(("until", "status"), [("1.1", 409), ("no-message", 404), ("9" * 40, 404)])
def test_a_trash_that_is_another_one_by_now_is_left_alone(
    world: World, sign_in: SignIn, until: str, status: int
) -> None:
    world.deposit(SUPPORT, letter(about := f"Stays in the Trash until {until}"), folder="Trash")
    assert sign_in(ANA).post(url(SUPPORT, "empty-trash"), {"until": until, "gone": "many"}).status_code == status
    assert copies(world, SUPPORT, about, "Trash") == 1


def hidden(page: str) -> dict[str, str]:
    """What the page's own form would send on."""
    return dict(re.findall(r'<input type="hidden" name="(until|gone)" value="([^"]*)">', page))


def test_the_list_and_the_folders_count_the_same_new_mail(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    ana.page(folder_url(SUPPORT))
    before = unread(ana)
    for number in range(3):
        world.deposit(SUPPORT, letter(f"Counted at once {number}"))
    assert unread(ana) == before + 3


def unread(visitor: Visitor) -> int:
    """What the sidebar says of the folder, when it brings the list along."""
    shown = visitor.get(folder_url(SUPPORT) + "sidebar?list=1").text
    found = re.search(r'data-unread="(\d+)"', shown)
    assert found is not None
    return int(found[1])


def test_a_folder_inside_another_may_be_called_like_one_outside(world: World, sign_in: SignIn) -> None:
    dan = sign_in(DAN)
    with world.imap(DAN) as raw:
        for name in ("Outside", "Box", "Box/Inside", "Box/Other"):
            raw.create(name)
    assert dan.post(url(DAN, "rename"), {"folder": encode_folder("Box/Inside"), "name": "Outside"}).status_code == 303
    assert dan.get(folder_url(DAN, encode_folder("Box/Outside"))).status_code == 200
    assert (
        "already exists" in dan.post(url(DAN, "rename"), {"folder": encode_folder("Box/Outside"), "name": "other"}).text
    )


@pytest.mark.parametrize(("act", "fields"), ACTS)
def test_who_only_reads_changes_no_folder(sign_in: SignIn, act: str, fields: dict[str, Any]) -> None:
    cleo = sign_in(CLEO)
    assert cleo.post(url(SUPPORT, act), fields).status_code == 403
    assert cleo.get(url(SUPPORT)).status_code == 403
    assert url(SUPPORT) not in cleo.page(folder_url(SUPPORT)).controls
    assert sign_in(DAN).post(url(SUPPORT, act), fields).status_code == 404
