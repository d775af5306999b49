"""Of a form that nobody will read to its end, what people typed at its beginning is found."""

from collections.abc import Mapping
from io import BytesIO

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.test import EnvironBuilder

from web.first_fields import CUT, first_fields

ENOUGH = 4096
URLENCODED, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"


def fields_of(octets: bytes, kind: str, most: int = 100) -> MultiDict[str, str]:
    with Flask(__name__).test_request_context("/", method="POST", input_stream=BytesIO(octets), content_type=kind,
                                              content_length=len(octets)):  # fmt: skip
        return first_fields(ENOUGH, most)


def form_of(kind: str, fields: Mapping[str, object]) -> tuple[bytes, str]:
    environ = EnvironBuilder(method="POST", data=fields, content_type=kind).get_environ()
    return environ["wsgi.input"].read(), environ["CONTENT_TYPE"]


@pytest.mark.parametrize("kind", [URLENCODED, PARTS])
def test_what_was_typed_comes_back_and_what_is_cut_says_so(kind: str) -> None:
    typed = {"to": "kim@customer.test", "subject": "Grüße & more", "text": "A\r\nB " + "ü" * 50}
    assert fields_of(*form_of(kind, typed)).to_dict() == typed
    cut = fields_of(*form_of(kind, typed | {"text": "word " * ENOUGH, "later": "x"})).to_dict()
    assert cut["text"].endswith(f"word {CUT}") or cut["text"].removesuffix(CUT).endswith(("w", "o", "r", "d"))
    assert len(cut["text"]) > ENOUGH * 0.8
    assert (cut["to"], cut["subject"], "later" in cut) == (typed["to"], typed["subject"], False)


def test_what_is_attached_is_left_out_and_cuts_nothing() -> None:
    typed = {"subject": "A film", "text": "Here it is.", "files": (BytesIO(b"\0\r\n" * ENOUGH), "film.bin")}
    assert fields_of(*form_of(PARTS, typed)).to_dict() == {"subject": "A film", "text": "Here it is."}


@pytest.mark.parametrize("kind", [URLENCODED, PARTS])
def test_of_many_fields_the_first_are_enough(kind: str) -> None:
    form = form_of(kind, {f"n{number}": str(number) for number in range(30)})
    assert list(fields_of(*form, most=7)) == [f"n{number}" for number in range(7)]


@given(st.binary(max_size=300), st.sampled_from([URLENCODED, f"{PARTS}; boundary=b", PARTS, "text/plain", ""]))
def test_any_octets_have_fields_or_none(octets: bytes, kind: str) -> None:
    for content in (octets, b"--b\r\n" + octets, b'--b\r\nContent-Disposition: form-data; name="a"\r\n' + octets):
        assert sum(len(value) for value in fields_of(content, kind).values()) <= len(content) + len(CUT)
