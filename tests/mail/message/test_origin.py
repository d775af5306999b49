"""What is said of a message from outside is ours: nobody else's word for it stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.message.origin import MAX_DOMAINS, NOTICE, claimed, fields, from_outside, is_forged

HERE = "mail.postroom.test"


@pytest.mark.parametrize(
    "forged",
    [
        b"Postroom-Notice: fine",
        b"POSTROOM-notice :\r\n fine",
        b"Authentication-Results: mail.postroom.test; dkim=pass header.d=brand-a.test",
        b"authentication-results:\r\n\tMAIL.postroom.test 1;\r\n dkim=pass",
        b'Authentication-Results: "mail.postroom.test"; auth=pass',
        b'Authentication-Results: "mail\\.postroom.test"; auth=pass',
        b"Authentication-Results: (a;(b)) mail.postroom.test (c) ; auth=pass",
        b"Authentication-Results : mail.postroom.test\r\n ; auth=pass",
    ],
)
@pytest.mark.parametrize("where", [b"%b\r\nFrom: ana@brand-a.test", b"From: ana@brand-a.test\r\nnoise\r\n%b"])
def test_what_is_forged_in_our_name_is_taken_away(forged: bytes, where: bytes) -> None:
    seen = from_outside((where % forged) + b"\r\n\r\ntext", HERE, claimed=())
    noise = b"noise\r\n" if b"noise" in where else b""
    rest = b"From: ana@brand-a.test\r\n" + noise + b"\r\ntext"
    assert seen == b"Authentication-Results: mail.postroom.test; none\r\n" + rest


def test_what_others_found_out_and_what_the_text_says_stays() -> None:
    theirs = b"Authentication-Results: mx.example; dkim=pass header.d=mail.postroom.test\r\nSubject: x\r\n"
    text = b"\r\nPostroom-Notice: a\r\n"
    seen = from_outside(theirs + text, HERE, claimed={"brand-b.test", "brand-a.test"})
    assert seen.endswith(b"; none\r\nPostroom-Notice: not-from-inside brand-a.test brand-b.test\r\n" + theirs + text)


def test_without_any_header_it_is_said_in_front() -> None:
    assert from_outside(b"\r\nPostroom-Notice: a", HERE, claimed=()).endswith(b"none\r\n\r\nPostroom-Notice: a")


@given(st.binary(max_size=200), st.sets(st.sampled_from(["a.test", "b.test", "c.test", "d.test"])))
def test_of_any_message_our_word_alone_is_heard(rest: bytes, domains: set[str]) -> None:
    message = b"From: a@b.test\r\n" + rest.replace(b"b", b"\r\nPostroom-Notice: not-from-inside\r\n")
    seen = from_outside(message, HERE, claimed=domains)
    heard = [claimed(field["value"]) for field in fields(seen, NOTICE)]
    assert heard == ([frozenset(domains if len(domains) <= MAX_DOMAINS else ())] if domains else [])


@pytest.mark.parametrize(
    ("notice", "brand_a", "customer"),
    [
        (b"not-from-inside brand-a.test", True, False),
        (b" NOT-FROM-INSIDE\r\n Brand-A.test customer.test", True, True),
        (b"not-from-inside other.test", False, False),
        (b"not-from-inside", True, True),  # as it was written before domains were named
        (b"fine brand-a.test", False, False),
    ],
)
def test_whoever_claims_to_be_an_insider_claims_it_to_that_organisation(
    notice: bytes, brand_a: bool, customer: bool
) -> None:
    assert is_forged(claimed(notice), {"brand-a.test", "brand-b.test"}) is brand_a
    assert is_forged(claimed(notice), {"customer.test"}) is customer
