"""Headers from strangers stay one header each, and none takes long."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.message import headers
from mail.message.addresses import parse_list


def test_an_encoded_line_end_in_the_subject_is_no_line_end() -> None:
    found = headers.parse(b"Subject: =?utf-8?q?a=0ABcc:_evil=40evil.test?=\r\n\r\n")
    assert found.get("subject") == "a Bcc: evil@evil.test"
    assert found.get("bcc") == ""


@pytest.mark.parametrize(
    "code", ["=0A", "=0D", "=0D=0A", "=00", "=C2=85", "=E2=80=A8", "=E2=80=A9", "=0B", "=0C", "=1B"]
)
def test_no_encoded_control_character_survives(code: str) -> None:
    assert headers.decode_words(f"=?utf-8?q?a{code}b?=") == "a b"


def test_reordering_characters_are_taken_out() -> None:
    assert headers.decode_words("invoice\u202egpj.exe") == "invoicegpj.exe"


def test_folded_headers_are_joined_and_junk_lines_skipped() -> None:
    found = headers.parse(b"Subject: one\r\n  two\r\nno header\r\nX-A : 3\nTo: a@b.test\n\nSubject: body")
    assert found.get("SUBJECT") == "one  two"
    assert found.get("x-a") == "3"
    assert found.get_all("subject") == ["one  two"]


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        ("=?utf-8?B?4pyTIERvbmU=?=", "✓ Done"),
        ("=?utf-8?b?5paH?= =?utf-8?b?5a2X?=", "文字"),
        ("=?utf-8?b?5pY=?= =?utf-8?b?h+Wtlw==?=", "文字"),
        ("=?iso-8859-1?Q?Gr=FC=DFe?= aus =?utf-8?q?K=C3=B6ln?=", "Grüße aus Köln"),
        ("=?utf-8*de?q?K=C3=B6ln?=", "Köln"),
        ("=?utf-8?q?a b c?=", "a b c"),
        ("=?x-none?q?abc?=", "abc"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("before=?utf-8?q?mid?=after", "beforemidafter"),
        ("=?utf-8?Q?Wann_kommt_meine_Bestellung??=", "Wann kommt meine Bestellung?"),
        ("=?utf-8?q?a?b?c?= =?utf-8?q??d?=", "a?b?c?d"),
        ("=?UTF-8?Q?Hola?=20=C2=BFqu=C3=A9?=", "Hola? ¿qué"),
        ("=?utf-8?q?x?=AFTER =?utf-8?q?y?=", "xAFTER y"),
        ("=?ISO-2022-JP?B?GyRCLSEkTjdvGyhC?=", "①の件"),
        ("=?ISO-2022-JP?B?GyRCLSEkTjdvGyhC?=\r\n =?iso-2022-jp?b?GyRCLSEkTjdvGyhC?=", "①の件①の件"),
        ("=?cp-1250?Q?P=F8=EDli=9A?=", "Příliš"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_encoded_words(encoded: str, text: str) -> None:
    assert headers.decode_words(encoded) == text


@pytest.mark.parametrize(
    "junk",
    [
        b"X-Microsoft-Antispam-Message-Info:\r\n " + b"\r\n ".join([b"QZ97" * 18] * 200),
        b"\r\n".join(b"X-A: =?utf-8?q?a?= =?utf-8?q?a?=" for _ in range(300)),
        b"\r\n".join(b"Received: from relay.test" for _ in range(2_000)),
        b"\r\n".join(b"To: Person <p%d@customer.test>" % n for n in range(19)),
    ],
)
def test_what_nobody_reads_bounds_nothing(junk: bytes) -> None:
    found = headers.parse(junk + b"\r\nSubject: Offer\r\nFrom: Jo Kern <jo@example.net>\r\n\r\n")
    assert (found.get("subject"), found.get("from")) == ("Offer", "Jo Kern <jo@example.net>")
    assert found.shortened == ()


def test_what_is_read_is_shortened_and_says_so() -> None:
    people = b", ".join(b"P%d <p%d@customer.test>" % (n, n) for n in range(4_000))
    long = headers.parse(b"From: m@customer.test\r\nSubject: " + b"word " * 3_000 + b"\r\nTo: " + people + b"\r\n\r\n")
    assert long.shortened == ("subject", "to")
    assert (long.get("subject")[-10:], long.get("from")) == (" word word", "m@customer.test")
    assert (long.raw("to") or b"").endswith(b"@customer.test>")  # half an address may be somebody else's
    rich = headers.parse(b"Subject: " + b" ".join([b"=?utf-8?q?a?="] * 300))
    assert (rich.shortened, rich.get("subject")) == (("subject",), "a" * 200)
    assert headers.parse(b"From: " + b"A" * 70_000 + b" <m@evil.test>").raw("from") == b"<m@evil.test>"
    assert headers.parse(b"To: a@b.test\r\n" * 100).shortened == ("to",)


def test_of_a_block_without_end_the_beginning_is_read() -> None:
    found = headers.parse(b"Subject: Offer\r\nFrom: jo@example.net\r\nTo: " + b"kim@customer.test, " * 30_000)
    assert (found.get("subject"), found.get("from")) == ("Offer", "jo@example.net")
    assert found.shortened == ("to", "header")
    assert (found.raw("to") or b"").endswith(b"kim@customer.test")


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1250", "gbk", "euc-kr"])
def test_names_and_subjects_are_read_in_the_charset_of_the_body(charset: str) -> None:
    text = {"iso-8859-1": "Grüße", "windows-1250": "Příliš", "gbk": "订单", "euc-kr": "주문"}[charset]
    raw = f"Subject: {text}\r\nFrom: {text} <jo@example.net>\r\n".encode(charset)
    found = headers.parse(raw, charset)
    assert (found.get("subject"), found.raw("from")) == (text, f"{text} <jo@example.net>".encode())


def test_five_hundred_recipients_are_no_attack() -> None:
    line = b"To: " + b",\r\n ".join(b"Person %d <p%d@customer.test>" % (n, n) for n in range(500))
    assert headers.parse(line).raw("to")


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@b.test>", ["<a@b.test>"]),
        ("<a@b> (x) <c@d><c@d>", ["<a@b>", "<c@d>"]),
        ("<[x>", ["<[x>"]),
        ("<abc@def@example.net>", ["<abc@def@example.net>"]),
        ("<a b@c.test> <no-at>", ["<a b@c.test>", "<no-at>"]),
        ("a@b.test c@d.test", ["<a@b.test>", "<c@d.test>"]),
        ("Your message of Monday <a@b.test>", ["<a@b.test>"]),
        ("<" + "x" * 890 + "@b>", ["<" + "x" * 890 + "@b>"]),
        ("<é@x> <a\0@b> <>", []),
        ("<a@b\r\nBcc: x@y>", []),
        ("no ids", []),
        (None, []),
        ("<" + "x" * 900 + "@b>", []),
    ],
)
def test_message_ids_are_what_stands_in_brackets_and_fits_a_header(value: str | None, ids: list[str]) -> None:
    assert headers.message_ids(value) == ids


@pytest.mark.parametrize(
    ("value", "message_id"),
    [
        ("<a@b.test>", "<a@b.test>"),
        ("abc@def", "<abc@def>"),
        ("12345", "<12345>"),
        ("a b@c", "<a b@c>"),
        (" <x> (comment)", "<x>"),
        ("", ""),
        (None, ""),
        ("é@x", ""),
        ("<a\r\nBcc: x@y>", ""),
        ("<" * 2000, ""),
    ],
)
def test_a_message_without_brackets_around_its_id_has_one_all_the_same(value: str | None, message_id: str) -> None:
    assert headers.message_id(value) == message_id


@given(st.text() | st.text("<>@ab \r\n\t"))
def test_an_id_is_always_fit_for_a_header(text: str) -> None:
    for found in [*headers.message_ids(text), headers.message_id(text)]:
        assert found.isascii()
        assert found.isprintable() or not found
        assert len(found) <= headers.LONGEST_MESSAGE_ID
        assert not found or headers.message_ids(found) == [found]


def test_a_long_thread_keeps_its_first_and_last_ids() -> None:
    ids = headers.message_ids(" ".join(f"<{n}@x>" for n in range(3_000)))
    assert (len(ids), ids[0], ids[-1]) == (100, "<0@x>", "<2999@x>")


def test_dates_keep_their_writers_clock_and_nonsense_is_none() -> None:
    found = headers.parse_date("Tue, 3 Nov 2026 10:00:00 +0200")
    assert found == datetime(2026, 11, 3, 8, tzinfo=UTC)
    assert found.hour == 10
    assert headers.parse_date("Tue, 3 Nov 2026 10:00:00 -0000") == datetime(2026, 11, 3, 10, tzinfo=UTC)
    for nonsense in ("", "yesterday", "Fri, 99 Foo 999999 99:99:99 +9999", "Mon, 01 Jan 9999 23:59:59 -2359", "\0"):
        assert headers.parse_date(nonsense) is None or nonsense.startswith("Mon")


@given(st.binary(max_size=600))
def test_any_bytes_are_headers(raw: bytes) -> None:
    found = headers.parse(raw)
    for name, value in found.fields:
        assert len(found.get(name).splitlines()) <= 1
        headers.parse_date(value)


@given(st.text(alphabet="=?utf-8qb_ 0AD\n\r\u2028é"))
def test_decoded_words_are_always_one_line(text: str) -> None:
    assert len(headers.decode_words(text).splitlines()) <= 1


@pytest.mark.parametrize(
    "value",
    [
        b'"ceo@bank.test, ' + b"a" * 70_000 + b'" <eve@x.test>',
        b'"ceo@bank.test, a" (ceo@bank.test, ' + b"a" * 70_000 + b") <eve@x.test>",
        b"<eve@x.test> (<ceo@bank.test> " + b"a" * 70_000 + b")",
    ],
)
def test_what_a_long_name_quotes_is_nobody(value: bytes) -> None:
    found = headers.parse(b"From: " + value + b"\r\n")
    assert found.shortened == ("from",)
    assert parse_list(found.raw("From") or b"")[0].address == "eve@x.test"


def test_of_a_person_whose_end_is_not_known_nothing_is_read() -> None:
    block = (
        b"X: " + b"x" * (headers.MAX_BLOCK - 200) + b'\r\nFrom: "ceo@bank.test, ' + b"a" * 300 + b'" <eve@x.test>\r\n'
    )
    assert parse_list(headers.parse(block).raw("From") or b"") == []
