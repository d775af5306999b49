"""What breaks, and what must hold then: nothing lost, nothing doubled, and people are told the truth in time."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, event, select, update

from app import create_app
from mail.pool import REST_SECONDS
from mailboxes.models import Submission
from tests.cast import ANA, BEN, DAN, KIM, SUPPORT
from tests.servers.harness import World
from tests.visitor import Page, Visitor, folder_url
from tests.webmail.conftest import SignIn
from tests.webmail.grumpy import grumpy
from tests.webmail.letters import arrived, copies, deliver, find
from tests.webmail.process import Process, Tab
from tests.webmail.relay import Relay
from web.context import EXTENSION, Services

AWAY = "The mail server doesn't answer right now"
UNCERTAIN = "not certain that your message"
DOT = rb"\r\n\.\r\n\Z"
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A world of these tests' own: its servers are killed again and again."""
    with World(mail=False) as world:
        deliver(world, "For everybody at support")
        deliver(world, "For ana alone", ANA)
        yield world


@pytest.fixture(scope="module")
def imap_line(world: World) -> Iterator[Relay]:
    with Relay(world.config.imap_port) as relay:
        yield relay


@pytest.fixture(scope="module")
def smtp_line(world: World) -> Iterator[Relay]:
    with Relay(world.config.submission_port) as relay:
        yield relay


@pytest.fixture(scope="module")
def app(world: World, imap_line: Relay, smtp_line: Relay) -> Iterator[Flask]:
    app = create_app(replace(world.config, imap_port=imap_line.port, submission_port=smtp_line.port))
    yield app
    services: Services = app.extensions[EXTENSION]
    services.pool.close_all()
    services.db.dispose()


@pytest.fixture(autouse=True)
def _outbox_empty(world: World) -> None:
    """What an earlier test left there is not this one's business."""
    with world.db.write() as session:
        session.execute(delete(Submission))


def subject(about: str) -> str:
    """A subject no other test has."""
    return f"{about} {next(_NUMBERS)}"


def written(visitor: Visitor, about: str, mailbox: str = SUPPORT, **fields: str) -> dict[str, Any]:
    """A form that is ready to be sent."""
    form = visitor.page(f"/mail/{mailbox}/compose").fields
    return form | {"to": KIM, "subject": about, "text": f"The text of {about}", "format": "text"} | fields


def shown(page: Page, about: str) -> dict[str, Any]:
    """The form on this page, which has this subject (the search beside it has a field of the same name)."""
    assert f'value="{about}"' in page.html
    return page.fields | {"subject": about, "format": "text"}


def send(visitor: Visitor, form: dict[str, Any], **headers: str) -> Any:
    return visitor.post(f"/mail/{SUPPORT}/send", form, token=form["csrf_token"], **headers)


def later(world: World) -> None:
    """Some minutes pass for everything that lies in the outbox."""
    with world.db.write() as session:
        session.execute(
            update(Submission).values(created_at=Submission.created_at - 1000, updated_at=Submission.updated_at - 1000)
        )


def together(*acts: Callable[[], Any]) -> list[Any]:
    """All at the same moment."""
    start = threading.Barrier(len(acts))

    def one(act: Callable[[], Any]) -> Any:
        start.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as crowd:
        return list(crowd.map(one, acts))


@contextmanager
def without_dovecot(world: World) -> Iterator[None]:
    world.kill_dovecot()
    try:
        yield
    finally:
        world.start_dovecot()


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


def test_thirty_people_click_while_dovecot_is_killed(world: World, sign_in: SignIn) -> None:
    people = [sign_in(address) for address in (ANA, BEN, DAN) * 10]
    pages = [folder_url(SUPPORT if person.address == BEN else person.address) for person in people]
    clicks = [
        lambda person=person, page=page: person.get(page).status_code
        for person, page in zip(people, pages, strict=True)
    ]
    assert together(*clicks) == [200] * 30
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


# The submission server refuses, or says nothing


