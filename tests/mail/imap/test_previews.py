"""A row of the list begins as the opened message does: what its styles hide is no preview."""

import pytest

from mail import clean
from mail.errors import MailServerUnavailable
from mail.html import as_text
from mail.html.style_hiding import TooMuch
from mail.imap.client import Imap
from mail.imap.rows import PREVIEW_OCTETS, Rows
from mail.imap.session import Selected, Session
from mail.imap.summaries import SUMMARY_ITEMS
from mail.message.addresses import from_envelope
from mail.message.headers import decode_words
from tests.hostile import bombs
from tests.mail.conftest import letter

PADDING = "&#847;&zwnj;&nbsp;" * 90 + "&#8199;&#65440;&#xFEFF; " * 40
STYLE = "".join(f".c{n} td{{padding:{n}px;font-family:Arial,sans-serif;color:#333}}\n" for n in range(160))


def newsletter(number: int = 1, style: str = STYLE) -> str:
    """As shops send them: styles, a preheader that nobody sees, a banner, and then the letter."""
    rule = ".pre{display:none!important;mso-hide:all;font-size:1px;max-height:0;overflow:hidden}"
    return (
        f"<html><head><title>News</title><style>{style}{rule}@media (max-width:600px){{.wide{{display:none}}}}</style>"
        f"</head><body><div class=pre>Don't show {number}{PADDING}</div><a href='https://shop.example/'>"
        f"<img src=x alt=Shop></a><table class=wide><tr><td>Dear Kim, number {number} is on its way.</table>"
        f"{'<p>x' * 5_000}"
    )


def html(content: str, *more: str) -> bytes:
    return letter("News", content, "Content-Type: text/html; charset=utf-8", *more)


def part(content: str, kind: str = "plain", *more: str) -> str:
    return "\r\n".join([f"Content-Type: text/{kind}; charset=utf-8", *more, "", content])


def multipart(subtype: str, *parts: str) -> str:
    return "".join(
        [
            f'Content-Type: multipart/{subtype}; boundary="{subtype}"\r\n\r\n',
            *(f"--{subtype}\r\n{one}\r\n" for one in parts),
            f"--{subtype}--\r\n",
        ]
    )


def preview(ana: Imap, folder: str, message: bytes) -> str:
    uid = ana.changes.append(folder, message)
    ana.session.select(folder)
    (row,) = ana.rows.summaries([uid])
    return row.preview


HIDDEN = "<p style='display:none'>Hidden</p><p>Seen</p>"
PNG = "Content-Type: image/png\r\nContent-ID: <a@b>\r\n\r\nx"


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (part(HIDDEN, "html"), "Seen"),
        (multipart("alternative", part("Plain"), part(HIDDEN, "html")), "Plain"),
        (multipart("alternative", part(HIDDEN, "html"), part("Plain")), "Plain"),
        (multipart("alternative", part(" \r\n\u200c\u00a0\r\n"), part(HIDDEN, "html")), "Seen"),
        (multipart("mixed", multipart("related", part(HIDDEN, "html"), PNG), part("Banner")), "Seen"),
        (multipart("mixed", PNG, part(HIDDEN, "html")), "Seen"),
        (multipart("mixed", part("Banner"), part(HIDDEN, "html")), "Banner"),
        (part("PHAgaGlkZGVuPkhpZGRlbjwvcD5TZWVu", "html", "Content-Transfer-Encoding: base64"), "Seen"),
        (part("<p hidden>Hidden</p>S=C3=A9en", "html", "Content-Transfer-Encoding: quoted-printable"), "Séen"),
        (part("<blockquote>What I wrote</blockquote>Seen", "html"), "Seen"),
        (part("<p style='display:none'>Hidden</p><img src=x>", "html"), ""),
        (
            part("<blockquote>Dear Ana, all of my letter is indented.</blockquote>", "html"),
            "Dear Ana, all of my letter is indented.",
        ),
    ],
)
def test_a_row_begins_with_what_a_reader_sees(ana: Imap, folder: str, shape: str, told: str) -> None:
    top = "From: kim@customer.test\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    assert preview(ana, folder, f"{top}{shape}\r\n".encode()) == told


