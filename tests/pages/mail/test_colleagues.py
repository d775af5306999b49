"""Two people work one mailbox at the same time, and neither loses anything by the other."""

import re
import smtplib
from io import BytesIO
from typing import Any

import pytest

from tests.cast import ANA, BEN, CLEO, DAN, KIM, SUPPORT
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.letters import arrived, copies, deliver, find, letter
from tests.pages.mail.test_kept_files import kept
from tests.servers.harness import World
from tests.visitor import Page, Visitor, folder_url
from tests.waiting import until


def test_ben_archives_what_ana_is_answering(world: World, sign_in: SignIn) -> None:
    deliver(world, "Archived in the middle of an answer")
    ana, ben = sign_in(ANA), sign_in(BEN)
    url = find(ana, SUPPORT, "Archived in the middle of an answer")
    form = dict(ana.page(f"{url}/reply").fields) | {"text": "Still yours.", "subject": "Re: archived meanwhile"}
    assert ben.post(folder_url(SUPPORT) + "archive", {"ref": url.rpartition("/")[2]}).status_code == 303

    assert ana.post(f"/mail/{SUPPORT}/drafts", form).status_code == 303
    assert ana.post(f"/mail/{SUPPORT}/send", form).status_code == 303
    original = arrived(world, SUPPORT, "Archived in the middle of an answer", "Archive")
    assert "\\Answered" in flags(world, BEN, "Archive", "Archived in the middle of an answer")
    assert arrived(world, KIM, "Re: archived meanwhile")["In-Reply-To"] == original["Message-ID"]


def test_what_ben_moved_away_leaves_ana_in_the_shared_mailbox(world: World, sign_in: SignIn) -> None:
    deliver(world, "Moved before ana looked")
    ana, ben = sign_in(ANA), sign_in(BEN)
    url = find(ana, SUPPORT, "Moved before ana looked")
    assert ben.post(folder_url(SUPPORT) + "archive", {"ref": url.rpartition("/")[2]}).status_code == 303
    gone = ana.client.get(url)
    assert gone.status_code == 404
    assert Page(gone.text).links[f"/mail/{SUPPORT}/"] == f"Go to the inbox of {SUPPORT}"
    notice = ana.client.get(url, headers={"HX-Request": "true"})
    assert notice.status_code == 404
    assert Page(notice.text).links == {}  # she stays where she is
    strangers = sign_in(DAN).client.get(url)
    assert Page(strangers.text).links["/"] == "Go to my inbox"


def test_ben_goes_on_with_anas_draft(world: World, sign_in: SignIn) -> None:
    ana, ben = sign_in(ANA), sign_in(BEN)
    form = dict(ana.page(f"/mail/{SUPPORT}/compose").fields)
    form |= {"to": f"{KIM}, half an addre", "subject": "Begun by ana", "text": "Dear Kim,\n\nana's words."}
    assert ana.post(f"/mail/{SUPPORT}/drafts", form).status_code == 303

    draft = ben.page(find(ben, SUPPORT, "Begun by ana", "Drafts")).fields
    assert draft["to"] == f"{KIM}, half an addre"
    assert "ana's words." in draft["text"]
    finished = draft | {"to": KIM, "text": "Dear Kim,\n\nana's words, and ben's.", "subject": "Finished by ben"}
    assert ben.post(f"/mail/{SUPPORT}/send", finished).status_code == 303
    assert "and ben's." in arrived(world, KIM, "Finished by ben").get_content()
    assert not [raw for raw in world.folder(SUPPORT, "Drafts") if b"Begun by ana" in raw]


def both_open(world: World, sign_in: SignIn, about: str) -> tuple[Visitor, dict[str, Any], Visitor, dict[str, Any]]:
    """ana began a draft, and both of them have it on their screens."""
    ana, ben = sign_in(ANA), sign_in(BEN)
    form = ana.page(f"/mail/{SUPPORT}/compose").fields | {"to": KIM, "subject": about, "text": "Begun by ana."}
    assert ana.post(f"/mail/{SUPPORT}/drafts", form, token=form["csrf_token"]).status_code == 303
    url = find(ana, SUPPORT, about, "Drafts")
    anas, bens = (who.page(url).fields | {"subject": about} for who in (ana, ben))
    return ana, anas, ben, bens


def drafts(world: World, about: str) -> bytes:
    return b"\n".join(raw for raw in world.folder(SUPPORT, "Drafts") if f"Subject: {about}".encode() in raw)