@pytest.mark.parametrize(
    ("stage", "reply", "status"),
    [
        ("greeting", "554 5.3.2 not today", 503),
        ("greeting", "421 4.3.2 too busy", 503),
        ("EHLO", "550 5.7.1 who are you", 503),
        ("AUTH", "454 4.7.0 try later", 503),
        ("AUTH", "535 5.7.8 no", 403),
        ("MAIL", "451 4.7.1 slow down", 422),
        ("MAIL", "550 5.7.1 not you", 422),
        ("MAIL", "421 4.3.2 closing", 503),
        ("RCPT", "450 4.2.1 full for now", 422),
        ("RCPT TO:<ben", "550 5.1.1 nobody here", 422),
        ("DATA", "554 5.5.1 no", 422),
        ("dot", "451 4.3.0 disk trouble", 422),
        ("dot", "552 5.3.4 too big", 422),
    ],
)
def test_a_refusal_sends_nothing_says_why_and_keeps_the_draft(
    world: World, app: Flask, sign_in: SignIn, stage: str, reply: str, status: int
) -> None:
    ana = sign_in(ANA)
    form = written(ana, about := subject("Refused"), to=f"{KIM}, {BEN}, {DAN}")
    with grumpy(app, {stage: reply}) as server:
        refused = send(ana, form)
        assert refused.status_code == status
        assert server.taken == []
        assert form["text"] in refused.text
        assert 'role="alert"' in refused.text
        if stage.startswith("RCPT TO"):
            said = Page(refused.text).text
            assert f"{BEN} doesn't exist at that server (the server said: 5.1.1 nobody here (550))." in said
            assert f"{KIM} doesn't" not in said
        if stage == "RCPT":
            said = Page(refused.text).text
            for address in (KIM, BEN, DAN):
                assert f"{address} can't take mail right now (the server said: 4.2.1 full for now (450))." in said
            assert "Try again in a while" in said
        if stage == "dot":
            assert Page(refused.text).text.count("The mail server didn't take the message") == 1
    assert copies(world, SUPPORT, about, "Drafts") == 1
    again = shown(Page(refused.text), about)
    assert again["to"] == form["to"]
    assert send(ana, again).status_code == 303  # the same form, to the real server
    for address in (KIM, BEN, DAN):
        arrived(world, address, about)
        assert copies(world, address, about) == 1
    assert copies(world, SUPPORT, about, "Drafts") == 0
    assert copies(world, SUPPORT, about, "Sent") == 1


@pytest.mark.parametrize(("trouble", "delivered"), [("lose the answer", 1), ("cut before", 0)])
def test_a_line_lost_after_the_final_dot_is_said_and_never_sent_again(
    world: World, smtp_line: Relay, sign_in: SignIn, trouble: Any, delivered: int
) -> None:
    ana = sign_in(ANA)
    form = written(ana, about := subject("Lost at the dot"))
    smtp_line.trouble(trouble, DOT)
    assert send(ana, form).status_code == 303
    assert copies(world, SUPPORT, about, "Drafts") == 1  # nothing of what she wrote is lost
    for _reload in range(2):
        page = ana.page(folder_url(SUPPORT))
        assert UNCERTAIN in page.text
    assert UNCERTAIN not in sign_in(BEN).page(folder_url(SUPPORT)).text
    assert send(ana, form).status_code == 303  # she clicks once more, in a tab that was still open
    later(world)
    ana.get(folder_url(SUPPORT))
    if delivered:
        arrived(world, KIM, about)
    assert copies(world, KIM, about) == delivered
    assert copies(world, SUPPORT, about, "Drafts") == 1  # nothing of what she wrote is lost
    draft = shown(ana.page(find(ana, SUPPORT, about, "Drafts")), about)
    assert (draft["to"], draft["text"].strip()) == (KIM, form["text"])
    dismiss = next(control for control in page.controls if control.endswith("/dismiss"))
    assert ana.post(dismiss, {}).status_code == 303
    assert UNCERTAIN not in ana.page(folder_url(SUPPORT)).text


