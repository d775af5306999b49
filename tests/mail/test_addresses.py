"""Who a message is from and to, as received and as typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.addresses import Address, ascii_domain, from_envelope, parse_list, parse_typed, same, typed


@pytest.mark.parametrize(
    ("value", "people"),
    [
        ("kim@customer.test", [("", "kim@customer.test")]),
        ("Kim Keller <kim@Customer.TEST>", [("Kim Keller", "kim@customer.test")]),
        ('"Keller, Kim" <k@c.test>, b@d.test', [("Keller, Kim", "k@c.test"), ("", "b@d.test")]),
        ("k@c.test (Kim Keller)", [("Kim Keller", "k@c.test")]),
        ("=?utf-8?q?Ke=2C_Kim?= <k@c.test>", [("Ke, Kim", "k@c.test")]),
        ("Team: a@b.test, C <c@d.test>;, e@f.test", [("", "a@b.test"), ("C", "c@d.test"), ("", "e@f.test")]),
        ("undisclosed-recipients:;", []),
        ("<@relay.test,@b.test:m@evil.test>", [("", "m@evil.test")]),
        ('"say \\"hi\\"" <a@b.test>', [('say "hi"', "a@b.test")]),
        ("a:b;@c", [("", "b"), ("", "@c")]),
        ("=?utf-8?q?Bank=0D=0ABcc:_x=40evil.test?= <m@evil.test>", [("Bank Bcc: x@evil.test", "m@evil.test")]),
        ("", []),
        (", ,;", []),
    ],
)
def test_received_lists(value: str, people: list[tuple[str, str]]) -> None:
    assert [(a.name, a.address) for a in parse_list(value)] == people


def test_the_list_ends_at_its_limit() -> None:
    assert len(parse_list(b", ".join(b"u%d@x.test" % n for n in range(100_000)))) == 1_000
    assert len(parse_list("a@b.test, " * 50, limit=7)) == 7


def test_an_envelope_address() -> None:
    assert from_envelope(b"=?utf-8?q?Dvo=C5=99=C3=A1k?=", b"dan", b"Brand-A.test") == Address(
        "Dvořák", "dan@brand-a.test"
    )
    assert from_envelope(None, None, None) is None
    assert from_envelope(b"x", b"", b"") == Address("x", "")
    assert from_envelope(b"sa", b"MISSING_MAILBOX", b"MISSING_DOMAIN") == Address("sa", "")
    assert from_envelope(None, b"MISSING_MAILBOX", b"brand-a.test") == Address("", "")
    assert from_envelope(None, b"kim", b"MISSING_DOMAIN") == Address("", "kim")


def test_a_name_that_looks_like_an_address_hides_none() -> None:
    assert Address("Kim", "kim@customer.test").display == "Kim"
    for at in ("@", "\N{FULLWIDTH COMMERCIAL AT}", "\N{SMALL COMMERCIAL AT}"):
        assert Address(f"ceo{at}bank.example", "kim@customer.test").display == "kim@customer.test"
    assert Address("ceo@bank.example", "").display == "ceo@bank.example"


def test_ana_types_addresses_in_every_way() -> None:
    good, bad = parse_typed('Kim <kim@customer.test>; "Keller, K." <k@c.test>\nben@brand-b.test, kim@customer.test')
    assert [a.address for a in good] == ["kim@customer.test", "k@c.test", "ben@brand-b.test"]
    assert bad == []


@pytest.mark.parametrize(
    ("typed_text", "people"),
    [
        ("Keller, Kim <kim@x.test>", [("Keller, Kim", "kim@x.test")]),
        (
            "a@x.test, Keller, Kim <kim@x.test>, b@y.test",
            [("", "a@x.test"), ("Keller, Kim", "kim@x.test"), ("", "b@y.test")],
        ),
        ("von Keller, Kim <kim@x.test>", None),
        ("a@x.test b@y.test", [("", "a@x.test"), ("", "b@y.test")]),
        ("a@x.test  b@y.test\tc@z.test; d@x.test", [("", f"{name}.test") for name in ("a@x", "b@y", "c@z", "d@x")]),
        ("kim, Eve <eve@other.test>", None),
        ('"Keller, K." <k@c.test>', [("Keller, K.", "k@c.test")]),
    ],
)
def test_addresses_as_people_copy_them(typed_text: str, people: list[tuple[str, str]] | None) -> None:
    good, bad = parse_typed(typed_text)
    if people is None:  # a word that may be an address somebody didn't finish is never passed over
        assert bad
    else:
        assert ([(one.name, one.address) for one in good], bad) == (people, [])


@pytest.mark.parametrize(
    "wrong", ["kim", "kim@", "@customer.test", "k m@c.test", "kïm@c.test", "a@b..test", "a@-b.test", "a@b c"]
)
def test_what_is_no_address_is_said_back(wrong: str) -> None:
    good, bad = parse_typed(f"{wrong}, eve@other.test")
    assert [a.address for a in good] == ["eve@other.test"]
    assert len(bad) == 1


def test_international_domains_become_punycode() -> None:
    assert parse_typed("kim@bücher.test")[0] == [Address("", "kim@xn--bcher-kva.test")]
    assert ascii_domain("straße.test") == "xn--strae-oqa.test"
    assert ascii_domain("a" * 300) is None


def test_typed_names_come_back_the_same() -> None:
    people = [Address("Keller, Kim", "k@c.test"), Address("", "b@d.test"), Address('Say "hi" \\o/', "s@h.test")]
    assert parse_typed(typed(people)) == (people, [])


def test_case_makes_no_other_mailbox() -> None:
    assert same("Support@Brand-A.test", "support@brand-a.test ")


@given(st.one_of(st.text(), st.binary(), st.text(alphabet='"\\<>()@,;: a.b=?')))
def test_nothing_makes_reading_a_list_raise(value: str | bytes) -> None:
    for address in parse_list(value):
        assert len(str(address).splitlines()) <= 1


@given(st.text(alphabet='"\\<>()@,;: ab.\n\r\0é'))
def test_what_was_typed_is_valid_or_said_back(text: str) -> None:
    good, _ = parse_typed(text)
    assert all(address.valid and len(str(address).splitlines()) == 1 for address in good)