def test_newsletters_cost_one_command_more_and_only_once(ana: Imap, folder: str) -> None:
    ana.session.select(folder)
    ana.rows.page(1, 50)
    before = ana.session.traffic.commands
    ana.rows.page(1, 50)
    plain = ana.session.traffic.commands - before
    for number in range(5):
        ana.changes.append(folder, html(newsletter(number)))
    ana.session.select(folder)
    costs = []
    for _ in range(2):
        before, received = ana.session.traffic.commands, ana.session.traffic.received
        rows = ana.rows.page(1, 50)
        costs.append((ana.session.traffic.commands - before, ana.session.traffic.received - received))
        told = {row.preview.partition(" x")[0] for row in rows} - {"Hello Ana, all is well."}
        assert told == {f"Dear Kim, number {number} is on its way." for number in range(5)}
    assert [commands for commands, _ in costs] == [plain + 1, plain]
    assert costs[0][1] < costs[1][1] + 5 * (PREVIEW_OCTETS + 100)


def test_what_cannot_be_told_from_the_beginning_is_left_to_the_server(ana: Imap, folder: str) -> None:
    long = newsletter(style="a{color:red}" * 4_000)
    assert "Don't show 1" in preview(ana, folder, html(long))
    heavy = "".join(f".a{n}{{display:none}}" for n in range(500))
    with pytest.raises(TooMuch):
        as_text.beginning(f"<style>{heavy}</style><p>Seen", 200)
    with pytest.raises(TooMuch):
        as_text.beginning("<p hidden>x</p>" * 2_000 + "Seen", 200)


def test_an_indented_letter_begins_with_its_words_and_an_answer_with_its_own() -> None:
    assert as_text.beginning("<blockquote>Dear <b>Ana</b>,<p>all is indented.</blockquote>", 200) == (
        "Dear Ana, all is indented."
    )
    assert as_text.beginning(f"<blockquote>{'They wrote. ' * 90}</blockquote>I answer.", 200) == "I answer."
    with pytest.raises(TooMuch):  # an answer may stand behind what was read
        as_text.beginning("<blockquote>They wrote.", 200, whole=False)


@pytest.mark.parametrize(
    "html",
    [
        "<p style='display:/**/none'>SECRET</p>Seen",
        "<p style='display&#58;none'>SECRET</p>Seen",
        '<p style="d&#x69;splay&colon;none">SECRET</p>Seen',
        "<p style=display&#58;none>SECRET</p>Seen",
        "<p style='/* a:b; */display/* ; */:none'>SECRET</p>Seen",
        "<a href='/*'></a><p style='font-size:/*;*/0'>SECRET</p>Seen",
        "<p style='font:bold/*;*/ 0 Arial'>SECRET</p>Seen",
        "<style>.a{display:/**/none}</style><p class=a>SECRET</p>Seen",
        r"<p style='d\69splay:none'>SECRET</p>Seen",
        r"<p style='display:n\6f ne'>SECRET</p>Seen",
        r"<style>.a{d\69splay:none}</style><p class=a>SECRET</p>Seen",
        r"<style>.a{d\69splay:none}.b{display:block}</style><p class=a>SECRET</p><p class='a b'>Seen</p>",
    ],
)
def test_however_hiding_is_spelled_what_is_hidden_is_no_preview(html: str) -> None:
    assert as_text.beginning(html, 200) == as_text.text(html) == "Seen"


class Shelf(Session):
    """A folder that answers what the test says, and nothing where it says nothing; it keeps what it was asked."""

    def __init__(self, rows: list[bytes], told: dict[bytes, bytes]) -> None:
        self._rows, self.told, self.asked = rows, told, list[bytes]()

    def in_hand(self) -> Selected:
        return Selected("INBOX", 7, len(self._rows), 9, writable=False)

    def fetch(self, which: bytes, items: bytes, *, by_uid: bool = True, budget: int = 0) -> list[list[bytes]]:
        if items == SUMMARY_ITEMS:
            return [[row] for row in self._rows]
        section = items.partition(b"[")[2].partition(b"]")[0]
        self.asked.append(section)
        if section not in self.told:
            raise MailServerUnavailable("NO, not now")
        return [[b"(UID %s BODY[%s]<0> %s)" % (uid, section, self.told[section])] for uid in which.split(b",")]


