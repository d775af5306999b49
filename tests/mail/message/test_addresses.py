"""Who a message is from and to, as received and as typed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.domains import ascii_domain
from mail.message import headers
from mail.message.addresses import Address, belongs_to, from_envelope, is_cut, parse_list, same, sendable, spec, wire
from mail.message.mime import mailbox
from mail.message.typed import in_one_line, parse_typed, typed
from tests.cast import EVE, KIM
from tests.effort import BOMB, effort


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
        ("Kim <kim@x.test", [("Kim", "kim@x.test")]),
        ("Kim <<kim@x.test>>", [("Kim", "kim@x.test")]),
        ("kim@x.test (home) at work, kim@y.test (c", [("home", "kim@x.test"), ("c", "kim@y.test")]),
        ("kim @ x . test, Kim kim@x.test", [("", "kim@x.test"), ("", "kim@x.test")]),
        ("Kim <mailto:kim@x.test>", [("Kim", "kim@x.test")]),
        ('kim@x.test, "', [("", "kim@x.test")]),
        ("", []),
        (", ,;", []),
    ],
)
def test_received_lists(value: str, people: list[tuple[str, str]]) -> None:
    assert [(a.name, a.address) for a in parse_list(value)] == people


def test_a_machine_is_named_by_its_number_in_every_place() -> None:
    seven = [Address("", "a@[192.0.2.7]"), Address("", "b@[ipv6:2001:db8::7]"), Address("", "c@x.test")]
    assert parse_list("a@[192.0.2.7], b@[IPv6:2001:db8::7], c@x.test") == seven
    assert parse_typed("a@[192.0.2.7] b@[IPv6:2001:db8::7]; c@x.test") == (seven, [])
    assert from_envelope(b"Alarm", b"a", b"[192.0.2.7]") == Address("Alarm", "a@[192.0.2.7]")
    assert parse_list("[Team]: Kim [at work] <kim@x.test>;") == [Address("Kim [at work]", "kim@x.test")]


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
    assert from_envelope(None, b"kim keller", b"x.test") == Address("", '"kim keller"@x.test')
    assert from_envelope(None, b"taro..yama.", b"x.test") == Address("", "taro..yama.@x.test")


def test_a_name_that_looks_like_an_address_hides_none() -> None:
    assert Address("Kim", "kim@customer.test").display == "Kim"
    for at in ("@", "\N{FULLWIDTH COMMERCIAL AT}", "\N{SMALL COMMERCIAL AT}"):
        assert Address(f"ceo{at}bank.example", "kim@customer.test").display == "kim@customer.test"
    assert Address("ceo@bank.example", "").display == "ceo@bank.example"


def test_no_blank_of_any_kind_makes_words_of_an_address() -> None:
    wide = "Ana\N{NO-BREAK SPACE}Almeida\N{EM SPACE}\N{IDEOGRAPHIC SPACE}"
    assert parse_list(f"<{wide}@evil.test>") == [Address("", "AnaAlmeida@evil.test")]
    assert from_envelope(None, wide.encode(), b"evil.test") == Address("", '"AnaAlmeida"@evil.test')
    # Where there is no at sign it is no address, and stays in the words that stood there.
    assert parse_list(f"Kim <{wide}>") == [Address("Kim", "Ana Almeida")]
    assert from_envelope(None, b"Mail  Delivery System", b"MISSING_DOMAIN") == Address("", "Mail Delivery System")


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
    "wrong",
    [
        "kim",
        "kim@",
        "@customer.test",
        "k m@c.test",
        "k\N{FULLWIDTH COMMERCIAL AT}m@c.test",
        "a@b..test",
        "a@[b.test]",
        "a@b c",
    ],
)
def test_what_is_no_address_is_said_back(wrong: str) -> None:
    good, bad = parse_typed(f"{wrong}, eve@other.test")
    assert [a.address for a in good] == ["eve@other.test"]
    assert len(bad) == 1


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ('5" Kim <kim@x.test>, 6" Ben <ben@y.test>', None),
        ('"kim@x.test, ben@y.test', None),
        ('Kim 5" kim@x.test; Ben 6" <ben@y.test>', None),
        ('"Keller, Kim (kim@x.test)" <kim@x.test>', [("Keller, Kim (kim@x.test)", "kim@x.test")]),
        ('"Keller, Kim; KIM@X.test" <kim@x.test>', [("Keller, Kim; KIM@X.test", "kim@x.test")]),
        ('"kim@x.test" <eve@y.test>', [("kim@x.test", "eve@y.test")]),
    ],
)
def test_quotation_marks_that_pair_by_chance_swallow_nobody(text: str, people: list[tuple[str, str]] | None) -> None:
    good, bad = parse_typed(text)
    if people is None:
        assert {one.address for one in good} == {"kim@x.test", "ben@y.test"} or bad
    else:
        assert ([(one.name, one.address) for one in good], bad) == (people, [])


def test_signs_nobody_sees_are_left_behind_when_an_address_is_pasted() -> None:
    pasted = "\u2068kim@x.test\u2069; \u200bben@y.test\ufeff, Tess \u202a<tess@\u2060z.test>\u202c"
    people = [Address("", "kim@x.test"), Address("", "ben@y.test"), Address("Tess", "tess@z.test")]
    assert parse_typed(pasted) == (people, [])
    joined = "می\u200cخواهم"  # within a Persian word it is a letter's shape, and stays
    assert parse_typed(f"{joined} <kim@x.test>") == ([Address(joined, "kim@x.test")], [])


def test_international_domains_become_punycode() -> None:
    assert parse_typed("kim@bücher.test")[0] == [Address("", "kim@xn--bcher-kva.test")]
    assert ascii_domain("straße.test") == "xn--strae-oqa.test"
    assert ascii_domain("a" * 300) is None


@pytest.mark.parametrize(
    ("pasted", "line"),
    [
        ("kim@x.test\r\nben@y.test;\n", "kim@x.test, ben@y.test"),
        ("Kim Smith\r\n <kim@x.test>,\r\n\tben@y.test", "Kim Smith <kim@x.test>, ben@y.test"),
        ("Kim Smith\n<kim@x.test>\n<ben@y.test>", "Kim Smith <kim@x.test>, <ben@y.test>"),
        ("kim@x.test\r\nBcc: eve@other.test", "kim@x.test, Bcc: eve@other.test"),
        (" ,; \n\n", ""),
    ],
)
def test_what_is_pasted_on_several_lines_becomes_one(pasted: str, line: str) -> None:
    assert in_one_line(pasted) == line


def test_a_long_run_of_blanks_costs_what_it_is_long() -> None:
    began = time.thread_time()
    assert in_one_line("a" + " ,;" * 1_000_000 + "b").endswith("b")
    assert (time.thread_time() - began) / effort() < BOMB


def test_typed_names_come_back_the_same() -> None:
    people = [Address("Keller, Kim", "k@c.test"), Address("", "b@d.test"), Address('Say "hi" \\o/', "s@h.test")]
    assert parse_typed(typed(people)) == (people, [])


def test_case_makes_no_other_mailbox() -> None:
    assert same("Support@Brand-A.test", "support@brand-a.test ")


@given(st.one_of(st.text(), st.binary(), st.text(alphabet='"\\<>()@,;: a.b=?')))
def test_nothing_makes_reading_a_list_raise(value: str | bytes) -> None:
    for address in parse_list(value):
        assert len(str(address).splitlines()) <= 1


@pytest.mark.parametrize(
    ("written", "kept", "wired"),
    [
        ("taro..yama.@docomo.example", "taro..yama.@docomo.example", '"taro..yama."@docomo.example'),
        ('"taro..yama."@docomo.example', "taro..yama.@docomo.example", '"taro..yama."@docomo.example'),
        ('"kim"@Customer.Test.', "kim@customer.test", "kim@customer.test"),
        ('"kim \\"k\\" keller"@x.test', '"kim \\"k\\" keller"@x.test', '"kim \\"k\\" keller"@x.test'),
        ("jörg@münchen.example", "jörg@xn--mnchen-3ya.example", "jörg@xn--mnchen-3ya.example"),
        ("kim@my_host.example", "kim@my_host.example", "kim@my_host.example"),
        ("k" * 893 + "@x.test", "k" * 893 + "@x.test", "k" * 893 + "@x.test"),
        ("alarm@[192.0.2.7]", "alarm@[192.0.2.7]", "alarm@[192.0.2.7]"),
        ("alarm@[IPv6:2001:DB8::7]", "alarm@[ipv6:2001:db8::7]", "alarm@[ipv6:2001:db8::7]"),
        ("kim@-shop-.example", "kim@-shop-.example", "kim@-shop-.example"),
    ],
)
def test_the_world_may_be_called_anything(written: str, kept: str, wired: str) -> None:
    assert sendable(written) == kept == sendable(wired)
    assert wire(kept) == wired == wire(wired)
    assert parse_list(f"Kim <{written}>") == [Address("Kim", kept)]
    assert parse_typed(written) == ([Address("", kept)], [])


@given(st.text(st.sampled_from('ab@.<>"\\[]:;ü \t=/{-+16'), max_size=40))
def test_whoever_can_be_written_to_is_found_again_wherever_they_stand(text: str) -> None:
    for written in (text, f"{text}@x.test", f"kim@{text}", f'"{text}"@[192.0.2.7]'):
        if address := sendable(written):
            assert sendable(address) == sendable(wire(address)) == address
            for name in ("", "Kim", "Keller, Kim"):
                assert parse_typed(str(Address(name, address))) == ([Address(name, address)], [])
                assert parse_list(mailbox(Address(name, address))) == [Address(name, address)]


@pytest.mark.parametrize(
    "wrong",
    ["kim", "@x.test", "kim@", "a b@x.test", "a@b@x.test", '"a\r\nb"@x.test', '"a>b"@x.test', "a\u202eb@x.test",
     "k" * 894 + "@x.test", "kim@x..test", '""@x.test', "a\u3000b@x.test", "kim@[192.0.2.256]", "kim@[x.test]",
     "kim@[IPv6:fe80::1%eth0]", "kim@[::1]", "kim@[]"],
)  # fmt: skip
def test_what_cannot_go_on_the_wire_is_no_address(wrong: str) -> None:
    assert sendable(wrong) is None


def test_what_our_own_people_are_called_stays_strict() -> None:
    for odd in ("taro..yama.@docomo.example", "jörg@x.test", "k" * 65 + "@x.test", '"kim"@x.test'):
        assert spec(odd) is None
    assert spec("kim@bücher.test") == "kim@xn--bcher-kva.test"


def test_sub_addresses_belong_to_their_mailbox() -> None:
    assert belongs_to("Support+shop+2@brand-a.test", "support@brand-a.test")
    assert not belongs_to("support+shop@brand-b.test", "support@brand-a.test")
    assert not belongs_to("support2@brand-a.test", "support@brand-a.test")


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        (f"{KIM} Bcc: {EVE}", [], [f"{KIM} Bcc: {EVE}"]),
        (f"{KIM}\r\nBcc: {EVE}", [KIM], [f"Bcc: {EVE}"]),
        (f"{KIM} Bcc: Eve <{EVE}>", [], [f"{KIM} Bcc: Eve <{EVE}>"]),
        (f"Team: {KIM}, {EVE};", [EVE], [f"Team: {KIM}"]),
        (f"{KIM} <{EVE}>", [], [f"{KIM} <{EVE}>"]),
        (f"{EVE} <{EVE}>", [EVE], []),
        (f'"{KIM}" <{EVE}>', [EVE], []),
        (f"{EVE} ({KIM})", [], [f"{EVE} ({KIM})"]),
        (f"Kim <{KIM}> Eve <{EVE}>", [KIM, EVE], []),
        (f"<{KIM}> {EVE}", [KIM, EVE], []),
        (f"Kim <{KIM}> and others", [KIM], ["and others"]),
        (f"Kim <{KIM}> (at home)", [KIM], []),
        (f"{KIM}(Bcc:(", [], [f"{KIM}(Bcc:("]),
        (f"{KIM} ({EVE}) (at home)", [], [f"{KIM} ({EVE}) (at home)"]),
        (f"mailto:{KIM}, <mailto:{EVE}>", [KIM, EVE], []),
        ("<>", [], ["<>"]),
        (f"{KIM}{' ' * headers.MAX_BLOCK}{EVE}", [KIM], [EVE]),
    ],
)
def test_nothing_typed_vanishes(text: str, good: list[str], bad: list[str]) -> None:
    found, said = parse_typed(text)
    assert ([one.address for one in found], said) == (good, bad)


def test_of_somebody_typed_twice_the_first_name_is_kept() -> None:
    good, bad = parse_typed(f"{KIM}, Kim Keller <{KIM.upper()}>, Keller <{KIM}>")
    assert ([one.name for one in good], bad) == (["Kim Keller"], [])


WORDS = st.sampled_from(
    ["kim@x.test", "eve@y.test", "Bcc:", "Kim", "<", ">", "(", ")", '"', "\\", ";", ",", " ", "\n", ":"]
)


@given(st.lists(WORDS, max_size=12).map("".join))
def test_every_address_typed_is_found_or_said_back(text: str) -> None:
    good, bad = parse_typed(text)
    told = " ".join([*map(str, good), *bad]).lower()
    people = ["kim@x.test", "eve@y.test"]
    assert all(person not in text or person in told for person in people)
    # Of somebody who stands there twice one name is kept, and of remarks only what may be somebody.
    if all(text.count(person) < 2 for person in people):
        assert "Bcc" not in text or "bcc" in told
        assert "Kim" not in text or "(" in text or "kim" in told


@given(st.text(alphabet='"\\<>()@,;: ab.\n\r\0é'))
def test_what_was_typed_is_valid_or_said_back(text: str) -> None:
    good, _ = parse_typed(text)
    assert all(address.valid and len(str(address).splitlines()) == 1 for address in good)


def test_of_more_people_than_are_read_it_is_said_that_there_are_more() -> None:
    thousand = [f"c{number}@b.test" for number in range(1_000)]
    for people, cut in ((thousand, False), ([*thousand, KIM], True), ([f'"{"," * 2_000}" <{KIM}>'], False)):
        assert is_cut(headers.parse(f"Cc: {', '.join(people)}\r\n".encode()), "Cc") is cut
    two_lines = f"To: {', '.join(thousand)}\r\nTo: {KIM}\r\nCc: {KIM}\r\n".encode()
    assert [is_cut(headers.parse(two_lines), name) for name in ("to", "cc", "from")] == [True, False, False]
    assert is_cut(headers.parse(b"To: " + b"very long name <a@b.test>, " * 3_000), "to")
