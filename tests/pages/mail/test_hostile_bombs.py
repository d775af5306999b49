"""Messages that are small to send and expensive to read: eve waits a little, the others don't, and it all fits."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.cast import ANA, EVE, TESS
from tests.effort import BOMB, effort, worked
from tests.hostile import bomb_names, messages
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.hostile_mail import HostileMail
from tests.pages.mail.process import Process, Tab
from tests.servers.harness import World, free_ports
from tests.visitor import folder_url

GROWTH_KB = 300 * 1024
# HTML and nothing else: each alone is read in tests/mail, and what a page adds is the same for most of them.
OPENED = "style-ancestors|style-inlined|style-media|formatting|paragraphs|nested-links|images|table-text"
NOT_OPENED = re.compile(rf"bomb-html-(?!{OPENED})")
ANSWERS = ("reply", "forward", "draft")
FRAGMENT = {"HX-Request": "true"}


def peak(pid: int) -> int:
    """The most memory the process ever had, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


@contextmanager
def meanwhile(tab: Tab, pid: int) -> Iterator[list[float]]:
    """How much the process works before somebody else has her Inbox, again and again, as long as the block lasts."""
    waits: list[float] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            one, began = effort(), worked(pid)
            status, _ = tab.get(folder_url(ANA))
            waits.append((worked(pid) - began) / one if status == 200 else float("inf"))

    person = threading.Thread(target=look)
    person.start()
    try:
        yield waits
    finally:
        over.set()
        person.join()


def views(number: int, name: str) -> list[str]:
    """The pages of a bomb that do most: the message, its body, and for every other body one of the three answers."""
    has_html = name.startswith(("bomb-html", "bomb-qp", "bomb-base64"))
    body = ["/body"] if has_html else []
    answer = [] if has_html and number % 2 else ["/" + ANSWERS[number % len(ANSWERS)]]
    return ["", *body, *answer]


def test_bombs_cost_little_time_and_memory_and_disturb_nobody(world: World, hostile: HostileMail) -> None:
    settings = world.environment() | {"PORT": str(free_ports(1)[0])}
    with Process(settings) as process:
        eve, ana = Tab(process.port, world.sign_in(EVE)), Tab(process.port, world.sign_in(ANA))
        assert eve.get(folder_url(EVE))[0] == ana.get(folder_url(ANA))[0] == 200
        before, dear = peak(process.pid), {}
        with meanwhile(ana, process.pid) as waits:
            opened = {name: url for name, url in hostile.bombs.items() if not NOT_OPENED.match(name)}
            assert len(opened) > 35
            for number, (name, url) in enumerate(opened.items()):
                for view in views(number, name):
                    one, began = effort(), worked(process.pid)
                    status, _ = eve.get(url + view, **FRAGMENT)
                    assert status in ((200, 422) if view[1:] in ANSWERS else (200,)), (name, view)
                    # A form takes a letter apart for its text, for what is quoted and for what is kept of it.
                    bound = 2 * BOMB if view[1:] in ANSWERS else BOMB
                    if (took := (worked(process.pid) - began) / max(one, effort())) > bound:
                        dear[name + view] = took
        assert dear == {}
        assert peak(process.pid) - before < GROWTH_KB
        assert median(waits) < BOMB / 6
        assert max(waits) < BOMB


def test_a_bomb_opens_and_says_what_of_it_is_left_out(hostile: HostileMail, sign_in: SignIn) -> None:
    eve = sign_in(EVE)
    for name, said in (
        ("bomb-header-recipients", "Too long to be shown and answered as a whole: Cc"),
        ("bomb-header-words", "Too long to be shown and answered as a whole: the subject"),
        ("bomb-parts", "the first 50 are shown and quoted. The others are files."),
        ("bomb-nested-3000", "It has more parts, or deeper ones, than can be shown and quoted."),
    ):
        text = eve.get(hostile.bombs[name], **FRAGMENT).text
        assert f"{hostile.bombs[name]}/source" in text, name
        assert said in " ".join(re.findall(r'<div class="notice[^>]*>.*?<p>(.*?)</p>', text, re.DOTALL)), name


def test_twenty_letters_to_a_hundred_thousand_people_leave_the_inbox_usable(world: World, sign_in: SignIn) -> None:
    bomb = dict(messages())["bomb-header-recipients"]
    assert "bomb-header-recipients" in bomb_names()
    for _ in range(20):
        world.deliver(TESS, bomb, sender="mallory@evil.test")
    tess = sign_in(TESS)
    one, began = effort(), worked(os.getpid())
    page = tess.page(folder_url(TESS))
    assert (worked(os.getpid()) - began) / one < BOMB / 2
    assert len([url for url in page.links if "/f/INBOX/" in url]) >= 20
    with world.imap(TESS) as imap:
        imap.select()
        uids = imap.uid("SEARCH", "FROM", "m@evil.test")[1][0].decode().replace(" ", ",")
        imap.uid("STORE", uids, "+FLAGS.SILENT", r"(\Deleted)")
        imap.expunge()
