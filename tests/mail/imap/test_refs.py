"""A URL names a message or a folder for good, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.imap.refs import BadRef, MessageRef, decode_folder, encode_folder


def test_a_message_ref_comes_back_from_its_token() -> None:
    ref = MessageRef("INBOX", 1795419390, 7)
    assert ref.token == "1795419390.7"
    assert MessageRef.parse("INBOX", ref.token) == ref


@pytest.mark.parametrize(
    "token",
    ["", "7", "1.", ".1", "0.1", "1.0", "1.1.1", "-1.1", "1.1\n", "1.٣", "1.99999999999", "4294967296.1", "1 .1"],
)
def test_a_token_nobody_linked_to_is_no_message(token: str) -> None:
    with pytest.raises(BadRef):
        MessageRef.parse("INBOX", token)


def test_slashes_and_tildes_in_a_folder_name_stay_one_path_segment() -> None:
    assert encode_folder("a/b~c") == "a~1b~0c"
    assert decode_folder("a~1b~0c") == "a/b~c"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_every_folder_name_comes_back(name: str) -> None:
    segment = encode_folder(name)
    assert "/" not in segment
    assert decode_folder(segment) == name


@pytest.mark.parametrize("segment", ["", "a/b", "a~", "a~2", "~", "a\r\nb", "a\0"])
def test_a_segment_nobody_linked_to_is_no_folder(segment: str) -> None:
    with pytest.raises(BadRef):
        decode_folder(segment)
