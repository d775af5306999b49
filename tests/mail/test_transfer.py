"""Encoded parts are the same whether read at once or in pieces."""

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail import transfer


def pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    found, at = [], 0
    for size in [*sizes, len(data)]:
        found.append(data[at : at + size])
        at += size
    return found


@given(
    st.binary(max_size=500),
    st.lists(st.integers(1, 90), max_size=20),
    st.sampled_from(["base64", "quoted-printable", "8bit"]),
)
def test_a_file_arrives_whole_in_pieces_of_any_size(data: bytes, sizes: list[int], encoding: str) -> None:
    encoded = {"base64": base64.encodebytes(data), "quoted-printable": quopri.encodestring(data), "8bit": data}[
        encoding
    ]
    assert b"".join(transfer.stream(pieces(encoded, sizes), encoding)) == data
    assert transfer.decode(encoded, encoding.upper()) == data


@pytest.mark.parametrize(
    ("raw", "encoding", "data"),
    [
        (b"SGVs!bG8=trailing", "base64", b"Hello"),
        (b"SGVsbG8", "base64", b"Hello"),
        (b"S", "base64", b""),
        (b"a=3Db=\r\nc", "quoted-printable", b"a=bc"),
        (b"=ZZ=", "quoted-printable", b"=ZZ"),
        (b"begin 644 x", "x-uuencode", b"begin 644 x"),
        (b"plain", "", b"plain"),
    ],
)
def test_broken_encodings_give_what_they_can(raw: bytes, encoding: str, data: bytes) -> None:
    assert transfer.decode(raw, encoding) == data


@given(st.binary(max_size=300), st.text(max_size=20))
def test_nothing_makes_decoding_raise(raw: bytes, encoding: str) -> None:
    for name in (encoding, "base64", "quoted-printable"):
        transfer.decode(raw, name)
