"""What a mailto: link may ask for."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.html import mailto
from mail.html.mailto import Mailto


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("mailto:kim@customer.test", Mailto(to="kim@customer.test")),
        ("MAILTO:a@x.test,b@x.test?to=c@x.test", Mailto(to="a@x.test, b@x.test, c@x.test")),
        ("mailto:?cc=a@x.test&bcc=b%2Bc@x.test", Mailto(cc="a@x.test", bcc="b+c@x.test")),
        ("mailto:a+b@x.test?subject=1%2B1+1&body=Hello%0D%0AKim", Mailto("a+b@x.test", "", "", "1+1+1", "Hello\nKim")),
        ("mailto:a@x.test?Subject=Gr%C3%BC%C3%9Fe&in-reply-to=%3Cx%3E&attach=x", Mailto("a@x.test", subject="Grüße")),
        ("mailto:a@x.test?subject=x%0D%0ABcc:%20eve@x.test", Mailto("a@x.test", subject="x Bcc: eve@x.test")),
        ("mailto:a@x.test?subject=%FF&body=%00b", Mailto("a@x.test", subject="�", body="b")),
        ("mailto:", Mailto()),
    ],
)  # fmt: skip
def test_what_a_link_asks_for(url: str, wanted: Mailto) -> None:
    assert mailto.parse(url) == wanted


def test_only_what_is_said_becomes_a_field() -> None:
    assert Mailto(to="a@x.test", body="Hi").fields == {"to": "a@x.test", "body": "Hi"}


@given(st.text(alphabet="mailto:?&=%0ADabc@.,#\n\r"))
def test_no_link_makes_it_raise_or_ends_a_line(text: str) -> None:
    found = mailto.parse(f"mailto:{text}")
    assert not any("\n" in value or "\r" in value for value in (found.to, found.cc, found.bcc, found.subject))
    assert len(found.body) <= mailto.MAX_BODY


def test_an_address_is_asked_for_whole_or_not_at_all() -> None:
    many = ",".join(f"kim{number}@customer.company" for number in range(100))
    people = mailto.parse(f"mailto:{many}").to.split(",")
    assert 10 < len(people) < 100
    assert {person.rpartition("@")[2] for person in people} == {"customer.company"}


def test_what_a_link_asks_for_fits_into_a_link_of_ours() -> None:
    wanted = mailto.parse("mailto:a@x.test?" + urlencode({"subject": "件" * 500, "body": "文" * 2_000}))
    assert len(urlencode(wanted.fields)) < 14_000
    assert wanted.body.startswith("文文")
