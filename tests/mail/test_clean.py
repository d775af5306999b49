"""Names as people type them, and as strangers would like them to be."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mail.clean import name

BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Help\tdesk ", "Help desk"),
        ("Ana\r\nBcc: eve@other.test", "Ana Bcc: eve@other.test"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\x00\x1b[31mRed", "[31mRed"),
        ("日本 太郎", "日本 太郎"),
        ("👩\u200d💻 Ada", "👩\u200d💻 Ada"),
        ("", ""),
    ],
)
def test_a_name_is_one_clean_line(typed: str, kept: str) -> None:
    assert name(typed, 200) == kept


@given(st.text(), st.integers(1, 30))
@example("\u2028\u2029\x85", 5)
@example("ab \u202e", 3)
def test_no_name_breaks_a_line_or_reorders_one(text: str, limit: int) -> None:
    kept = name(text, limit)
    assert len(kept) <= limit
    assert kept == kept.strip()
    assert "  " not in kept
    assert not BIDI & set(kept)
    assert not {unicodedata.category(sign) for sign in kept} & {"Cc", "Cs", "Zl", "Zp"}
    assert name(kept, limit) == kept
