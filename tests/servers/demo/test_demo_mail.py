"""The demo world's mail: plenty, true to its format, and discreet about who works a shared mailbox."""

import io
import re
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from servers.demo.mail import SeedMessage, messages
from servers.demo.mail_files import pdf, png
from servers.demo.mail_script import moment
from tests.effort import effort

NOW = 1_795_420_800 + 11 * 3600  # a Monday, 11:00 UTC
DAY = 86400
SHARED = ("support@brand-a.test", "sales@brand-b.test", "help@other.test")
MEMBER_NAMES = re.compile(
    r"\b(ana|almeida|ben|brandt|cleo|castellanos|dan|dvořák|dvorak|tess|tanaka|eve|evans)\b", re.IGNORECASE
)


@cache
def world() -> tuple[SeedMessage, ...]:
    return tuple(messages(NOW))


@cache
def parsed(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def in_folder(mailbox: str, folder: str) -> list[SeedMessage]:
    return [seed for seed in world() if (seed.mailbox, seed.folder) == (mailbox, folder)]


def said(message: EmailMessage) -> str:
    """Everything a reader could find: all header fields, all texts and all names of files, decoded."""
    found = [f"{name}: {value}" for name, value in message.items()]
    for part in message.walk():
        found.append(part.get_filename() or "")
        if part.get_content_maintype() == "text":
            found.append(part.get_content())
    return "\n".join(found)


def attachments(content_type: str) -> list[tuple[str, bytes]]:
    parts = (part for seed in world() for part in parsed(seed.data).walk())
    return [(p.get_filename() or "", p.get_content()) for p in parts if p.get_content_type() == content_type]


def fingerprint(seeds: Iterable[SeedMessage]) -> str:
    return sha256(repr([(*seed[:2], sorted(seed.flags), *seed[3:]) for seed in seeds]).encode()).hexdigest()


def test_everybody_has_mail_and_the_owner_has_no_mailbox() -> None:
    count = Counter(seed.mailbox for seed in world())
    at_least = {
        "ana@brand-a.test": 185,
        "support@brand-a.test": 58,
        "ben@brand-b.test": 38,
        "kim@customer.test": 20,
        "cleo@brand-b.test": 23,
        "tess@brand-a.test": 23,
        "sales@brand-b.test": 20,
        "dan@brand-a.test": 18,
        "eve@other.test": 14,
        "help@other.test": 11,
    }
    assert set(count) == set(at_least)
    for mailbox, expected in at_least.items():
        assert count[mailbox] >= expected, mailbox
    assert sum(count.values()) < 700


def test_the_team_finds_support_as_one_finds_it_on_a_morning() -> None:
    inbox = in_folder("support@brand-a.test", "INBOX")
    assert 32 <= len(inbox) <= 38
    assert sum("\\Seen" not in seed.flags for seed in inbox) == 9
    assert sum("\\Flagged" in seed.flags for seed in inbox) >= 2
    for folder, expected in {"Sent": 14, "Archive": 5, "Junk": 3, "Trash": 2, "Drafts": 1}.items():
        assert len(in_folder("support@brand-a.test", folder)) >= expected, folder
    assert {"INBOX", "Drafts", "Sent", "Archive", "Junk", "Trash", "Receipts", "Família"} <= {
        seed.folder for seed in world() if seed.mailbox == "ana@brand-a.test"
    }


def test_the_same_moment_gives_the_same_bytes_in_every_process() -> None:
    program = (
        "import sys; from tests.servers.demo.test_demo_mail import fingerprint, messages; "
        "print(fingerprint(messages(int(sys.argv[1]))))"
    )
    here = fingerprint(world())
    for hash_seed in ("1", "2"):
        there = subprocess.run(  # noqa: S603 - our own interpreter with our own words
            [sys.executable, "-c", program, str(NOW)],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path), "TZ": "Asia/Tokyo"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert there.stdout.strip() == here


def test_it_is_made_with_little_work() -> None:
    one, started = effort(), time.thread_time()
    assert sum(1 for _ in messages(NOW)) == len(world())
    assert (time.thread_time() - started) / one < 40


@settings(max_examples=12)
@given(st.integers(1_600_000_000, 2_100_000_000))
@example(NOW - NOW % DAY)
@example(NOW - NOW % DAY - 1)
def test_at_any_hour_of_any_day_nothing_is_from_the_future_and_answers_come_after_what_they_answer(now: int) -> None:
    dates: dict[str, int] = {}
    answers: list[tuple[str, str]] = []
    for seed in messages(now):
        head = seed.data.partition(b"\r\n\r\n")[0].decode()
        fields = dict(re.findall(r"^(Message-ID|In-Reply-To|Date):\s+(.+)$", head, re.MULTILINE))
        sent = int(parsedate_to_datetime(fields["Date"]).timestamp())
        assert sent <= seed.at <= now
        assert seed.at - sent <= 2
        dates[fields["Message-ID"].strip()] = sent
        if "In-Reply-To" in fields:
            answers.append((fields["Message-ID"].strip(), fields["In-Reply-To"].strip()))
    assert answers
    assert all(dates[earlier] < dates[later] for later, earlier in answers)


def test_older_mail_keeps_the_hour_it_was_written_at_whatever_the_hour_of_the_start() -> None:
    for hour in (0, 9, 23):
        now = NOW - NOW % DAY + hour * 3600
        assert time.strftime("%H:%M", time.gmtime(moment("3d 09:31", now))) == "09:31"
        assert now - moment("2h40m", now) == 2 * 3600 + 40 * 60


def test_the_newest_mail_is_of_this_morning_and_anas_goes_back_eight_months() -> None:
    for mailbox in ("ana@brand-a.test", "support@brand-a.test", "kim@customer.test", "sales@brand-b.test"):
        assert max(seed.at for seed in in_folder(mailbox, "INBOX")) > NOW - 3 * 3600
    assert 220 * DAY < NOW - min(seed.at for seed in world() if seed.mailbox == "ana@brand-a.test") < 260 * DAY
    ages = [NOW - seed.at for seed in world() if seed.mailbox == "support@brand-a.test"]
    assert 60 * DAY < max(ages) < 100 * DAY


def test_every_message_is_well_formed() -> None:
    for seed in world():
        head = seed.data.partition(b"\r\n\r\n")[0]
        assert head.isascii()
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", seed.data)
        assert max(map(len, seed.data.split(b"\r\n"))) <= 998
        message = parsed(seed.data)
        for name in ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"):
            assert len(message.get_all(name, [])) == 1, (name, message["Subject"])
        for part in message.walk():
            assert part.defects == []
            assert [field.defects for field in part.values() if getattr(field, "defects", ())] == []
            if part.get_content_maintype() == "text":
                assert "�" not in part.get_content()


def test_a_message_id_is_of_one_message_only() -> None:
    bodies: dict[str, set[tuple[str, str, str]]] = {}
    for seed in world():
        message = parsed(seed.data)
        bodies.setdefault(message["Message-ID"], set()).add((message["From"], message["Subject"], message["Date"]))
    assert all(len(facts) == 1 for facts in bodies.values())
    per_folder = Counter((seed.mailbox, seed.folder, parsed(seed.data)["Message-ID"]) for seed in world())
    assert set(per_folder.values()) == {1}


def test_every_answer_finds_what_it_answers_in_the_same_mailbox() -> None:
    held = {(seed.mailbox, parsed(seed.data)["Message-ID"]) for seed in world()}
    everywhere = {message_id for _, message_id in held}
    answers = 0
    for seed in world():
        message = parsed(seed.data)
        if "In-Reply-To" not in message:
            continue
        answers += 1
        references = message["References"].split()
        assert references[-1] == message["In-Reply-To"]
        assert set(references) <= everywhere
        if seed.folder in ("Sent", "Drafts"):
            assert (seed.mailbox, message["In-Reply-To"]) in held
        assert message["Subject"].startswith("Re: ")
    assert answers > 150


def test_what_is_flagged_answered_was_answered_from_there_and_has_been_read() -> None:
    answered = 0
    for seed in world():
        if "\\Answered" in seed.flags:
            answered += 1
            assert "\\Seen" in seed.flags
            message_id = parsed(seed.data)["Message-ID"]
            assert any(parsed(own.data)["In-Reply-To"] == message_id for own in in_folder(seed.mailbox, "Sent"))
    assert answered > 60


def test_drafts_are_drafts_and_have_gone_to_nobody() -> None:
    drafts = [seed for seed in world() if "\\Draft" in seed.flags]
    assert {seed.folder for seed in drafts} == {"Drafts"}
    assert len(drafts) == len([seed for seed in world() if seed.folder == "Drafts"]) >= 3
    ids = [parsed(seed.data)["Message-ID"] for seed in world()]
    assert all(ids.count(parsed(seed.data)["Message-ID"]) == 1 for seed in drafts)


@pytest.mark.parametrize("mailbox", SHARED)
def test_nothing_sent_from_a_shared_mailbox_names_a_person_who_works_it(mailbox: str) -> None:
    name = mailbox.partition("@")[0].capitalize()
    copies = [seed for seed in world() if f"{name} <{mailbox}>" == str(parsed(seed.data)["From"])]
    assert {seed.folder for seed in copies} >= {"Sent"}
    assert len(copies) >= 5
    for seed in copies:
        message = parsed(seed.data)
        # Eve also gets her rota from help@: whoever it is written to may be named in it.
        receivers = {found.lower() for found in MEMBER_NAMES.findall(message["To"])}
        assert {found.lower() for found in MEMBER_NAMES.findall(said(message))} == receivers
        assert not {"Sender", "Reply-To", "User-Agent", "X-Mailer", "X-Originating-IP"} & set(message.keys())
        if mailbox == "support@brand-a.test":
            assert "brand-b.test" not in said(message)


def test_kim_has_what_support_sent_her_and_support_has_what_she_wrote() -> None:
    for sender, receiver in (
        ("support@brand-a.test", "kim@customer.test"),
        ("kim@customer.test", "support@brand-a.test"),
    ):
        sent = {parsed(s.data)["Message-ID"] for s in in_folder(sender, "Sent") if receiver in parsed(s.data)["To"]}
        got = {
            parsed(s.data)["Message-ID"] for s in world() if s.mailbox == receiver and sender in parsed(s.data)["From"]
        }
        assert sent == got
        assert len(sent) >= 5


def test_mail_written_here_keeps_its_date_in_utc() -> None:
    for seed in world():
        if seed.folder == "Sent":
            assert parsedate_to_datetime(parsed(seed.data)["Date"]).utcoffset() == timedelta(0)


def test_only_domains_that_can_never_exist_are_named() -> None:
    hosts: set[str] = set()
    for seed in world():
        text = said(parsed(seed.data))
        hosts |= set(re.findall(r"[\w.+-]+@([\w.-]+\w)", text)) | set(re.findall(r"https?://([^/\s\"'>]+)", text))
    assert {host for host in hosts if not host.endswith((".test", ".example"))} == set()
    assert any(host.endswith(".test") and host.startswith("img.") for host in hosts)


def test_there_is_something_for_every_reader_of_mail() -> None:
    anas = [parsed(seed.data) for seed in world() if seed.mailbox in ("ana@brand-a.test", "support@brand-a.test")]
    types = {part.get_content_type() for message in anas for part in message.walk()}
    assert {"text/html", "text/calendar", "application/pdf", "image/png", "text/csv", "application/zip"} <= types
    charsets = {part.get_content_charset() for message in anas for part in message.walk()}
    assert {"utf-8", "iso-2022-jp", "koi8-r", "windows-1256", "windows-1252"} <= charsets
    text = "\n".join(said(message) for message in anas)
    for sample in ("リフィル", "Здравствуйте", "مرحبًا", "Guten Tag", "Muito obrigado", "🍜"):
        assert sample in text
    names = {part.get_filename() for message in anas for part in message.walk()} - {None}
    assert sum(not str(name).isascii() for name in names) >= 3


def test_pictures_in_a_text_are_in_the_same_message() -> None:
    found = 0
    for seed in world():
        message = parsed(seed.data)
        wanted = set(re.findall(r'src="cid:([^"]+)"', said(message)))
        assert wanted == {str(part["Content-ID"]).strip("<>") for part in message.walk() if part["Content-ID"]}
        found += len(wanted)
    assert found >= 4


def test_attached_files_are_what_they_say() -> None:
    for name, data in attachments("image/png"):
        assert_is_png(data, name)
    for name, data in attachments("application/pdf"):
        assert name.endswith(".pdf")
        assert_is_pdf(data)
    for _, data in attachments("application/zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            assert len(archive.namelist()) == 2
    for name, text in attachments("text/csv"):
        lines = str(text).splitlines()
        assert len(lines) > 1, name
        assert len({line.count(",") for line in lines}) == 1, name


def assert_is_png(data: bytes, name: str) -> None:
    assert data.startswith(b"\x89PNG\r\n\x1a\n"), name
    place, pixels, kinds = 8, b"", []
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + length]
        assert struct.unpack(">I", data[place + 8 + length : place + 12 + length])[0] == zlib.crc32(kind + body)
        kinds.append(kind)
        pixels += body if kind == b"IDAT" else b""
        place += 12 + length
    width, height = struct.unpack(">II", data[16:24])
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
    assert len(zlib.decompress(pixels)) == height * (1 + width * 3)


def assert_is_pdf(data: bytes) -> None:
    """The cross-reference table points at every object, and the stream is as long as it says."""
    start = int(data.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert data[start:].startswith(b"xref\n0 6\n")
    entries = re.findall(rb"(\d{10}) 00000 n ", data[start:])
    assert len(entries) == 5
    for number, offset in enumerate(entries, start=1):
        assert data[int(offset) :].startswith(b"%d 0 obj\n" % number)
    length = int(re.findall(rb"/Length (\d+)", data)[0])
    assert data[data.index(b"stream\n") + 7 + length :].startswith(b"\nendstream")


def test_a_page_may_say_anything_and_a_picture_may_have_any_name() -> None:
    page = pdf(["(un)balanced \\", "日本", ":) Größe"])
    assert_is_pdf(page)
    assert rb"(\(un\)balanced \\)" in page
    assert b"(:\\) Gr\xf6\xdfe)" in page
    assert_is_png(png("日本"), "日本")
    assert png("a") == png("a") != png("b")
