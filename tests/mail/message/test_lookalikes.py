"""A name that looks like somebody else's address or name is known for it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.message.lookalikes import MAX_LOOK, claims_address, look, skeleton
from tests.effort import effort


@pytest.mark.parametrize(
    "seen",
    [
        "support@brand-a.test",
        "Support＠Brand-A.test",
        "suppоrt@brand-a.test",  # a Cyrillic о
        "ѕuррοrt﹫brаnd‐a。test",
        "ＳＵＰＰＯＲＴ@brand-a.test",
        "𝐬𝐮𝐩𝐩𝐨𝐫𝐭@brand-a.test",
        "suppọrt@brand-a.test",
        "sup\N{ZERO WIDTH JOINER}port@brand-\N{SOFT HYPHEN}a.test",
        "ЅՍΡΡОRТ@brand-a.test",
    ],
)
def test_what_looks_like_support_is_support_to_the_eye(seen: str) -> None:
    assert skeleton(seen) == "support@brand-a.test"
    assert claims_address(f"Help ({seen})", "eve@other.test") == "support@brand-a.test"


@pytest.mark.parametrize(
    ("name", "claimed"),
    [
        ("Kim Keller", None),
        ("Анна Сорока", None),
        ("田中 太郎", None),
        ("Kim @ work", None),
        ("Kim @ work (kim@customer.test)", None),
        ("kim@work@brand-a.test", "kim@work"),
        ("kim@customer.test", None),
        ("KIM@customer.test.", None),
        ("kim@customer.test (was support @ brand-a.test)", "support@brand-a.test"),
        ("@kim", None),
        ("", None),
    ],
)
def test_a_name_claims_an_address_that_is_not_its_own(name: str, claimed: str | None) -> None:
    assert claims_address(name, "Kim@customer.test") == claimed


@given(st.text())
def test_any_text_has_one_look(text: str) -> None:
    assert skeleton(skeleton(text)) == skeleton(text)
    claims_address(text)
    assert look(text[:MAX_LOOK]) == skeleton(text[:MAX_LOOK])[:MAX_LOOK].strip()


def test_what_cannot_be_seen_hides_no_name() -> None:
    for hidden in ("\N{ZERO WIDTH SPACE}" * 189, "\N{COMBINING GREEK DIALYTIKA TONOS}" * 189):
        assert look(f"Án{hidden}a Álmeid\N{CYRILLIC SMALL LETTER A}") == "ana almeida"


def test_a_page_of_hostile_names_is_looked_at_in_moments() -> None:
    one, began = effort(), time.thread_time()
    for number in range(150):
        look("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 199 + chr(0x4E00 + number))
        look("\N{COMBINING GREEK DIALYTIKA TONOS}" * 199 + chr(0x4E00 + number))
    assert (time.thread_time() - began) / one < 4  # all of what they are drawn with takes ten
