"""What ana writes is what arrives; what a stranger wrote injects nothing into it."""

import email
import email.policy
import time
import tracemalloc
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail import clean
from mail.message import compose, headers
from mail.message.addresses import Address, parse_list
from mail.message.compose import Draft, Original, OutgoingAttachment
from tests.hostile import messages

SUPPORT = Address("Support", "support@brand-a.test")
KIM = Address("Kim Keller", "kim@customer.test")
BEN = Address("Ben Brandt", "ben@brand-b.test")
EVE = Address("", "eve@other.test")
PLUS = Address("", "Support+shop@brand-a.test")
MESSAGE_ID = "<0123456789abcdef@brand-a.test>"
DATE = 1_793_700_000
ALLOWED = {"from", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references", "mime-version"}
ALLOWED |= {"content-type", "content-transfer-encoding"}


def build(draft: Draft, **options: bool) -> bytes:
    return compose.build(draft, identity=SUPPORT, message_id=MESSAGE_ID, date=DATE, **options)


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def body_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def original(**changes: object) -> Original:
    facts: dict[str, object] = {
        "from_": (KIM,), "to": (SUPPORT, EVE), "cc": (BEN,), "subject": "Refill", "message_id": "<k1@customer.test>",
        "date": datetime(2026, 11, 3, 23, 30, tzinfo=timezone(timedelta(hours=-5))), "text": "Where is it?\n",
    }  # fmt: skip
    return Original(**(facts | changes))  # type: ignore[arg-type]


def test_a_short_answer_is_readable_on_the_wire() -> None:
    raw = build(Draft(to=(KIM,), subject="Re: Refill", text="On its way.\n", in_reply_to="<k1@customer.test>"))
    assert raw.decode("ascii").split("\r\n") == [
        "From: Support <support@brand-a.test>",
        "To: Kim Keller <kim@customer.test>",
        "Subject: Re: Refill",
        "Date: Tue, 03 Nov 2026 10:00:00 +0000",
        f"Message-ID: {MESSAGE_ID}",
        "In-Reply-To: <k1@customer.test>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "Content-Transfer-Encoding: 7bit",
        "",
        "On its way.",
        "",
    ]


def test_nothing_tells_who_or_where_the_writer_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as tokyo:
        tokyo.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        message = parsed(build(Draft(to=(KIM,), subject="x", text="y", html="<p>y</p>")))
    time.tzset()
    assert {name.lower() for name in message.keys()} <= ALLOWED  # noqa: SIM118
    assert message["date"] == "Tue, 03 Nov 2026 10:00:00 +0000"


def test_every_script_arrives_whole() -> None:
    draft = Draft(
        to=(Address("Dvořák, Dan", "dan@brand-a.test"), Address('Say "hi"', "s@h.test")),
        cc=(Address("田中 " * 20, "tess@brand-a.test"),),
        subject="Übersicht – 文字化け " * 12,
        text="Grüße\n\n" + "日本語" * 300 + "\n" + "long " * 400,
        html="<p>Grüße <b>fett</b></p>",
        attachments=(OutgoingAttachment("Übersicht 文.pdf", "application/pdf", bytes(range(256)) * 500),),
    )
    raw = build(draft)
    message = parsed(raw)
    assert message["subject"] == draft.subject.strip()
    assert [a.display_name for a in message["to"].addresses] == ["Dvořák, Dan", 'Say "hi"']
    assert [a.addr_spec for a in message["to"].addresses] == ["dan@brand-a.test", "s@h.test"]
    received = headers.parse(raw.partition(b"\r\n\r\n")[0])
    assert parse_list(received.raw("cc") or b"") == [Address(("田中 " * 20).strip(), "tess@brand-a.test")]
    assert body_of(message, "plain") == draft.text + "\n"
    assert body_of(message, "html") == "<p>Grüße <b>fett</b></p>\n"
    (file,) = message.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("Übersicht 文.pdf", "application/pdf")
    assert file.get_content() == draft.attachments[0].data
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_bcc_stays_in_the_draft() -> None:
    draft = Draft(to=(KIM,), bcc=(EVE,))
    assert b"eve@other.test" not in build(draft)
    assert b"Bcc: eve@other.test\r\n" in build(draft, keep_bcc=True)
    assert draft.recipients == ("kim@customer.test", "eve@other.test")
    assert b"To: undisclosed-recipients:;\r\n" in build(Draft(bcc=(EVE,)))


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "\u2028", "\u0085", "\0", "\x0b", "\x1e"])
def test_no_field_of_the_draft_starts_another_header(line_end: str) -> None:
    evil = f"x{line_end}Bcc: evil@evil.test{line_end}{line_end}body"
    draft = Draft(
        to=(Address(evil, "kim@customer.test"),),
        subject=evil,
        text="y",
        in_reply_to=f"<a@b.test>{evil}",
        references=(f"<a@b.test{evil}>", "<c@d.test>", evil),
        attachments=(OutgoingAttachment(evil, f"text/plain{evil}", b"z"),),
    )
    message = parsed(build(draft))
    assert message["bcc"] is None
    assert {name.lower() for name in message.keys()} <= ALLOWED  # noqa: SIM118
    assert message["references"] == "<c@d.test>"
    (file,) = message.iter_attachments()
    assert [name.lower() for name in file.keys()] == [  # noqa: SIM118
        "content-type", "content-disposition", "content-transfer-encoding",
    ]  # fmt: skip


