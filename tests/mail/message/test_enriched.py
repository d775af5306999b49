"""text/enriched, as people read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.message import enriched


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<bold>Now</bold> is the time\nfor <italic>all</italic>\n\n\npeople", "Now is the time for all\n\npeople"),
        ("<color><param>red</param>Stop</color> <<here>", "Stop <here>"),
        ("a\n<nofill>b\nc</nofill>\nd", "a b\nc d"),
        ("1 < 2 and <not a command", "1 < 2 and <not a command"),
        ("one<nl>two<lt>three", "one\ntwo<three"),
        ("", ""),
    ],
)
def test_what_is_read(source: str, text: str) -> None:
    assert enriched.text(source) == text


@given(st.text(alphabet="<>/abnofilparm-\n "))
def test_nothing_makes_it_raise_or_grow(source: str) -> None:
    assert len(enriched.text(source)) <= len(source)