# The copy in Sent


@pytest.mark.parametrize(
    ("trouble", "when"), [("cut before", rb' APPEND "Sent"'), ("lose the answer", rb"The text of Sent late \d+")]
)
def test_a_copy_that_could_not_be_filed_is_filed_once_by_whoever_looks(
    world: World, imap_line: Relay, sign_in: SignIn, trouble: Any, when: bytes
) -> None:
    ana, ben = sign_in(ANA), sign_in(BEN)
    form = written(ana, about := subject("Sent late"))
    imap_line.trouble(trouble, when)
    sent = ana.client.post(f"/mail/{SUPPORT}/send", data=form, follow_redirects=True)
    assert "Message sent. Its copy isn&#39;t in Sent yet" in sent.text
    assert UNCERTAIN not in sent.text
    arrived(world, KIM, about)
    assert send(ana, form).status_code == 303  # a second click changes nothing
    later(world)
    looks = [lambda who=who: who.get(folder_url(SUPPORT)).status_code for who in (ana, ben)]
    assert together(*looks) == [200, 200]
    assert copies(world, SUPPORT, about, "Sent") == 1
    later(world)
    assert together(*looks) == [200, 200]
    assert copies(world, SUPPORT, about, "Sent") == 1
    assert copies(world, KIM, about) == 1
    assert copies(world, SUPPORT, about, "Drafts") == 0


def test_two_members_send_the_same_draft_and_kim_gets_it_once(world: World, sign_in: SignIn) -> None:
    ana, ben = sign_in(ANA), sign_in(BEN)
    form = written(ana, about := subject("Finished by both"))
    assert ana.post(f"/mail/{SUPPORT}/drafts", form, token=form["csrf_token"]).status_code == 303
    url = find(ana, SUPPORT, about, "Drafts")
    forms = [shown(who.page(url), about) for who in (ana, ben)]
    clicks = [
        lambda who=who, form=form: send(who, form).status_code for who, form in zip((ana, ben), forms, strict=True)
    ]
    assert together(*clicks) == [303, 303]
    arrived(world, KIM, about)
    assert copies(world, KIM, about) == 1
    assert copies(world, SUPPORT, about, "Sent") == 1


# Drafts


def test_saves_that_cross_lose_nobodys_words(world: World, sign_in: SignIn) -> None:
    ana, ben = sign_in(ANA), sign_in(BEN)
    form = written(ana, about := subject("Saved by both"))
    assert ana.post(f"/mail/{SUPPORT}/drafts", form, token=form["csrf_token"]).status_code == 303
    url = find(ana, SUPPORT, about, "Drafts")
    forms = [(who, shown(who.page(url), about)) for who in (ana, ben)]
    for round_ in range(4):
        texts = [f"The words of {who.address}, round {round_}" for who, _form in forms]
        saves = [
            lambda who=who, form=form, text=text: who.post(
                f"/mail/{SUPPORT}/drafts", form | {"text": text}, token=form["csrf_token"]
            )
            for (who, form), text in zip(forms, texts, strict=True)
        ]
        saved = together(*saves)
        assert {answer.status_code for answer in saved} <= {303, 409}
        drafts = [raw for raw in world.folder(SUPPORT, "Drafts") if f"Subject: {about}".encode() in raw]
        assert [any(text.encode() in raw for raw in drafts) for text in texts] == [True, True]
        assert len(drafts) == 2
        forms = [
            (who, shown(who.page(answer.location) if answer.status_code == 303 else Page(answer.text), about))
            for (who, _form), answer in zip(forms, saved, strict=True)
        ]


# Postroom itself is killed


@pytest.fixture
def process(world: World, imap_line: Relay, smtp_line: Relay) -> Iterator[Process]:
    lines = {"IMAP_PORT": str(imap_line.port), "SUBMISSION_PORT": str(smtp_line.port)}
    try:
        with Process(world.environment() | lines) as process:
            yield process
    finally:
        imap_line.calm()
        smtp_line.calm()


