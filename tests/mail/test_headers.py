"""Headers from strangers stay one header each, and none takes long."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail import headers
from mail.errors import HostileMessage


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
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_encoded_words(encoded: str, text: str) -> None:
    assert headers.decode_words(encoded) == text


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (b"X: " + b"y" * 200_000, "header block"),
        (b"Subject: " + b"y" * 9_000, "one header"),
        (b"X: y\r\n" * 1_001, "headers"),
        (b"".join(b"X: =?utf-8?q?a?= =?utf-8?q?a?=\r\n" for _ in range(120)), "encoded words"),
    ],
)
def test_a_header_block_beyond_reason_is_named_hostile(block: bytes, reason: str) -> None:
    with pytest.raises(HostileMessage, match=reason):
        headers.parse(block)


def test_five_hundred_recipients_are_no_attack() -> None:
    line = b"To: " + b",\r\n ".join(b"Person %d <p%d@customer.test>" % (n, n) for n in range(500))
    assert headers.parse(line).raw("to")


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@b.test>", ["<a@b.test>"]),
        ("<a@b> (x) <c@d><c@d>", ["<a@b>", "<c@d>"]),
        ("<[x>", []),
        ("<a@b\r\nBcc: x@y>", []),
        ("no ids", []),
        (None, []),
        ("<" + "x" * 900 + "@b>", []),
    ],
)
def test_only_well_formed_message_ids_are_used(value: str | None, ids: list[str]) -> None:
    assert headers.message_ids(value) == ids


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
def test_any_bytes_are_headers_or_hostile(raw: bytes) -> None:
    try:
        found = headers.parse(raw)
    except HostileMessage:
        return
    for name, value in found.fields:
        assert len(found.get(name).splitlines()) <= 1
        headers.parse_date(value)


@given(st.text(alphabet="=?utf-8qb_ 0AD\n\r\u2028é"))
def test_decoded_words_are_always_one_line(text: str) -> None:
    assert len(headers.decode_words(text).splitlines()) <= 1
