"""Encoded parts are the same whether read at once or in pieces."""

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.message import transfer


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
        (b"SGVs!bG8=\r\n____\r\nfooter of a list", "base64", b"Hello"),
        (b"SGVsbG8=\r\n-- \r\nAAAA", "base64", b"Hello"),
        (b"SGVsbG8=V29ybGQ=", "base64", b"HelloWorld"),
        (b"QUJD\r\nSGVsbG8=\r\nQQ==\r\nV29ybGQ\r\n", "base64", b"ABCHelloAWorld"),
        (b"QQ=\r\n=\r\n=Qg", "base64", b"AB"),
        (b"SGVsbG8", "base64", b"Hello"),
        (b"S", "base64", b""),
        (b"a=3Db=\r\nc", "quoted-printable", b"a=bc"),
        (b"=ZZ=", "quoted-printable", b"=ZZ"),
        (b"Gr=C3= \t\r\n=BC=C3=9F=  \ne = a =20\r\n=\t", "quoted-printable", "Grüße = a  \r\n".encode()),
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


@given(
    st.lists(st.binary(max_size=20), max_size=6).map(lambda parts: b"".join(map(base64.encodebytes, parts)))
    | st.text("ABab0/=\r\n -_", max_size=80).map(str.encode),
    st.lists(st.integers(1, 9), max_size=40),
)
def test_padding_inside_is_read_on_however_it_is_cut(encoded: bytes, sizes: list[int]) -> None:
    assert b"".join(transfer.stream(pieces(encoded, sizes), "base64")) == transfer.decode(encoded, "base64")


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_every_padded_piece_of_a_letter_is_there(parts: list[bytes]) -> None:
    assert transfer.decode(b"".join(map(base64.encodebytes, parts)), "base64") == b"".join(parts)
