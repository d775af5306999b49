"""Whatever a stranger's label claims, the text is readable and nothing but text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail import charsets, clean
from tests.hostile.charsets import BODIES


@pytest.mark.parametrize("label", ["utf-7", "zlib", "idna", "rot13", "unicode_escape", "hex", "punycode", "undefined"])
def test_a_label_outside_the_web_standard_changes_no_byte(label: str) -> None:
    assert charsets.decode(b"+ADw-script+AD4- xn--a \\x3c", label) == "+ADw-script+AD4- xn--a \\x3c"


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        ("Grüße aus München", "utf-8", "utf-8"),
        ("Grüße aus München", "latin-1", "ISO-8859-1"),
        ("Привет, как дела", "koi8-r", "koi8-r"),
        ("こんにちは", "iso2022_jp", "iso-2022-jp"),
        ("こんにちは", "shift_jis", "cp932"),
        ("你好，世界", "gb18030", "gb2312"),
        ("안녕하세요", "euc_kr", "ks_c_5601-1987"),
        ("“quoted” – dash", "cp1252", "us-ascii"),
    ],
)
def test_kim_writes_in_any_language(text: str, codec: str, label: str) -> None:
    assert charsets.decode(text.encode(codec), label) == text


@pytest.mark.parametrize("label", [None, "", "us-ascii", "iso-8859-1", "x-unknown", "utf-8"])
def test_utf8_is_read_whatever_it_is_called(label: str | None) -> None:
    assert charsets.decode("Dvořák ✓ 文字".encode(), label) == "Dvořák ✓ 文字"


def test_latin_1_called_utf8_is_still_readable() -> None:
    assert (
        charsets.decode("Grüße aus München, schöne Grüße".encode("latin-1"), "utf-8")
        == "Grüße aus München, schöne Grüße"
    )


def test_unlabelled_japanese_is_guessed() -> None:
    assert charsets.decode("こんにちは、これは".encode("iso2022_jp"), None) == "こんにちは、これは"


def test_a_character_cut_off_at_the_end_is_dropped() -> None:
    assert charsets.decode("文字".encode()[:-1], "utf-8") == "文"


@pytest.mark.parametrize("name", sorted(BODIES))
def test_every_hostile_body_becomes_text(name: str) -> None:
    label, raw = BODIES[name]
    text = charsets.decode(raw, label)
    assert text.encode("utf-8").decode("utf-8") == text  # no lone surrogates


@given(
    st.binary(max_size=400),
    st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["utf-16", "gbk", "hz", "big5"])),
)
def test_nothing_makes_decoding_raise(raw: bytes, label: str | None) -> None:
    charsets.decode(raw, label).encode("utf-8")


@given(st.text())
def test_one_line_is_one_clean_line(text: str) -> None:
    line = clean.one_line(text)
    assert line.splitlines() in ([], [line])
    assert all(ord(c) >= 32 and not 127 <= ord(c) <= 159 for c in line)
    assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u2028\u2029")