@pytest.mark.parametrize("fragment", [False, True])
def test_the_later_of_two_saves_takes_nobodys_words_away(world: World, sign_in: SignIn, fragment: bool) -> None:
    about = f"Changed by both {fragment}"
    ana, anas, ben, bens = both_open(world, sign_in, about)
    headers = {"HX-Request": "true"} if fragment else {}
    assert ben.post(f"/mail/{SUPPORT}/drafts", bens | {"text": "Changed by ben."}).status_code == 303
    told = ana.post(f"/mail/{SUPPORT}/drafts", anas | {"text": "Changed by ana."}, **headers)
    assert told.status_code == 409
    assert "changed this draft meanwhile" in told.text
    assert copies(world, SUPPORT, about, "Drafts") == 2
    assert b"Changed by ben." in drafts(world, about)
    assert b"Changed by ana." in drafts(world, about)
    page = Page(told.text)
    other = next(url for url, text in page.links.items() if text == "look at the other")
    assert "Changed by ben." in ana.page(other).fields["text"]
    assert page.fields["key"] != anas["key"]

    # From here on the two are drafts of their own.
    mine = anas | {name: page.fields[name] for name in ("key", "draft", "draft_folder")}
    assert ana.post(f"/mail/{SUPPORT}/drafts", mine | {"text": "And once more."}, **headers).status_code in (200, 303)
    assert copies(world, SUPPORT, about, "Drafts") == 2
    assert b"Changed by ben." in drafts(world, about)


def test_ana_sends_no_older_words_over_the_newer_ones_of_ben(world: World, sign_in: SignIn) -> None:
    about = "Not sent over ben's words"
    ana, anas, ben, bens = both_open(world, sign_in, about)
    assert ben.post(f"/mail/{SUPPORT}/drafts", bens | {"text": "Newer, by ben."}).status_code == 303
    stopped = ana.post(f"/mail/{SUPPORT}/send", anas | {"text": "Older, by ana."})
    assert stopped.status_code == 409
    assert "Older, by ana." in stopped.text
    assert copies(world, KIM, about) == 0
    assert b"Newer, by ben." in drafts(world, about)
    again = anas | {name: Page(stopped.text).fields[name] for name in ("key", "draft", "draft_folder")}
    assert ana.post(f"/mail/{SUPPORT}/send", again | {"text": "Older, by ana."}).status_code == 303
    arrived(world, KIM, about)
    assert b"Newer, by ben." in drafts(world, about)
    assert copies(world, SUPPORT, about, "Drafts") == 1


@pytest.mark.parametrize("sent_by", ["a colleague", "ana in another tab", "ana in the same tab"])
def test_words_that_did_not_go_out_are_not_called_sent(world: World, sign_in: SignIn, sent_by: str) -> None:
    about = f"Sent from one window by {sent_by}"
    ana, anas, ben, bens = both_open(world, sign_in, about)
    sender, token = (ben, bens["csrf_token"]) if sent_by == "a colleague" else (ana, anas["csrf_token"])
    other = (anas if sent_by == "ana in the same tab" else bens) | {"csrf_token": token, "text": "This went out."}
    assert sender.post(f"/mail/{SUPPORT}/send", other).status_code == 303
    told = ana.post(f"/mail/{SUPPORT}/send", anas | {"text": "This did not."})
    assert told.status_code == 409
    page = Page(told.text)
    assert "Not sent: this message went out already, with other words." in page.text
    assert "This did not." in page.fields["text"]
    assert copies(world, KIM, about) == 1
    assert copies(world, SUPPORT, about, "Drafts") == 1

    as_well = page.fields | {"subject": about}
    assert ana.post(f"/mail/{SUPPORT}/send", as_well).status_code == 303
    until(lambda: copies(world, KIM, about) == 2)
    assert copies(world, SUPPORT, about, "Drafts") == 0


@pytest.mark.parametrize("format_", ["text", "html"])
def test_the_same_words_are_sent_once_from_whichever_window(world: World, sign_in: SignIn, format_: str) -> None:
    about = f"Pressed twice as {format_}"
    ana, ben = sign_in(ANA), sign_in(BEN)
    form: dict[str, Any] = ana.page(f"/mail/{SUPPORT}/compose").fields | {"to": f"{KIM},", "subject": about}
    letter = '<p>Look <a href="https://x.test/" style="color: red;">here</a>.<!-- ! --></p><blockquote>Yes</blockquote>'
    form |= {"format": format_, "text": "Look here.\n", "html": letter}

    def files() -> dict[str, Any]:
        return {"files": [(BytesIO(b"one"), "image.png"), (BytesIO(b"two"), "image.png")]}

    assert ana.post(f"/mail/{SUPPORT}/drafts", form | files()).status_code == 303
    page = ben.page(find(ben, SUPPORT, about, "Drafts"))
    bens = page.fields | {"subject": about, "format": format_, "keep": kept(page)}
    assert ana.post(f"/mail/{SUPPORT}/send", form | files()).status_code == 303
    arrived(world, KIM, about)
    until(lambda: copies(world, SUPPORT, about, "Sent") == 1)
    assert ana.post(f"/mail/{SUPPORT}/send", form | files()).status_code == 303
    assert ben.post(f"/mail/{SUPPORT}/send", bens).status_code == 303
    assert copies(world, KIM, about) == 1


