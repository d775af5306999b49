"""The mail server goes away, hangs, or changes under somebody: the next click works, and means what it meant."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from mail.imap.pool import REST_SECONDS
from pages.mail import page_time
from tests.cast import ANA, BEN, DAN, KIM, SUPPORT
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.faults.steps import AWAY, send, shown, subject, together, without_dovecot, written
from tests.pages.mail.letters import arrived, copies, deliver, find
from tests.pages.mail.relay import Relay
from tests.servers.harness import World
from tests.visitor import Page, Visitor, folder_url

# Dovecot goes away


def test_dovecot_is_killed_and_restarted_and_the_next_click_works(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    clicks = [folder_url(SUPPORT), find(ana, SUPPORT, "For everybody"), find(ana, ANA, "For ana"), folder_url(ANA)]
    for click in clicks:
        with without_dovecot(world):
            pass
        assert ana.get(click).status_code == 200


def test_the_next_click_may_be_a_change(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    deliver(world, about := subject("Star me"))
    url = find(ana, SUPPORT, about)
    token = ana.token()
    with without_dovecot(world):
        pass
    answer = ana.post(folder_url(SUPPORT) + "star", {"ref": url.rpartition("/")[2]}, token=token)
    assert answer.status_code == 303
    assert "flagged" in ana.get(folder_url(SUPPORT)).text


def test_while_dovecot_is_away_the_page_says_so_and_what_was_written_stays(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = written(ana, about := subject("While it was away"))
    began = time.monotonic()
    with without_dovecot(world):
        for click in (folder_url(SUPPORT), folder_url(ANA), folder_url(ANA) + "sidebar"):
            answer = ana.get(click)
            assert answer.status_code == 503
            assert AWAY in Page(answer.text).text
        fragment = ana.get(folder_url(SUPPORT), **{"HX-Request": "true"})
        assert fragment.headers["HX-Retarget"] == "#notice"  # the rest of the page stays as it is
        for act in ("send", "drafts"):
            refused = ana.post(f"/mail/{SUPPORT}/{act}", form, token=form["csrf_token"])
            assert refused.status_code == 503
            assert form["text"] in refused.text
            kept = ana.post(f"/mail/{SUPPORT}/{act}", form, token=form["csrf_token"], **{"HX-Request": "true"})
            assert kept.headers["HX-Retarget"] == "#notice"
        assert ana.get("/settings/security").status_code == 200
        assert time.monotonic() - began < 10
    assert copies(world, KIM, about) == 0
    assert send(ana, form).status_code == 303
    arrived(world, KIM, about)
    assert copies(world, KIM, about) == 1


def test_while_dovecot_is_away_a_draft_keeps_its_files(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = written(ana, about := subject("Its file stays"))
    chosen = {"files": (BytesIO(b"The plan"), "plan.txt")}
    saved = ana.post(f"/mail/{SUPPORT}/drafts", form | chosen, token=form["csrf_token"])
    form = shown(ana.page(saved.location), about)
    del form["files"]
    for act in ("send", "drafts"):
        with without_dovecot(world):
            refused = ana.post(f"/mail/{SUPPORT}/{act}", form, token=form["csrf_token"])
        assert refused.status_code == 503
        assert AWAY in Page(refused.text).text
        form = shown(Page(refused.text), about)
        del form["files"]
        assert form["keep"]
    assert send(ana, form).status_code == 303
    assert [part.get_filename() for part in arrived(world, KIM, about).iter_attachments()] == ["plan.txt"]


def test_a_dovecot_that_hangs_is_given_up_in_time(world: World, app: Flask, imap_line: Relay, sign_in: SignIn) -> None:
    ana, dan = sign_in(ANA), sign_in(DAN)
    form = written(ana, about := subject("While it hung"))
    dan.page(folder_url(DAN))

    def timed(act: Callable[[], Any]) -> Callable[[], tuple[Any, float]]:
        def timing() -> tuple[Any, float]:
            began = time.monotonic()
            return act(), time.monotonic() - began

        return timing

    save = f"/mail/{SUPPORT}/drafts"
    imap_line.silent = True
    try:
        saved, listed = together(
            timed(lambda: ana.post(save, form, token=form["csrf_token"])), timed(lambda: dan.get(folder_url(DAN)))
        )
        again = timed(lambda: dan.get(folder_url(DAN)))()
        assert again[1] < 1, "somebody waited once more for a server that had just hung"
    finally:
        imap_line.calm()
        time.sleep(REST_SECONDS)
    for answer, seconds in (saved, listed, again):
        assert answer.status_code == 503
        assert AWAY in Page(answer.text).text
        assert seconds < 10
    assert form["text"] in saved[0].text
    assert send(ana, form).status_code == 303
    assert dan.get(folder_url(DAN)).status_code == 200
    arrived(world, KIM, about)


def test_a_page_is_given_up_as_a_whole_however_quick_each_answer_is(
    imap_line: Relay, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = sign_in(ANA)
    url = find(ana, SUPPORT, "For everybody")
    imap_line.delay = 0.1
    try:
        assert ana.get(url).status_code == 200
        monkeypatch.setattr(page_time, "PAGE_SECONDS", 0.25)
        slow = ana.get(url)
        assert slow.status_code == 503
        page = Page(slow.text)
        assert AWAY in page.text
        assert (page.links[url], page.links[f"{url}/message.eml"]) == ("Try again", "Download the message")
        fragment = Page(ana.get(url, **{"HX-Request": "true"}).text)
        assert (url in fragment.links, fragment.links[f"{url}/message.eml"]) == (False, "Download the message")
        assert ana.page(folder_url(SUPPORT), 503).links[folder_url(SUPPORT)] == "Try again"
    finally:
        imap_line.calm()
    monkeypatch.undo()
    assert ana.get(url).status_code == 200


def test_a_colleague_reads_on_while_somebody_elses_request_hangs(imap_line: Relay, sign_in: SignIn) -> None:
    ana, ben = sign_in(ANA), sign_in(BEN)
    for member in (ana, ben):
        member.page(folder_url(SUPPORT))
    imap_line.trouble("hold", rb"SORT")
    assert ana.get(folder_url(SUPPORT)).status_code == 503
    assert ben.get(folder_url(SUPPORT)).status_code == 200
    assert ana.get(folder_url(SUPPORT)).status_code == 503  # hers rests
    assert ana.get(folder_url(SUPPORT, "Sent")).status_code == 200
    assert ana.get(folder_url(ANA)).status_code == 200


def _status(person: Visitor, page: str) -> int:
    return person.get(page).status_code


def test_thirty_people_click_while_dovecot_is_killed(
    world: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_time, "PAGE_SECONDS", 60.0)  # thirty first pages at once are much for a small machine
    people = [sign_in(address) for address in (ANA, BEN, DAN) * 10]
    pages = [folder_url(SUPPORT if person.address == BEN else person.address) for person in people]
    clicks = [partial(_status, person, page) for person, page in zip(people, pages, strict=True)]
    assert [click() for click in clicks] == [200] * 30
    with without_dovecot(world):
        began = time.monotonic()
        assert together(*clicks) == [503] * 30
        assert time.monotonic() - began < 10
    assert together(*clicks) == [200] * 30
    with ThreadPoolExecutor(1) as aside, without_dovecot(world):
        clicking = aside.submit(together, *clicks)
        time.sleep(0.3)
    # In the very moment between: whoever waited long enough for it sees the page, the others are told.
    assert set(clicking.result()) <= {200, 503}
    assert together(*clicks) == [200] * 30


# Somebody else changes the folder


def test_a_folder_rebuilt_elsewhere_never_means_another_message(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    for about in (names := [subject("Rebuilt") for _ in range(3)]):
        deliver(world, about)
    url = find(ana, SUPPORT, names[1])
    token = ana.token()
    before = sorted(world.folder(SUPPORT))
    local, _, domain = SUPPORT.partition("@")
    inbox = world.config.mail_root / domain / local / "inbox"
    for path in inbox.glob("dovecot*"):  # what a restored backup looks like: other UIDs, another UIDVALIDITY
        path.unlink()
    where, _, ref = url.rpartition("/")
    for act in ("delete", "archive", "star", "delete_forever"):
        answer = ana.post(f"{where}/{act}", {"ref": ref}, token=token)
        assert answer.status_code == 409
    stale = ana.get(url)
    assert stale.status_code == 409
    assert "rebuilt" in stale.text
    assert sorted(world.folder(SUPPORT)) == before
    assert names[1] in ana.page(find(ana, SUPPORT, names[1])).text


def test_what_was_expunged_elsewhere_takes_nothing_else_with_it(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    names = [subject("Expunged") for _ in range(4)]
    for about in names:
        deliver(world, about)
    refs = [find(ana, SUPPORT, about).rpartition("/")[2] for about in names]
    token = ana.token()
    with world.imap(BEN, mailbox=SUPPORT) as raw:
        raw.select()
        raw.uid("STORE", refs[1].partition(".")[2], "+FLAGS", "\\Deleted")
        raw.expunge()
    gone = ana.post(folder_url(SUPPORT) + "delete", {"ref": refs[1]}, token=token)
    assert gone.status_code == 404
    assert "moved or deleted" in gone.text
    both = ana.post(folder_url(SUPPORT) + "archive", {"ref": [refs[1], refs[2]]}, token=token)
    assert both.status_code == 303
    assert [copies(world, SUPPORT, about) for about in names] == [1, 0, 0, 1]
    assert [copies(world, SUPPORT, about, "Archive") for about in names] == [0, 0, 1, 0]


def test_a_folder_renamed_elsewhere_and_made_anew_is_another_folder(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    with world.imap(ANA) as raw:
        raw.create("Plans")
        raw.append("Plans", "", "", f"Subject: The old plan\r\nFrom: {KIM}\r\n\r\nOld\r\n".encode())
        old = find(ana, ANA, "The old plan", "Plans")
        ana.page(old)  # and the folder stays selected
        raw.rename("Plans", "Past")
        raw.create("Plans")
        raw.append("Plans", "", "", f"Subject: The new plan\r\nFrom: {KIM}\r\n\r\nNew\r\n".encode())
    token = ana.token()
    answer = ana.get(old)
    assert answer.status_code in (404, 409)
    assert "new plan" not in answer.text
    where, _, ref = old.rpartition("/")
    assert ana.post(f"{where}/delete", {"ref": ref}, token=token).status_code in (404, 409)
    assert copies(world, ANA, "The new plan", "Plans") == 1
    assert copies(world, ANA, "The old plan", "Past") == 1
