"""Postroom itself is killed, at any point of sending and saving: delivered once at most, no draft lost."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from mailboxes.models import Submission
from tests.cast import ANA, BEN, KIM, SUPPORT
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.faults.steps import DOT, NOT_SENT, UNCERTAIN, later, noted, shown, subject, together
from tests.pages.mail.letters import arrived, copies
from tests.pages.mail.process import Process, Tab
from tests.pages.mail.relay import Relay
from tests.servers.harness import World
from tests.visitor import Page, folder_url


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
    assert (status, NOT_SENT in page, UNCERTAIN in page) == (200, True, False)
    notice = page.partition(NOT_SENT)[2].partition("</div>")[0]
    assert (about in notice, KIM in notice, "<time" in notice) == (True, True, True)
    assert copies(world, KIM, about) == 0
    drafts = tab.get(folder_url(SUPPORT, "Drafts"))[1]
    url = next(url for url, text in Page(drafts).links.items() if about in text)
    draft = shown(Page(tab.get(url)[1]), about)
    assert draft["text"].strip() == form["text"]
    assert tab.post(f"/mail/{SUPPORT}/send", draft)[0] == 303  # she decides to send it after all
    arrived(world, KIM, about)
    assert copies(world, KIM, about) == 1
    assert NOT_SENT not in tab.get(folder_url(SUPPORT))[1]


def test_killed_before_the_final_dot_and_sent_again_at_once(
    world: World, process: Process, smtp_line: Relay, sign_in: SignIn
) -> None:
    """What never came to the dot is known not to have gone, so the second Send simply sends it."""
    smtp_line.trouble("hold", rb"DATA\r\n")
    tab, form = killed_while_sending(world, process, about := subject("Killed, again"), smtp_line.happened.is_set)
    process.start()
    assert tab.post(f"/mail/{SUPPORT}/send", form)[0] == 303
    page = tab.get(folder_url(SUPPORT))[1]
    assert ("Message sent." in page, UNCERTAIN in page, NOT_SENT in page) == (True, False, False)
    arrived(world, KIM, about)
    later(world)
    assert sign_in(BEN).get(folder_url(SUPPORT)).status_code == 200
    assert copies(world, KIM, about) == copies(world, SUPPORT, about, "Sent") == 1
    assert copies(world, SUPPORT, about, "Drafts") == 0


def test_killed_after_the_message_was_handed_over(
    world: World, process: Process, smtp_line: Relay, sign_in: SignIn
) -> None:
    smtp_line.trouble("hold the answer", DOT)
    tab, form = killed_while_sending(world, process, about := subject("Killed after"), smtp_line.happened.is_set)
    process.start()
    assert tab.post(f"/mail/{SUPPORT}/send", form)[0] == 303  # she presses Send again at once
    assert "It isn&#39;t certain that" in tab.get(folder_url(SUPPORT))[1]
    later(world)
    assert sign_in(BEN).get(folder_url(SUPPORT)).status_code == 200
    # ben's look found it; the log says who sent it, and from where.
    assert noted(world, form) == [("message.sent", ANA, "web", "127.0.0.1")]
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
