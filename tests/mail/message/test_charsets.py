"""Whatever a stranger's label claims, the text is readable and nothing but text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail import clean
from mail.message import charsets
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


@pytest.mark.parametrize(
    ("raw", "label", "text"),
    [
        (b"\x1b$B-!G<4|\x1b(B \x1b$B-j%5%s\x1b(B", "ISO-2022-JP", "①納期 ㈱サン"),
        (b"\x1b(I6@\x1b(B", "iso-2022-jp", "ｶﾀ"),
        ("日本 é".encode("iso2022_jp_2"), "ISO-2022-JP-2", "日本 é"),
        ("€ œ".encode("iso8859-15"), "latin-9", "€ œ"),
        ("㈱①ｶﾅ".encode("cp932"), "shift_jis", "㈱①ｶﾅ"),
        ("朱镕基 價格 €50".encode("gb18030"), "gb2312", "朱镕基 價格 €50"),
        ("똠방각하".encode("cp949"), "euc-kr", "똠방각하"),
        (b"\x88\x62\xa7\x41", "big5", "Ê̄你"),
        ("“€”".encode("cp1252"), "latin1", "“€”"),
        ("안녕하세요".encode("iso2022_kr"), "ISO-2022-KR", "안녕하세요"),
        ("안녕하세요".encode("iso2022_kr"), "us-ascii", "안녕하세요"),
        ("こんにちは".encode("iso2022_jp"), "us-ascii", "こんにちは"),
        ("Příliš žluťoučký".encode("cp1250"), "cp-1250", "Příliš žluťoučký"),
        ("Příliš žluťoučký".encode("cp1250"), "WIN_1250", "Příliš žluťoučký"),
        ("Prüfung läuft".encode("cp850"), "cp850", "Prüfung läuft"),
        ("Prüfung läuft".encode("cp437"), "IBM-437", "Prüfung läuft"),
        ("Привет".encode("cp1251"), "x-cp1251", "Привет"),
    ],
)
def test_a_label_means_what_browsers_and_mailers_mean_by_it(raw: bytes, label: str, text: str) -> None:
    assert charsets.decode(raw, label) == text


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        ("Grüße aus Köln. Länge: ", "utf-8", "utf-8"),
        ("Grüße aus Köln. Länge: ", "utf-8", None),
        ("朱镕基先生订单 價格", "gb18030", "gb2312"),
        ("お世話になります。納期", "cp932", "shift_jis"),
        ("주문하신 물건", "cp949", "euc-kr"),
    ],
)
def test_one_wrong_octet_costs_one_mark(text: str, codec: str, label: str | None) -> None:
    assert charsets.decode(text.encode(codec) + b"\xff" + b" kim", label) == text + "\ufffd kim"


@pytest.mark.parametrize("label", ["iso-2022-jp", "us-ascii", None])
def test_japanese_goes_on_after_what_its_escapes_leave_open(label: str | None) -> None:
    """Two in a row, where encoded words meet; none at the end of a line; half a letter."""
    kana = "こんにちは".encode("iso2022_jp")
    assert charsets.decode(kana + kana, label) == "こんにちは" * 2
    assert charsets.decode(kana[:-3] + b"\r\nJo\n\n" + kana, label) == "こんにちは\r\nJo\n\nこんにちは"
    assert charsets.decode(kana[:-4] + b"\n" + kana, label) == "こんにち\ufffd\nこんにちは"


def test_a_text_cut_in_the_middle_of_a_letter_keeps_all_others() -> None:
    assert charsets.decode("заказ уже в пути".encode()[:-1], "utf-8") == "заказ уже в пут\ufffd"


def test_a_page_is_asked_for_its_charset() -> None:
    assert charsets.declared(b'<html><meta http-equiv=x content="text/html; charset=windows-1251">') == "windows-1251"
    assert charsets.declared(b"<meta charset='utf-16le'>") == "utf-8"  # else it couldn't have been read
    assert charsets.declared(b"<p>charset=koi8-r") == ""


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        ("Grüße".encode("latin-1"), "iso-8859-1", "Grüße"),
        ("Счёт".encode("koi8-r"), "koi8-r", "Счёт"),
        ("訂單".encode("big5"), "big5", "訂單"),
        ("Grüße".encode(), "koi8-r", "Grüße"),
        ("Grüße".encode("latin-1"), "utf-16", "Grüße"),
        (b"\x1b$B-!\x1b(B", "iso-2022-jp", "①"),
    ],
)
def test_a_header_that_isnt_encoded_is_read_with_the_body(raw: bytes, charset: str, text: str) -> None:
    assert charsets.utf8(raw, charset).decode() == text


@pytest.mark.parametrize("name", sorted(BODIES))
def test_every_hostile_body_becomes_text(name: str) -> None:
    label, raw = BODIES[name]
    text = charsets.decode(raw, label)
    assert text.encode("utf-8").decode("utf-8") == text  # no lone surrogates


@given(
    st.one_of(st.binary(max_size=400), st.text("\x1b$(BJI@\r\n!a", max_size=40).map(str.encode)),
    st.one_of(
        st.none(),
        st.text(max_size=20),
        st.sampled_from(["utf-16", "gbk", "hz", "big5", "iso-2022-kr", "iso-2022-jp", "iso-2022-jp-2", "cp850"]),
    ),
)
def test_nothing_makes_decoding_raise(raw: bytes, label: str | None) -> None:
    text = charsets.decode(raw, label)
    assert text.encode("utf-8").decode("utf-8") == text
    assert len(text) <= len(raw)
    assert charsets.utf8(raw, label or "").decode("utf-8") is not None
    charsets.declared(raw)


@given(st.text())
def test_one_line_is_one_clean_line(text: str) -> None:
    line = clean.one_line(text)
    assert line.splitlines() in ([], [line])
    assert all(ord(c) >= 32 and not 127 <= ord(c) <= 159 for c in line)
    assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u2028\u2029")