def row(uid: int, section: str = "1", author: bytes = b"example") -> bytes:
    """A row whose HTML stands in this section."""
    shape = b'("text" "html" NIL NIL NIL "7bit" 9 1)'
    for number in reversed(section.split(".")):
        shape = b"(%s%s NIL)" % (b'("image" "png" NIL NIL NIL "7bit" 1)' * (int(number) - 1), shape + b' "mixed"')
    person = b'(("Kim" NIL "kim" "%s"))' % author
    return (
        b'(UID %d FLAGS () INTERNALDATE "01-Jan-2026 00:00:00 +0000" PREVIEW "SECRET Hello" '
        b'ENVELOPE (NIL "x" %s NIL NIL NIL NIL NIL NIL NIL) BODYSTRUCTURE %s)' % (uid, person, shape)
    )


def test_what_the_server_would_not_tell_is_asked_again() -> None:
    shelf = Shelf([row(1, author=b"MISSING_DOMAIN")], {b"1": b'"<p hidden>SECRET</p>Seen"'})
    rows = Rows(shelf)
    for _ in range(2):
        with pytest.raises(MailServerUnavailable):
            rows.summaries([1])
    shelf.told[b"HEADER.FIELDS (FROM SUBJECT)"] = b'"From: Kim Ito <kim@customer.test>"'
    for _ in range(2):
        (seen,) = rows.summaries([1])
        assert (seen.preview, seen.from_raw[0].name) == ("Seen", b"Kim Ito")
    assert shelf.asked == [b"1", b"HEADER.FIELDS (FROM SUBJECT)"] * 3


def test_html_in_a_place_that_was_not_asked_for_is_looked_at_the_next_time() -> None:
    places = ("1", "2", "3", "4", "5")
    shelf = Shelf(
        [row(uid, place) for uid, place in enumerate(places, start=1)],
        {place.encode(): b'"<p hidden>SECRET</p>Seen"' for place in places},
    )
    rows = Rows(shelf)
    shown = [[seen.preview for seen in rows.summaries(range(1, 6))].count("Seen") for _ in range(3)]
    assert (shown, len(shelf.asked)) == ([3, 5, 5], 5)


@pytest.mark.parametrize("name", bombs.HTML)
def test_a_bomb_has_a_beginning_or_none(name: str) -> None:
    try:
        assert len(as_text.beginning(bombs.HTML[name][:PREVIEW_OCTETS], 200)) <= 200
    except TooMuch:
        assert "Seen" not in bombs.HTML[name]


def test_filling_is_no_text_and_words_stay_whole() -> None:
    filled = "News\u034f\u200c\u00a0\u034f\u200c\u00a0 \uffa0\u2800\u3164today" + "\u200c\u00a0" * 90
    assert clean.blanks_closed(filled) == "News today"
    for word in ("می\u200cخواهم", "👩\u200d👧", "क्\u200dष", "Straße"):
        assert clean.blanks_closed(f" {word}  {word}") == f"{word} {word}"


def test_a_japanese_name_that_was_never_encoded_stands_in_the_list(ana: Imap, folder: str) -> None:
    name = "東京本社 営業部"
    for author in (f"{name} <kim@customer.test>", f'"{name}" <kim@customer.test>', f"kim@customer.test ({name})"):
        head = f"From: {author}\r\nSubject: 日本語\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\nx\r\n"
        uid = ana.changes.append(folder, head.encode("iso2022_jp"))
        ana.session.select(folder)
        (row,) = ana.rows.summaries([uid])
        (kim,) = [from_envelope(*one) for one in row.from_raw]
        assert kim is not None
        assert (kim.name, kim.address, decode_words(row.subject_raw)) == (name, "kim@customer.test", "日本語")


def test_a_letter_to_ten_thousand_has_a_subject_and_an_author_in_the_list(ana: Imap, folder: str) -> None:
    everybody = ",\r\n ".join(f"Customer {number} <c{number}@customer.test>" for number in range(10_000))
    head = f"To: {everybody}\r\nFrom: Kim Ito <kim@customer.test>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nx\r\n"
    uid = ana.changes.append(folder, head.encode())
    ana.session.select(folder)
    (row,) = ana.rows.summaries([uid])
    assert decode_words(row.subject_raw) == "Grüße"
    assert [from_envelope(*one) for one in row.from_raw] == [from_envelope(b"Kim Ito", b"kim", b"customer.test")]
