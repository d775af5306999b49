"""Passwords: kept as Argon2id, compared in the same time whether there is one or not, and not trivial."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth import passwords
from auth.errors import WeakPassword
from auth.passwords import FULL_COST, check_strength, generate_password, hash_password, hashing_cost, verify_password
from tests.auth.hashing import comparisons
from tests.effort import effort


def test_a_password_opens_what_it_was_set_for() -> None:
    stored = hash_password("correct stapler horse")
    assert verify_password(stored, "correct stapler horse")
    assert not verify_password(stored, "correct stapler hors")
    assert not verify_password(stored, "")


@given(st.text(max_size=40))
def test_nothing_opens_what_has_no_password(text: str) -> None:
    assert not verify_password(None, text)


@given(st.text(max_size=60))
def test_any_text_can_be_kept_and_checked(text: str) -> None:
    assert verify_password(hash_password(text), text)


@pytest.mark.parametrize("stored", ["!", "", "*", "{PLAIN}", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$broken"])
def test_a_hash_that_is_none_opens_for_nobody(stored: str) -> None:
    assert not verify_password(stored, stored)
    assert not verify_password(stored, "")


@pytest.mark.parametrize("stored", [None, "the right password"])
def test_a_megabyte_of_accents_is_a_wrong_password_at_once(stored: str | None) -> None:
    kept = hash_password(stored) if stored else None
    one, began = effort(), time.thread_time()
    assert not verify_password(kept, "a" + "\u0315\u0300" * 500_000)
    assert (time.thread_time() - began) / one < 20  # brought into one spelling it takes ten minutes


def test_the_same_letters_typed_on_another_keyboard_are_the_same_password() -> None:
    assert verify_password(hash_password("caf\u00e9 au lait demain"), "cafe\u0301 au lait demain")


def test_the_service_hashes_with_64_mib_and_three_passes() -> None:
    assert (FULL_COST.passes, FULL_COST.memory_kib) == (3, 65536)
    with hashing_cost(FULL_COST):
        assert hash_password("x").startswith("$argon2id$v=19$m=65536,t=3,p=1$")


def test_the_cheap_hashing_of_these_tests_ends_with_its_block() -> None:
    before = hash_password("x")[:40]
    with hashing_cost(passwords.Cost(2, 16, 1)):
        inside = hash_password("x")
    assert inside.startswith("$argon2id$v=19$m=16,t=2")
    assert passwords.needs_rehash(inside)
    assert hash_password("x")[:25] == before[:25]


@pytest.mark.parametrize("typed", ["a wrong password", "", "x" * 300])
def test_an_unknown_address_takes_as_long_as_a_known_one(typed: str) -> None:
    stored = hash_password("the right password")
    with comparisons() as known:
        assert not verify_password(stored, typed)
    with comparisons() as unknown:
        assert not verify_password(None, typed)
    assert unknown == known == [stored.rpartition("$")[0].rpartition("$")[0]]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("short-1", "at least 12"),
        ("", "at least 12"),
        ("x" * 257, "at most 256"),
        ("aaaaaaaaaaaaaaaa", "first passwords"),
        ("abababababab", "first passwords"),
        ("Password2026!!", "first passwords"),
        ("1-Welcome-12345", "first passwords"),
        ("qwertyuiop12", "first passwords"),
        ("correct horse battery staple", "first passwords"),
        ("123456789012", "first passwords"),
        ("abcdefghijklm", "first passwords"),
        ("987654321098", "first passwords"),
        ("Ana.Almeida@brand-a.test", "email address"),
        ("my ana.almeida@brand-a.test", "email address"),
        ("ana.almeidaana.almeida", "email address"),
        ("ana.almeida2026!", "email address"),
        ("tset.a-dnarb@adiemla.ana", "email address"),
        ("twelve chars\0more", "control"),
        ("twelve chars\nmore", "control"),
        ("twelve chars \ud800", "control"),
    ],
)
def test_ana_may_not_choose(text: str, why: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        check_strength(text, "ana.almeida@brand-a.test")
    assert why in refused.value.public


@pytest.mark.parametrize(
    "text",
    [
        "postroom-demo-1",
        "wet otters sing",
        "пароль из слов",
        "パスワードをえらんでください",
        "🐢🐇🦊🦡🦔🐿🦉🦆🦢🐝🪲🐌",
        "x9$Lq2!vB7&m",
    ],
)
def test_ana_may_choose(text: str) -> None:
    check_strength(text, "ana@brand-a.test")


@given(st.text(max_size=300), st.text(max_size=30))
def test_any_text_is_judged_without_trouble(text: str, address: str) -> None:
    try:
        check_strength(text, address)
    except WeakPassword as weak:
        said = weak.public
    else:
        said = ""
    assert said or 12 <= len(text) <= 256


def test_a_generated_password_is_strong_and_readable() -> None:
    made = {generate_password() for _ in range(200)}
    assert len(made) == 200
    for text in made:
        check_strength(text)
        assert set(text) <= set(passwords.ALPHABET + "-")
        assert len(text) == 24