def killed_while_sending(
    world: World, process: Process, about: str, reached: Callable[[], bool]
) -> tuple[Tab, dict[str, str]]:
    """ana sends; at the point `reached` the app dies, and is started again."""
    tab = Tab(process.port, world.sign_in(ANA))
    form = Page(tab.get(f"/mail/{SUPPORT}/compose")[1]).fields
    form |= {"to": KIM, "subject": about, "text": f"The text of {about}", "format": "text"}
    click = threading.Thread(target=_click, args=(tab, form))
    click.start()
    deadline = time.monotonic() + 8
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    click.join()
    return tab, form


def _click(tab: Tab, form: dict[str, str]) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the app died while she waited
        tab.post(f"/mail/{SUPPORT}/send", form)


def is_on_its_way(world: World) -> bool:
    with world.db.read() as session:
        return session.scalar(select(Submission.id).where(Submission.state == "sending")) is not None


def test_killed_before_the_message_was_handed_over(world: World, process: Process, smtp_line: Relay) -> None:
    smtp_line.silent = True
    tab, form = killed_while_sending(world, process, about := subject("Killed before"), lambda: is_on_its_way(world))
    smtp_line.calm()
    process.start()
    later(world)
    status, page = tab.get(folder_url(SUPPORT))
    assert (status, UNCERTAIN in page) == (200, True)
    assert copies(world, KIM, about) == 0
    drafts = tab.get(folder_url(SUPPORT, "Drafts"))[1]
    url = next(url for url, text in Page(drafts).links.items() if about in text)
    draft = shown(Page(tab.get(url)[1]), about)
    assert draft["text"].strip() == form["text"]
    assert tab.post(f"/mail/{SUPPORT}/send", draft)[0] == 303  # she decides to send it after all
    arrived(world, KIM, about)
    assert copies(world, KIM, about) == 1


def test_killed_after_the_message_was_handed_over(world: World, process: Process, smtp_line: Relay) -> None:
    smtp_line.trouble("hold the answer", DOT)
    tab, form = killed_while_sending(world, process, about := subject("Killed after"), smtp_line.happened.is_set)
    process.start()
    later(world)
    status, page = tab.get(folder_url(SUPPORT))
    assert (status, UNCERTAIN in page) == (200, True)
    assert tab.post(f"/mail/{SUPPORT}/send", form)[0] == 303  # the old tab, clicked once more
    arrived(world, KIM, about)
    assert copies(world, KIM, about) == 1
    assert copies(world, SUPPORT, about, "Drafts") == 1


def test_killed_before_the_copy_was_filed(world: World, process: Process, imap_line: Relay, sign_in: SignIn) -> None:
    imap_line.trouble("hold", rb' APPEND "Sent"')
    tab, _ = killed_while_sending(world, process, about := subject("Killed unfiled"), imap_line.happened.is_set)
    imap_line.calm()
    process.start()
    later(world)
    ben = sign_in(BEN)
    looks: list[Callable[[], int]] = [
        lambda: ben.get(folder_url(SUPPORT)).status_code,
        lambda: tab.get(folder_url(SUPPORT))[0],
    ]
    assert together(*looks) == [200, 200]
    arrived(world, KIM, about)
    assert copies(world, KIM, about) == copies(world, SUPPORT, about, "Sent") == 1
    assert UNCERTAIN not in tab.get(folder_url(SUPPORT))[1]


