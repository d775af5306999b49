"""A page costs what it shows: the same at a hundred thousand messages as at a hundred.

What is counted passes between Postroom and Dovecot while real pages are made: commands, and octets in both directions;
and once what Dovecot itself reads for it. Never time.
"""

import itertools
import os
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from flask import Flask

from mail.imap import searches
from pages.mail import page_time
from tests.apps import made
from tests.cast import BEN, DAN, KIM
from tests.pages.mail.relay import Relay
from tests.servers.harness import World
from tests.visitor import Visitor, folder_url

FEW, MANY = 100, 100_000
PAGE = 50
# A number has up to three digits more beyond the hundred messages: each row says its own two, and the rest says a few.
DIGITS = 3 * (2 * PAGE + 20)
_WORDS = ["parcel", "came", "late", "pens", "missing", "please", "send", "next", "order", "thanks", "invoice"]


@pytest.fixture(autouse=True)
def _nobody_is_in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first search reads a hundred thousand headers: on a busy machine longer than a page may take."""
    monkeypatch.setattr(page_time, "PAGE_SECONDS", 300.0)
    monkeypatch.setattr(searches, "SEARCH_SECONDS", 300.0)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """dan has a hundred messages, kim a hundred thousand; any fifty that follow each other are the same fifty."""
    with World(mail=False) as world:
        fill(world, DAN, FEW)
        fill(world, KIM, MANY)
        for person in (DAN, KIM):
            with world.imap(person) as raw:  # the server numbers the messages the first time it sees them
                raw.sock.settimeout(60)
                assert raw.select()[0] == "OK"
        yield world


@pytest.fixture(scope="module")
def relay(world: World) -> Iterator[Relay]:
    with Relay(world.config.imap_port) as relay:
        yield relay


@pytest.fixture(scope="module")
def app(world: World, relay: Relay) -> Iterator[Flask]:
    with made(replace(world.config, imap_port=relay.port)) as app:
        yield app


def fill(world: World, address: str, count: int) -> None:
    """Fifty letters deposited as always, then the same fifty again and again, by other names for the same files."""
    dice = random.Random(1)
    for number in range(PAGE):
        world.deposit(address, letter(dice, number), flags=["\\Seen"], at=1_700_000_000 + number)
    local, _, domain = address.partition("@")
    folder = world.config.mail_root / domain / local / "inbox" / "cur"
    first = sorted(folder.iterdir())
    for path in first:  # one moment of arrival for all: in its order stand the numbers then
        os.utime(path, (1_700_000_000, 1_700_000_000))
    _second_names(folder, first, count)
    world.deposit(address, letter(dice, PAGE), folder="Drafts", flags=["\\Draft", "\\Seen"])


def _second_names(folder: Path, first: list[Path], count: int) -> None:
    names = itertools.cycle([(str(path), path.name.partition(",")[2]) for path in first])
    for number in range(PAGE, count):
        path, rest = next(names)
        os.link(path, f"{folder}/{1_700_000_000 + number}.M{number}P1.mail,{rest}")


def letter(dice: random.Random, number: int) -> bytes:
    """Text, text with HTML, or with a file: what an inbox holds."""
    message = EmailMessage()
    message["From"] = f"Customer {number} <customer{number}@customer.test>"
    message["To"] = "Ana <ana@brand-a.test>"
    message["Subject"] = " ".join(dice.choices(_WORDS, k=6)).capitalize()
    message["Date"] = "Tue, 14 Nov 2023 22:13:20 +0000"
    message["Message-ID"] = f"<{number}.letter@customer.test>"
    message.set_content("\n".join(" ".join(dice.choices(_WORDS, k=10)) for _line in range(12)))
    if number % 3:
        message.add_alternative(f"<p>{' '.join(dice.choices(_WORDS, k=60))}</p>", subtype="html")
    if number % 10 == 0:
        data = dice.randbytes(3000)
        message.add_attachment(data, maintype="application", subtype="pdf", filename=f"order-{number}.pdf")
    return message.as_bytes(policy=SMTP)


def cost(relay: Relay, visitor: Visitor, url: str, **headers: str) -> tuple[int, int]:
    """Commands and octets of this page for somebody who is already there: it was looked at twice before."""
    for _ in range(2):
        assert visitor.get(url, **headers).status_code == 200
    commands, octets = relay.counted()
    assert visitor.get(url, **headers).status_code == 200
    now = relay.counted()
    return now[0] - commands, now[1] - octets


@pytest.fixture
def few_and_many(world: World, app: Flask) -> tuple[Visitor, Visitor]:
    dan, kim = (Visitor(app, address).come_back(world.sign_in(address)) for address in (DAN, KIM))
    for visitor, count in ((dan, FEW), (kim, MANY)):
        assert f"of {count}" in visitor.page(folder_url(visitor.address)).text
    return dan, kim


def same(few: tuple[int, int], many: tuple[int, int]) -> None:
    """The same commands, and octets that differ by the digits of larger numbers alone."""
    print(f"commands and octets: {few} among {FEW}, {many} among {MANY}")
    assert many[0] == few[0]
    assert 0 <= many[1] - few[1] <= DIGITS


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["whole page", "fragment"])
@pytest.mark.parametrize(("few_page", "many_page"), [(1, 1), (2, 100)], ids=["first page", "hundredth page"])
def test_a_page_of_the_list_costs_what_it_shows(
    world: World,
    relay: Relay,
    few_and_many: tuple[Visitor, Visitor],
    headers: dict[str, str],
    few_page: int,
    many_page: int,
) -> None:
    dan, kim = few_and_many
    few = cost(relay, dan, f"{folder_url(DAN)}?page={few_page}", **headers)
    many = cost(relay, kim, f"{folder_url(KIM)}?page={many_page}", **headers)
    same(few, many)
    assert many[0] == 4


def test_a_page_of_what_was_found_costs_what_it_shows(
    world: World, relay: Relay, few_and_many: tuple[Visitor, Visitor]
) -> None:
    few, many = (cost(relay, one, f"{folder_url(one.address)}?from=customer") for one in few_and_many)
    same(few, many)
    assert many[0] == 5


@pytest.mark.parametrize(
    ("headers", "commands"), [({}, 10), ({"HX-Request": "true"}, 6)], ids=["whole page", "fragment"]
)
def test_opening_a_message_costs_what_it_shows(
    world: World, relay: Relay, few_and_many: tuple[Visitor, Visitor], headers: dict[str, str], commands: int
) -> None:
    dan, kim = few_and_many
    urls = [
        next(url for url in visitor.page(folder_url(visitor.address)).links if is_message(url))
        for visitor in few_and_many
    ]
    few, many = cost(relay, dan, urls[0], **headers), cost(relay, kim, urls[1], **headers)
    same(few, many)
    assert many[0] == commands  # 4 for the message, 2 in Drafts for an answer begun earlier, 4 for the list


def test_the_sidebar_costs_what_it_shows(world: World, relay: Relay, few_and_many: tuple[Visitor, Visitor]) -> None:
    dan, kim = few_and_many
    few, many = cost(relay, dan, folder_url(DAN) + "sidebar"), cost(relay, kim, folder_url(KIM) + "sidebar")
    same(few, many)
    assert few[0] == 1


def test_news_cost_what_they_show(world: World, relay: Relay, few_and_many: tuple[Visitor, Visitor]) -> None:
    dan, kim = few_and_many
    few, many = (cost(relay, one, f"{folder_url(one.address)}sidebar?list=1") for one in (dan, kim))
    same(few, many)
    assert many[0] == 4


def test_the_counts_of_an_inbox_nobody_has_in_hand_are_told_without_reading_it(
    world: World, few_and_many: tuple[Visitor, Visitor]
) -> None:
    read = []
    for visitor in few_and_many:
        url = folder_url(visitor.address, "Drafts")
        for _ in range(3):
            visitor.page(url)
        before = octets_read(world)
        visitor.page(url)
        read.append(octets_read(world) - before)
    assert read[0] > 0
    assert abs(read[1] - read[0]) < 1000, read


def test_whom_one_writes_with_costs_the_newest_mail(
    world: World, relay: Relay, few_and_many: tuple[Visitor, Visitor]
) -> None:
    dan, kim = few_and_many
    few, many = (cost(relay, one, f"/mail/{one.address}/people") for one in (dan, kim))
    assert few[0] == many[0] <= 5
    assert many[1] <= 2 * (few[1] + DIGITS)  # dan has a hundred messages, and two hundred are looked at


def test_going_on_with_a_draft_of_many_files_asks_for_many_at_once(world: World, relay: Relay, app: Flask) -> None:
    ben = Visitor(app, BEN).come_back(world.sign_in(BEN))
    costs = []
    for files in (2, 40):
        draft = EmailMessage()
        draft["Subject"] = f"A draft of {files} files"
        draft.set_content("They are attached.")
        for number in range(files):
            draft.add_attachment(b"%d" % number * 100, maintype="application", subtype="pdf", filename=f"{number}.pdf")
        world.deposit(BEN, draft.as_bytes(policy=SMTP), folder="Drafts", flags=["\\Draft"])
        newest = next(url for url in ben.page(folder_url(BEN, "Drafts")).links if url.endswith("/draft"))
        costs.append(cost(relay, ben, newest))
        assert ben.page(newest).text.count(".pdf") >= files
    assert costs[0][0] == costs[1][0]


def is_message(url: str) -> bool:
    return "/f/INBOX/" in url and url.rpartition("/")[2].replace(".", "").isdigit()


def octets_read(world: World) -> int:
    """By the IMAP server's processes, from files and from us, since they began."""
    master = world.dovecot.pid_file.read_text().strip()
    read = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            status = (process / "status").read_text()
            if "Name:\timap\n" in status and f"PPid:\t{master}\n" in status:
                read += int((process / "io").read_text().split()[1])
    return read
