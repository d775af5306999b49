"""A word is known by what HTML leaves of it."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.html.spelling import folded, traces, with_apostrophes


@pytest.mark.parametrize(
    ("word", "left"),
    [
        ("refund", []),
        ("Müller", ["ller"]),
        ("parcelservice", ["parcel", "service"]),
        ("Küchenschrank", ["chens", "chrank"]),
        ("O\N{RIGHT SINGLE QUOTATION MARK}Brien", ["Brien"]),
        ("Éloïse", ["&iuml;", "&#239;", "&#xef;"]),
        ("Да", ["&#1072;", "&#x430;"]),
        ("a&b", []),
    ],
)
def test_what_html_leaves_of_a_word(word: str, left: list[str]) -> None:
    assert traces(word) == left


@pytest.mark.parametrize("word", ["Müller", "Küchenschrank", "Привет", "éàü", "O'Brien", "日本語"])
def test_a_word_in_codes_keeps_a_trace(word: str) -> None:
    spelled = "".join(f"&#{ord(sign)};" if not sign.isascii() or sign == "'" else sign for sign in word)
    assert any(trace in spelled for trace in traces(word))
    assert folded(html.unescape(spelled)) == folded(word.upper())


def test_either_apostrophe_is_looked_for() -> None:
    assert with_apostrophes("O`Brien") == ["O`Brien", "O'Brien", "O\N{RIGHT SINGLE QUOTATION MARK}Brien"]
    assert with_apostrophes("Kim") == ["Kim"]


@given(st.text(), st.text(min_size=8, alphabet="abcdefgh"), st.integers(min_value=0))
def test_one_tag_never_hides_a_long_word(text: str, word: str, at: int) -> None:
    cut = at % len(word)
    assert any(trace in f"{word[:cut]}<b>{word[cut:]}" for trace in traces(word))
    assert all(traces(text)) or not traces(text)