def test_killed_while_a_draft_is_saved(world: World, process: Process, imap_line: Relay) -> None:
    tab = Tab(process.port, world.sign_in(ANA))
    form = Page(tab.get(f"/mail/{SUPPORT}/compose")[1]).fields
    form |= {"subject": (about := subject("Killed draft")), "text": "First version", "format": "text"}
    assert tab.post(f"/mail/{SUPPORT}/drafts", form)[0] == 303
    imap_line.trouble("hold", b"UID EXPUNGE")  # the new version is there, the old one not gone yet
    saving = threading.Thread(target=_save, args=(tab, form | {"text": "Second version"}))
    saving.start()
    assert imap_line.happened.wait(8)
    process.kill()
    saving.join()
    imap_line.calm()
    kept = b"".join(raw for raw in world.folder(SUPPORT, "Drafts") if about.encode() in raw)
    assert b"Second version" in kept


def _save(tab: Tab, form: dict[str, str]) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the app died while she waited
        tab.post(f"/mail/{SUPPORT}/drafts", form)


# The database is locked, or its disk is full


@contextmanager
def locked(world: World) -> Iterator[None]:
    """Somebody else holds the write lock and doesn't let go."""
    path = world.config.database_url.partition("sqlite:///")[2]
    with sqlite3.connect(path, isolation_level=None, check_same_thread=False) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.rollback()
    other.close()


def is_sound(world: World) -> bool:
    with world.db.read() as session:
        connection = session.connection()
        return connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_a_locked_database_stops_sending_and_not_reading(world: World, app: Flask, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = written(ana, about := subject("Locked"))
    with locked(world):
        for page in (folder_url(SUPPORT), find(ana, SUPPORT, "For everybody")):
            assert ana.get(page).status_code == 200
        began = time.monotonic()
        refused = send(ana, form)
        assert time.monotonic() - began < 10
        assert refused.status_code == 503
        assert "Not sent" in refused.text
        assert form["text"] in refused.text
    assert copies(world, KIM, about) == 0
    assert copies(world, SUPPORT, about, "Drafts") == 1
    assert is_sound(world)
    assert send(ana, form).status_code == 303
    arrived(world, KIM, about)


def test_a_database_locked_just_after_the_hand_over_hides_nothing(world: World, app: Flask, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = written(ana, about := subject("Locked late"))
    lock = locked(world)
    with grumpy(app, {}, at_dot=lock.__enter__) as server:
        sent = ana.client.post(f"/mail/{SUPPORT}/send", data=form, follow_redirects=True)
    lock.__exit__(None, None, None)
    assert "Message sent" in sent.text
    assert copies(world, SUPPORT, about, "Sent") == 1
    later(world)
    assert UNCERTAIN not in ana.page(folder_url(SUPPORT)).text
    assert copies(world, SUPPORT, about, "Sent") == 1
    assert copies(world, SUPPORT, about, "Drafts") == 0
    assert len(server.taken) == 1


def test_a_full_disk_stops_sending_and_loses_nothing(world: World, app: Flask, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = written(ana, about := subject("Disk full"), text="Long " * 80_000)
    services: Services = app.extensions[EXTENSION]
    engine = services.db.engine

    def fill(connection: Any, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")  # for SQLite this is a full disk

    engine.dispose()
    event.listen(engine, "connect", fill)
    try:
        refused = send(ana, form)
        assert refused.status_code == 503
        assert "Not sent" in refused.text
        assert ana.get(folder_url(SUPPORT)).status_code == 200
    finally:
        event.remove(engine, "connect", fill)
        engine.dispose()
    assert is_sound(world)
    assert copies(world, KIM, about) == 0
    assert send(ana, form).status_code == 303
    arrived(world, KIM, about)


def test_a_change_the_database_refuses_is_said_in_words(world: World, smtp_line: Relay, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = written(ana, subject("Never dismissed"))
    smtp_line.trouble("cut before", DOT)
    send(ana, form)
    page = ana.page(folder_url(SUPPORT))
    dismiss = next(control for control in page.controls if control.endswith("/dismiss"))
    with locked(world):
        refused = ana.post(dismiss, {}, token=page.fields["csrf_token"])
    assert refused.status_code == 503
    assert "can't save anything" in Page(refused.text).text
    assert ana.post(dismiss, {}).status_code == 303
