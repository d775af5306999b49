"""Looking costs little, changes nothing and never shows another message than the one asked for."""

import contextlib
from datetime import date

import pytest
from imapclient import IMAPClient

from mail.errors import FolderChanged, MessageGone, UnsafeText
from mail.imap.client import Imap, RawAddress, Search
from mail.message import filenames
from mail.message.addresses import from_envelope, parse_list
from mail.message.headers import decode_words, parse
from tests.mail.conftest import PASSWORD, Dovecot, letter

MIXED = (
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    "Gr=C3=BC=C3=9Fe\r\n--b\r\nContent-Type: application/pdf; name*=utf-8''R%C3%A9sum%C3%A9.pdf\r\n"
    "Content-Disposition: attachment; filename*=utf-8''R%C3%A9sum%C3%A9.pdf\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--b--\r\n"
)


def mixed(subject: str) -> bytes:
    return letter(subject, MIXED, "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"')


def test_a_page_shows_what_the_list_needs(ana: Imap, folder: str) -> None:
    ana.changes.append(folder, mixed("=?utf-8?q?Gr=C3=BC=C3=9Fe?="), ["\\Seen", "$Team"], at=1_770_000_000)
    selected = ana.session.select(folder)
    assert (selected.exists, selected.uidnext, selected.writable) == (4, 5, False)
    rows = ana.rows.page(1, 2)
    assert [row.uid for row in rows] == [4, 1]
    row = rows[0]
    assert row.subject_raw == b"=?utf-8?q?Gr=C3=BC=C3=9Fe?="
    assert row.from_raw == (RawAddress(b"Kim", b"kim", b"customer.test"),)
    assert row.to_raw == (RawAddress(None, b"ana", b"brand-a.test"),)
    assert row.internal_date.timestamp() == 1_770_000_000
    assert {"\\Seen", "$Team"} <= row.flags
    assert (row.has_attachment, row.preview) == (True, "Grüße")
    assert not rows[1].has_attachment
    assert ana.rows.summaries([1, 4, 99]) == [rows[1], row]


def test_a_page_past_the_end_is_empty(ana: Imap, folder: str) -> None:
    ana.session.select(folder)
    assert (
        ana.rows.page(4, 50)
        == ana.rows.page(4, 50, (1, 3))
        == ana.rows.page(1, 50, (1, 0))
        == ana.rows.page(2, 1)
        == []
    )
    assert [row.uid for row in ana.rows.page(-10, 50)] == [1, 2, 3]


def test_a_page_stands_in_the_order_of_arrival(ana: Imap, folder: str) -> None:
    for uid, day in ((4, 5), (5, 9), (6, 7), (7, 7)):
        assert ana.changes.append(folder, letter(f"Day {day}"), at=1_700_000_000 + day * 86_400) == uid
    ana.session.select(folder)
    assert [row.uid for row in ana.rows.page(1, 9)] == [4, 6, 7, 5, 1, 2, 3]
    assert [row.uid for row in ana.rows.page(2, 4)] == [6, 7, 5]
    assert [row.uid for row in ana.rows.page(1, 2, (5, 7))] == [6, 7]
    assert ana.searches.find(Search(subject=("Day",))) == 4
    assert [row.uid for row in ana.rows.found(-5, 2)] == [4, 6]
    assert [row.uid for row in ana.rows.found(3, 9)] == [7, 5]
    assert ana.searches.find(Search(subject=("Nowhere",))) == 0
    assert ana.rows.found(1, 9) == []


def test_new_mail_is_seen_when_the_folder_is_taken_in_hand_again(ana: Imap, folder: str, dovecot: Dovecot) -> None:
    ana.session.select(folder)
    with contextlib.closing(dovecot.connect("ana")) as phone:
        phone.changes.append(folder, letter("News"))
        phone.session.select(folder, writable=True)
        phone.changes.delete([1])
    before = ana.session.traffic.commands
    selected = ana.session.select(folder)
    assert (selected.exists, selected.uidnext) == (3, 5)
    assert ana.session.traffic.commands - before <= 2
    assert [row.uid for row in ana.rows.page(1, 3)] == [2, 3, 4]


def test_opening_tells_header_flags_and_structure_and_parts_come_by_section(ana: Imap, folder: str) -> None:
    uid = ana.changes.append(folder, mixed("Report"))
    ana.session.select(folder)
    opened = ana.messages.open(uid)
    assert opened.header.startswith(b"From: Kim")
    assert opened.structure == ana.messages.structure(uid)
    assert ana.messages.header(uid) == opened.header
    text, pdf = opened.structure.children
    assert (text.section, text.content_type, text.encoding) == ("1", "text/plain", "quoted-printable")
    assert (pdf.disposition, pdf.disposition_params) == ("attachment", {"filename*": "utf-8''R%C3%A9sum%C3%A9.pdf"})
    assert ana.messages.part(uid, "2") == b"JVBERi0xLjQK"
    assert ana.messages.part(uid, "2", 4, 4) == b"Ri0x"
    assert ana.messages.part(uid, "2", 400, 4) == b""
    assert ana.messages.part(uid, "9") == b""
    assert ana.messages.parts(uid, ["1", "2"]) == {"1": b"Gr=C3=BC=C3=9Fe", "2": b"JVBERi0xLjQK"}
    assert ana.messages.source(uid) == mixed("Report")


def test_reading_never_sets_seen_for_anyone(ana: Imap, folder: str, dovecot: Dovecot) -> None:
    for writable in (False, True):
        ana.session.select(folder, writable=writable)
        ana.messages.open(1)
        ana.messages.part(1, "1")
        ana.messages.source(1)
        ana.rows.page(1, 3)
        ana.searches.search(Search(words=("well",)))
    with IMAPClient(dovecot.host, dovecot.port, ssl=False) as other:
        other.login("ana", PASSWORD)
        other.select_folder(folder, readonly=True)
        assert all(b"\\Seen" not in told[b"FLAGS"] for told in other.fetch([1, 2, 3], ["FLAGS"]).values())


def test_a_message_that_is_gone_is_said_to_be_gone(ana: Imap, folder: str) -> None:
    ana.session.select(folder)
    asks = (
        ana.messages.open,
        ana.messages.structure,
        ana.messages.header,
        ana.messages.source,
        lambda uid: ana.messages.part(uid, "1"),
    )
    for ask in asks:
        with pytest.raises(MessageGone):
            ask(77)
    assert ana.rows.summaries([77]) == []
    assert ana.messages.flags([2, 77]).keys() == {2}


def test_a_message_expunged_by_a_colleague_is_gone_or_still_itself(ana: Imap, folder: str, dovecot: Dovecot) -> None:
    ana.session.select(folder)
    with contextlib.closing(dovecot.connect("ana")) as colleague:
        colleague.session.select(folder, writable=True)
        colleague.changes.delete([2])
    assert {1, 3} <= {row.uid for row in ana.rows.page(1, 3)} <= {1, 2, 3}
    ana.session.select(folder)
    assert [row.uid for row in ana.rows.page(1, 3)] == [1, 3]
    with pytest.raises(MessageGone):
        ana.messages.source(2)


def test_a_folder_rebuilt_under_the_same_name_is_not_mistaken_for_the_old_one(
    ana: Imap, folder: str, dovecot: Dovecot
) -> None:
    known = ana.session.select(folder).uidvalidity
    with contextlib.closing(dovecot.connect("ana")) as phone:
        phone.folders.rename(folder, f"{folder} old")
        phone.folders.create(folder)
        phone.changes.append(folder, letter("Another first"))
    ana.session.resume()
    with pytest.raises(FolderChanged):
        ana.session.select(folder, uidvalidity=known)
    with pytest.raises(RuntimeError):
        ana.rows.page(1, 1)
    assert ana.session.select(folder).exists == 1
    assert ana.session.select(f"{folder} old", uidvalidity=known).exists == 3


def test_a_folder_deleted_and_made_again_elsewhere_is_not_mistaken_either(
    ana: Imap, folder: str, dovecot: Dovecot
) -> None:
    known = ana.session.select(folder).uidvalidity
    with contextlib.closing(dovecot.connect("ana")) as phone:
        phone.folders.delete(folder)
        phone.folders.create(folder)
    ana.session.resume()
    with pytest.raises(FolderChanged):
        ana.session.select(folder, uidvalidity=known)


def test_each_use_must_take_its_folder_in_hand(ana: Imap, folder: str) -> None:
    ana.session.select(folder)
    ana.session.resume()
    with pytest.raises(RuntimeError):
        ana.messages.source(1)
    before = ana.session.traffic.commands
    ana.session.select(folder)
    assert ana.session.traffic.commands == before + 1


def test_searching_by_words_sender_subject_flags_and_days(ana: Imap, folder: str) -> None:
    uid = ana.changes.append(
        folder, letter('Über "Zanzibar"', "as agreed\r\n"), ["\\Flagged", "\\Seen"], at=1_700_000_000
    )
    ana.session.select(folder)
    for search in (
        Search(words=("agreed", "zanzibar")),
        Search(subject=('über "zan',)),
        Search(from_=("kim@",), flagged=True),
        Search(to=("ana@",), before=date(2024, 1, 1)),
        Search(subject=("Letter",), unseen=True, since=date(2026, 1, 1)),
    ):
        assert ana.searches.search(search) == ([1, 2, 3] if search.unseen else [uid])
    assert ana.searches.search(Search(words=("agreed", "nowhere"))) == []
    assert ana.searches.search(Search()) == [1, 2, 3, 4]
    assert ana.searches.find(Search()) == 4
    assert ana.searches.search(Search(answered=True)) == []
    assert ana.searches.search(Search(subject=("x" * 5000,))) == []


@pytest.mark.parametrize("text", ['x"\r\nP9 DELETE INBOX\r\n', "a\nb", "a\rb", "a\0b", "\x1b[2J", "\x7f"])
def test_a_search_cannot_smuggle_a_command(ana: Imap, folder: str, text: str) -> None:
    ana.session.select(folder)
    before = ana.session.traffic.commands
    for search in (Search(words=(text,)), Search(from_=(text,)), Search(to=(text,)), Search(subject=(text,))):
        with pytest.raises(UnsafeText):
            ana.searches.search(search)
    with pytest.raises(UnsafeText):
        ana.searches.find_message_id(folder, text)
    for section in (text, "1]<0.5> BODY[2", "1.MIME]", "*"):
        with pytest.raises(UnsafeText):
            ana.messages.part(1, section)
    assert ana.session.traffic.commands <= before + 1
    assert ana.searches.search(Search(subject=('quote " and \\ backslash',))) == []


def test_a_message_is_found_by_its_message_id(ana: Imap, folder: str) -> None:
    assert ana.searches.find_message_id(folder, "<Letter.2@customer.test>") == [2]
    assert ana.searches.find_message_id(folder, "<Letter.9@customer.test>") == []


def test_a_message_is_found_by_a_message_id_that_stands_there_without_brackets(ana: Imap, folder: str) -> None:
    for written in ("x1@old.test", "<ax1@old.test>", "x1@old.test.example", "x1@old.test"):
        ana.changes.append(folder, f"Message-ID: {written}\r\nSubject: x\r\n\r\nx".encode())
    assert ana.searches.find_message_id(folder, "<x1@old.test>") == []
    assert ana.searches.find_message_id(folder, "<x1@old.test>", bare=True) == [4, 7]
    assert ana.searches.find_message_id(folder, "<x2@old.test>", bare=True) == []
    ana.session.select(folder)
    before = ana.session.traffic.commands
    assert ana.searches.find_message_id(folder, "<ax1@old.test>", bare=True) == [5]
    assert ana.session.traffic.commands - before == 2  # the folder, and one search


# Text as old programs put it into headers, without encoding it, by the charset of the letter.
TEXTS = [
    ("iso-8859-1", "Grüße", "latin-1"),
    ("windows-1250", "Příliš", "cp1250"),
    ("koi8-r", "Счёт", "koi8-r"),
    ("gb2312", "订单 €", "gb18030"),
    ("shift_jis", "注文の件①", "cp932"),
    ("euc-kr", "주문", "cp949"),
    ("big5", "訂單", "big5"),
    ("utf-8", "Länge ✓", "utf-8"),
    ("us-ascii", "Привет, как дела", "koi8-r"),
]
WORDS = [
    "=?utf-8?Q?Wann_kommt_sie??=",
    "=?ISO-2022-JP?B?GyRCLSEkTjdvGyhC?=",
    "=?gb2312?B?6Fs=?= =?cp-1250?q?=9A?=",
    "a\r\n b",
]


def test_the_list_and_the_opened_message_say_the_same(ana: Imap, folder: str) -> None:
    for charset, text, codec in TEXTS:
        top = f'Subject: {text}\r\nFrom: "{text}" <kim@customer.test>\r\nContent-Type: text/plain; charset={charset}'
        ana.changes.append(folder, f"{top}\r\n\r\nx".encode(codec))
    for word in WORDS:
        ana.changes.append(folder, f"Subject: {word}\r\nFrom: {word} <kim@customer.test>\r\n\r\nx".encode())
    ana.session.select(folder)
    rows = ana.rows.page(1, 50)[3:]
    for row in rows:
        opened = ana.messages.open(row.uid)
        found = parse(opened.header, opened.charset)
        assert decode_words(row.subject_raw) == found.get("subject")
        assert [from_envelope(*one) for one in row.from_raw] == parse_list(found.raw("from") or b"")
    assert [decode_words(row.subject_raw) for row in rows[: len(TEXTS)]] == [text for _, text, _ in TEXTS]
    senders = [from_envelope(*one) for people, _ in ana.rows.people(50) for one in people]
    assert senders == [from_envelope(*one) for row in rows[::-1] for one in row.from_raw] + senders[len(rows) :]


def test_a_name_without_quotes_is_asked_for_once_and_whole(ana: Imap, folder: str) -> None:
    parts = (
        "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\nContent-Type: application/pdf; name=Rechnung Mai 24.pdf\r\n"
        "Content-Disposition: attachment; filename=Rechnung Mai 24.pdf\r\n\r\nx\r\n--b\r\n"
        "Content-Type: message/rfc822\r\n\r\nSubject: =?utf-8?q?K=C3=B6ln?=\r\n\r\nx\r\n--b--\r\n"
    )
    uid = ana.changes.append(
        folder, letter("Names", parts, "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"')
    )
    ana.session.select(folder)
    before = ana.session.traffic.commands
    _, pdf, inner = ana.messages.open(uid).structure.children
    assert ana.session.traffic.commands - before == 2
    assert filenames.from_params(pdf.disposition_params, pdf.params, pdf.content_type) == "Rechnung Mai 24.pdf"
    assert filenames.from_params({}, inner.params, inner.content_type, inner.subject) == "Köln.eml"


@pytest.mark.parametrize("slip", ["text/html charset=utf-8", 'text/html, charset="utf-8"', "text/html: charset=utf-8"])
def test_a_type_without_its_semicolon_is_read_all_the_same(ana: Imap, folder: str, slip: str) -> None:
    uid = ana.changes.append(
        folder, letter("A slip", "<p>Gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n", f"Content-Type: {slip}")
    )
    ana.session.select(folder)
    for part in (ana.messages.open(uid).structure, ana.messages.structure(uid)):
        assert (part.section, part.content_type, part.params["charset"]) == ("1", "text/html", "utf-8")


def test_a_long_header_is_read_to_its_fields(ana: Imap, folder: str) -> None:
    junk = "X-Info:" + "\r\n " + "\r\n ".join(["y" * 70] * 2_000)
    ana.changes.append(folder, f"{junk}\r\nSubject: Offer\r\nFrom: jo@example.net\r\n\r\nx".encode())
    ana.session.select(folder)
    assert parse(ana.messages.open(4).header).get("subject") == "Offer"