def test_an_address_that_is_none_is_refused_not_written() -> None:
    for wrong in ("kim", "kim@x.test\r\nBcc: e@e.test", "a b@c.test", "kim@x.test\r", ""):
        with pytest.raises(ValueError, match="not an address"):
            build(Draft(to=(Address("", wrong),)))
    with pytest.raises(ValueError, match="not a message id"):
        compose.build(Draft(), identity=SUPPORT, message_id="<a@b>\r\nX: y", date=DATE)


def test_an_address_of_another_place_stands_in_the_header_as_the_wire_has_it() -> None:
    taro, jorg = Address("Taro", "taro..yama.@docomo.example"), Address("Jörg", "jörg@x.test")
    assert b'To: Taro <"taro..yama."@docomo.example>\r\n' in build(Draft(to=(taro,)))
    header = build(Draft(to=(jorg,))).partition(b"\r\n\r\n")[0]
    assert "<jörg@x.test>\r\n".encode() in header
    assert parse_list(headers.parse(header).raw("to") or b"") == [jorg]
    for letter in ("\N{GRINNING FACE}", '"'):
        for length in (483, 893):
            longest = Address(letter * 200, f"{'k' * length}@x.test")
            raw = build(Draft(to=(longest, longest)))
            assert max(map(len, raw.split(b"\r\n"))) <= 998
            received = headers.parse(raw.partition(b"\r\n\r\n")[0])
            assert [one.address for one in parse_list(received.raw("to") or b"")] == [longest.address] * 2


def test_html_is_made_harmless_and_gets_a_text_form() -> None:
    html = '<p onclick="x">Hi <a href="https://x.test/">there</a><img src="https://x.test/i.png"><script>x</script></p>'
    message = parsed(build(Draft(to=(KIM,), html=html)))
    assert "script" not in body_of(message, "html")
    assert 'src="https://x.test/i.png"' in body_of(message, "html")
    assert body_of(message, "plain") == "Hi there <https://x.test/>\n"