def test_what_is_kept_after_a_colleague_sent_the_draft_is_a_draft_of_its_own(world: World, sign_in: SignIn) -> None:
    about = "Written on after ben sent it"
    ana, anas, ben, bens = both_open(world, sign_in, about)
    assert ben.post(f"/mail/{SUPPORT}/send", bens | {"text": "This went out."}).status_code == 303
    kept = ana.post(f"/mail/{SUPPORT}/drafts", anas | {"text": "Still to be said."}, **{"HX-Request": "true"})
    assert kept.status_code == 200
    assert b"Still to be said." in drafts(world, about)
    assert Page(kept.text).fields["key"] != anas["key"]


def test_saves_of_one_window_that_cross_are_one_draft(world: World, sign_in: SignIn) -> None:
    about = "Saved twice from one window"
    ana, anas, _ben, _bens = both_open(world, sign_in, about)
    for text in ("First of the two.", "Second of the two."):  # the answer to the first one was lost on the way
        kept = ana.post(f"/mail/{SUPPORT}/drafts", anas | {"text": text}, **{"HX-Request": "true"})
        assert kept.status_code == 200
    assert copies(world, SUPPORT, about, "Drafts") == 1
    assert b"Second of the two." in drafts(world, about)


def test_discarding_a_draft_leaves_what_a_colleague_made_of_it(world: World, sign_in: SignIn) -> None:
    about = "Discarded by ana alone"
    ana, anas, ben, bens = both_open(world, sign_in, about)
    assert ben.post(f"/mail/{SUPPORT}/drafts", bens | {"text": "Still needed."}).status_code == 303
    assert ana.post(f"/mail/{SUPPORT}/drafts/discard", anas).status_code == 303
    assert b"Still needed." in drafts(world, about)


def flags(world: World, who: str, folder: str, about: str, mailbox: str = SUPPORT) -> str:
    """The flags of the message, as any mail program of this member sees them."""
    with world.imap(who, mailbox=mailbox) as raw:
        assert raw.select(folder, readonly=True)[0] == "OK"
        found = raw.uid("SEARCH", "SUBJECT", f'"{about}"')[1][0].split()
        assert len(found) == 1, found
        told = raw.uid("FETCH", found[0].decode(), "(FLAGS)")[1][0]
        assert isinstance(told, bytes)
        return told.decode()


@pytest.mark.parametrize("place", ["Archive", "Trash", "Handled"])
def test_what_was_moved_while_it_was_answered_is_flagged_where_it_lies(
    world: World, sign_in: SignIn, place: str
) -> None:
    about = f"Moved to {place} meanwhile"
    written = letter(about)
    if place == "Trash":  # as some programs write it
        written = re.sub(rb"Message-ID: <(.*)>", rb"Message-ID: \1", written)
    world.deliver(SUPPORT, written, sender=KIM)
    ana = sign_in(ANA)
    url = find(ana, SUPPORT, about)
    form = ana.page(f"{url}/reply").fields | {"text": "Yes.", "subject": f"An answer, {place}"}
    with world.imap(BEN, mailbox=SUPPORT) as raw:
        raw.create(place)
        raw.select()
        assert raw.uid("MOVE", url.rpartition(".")[2], place)[0] == "OK"
    assert ana.post(f"/mail/{SUPPORT}/send", form).status_code == 303
    arrived(world, KIM, f"An answer, {place}")
    assert "\\Answered" in flags(world, BEN, place, about)


def test_a_reply_that_was_begun_is_seen_by_the_team(world: World, sign_in: SignIn) -> None:
    deliver(world, "Who answers this one?")
    ana, ben, cleo = sign_in(ANA), sign_in(BEN), sign_in(CLEO)
    url = find(ben, SUPPORT, "Who answers this one?")
    assert "A reply was begun" not in ben.page(url).text
    form = ana.page(f"{url}/reply").fields | {"text": "I do.", "subject": "Re: who"}
    assert ana.post(f"/mail/{SUPPORT}/drafts", form).status_code == 303
    page = ben.page(url)
    draft = next(link for link, text in page.links.items() if "A reply was begun" in text)
    assert "I do." in ben.page(draft).fields["text"]
    assert "A reply was begun" not in cleo.page(url).text  # who can't go on with it


