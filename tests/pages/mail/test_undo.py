"""Undo puts back what was, and touches nothing that was so before."""

import html
import re

from tests.cast import DAN
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.letters import find, letter
from tests.servers.harness import World
from tests.visitor import Visitor, folder_url


def ref_of(visitor: Visitor, subject: str, folder: str = "INBOX") -> str:
    return find(visitor, DAN, subject, folder).partition("?")[0].rpartition("/")[2]


def act(visitor: Visitor, folder: str, verb: str, *refs: str) -> tuple[str, dict[str, list[str]]]:
    """Do it as the list's form does; the address and the fields of the form that undoes it."""
    form = {"csrf_token": visitor.token(), "ref": list(refs)}
    shown = visitor.client.post(f"{folder_url(DAN, folder)}{verb}", data=form, follow_redirects=True).text
    undo = re.search(r'<form method="post" action="([^"]+)"[^>]*data-undo(.*?)</form>', shown, re.DOTALL)
    assert undo is not None
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', undo[2]):
        fields.setdefault(name, []).append(html.unescape(value))
    return html.unescape(undo[1]), fields


def undo(visitor: Visitor, address: str, fields: dict[str, list[str]]) -> None:
    answer = visitor.client.post(address, data=fields | {"csrf_token": visitor.token()}, follow_redirects=True)
    assert answer.status_code == 200
    assert "Undone." in answer.text or "back" not in fields


def flags(world: World, subject: str, folder: str = "INBOX") -> set[str]:
    with world.imap(DAN) as raw:
        raw.select(folder, readonly=True)
        (uids,) = raw.uid("SEARCH", "SUBJECT", f'"{subject}"')[1]
        assert len(uids.split()) == 1, folder
        (told,) = raw.uid("FETCH", uids.decode(), "(FLAGS)")[1]
    return set(re.findall(r"[\\$]\w+", str(told).partition("FLAGS")[2].replace("\\\\", "\\"))) - {"\\Recent"}


def test_a_star_that_was_there_before_stays_when_starring_several_is_undone(world: World, sign_in: SignIn) -> None:
    world.deposit(DAN, letter("Starred long ago", to=DAN), flags=["\\Flagged"])
    world.deposit(DAN, letter("Not starred", to=DAN))
    dan = sign_in(DAN)
    done = act(dan, "INBOX", "star", ref_of(dan, "Starred long ago"), ref_of(dan, "Not starred"))
    assert "\\Flagged" in flags(world, "Not starred")
    undo(dan, *done)
    assert "\\Flagged" in flags(world, "Starred long ago")
    assert "\\Flagged" not in flags(world, "Not starred")


def test_what_was_read_stays_read_when_marking_several_is_undone(world: World, sign_in: SignIn) -> None:
    world.deposit(DAN, letter("Read long ago", to=DAN), flags=["\\Seen"])
    world.deposit(DAN, letter("Not read", to=DAN))
    dan = sign_in(DAN)
    undo(dan, *act(dan, "INBOX", "read", ref_of(dan, "Read long ago"), ref_of(dan, "Not read")))
    assert "\\Seen" in flags(world, "Read long ago")
    assert "\\Seen" not in flags(world, "Not read")


def test_a_report_of_spam_is_undone_to_where_the_message_was(world: World, sign_in: SignIn) -> None:
    world.deposit(DAN, letter("Not spam at all", to=DAN), folder="Archive")
    dan = sign_in(DAN)
    before = flags(world, "Not spam at all", "Archive")
    done = act(dan, "Archive", "spam", ref_of(dan, "Not spam at all", "Archive"))
    assert "$Junk" in flags(world, "Not spam at all", "Junk")
    undo(dan, *done)
    assert flags(world, "Not spam at all", "Archive") == before


def test_not_spam_is_undone_back_into_junk(world: World, sign_in: SignIn) -> None:
    world.deposit(DAN, letter("Spam after all", to=DAN), folder="Junk")
    dan = sign_in(DAN)
    done = act(dan, "Junk", "not_spam", ref_of(dan, "Spam after all", "Junk"))
    assert "$NotJunk" in flags(world, "Spam after all")
    undo(dan, *done)
    assert "$Junk" in flags(world, "Spam after all", "Junk")