def test_twenty_five_megabytes_fit_in_reasonable_memory() -> None:
    data = bytes(25 << 20)
    tracemalloc.start()
    raw = build(Draft(to=(KIM,), text="y", attachments=(OutgoingAttachment("big.bin", "application/zip", data),)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(raw) > 34_000_000
    assert peak < 100 << 20


def test_an_answer_goes_to_kim_with_her_words_quoted() -> None:
    draft = compose.reply(original(), me=SUPPORT.address)
    assert (draft.to, draft.cc, draft.subject) == ((KIM,), (), "Re: Refill")
    assert draft.text == "\n\nOn 3 Nov 2026 at 23:30, Kim Keller wrote:\n> Where is it?\n"
    assert (draft.in_reply_to, draft.references) == ("<k1@customer.test>", ("<k1@customer.test>",))


def test_reply_all_leaves_out_the_mailbox_itself_and_doubles() -> None:
    draft = compose.reply(original(cc=(BEN, KIM, EVE)), me="SUPPORT@brand-a.test", everyone=True)
    assert (draft.to, draft.cc) == ((KIM,), (EVE, BEN))


def test_reply_to_is_honoured_unless_it_is_oneself() -> None:
    assert compose.reply(original(reply_to=(EVE,)), me=SUPPORT.address).to == (EVE,)
    assert compose.reply(original(reply_to=(SUPPORT,)), me=SUPPORT.address).to == (KIM,)


def test_an_answer_to_ones_own_message_goes_where_that_went() -> None:
    own = original(from_=(SUPPORT,), to=(KIM,), cc=(EVE,))
    assert compose.reply(own, me=SUPPORT.address).to == (KIM,)
    assert compose.reply(own, me=SUPPORT.address, everyone=True).cc == (EVE,)
    to_self = original(from_=(SUPPORT,), to=(SUPPORT,))
    assert compose.reply(to_self, me=SUPPORT.address).to == (SUPPORT,)


@pytest.mark.parametrize("everyone", [False, True])
def test_a_contact_form_is_answered_to_its_visitor_alone(everyone: bool) -> None:
    form = original(from_=(SUPPORT,), to=(SUPPORT, PLUS), cc=(), reply_to=(KIM,))
    draft = compose.reply(form, me=SUPPORT.address, everyone=everyone)
    assert (draft.to, draft.cc) == ((KIM,), ())
    ours = original(from_=(SUPPORT,), to=(EVE,), cc=(), reply_to=(SUPPORT,))
    assert compose.reply(ours, me=SUPPORT.address, everyone=everyone).to == (EVE,)


def test_reply_all_never_writes_to_the_mailbox_itself() -> None:
    draft = compose.reply(original(to=(SUPPORT, PLUS, EVE), cc=(PLUS, BEN)), me=SUPPORT.address, everyone=True)
    assert (draft.to, draft.cc) == ((KIM,), (EVE, BEN))
    from_plus = original(from_=(PLUS,), to=(SUPPORT,), cc=(EVE,))
    draft = compose.reply(from_plus, me=SUPPORT.address, everyone=True)
    assert (draft.to, draft.cc) == ((EVE,), ())
    other_plus = Address("", "support2+x@brand-a.test")
    assert compose.reply(original(to=(other_plus,)), me=SUPPORT.address, everyone=True).cc == (other_plus, BEN)


def test_of_whom_the_name_gives_itself_out_for_an_address_the_address_alone_is_answered() -> None:
    for name in ("suppоrt@brand-a.test", "support＠brand-a.test", "Support <support@brand-a.test>", "x@evil.test"):
        given = original(from_=(Address(name, "x@evil.test"),), cc=(Address(name, "y@evil.test"), KIM), reply_to=())
        answer = compose.reply(given, me="help@other.test", everyone=True)
        assert answer.to == (Address("", "x@evil.test"),)
        assert Address("", "y@evil.test") in answer.cc
        assert KIM in answer.cc


def test_where_nobody_wrote_it_whoever_sent_it_is_answered() -> None:
    received = headers.parse(b"Sender: Kim <kim@customer.test>\r\nTo: support@brand-a.test\r\n")
    assert compose.reply(Original.read(received, "x"), me=SUPPORT.address).to == (Address("Kim", "kim@customer.test"),)


def test_two_authors_are_both_answered() -> None:
    assert compose.reply(original(from_=(KIM, EVE)), me=SUPPORT.address).to == (KIM, EVE)
    assert compose.reply(original(from_=(SUPPORT, EVE)), me=SUPPORT.address).to == (EVE,)


@pytest.mark.parametrize(
    ("lines", "to", "cc"),
    [
        ("Reply-To: reply+{long}@x.test", ["reply+{long}@x.test"], ["support@brand-a.test"]),
        ("Reply-To: taro..yama.@docomo.example", ["taro..yama.@docomo.example"], ["support@brand-a.test"]),
        ('Reply-To: "taro..yama."@docomo.example', ["taro..yama.@docomo.example"], ["support@brand-a.test"]),
        ("Reply-To: Jörg <joerg@münchen.example>", ["joerg@xn--mnchen-3ya.example"], ["support@brand-a.test"]),
        ("Reply-To: jörg@x.test.", ["jörg@x.test"], ["support@brand-a.test"]),
        ("Reply-To: nobody at all", ["kim@customer.test"], ["support@brand-a.test"]),
        ("Reply-To: jo@x.test (at home) soon", ["jo@x.test"], ["support@brand-a.test"]),
        ("Reply-To: <mailto:jo@x.test>", ["jo@x.test"], ["support@brand-a.test"]),
        ("To: a@x.test\r\nCc: b@x.test\r\nCc: c@x.test", ["kim@customer.test"],
         ["support@brand-a.test", "a@x.test", "b@x.test", "c@x.test"]),
    ],
)  # fmt: skip
def test_what_people_receive_is_answered_with_what_it_says(lines: str, to: list[str], cc: list[str]) -> None:
    long = "a1b2" * 60
    lines = lines.format(long=long)
    block = f"From: Kim <kim@customer.test>\r\nTo: support@brand-a.test\r\n{lines}\r\n".encode()
    draft = compose.reply(Original.read(headers.parse(block), "x"), me="dan@brand-a.test", everyone=True)
    assert [one.address for one in draft.to] == [one.format(long=long) for one in to]
    assert [one.address for one in draft.cc] == cc
    assert parse_list(headers.parse(build(draft)).raw("to") or b"") == list(draft.to)


def test_whoever_cannot_be_answered_is_quoted_all_the_same() -> None:
    draft = compose.reply(Original.read(headers.parse(b"From: Jo Kern <jo>\r\n"), "Hi"), me=SUPPORT.address)
    assert draft.to == ()
    assert "Jo Kern wrote:\n> Hi" in draft.text


@pytest.mark.parametrize(
    "subject",
    [
        "Refill",
        "Re: Refill",
        "RE: re: AW: Refill",
        "Re[2]: Refill",
        "Fwd: Re: Refill",
        "回复：Refill",
        "  SV : Refill",
        "R: I: 回覆: 轉寄: Svar: Doorst: PD: ATB: Отв: İLT: YNT: Refill",
        "ENC: RES: Refill",
        "返信：転送：Refill",
        "답장: 회신: Refill",
    ],
)
def test_marks_never_pile_up(subject: str) -> None:
    assert compose.reply(original(subject=subject), me="x@y.test").subject == "Re: Refill"
    assert compose.forward(original(subject=subject)).subject == "Fwd: Refill"


def test_words_that_look_like_marks_stay() -> None:
    assert compose.reply(original(subject="Regarding: x"), me="x@y.test").subject == "Re: Regarding: x"
    assert compose.reply(original(subject="Re: "), me="x@y.test").subject == "Re: "
    for words in ("Enc: passport copy", "Ref: 4711", "Sip. R: I: x", "i: x", "Ang: x", "Pd: x", "Research: x"):
        assert compose.reply(original(subject=f"AW: {words}"), me="x@y.test").subject == f"Re: {words}"


@pytest.mark.parametrize(
    ("field", "threaded"),
    [
        (b"<abc@def@example.net>", "<abc@def@example.net>"),
        (b"<no-at-sign>", "<no-at-sign>"),
        (b"<a blank@example.net>", "<a blank@example.net>"),
        (b"bare@example.net", "<bare@example.net>"),
        (b"<" + b"x" * 500 + b"@example.net>", f"<{'x' * 500}@example.net>"),
    ],
)
def test_an_answer_threads_by_whatever_id_the_message_has(field: bytes, threaded: str) -> None:
    received = headers.parse(b"From: kim@customer.test\r\nMessage-ID: " + field + b"\r\nReferences: <first>\r\n")
    raw = build(compose.reply(compose.Original.read(received, "x"), me=SUPPORT.address))
    answer = headers.parse(raw)
    assert headers.message_ids(answer.raw("in-reply-to")) == [threaded]
    assert headers.message_ids(answer.raw("references")) == ["<first>", threaded]
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_rich_answers_quote_through_the_sanitiser() -> None:
    draft = compose.reply(
        original(html='<p onclick=x>Hi<img src="http://trap.evil.test/i.png"></p><script>x</script>', text=""),
        me=SUPPORT.address, rich=True,
    )  # fmt: skip
    assert draft.html is not None
    assert '<blockquote><p>Hi<img alt=""></p></blockquote>' in draft.html
    assert "> Hi" in draft.text
    plain = compose.reply(original(text="<script>x</script>"), me=SUPPORT.address, rich=True)
    assert plain.html is not None
    assert "<script" not in plain.html


def test_a_forwarded_message_says_what_it_was() -> None:
    draft = compose.forward(original(), rich=True)
    assert draft.to == ()
    assert "From: Kim Keller <kim@customer.test>\nDate: 3 Nov 2026 at 23:30 (-0500)\nSubject: Refill\n" in draft.text
    assert (
        "To: Support <support@brand-a.test>, eve@other.test\nCc: Ben Brandt <ben@brand-b.test>\n\nWhere is it?"
        in draft.text
    )
    assert draft.html is not None
    assert "From: Kim Keller &lt;kim@customer.test&gt;" in draft.html
    assert draft.in_reply_to == ""


def test_a_long_conversation_keeps_its_beginning() -> None:
    ids = tuple(f"<{n}@x.test>" for n in range(500))
    draft = compose.reply(original(references=ids), me=SUPPORT.address)
    assert (len(draft.references), draft.references[0], draft.references[-1]) == (
        20,
        "<0@x.test>",
        "<k1@customer.test>",
    )
    assert max(map(len, build(draft).split(b"\r\n"))) < 100


def test_an_encoded_line_end_in_a_received_subject_is_no_bcc() -> None:
    received = headers.parse(b"From: m@evil.test\r\nSubject: =?utf-8?q?a=0ABcc:_evil=40evil.test?=\r\n")
    draft = compose.reply(Original.read(received, "x"), me=SUPPORT.address)
    message = parsed(build(draft))
    assert message["bcc"] is None
    assert message["subject"] == "Re: a Bcc: evil@evil.test"


HEADER_VECTORS = [(name, raw) for name, raw in messages() if name.startswith("header-")]


@pytest.mark.parametrize(("name", "raw"), HEADER_VECTORS, ids=[name for name, _ in HEADER_VECTORS])
def test_answering_hostile_headers_writes_only_our_own(name: str, raw: bytes) -> None:
    assert name
    received = headers.parse(raw.partition(b"\r\n\r\n")[0])
    for rich in (False, True):
        draft = compose.reply(Original.read(received, "x"), me=SUPPORT.address, everyone=True, rich=rich)
        block = build(draft).partition(b"\r\n\r\n")[0] + b"\r\n"
        written = headers.parse(block)
        assert {field for field, _ in written.fields} <= ALLOWED
        assert len(written.fields) == len({field for field, _ in written.fields})
        assert parse_list(written.raw("from") or b"") == [SUPPORT]
        recipients = [a.address for field in ("to", "cc") for a in parse_list(written.raw(field) or b"")]
        assert recipients == list(draft.recipients)


PICTURE = OutgoingAttachment("damage.png", "image/png", b"png", "damage@kim")
UNSEEN = OutgoingAttachment("unseen.png", "image/png", b"png2", "unseen@kim")
OFFER = OutgoingAttachment("offer.pdf", "application/pdf", b"pdf")


def test_pictures_stand_in_the_text_and_files_below_it() -> None:
    draft = Draft(html='<p>See</p><img src="cid:damage@kim">', attachments=(PICTURE, UNSEEN, OFFER))
    message = parsed(build(draft))
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "application/pdf",
    ]  # fmt: skip
    related = next(part for part in message.walk() if part.get_content_type() == "multipart/related")
    assert related.get_param("type") == "text/html"
    (picture,) = [part for part in message.walk() if part["content-id"]]
    assert (picture["content-id"], picture.get_content_disposition()) == ("<damage@kim>", "inline")
    assert '<img src="cid:damage@kim"' in body_of(message, "html")


def test_a_draft_keeps_a_picture_that_an_undo_may_bring_back() -> None:
    raw = compose.build(
        Draft(html="<p>See</p>", attachments=(PICTURE,)),
        identity=SUPPORT, message_id="<k@brand-a.test>", date=0, keep_bcc=True,
    )  # fmt: skip
    assert b"Content-ID: <damage@kim>" in raw


@given(st.text(max_size=300))
def test_any_content_id_is_written_so_that_the_text_finds_it(name: str) -> None:
    html = compose.kept_picture(name)
    draft = Draft(html=f'<img src="{html}">', attachments=(OutgoingAttachment("a.png", "image/png", b"x", name),))
    message = parsed(build(draft))
    (picture,) = [part for part in message.walk() if part["content-id"]] if name else [message]
    assert not name or f'src="cid:{picture["content-id"].strip("<>")}"' in body_of(message, "html")


def test_what_is_quoted_keeps_its_pictures_and_nothing_remote() -> None:
    html = '<img src="cid:damage@kim"><img src="CID:a%20b"><img src="https://x.test/pixel.png">'
    draft = compose.reply(replace(original(), html=html), me=SUPPORT.address, rich=True)
    assert draft.html is not None
    assert draft.html.count('src="cid:') == 2
    assert "cid:damage@kim" in draft.html
    assert "x.test" not in draft.html


def test_message_ids_tell_only_the_domain() -> None:
    first, second = compose.new_message_id("brand-a.test"), compose.new_message_id("brand-a.test")
    assert first != second
    assert headers.message_ids(first) == [first]
    assert first.endswith("@brand-a.test>")


NAMES = st.text(max_size=80)


@given(NAMES, NAMES, st.text(max_size=200), st.text(max_size=40))
def test_any_words_are_written_as_one_message(name: str, subject: str, text: str, filename: str) -> None:
    draft = Draft(
        to=(Address(name, "kim@customer.test"),), subject=subject, text=text,
        attachments=(OutgoingAttachment(filename, filename, b"data"),),
    )  # fmt: skip
    raw = build(draft)
    found = headers.parse(raw.partition(b"\r\n\r\n")[0])
    assert {field for field, _ in found.fields} <= ALLOWED
    assert found.get("subject") == " ".join(clean.one_line(subject).split(" ")) or "=?" in subject
    assert [a.address for a in parse_list(found.raw("to") or b"")] == ["kim@customer.test"]
    message = parsed(raw)
    assert body_of(message, "plain").rstrip("\n") == clean.body(text).rstrip("\n")
    (file,) = message.iter_attachments()
    assert file.get_payload(decode=True) == b"data"