def test_who_claims_from_outside_to_be_ana_is_marked_in_the_list_and_on_the_page(world: World, sign_in: SignIn) -> None:
    about = "Please pay this today"
    message = letter(about, sender=f"Ana Almeida <{ANA}>", to=DAN)
    customer = letter("From another house here", sender=f"Kim Keller <{KIM}>", to=DAN)
    with smtplib.SMTP("127.0.0.1", world.config.smtp_port, timeout=20) as door:
        assert door.sendmail(ANA, [DAN, KIM], message) == {}
        assert door.sendmail(KIM, [DAN, KIM], customer) == {}
    world.deliver(DAN, letter("Lunch?", sender=f"Ana Almeida <{ANA}>", to=DAN), sender=ANA)
    dan = sign_in(DAN)
    url, honest = find(dan, DAN, about), find(dan, DAN, "Lunch?")
    rows = {text for text in dan.page(folder_url(DAN)).links.values() if "Not from inside" in text}
    assert [about in row for row in rows] == [True]
    assert "Not from inside" in dan.page(url).text
    assert "another way before you do what it says" in dan.page(url).text
    assert "another way before you do" not in dan.page(honest).text
    assert "another way before you do" not in dan.page(find(dan, DAN, "From another house here")).text
    # The same two messages, as somebody of the other organisation sees them.
    kim = sign_in(KIM)
    rows = {text for text in kim.page(folder_url(KIM)).links.values() if "Not from inside" in text}
    assert ["From another house here" in row for row in rows] == [True]
    assert "another way before you do" not in kim.page(find(kim, KIM, about)).text
    assert copies(world, KIM, about) == copies(world, DAN, about) == 1


def test_who_answers_a_thousand_people_and_more_is_told_that_it_goes_to_the_first(
    world: World, sign_in: SignIn
) -> None:
    many = ", ".join(f"c{number}@b.test" for number in range(1_001))
    written = letter("To a thousand of you").replace(b"\r\nSubject", f"\r\nCc: {many}\r\nSubject".encode(), 1)
    world.deliver(SUPPORT, written, sender=KIM)
    ana = sign_in(ANA)
    url = find(ana, SUPPORT, "To a thousand of you")
    assert "Too long to be shown and answered as a whole: Cc." in ana.page(url).text
    assert "names more people under Cc than can be taken over" in ana.page(f"{url}/reply-all").text
    assert "names more people under Cc than can be taken over" not in ana.page(f"{url}/reply").text


def test_who_bears_a_colleagues_name_and_isnt_them_stands_in_the_list_by_address(world: World, sign_in: SignIn) -> None:
    name = "=?utf-8?q?Su=D1=80port?="  # a Cyrillic р
    world.deliver(ANA, letter("Your mailbox is full", sender=f"{name} <x@evil.test>", to=ANA), sender="x@evil.test")
    world.deliver(ANA, letter("Am I late?", sender="Dan Dvorak <dan@home.test>", to=ANA), sender="dan@home.test")
    world.deliver(ANA, letter("Tea?", sender=f"=?utf-8?q?Dan_Dvo=C5=99=C3=A1k?= <{DAN}>", to=ANA), sender=DAN)
    written = {"Pay this": "Dan\N{NO-BREAK SPACE}Dvorak", "And this": "Dan Dvorak <Dan\N{NO-BREAK SPACE}Dvorak>"}
    for about, sender in written.items():
        message = letter(about, sender="x@evil.test", to=ANA).replace(b"x@evil.test", sender.encode())
        world.deliver(ANA, message, sender="x@evil.test")
    ana = sign_in(ANA)
    rows = list(ana.page(folder_url(ANA)).links.values())
    for about in written:
        row = next(row for row in rows if about in row)
        assert "(no address)" in row or "(no sender)" in row
        assert "Dvorak" not in row
        page = " ".join(re.sub("<[^>]*>", " ", ana.page(find(ana, ANA, about)).text).split())
        assert "(no address) calls itself Dan Dvorak" in page
    (full, late, tea) = (next(row for row in rows if about in row) for about in ("is full", "Am I late", "Tea?"))
    assert "x@evil.test" in full
    assert "dan@home.test" in late
    assert "Dan Dvořák" in tea
    assert DAN not in tea
    page = ana.page(find(ana, ANA, "Your mailbox is full")).text
    assert "<x@evil.test>" in page
