"""How words and dates are put for a person."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mail.imap.summaries import RawAddress, Summary
from mail.message.addresses import Address
from pages.mail.present import senders_shown
from pages.mail.words import FIELD_NAMES, full, listed, people, shortened, when_long, when_short

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


@given(st.text(), st.integers(4, 60))
def test_what_is_shortened_fits_and_begins_as_it_did(text: str, most: int) -> None:
    short = shortened(text, most)
    assert len(short) <= most
    assert short == text or (len(text) > most and text.startswith(short.removesuffix("...")))


def test_what_is_no_address_never_stands_in_the_place_of_one() -> None:
    ana, twice = Address("", "Ana Almeida"), Address("Ana Almeida", "Ana Almeida")
    home, kim = Address("Ana Almeida", "ana@home.test"), Address("Kim Keller", "kim@customer.test")
    named = people([ana, twice, home, kim], limit=4, by_address={ana, twice, home})
    assert named == "(no address), (no address), ana@home.test, Kim Keller"
    assert full([ana, twice]) == ", ".join(["(no address) calls itself Ana Almeida"] * 2)
    assert full([kim]) == "Kim Keller <kim@customer.test>"


def test_of_fifty_authors_those_are_judged_whom_the_list_names() -> None:
    fifty = tuple(RawAddress(b"Ana Almeida", b"x%d" % number, b"evil.test") for number in range(50))
    row = Summary(1, frozenset(), NOW, b"", fifty, (), "", has_attachment=False, preview="")
    shown = senders_shown([row, row])
    assert [one.address for one in shown] == ["x0@evil.test", "x1@evil.test", "x2@evil.test"] * 2
    assert all(one.name in people(senders_shown([row])) for one in shown)


def test_words_are_left_whole() -> None:
    assert shortened("Your order", 10) == "Your order"
    assert shortened("Your big order is on its way", 20) == "Your big order..."


def test_a_word_that_is_nearly_all_of_it_is_cut_and_not_left_out() -> None:
    assert shortened("Re: " + "x" * 300, 200) == "Re: " + "x" * 193 + "..."
    assert shortened("订单" * 100, 80) == "订单" * 38 + "订..."


def test_what_is_too_long_is_named_in_plain_words() -> None:
    assert listed([]) == ""
    assert listed([FIELD_NAMES[name] for name in ("cc", "header")]) == "Cc and the header as a whole"
    assert listed([FIELD_NAMES[name] for name in ("to", "reply-to", "subject")]) == "To, Reply to and the subject"


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))
def test_a_date_is_said_in_full_as_the_calendar_says_it(at: datetime) -> None:
    assert when_long(at) == at.strftime(f"%A, {at.day} %B ") + f"{at.year:04}" + at.strftime(", %H:%M UTC")


def test_a_date_is_said_as_shortly_as_it_can_be_said() -> None:
    said = [when_short(NOW - timedelta(days=days, minutes=31), NOW) for days in (0, 1, 20, 400)]
    assert said == ["08:59", "Thu", "7 Nov", "23 Oct 2025"]
    assert when_short(NOW + timedelta(days=400), NOW) == "1 Jan 2028"
