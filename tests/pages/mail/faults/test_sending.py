"""Sending meets every refusal and every lost line: nothing doubled, and people are told the truth."""

import threading
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from mailboxes.models import AuditEntry
from tests.cast import ANA, BEN, DAN, KIM, SUPPORT
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.faults.steps import DOT, UNCERTAIN, later, send, shown, subject, together, written
from tests.pages.mail.grumpy import grumpy
from tests.pages.mail.letters import arrived, copies, deliver, find, messages
from tests.pages.mail.relay import Relay
from tests.pages.mail.test_removal import removed
from tests.servers.harness import World
from tests.visitor import Page, folder_url

# The submission server refuses, or says nothing


@pytest.mark.parametrize(
    ("stage", "reply", "status"),
    [
        ("greeting", "554 5.3.2 not today", 503),
        ("greeting", "421 4.3.2 too busy", 503),
        ("EHLO", "550 5.7.1 who are you", 503),
        ("AUTH", "454 4.7.0 try later", 503),
        ("AUTH", "535 5.7.8 no", 403),
        ("MAIL", "451 4.7.1 slow down", 422),
        ("MAIL", "550 5.7.1 not you", 422),
        ("MAIL", "421 4.3.2 closing", 503),
        ("RCPT", "450 4.2.1 full for now", 422),
        ("RCPT TO:<ben", "550 5.1.1 nobody here", 422),
        ("DATA", "554 5.5.1 no", 422),
        ("dot", "451 4.3.0 disk trouble", 422),
        ("dot", "552 5.3.4 too big", 422),
    ],
)
def test_a_refusal_sends_nothing_says_why_and_keeps_the_draft(
    world: World, app: Flask, sign_in: SignIn, stage: str, reply: str, status: int
) -> None:
    ana = sign_in(ANA)
    form = written(ana, about := subject("Refused"), to=f"{KIM}, {BEN}, {DAN}")
    with grumpy(app, {stage: reply}) as server:
        refused = send(ana, form)
        assert refused.status_code == status
        assert server.taken == []
        assert form["text"] in refused.text
        assert 'role="alert"' in refused.text
        if stage.startswith("RCPT TO"):
            said = Page(refused.text).text
            assert f"{BEN} doesn't exist at that server. Check how it is written." in said
            assert f"{BEN}: 5.1.1 nobody here (550)" in said.partition("What the server said")[2]
            assert f"{KIM} doesn't" not in said
        if stage == "RCPT":
            said = Page(refused.text).text
            for address in (KIM, BEN, DAN):
                assert f"{address} can't take mail right now." in said
            assert "Try again in a while" in said
        if stage == "dot":
            assert Page(refused.text).text.count("The mail server didn't take the message") == 1
    assert copies(world, SUPPORT, about, "Drafts") == 1
    again = shown(Page(refused.text), about)
    assert again["to"] == form["to"]
    assert send(ana, again).status_code == 303  # the same form, to the real server
    for address in (KIM, BEN, DAN):
        arrived(world, address, about)
        assert copies(world, address, about) == 1
    assert copies(world, SUPPORT, about, "Drafts") == 0
    assert copies(world, SUPPORT, about, "Sent") == 1


@pytest.mark.parametrize(("trouble", "delivered"), [("lose the answer", 1), ("cut before", 0)])
def test_a_line_lost_after_the_final_dot_is_said_and_never_sent_again(
    world: World, smtp_line: Relay, sign_in: SignIn, trouble: Any, delivered: int
) -> None:
    ana = sign_in(ANA)
    form = written(ana, about := subject("Lost at the dot"))
    smtp_line.trouble(trouble, DOT)
    assert send(ana, form).status_code == 303
    assert audited(world, SUPPORT, about) == [(ANA, "not confirmed by the mail server")]
    assert copies(world, SUPPORT, about, "Drafts") == 1  # nothing of what she wrote is lost
    for _reload in range(2):
        page = ana.page(folder_url(SUPPORT))
        assert UNCERTAIN in page.text
        assert "The connection broke at the last moment." in page.text
    assert UNCERTAIN not in sign_in(BEN).page(folder_url(SUPPORT)).text
    assert send(ana, form).status_code == 303  # she clicks once more, in a tab that was still open
    later(world)
    ana.get(folder_url(SUPPORT))
    if delivered:
        arrived(world, KIM, about)
    assert copies(world, KIM, about) == delivered
    assert copies(world, SUPPORT, about, "Drafts") == 1  # nothing of what she wrote is lost
    draft = shown(ana.page(find(ana, SUPPORT, about, "Drafts")), about)
    assert (draft["to"], draft["text"].strip()) == (KIM, form["text"])
    dismiss = next(control for control in page.controls if control.endswith("/dismiss"))
    assert sign_in(BEN).post(dismiss, {}).status_code == 303
    assert UNCERTAIN in ana.page(folder_url(SUPPORT)).text  # she hasn't read it yet
    assert ana.post(dismiss, {}).status_code == 303
    assert UNCERTAIN not in ana.page(folder_url(SUPPORT)).text


def test_nobody_is_named_as_the_sender_of_what_may_not_have_gone_out(
    world: World, smtp_line: Relay, sign_in: SignIn
) -> None:
    ana, ben = sign_in(ANA), sign_in(BEN)
    deliver(world, question := subject("Is it in yet?"))
    form = shown(ana.page(find(ana, SUPPORT, question) + "/reply"), f"Re: {question}")
    smtp_line.trouble("cut before", DOT)
    assert send(ana, form | {"text": "Yes, it came today."}).status_code == 303
    # ben answers from a program of his own, and files what ana wrote beside his answer.
    with world.imap(BEN, mailbox=SUPPORT) as program:
        program.select()
        (found,) = program.search(None, "SUBJECT", f'"{question}"')[1]
        assert program.store(found.decode(), "+FLAGS", "\\Answered")[0] == "OK"
        program.select("Drafts")
        (found,) = program.search(None, "SUBJECT", f'"{question}"')[1]
        assert program.copy(found.decode(), "Sent")[0] == "OK"
    asked = " ".join(ben.page(find(ben, SUPPORT, question)).text.split())
    assert "Answered" in asked
    assert "Answered by" not in asked
    filed = find(ben, SUPPORT, f"Re: {question}", "Sent")
    assert "Sent by" not in " ".join(ben.page(filed).text.split())


def test_a_server_that_says_nothing_after_the_final_dot_is_not_called_a_broken_connection(
    world: World, app: Flask, sign_in: SignIn
) -> None:
    ana = sign_in(ANA)
    form = written(ana, subject("Silent at the dot"))
    heard = threading.Event()
    with grumpy(app, {}, at_dot=lambda: heard.wait(20), confirm_timeout=0.3):
        assert send(ana, form).status_code == 303
        heard.set()
    page = ana.page(folder_url(SUPPORT))
    assert UNCERTAIN in page.text
    assert "The mail server took too long to confirm it." in page.text
    assert "connection broke" not in page.text
    dismiss = next(control for control in page.controls if control.endswith("/dismiss"))
    assert ana.post(dismiss, {}).status_code == 303


def audited(world: World, mailbox: str, about: str) -> list[tuple[str, str]]:
    """Who sent this draft, as the owner reads it, and what is said of it at the end."""
    ids = {one["Message-ID"] for one in messages(world, mailbox, about, "Drafts")}
    with world.db.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "message.sent")).all()
    found = [entry for entry in entries if any(message_id in entry.detail for message_id in ids)]
    return [(entry.actor, entry.detail.rpartition(">, ")[2]) for entry in found]


# The copy in Sent


@pytest.mark.parametrize(
    ("trouble", "when"), [("cut before", rb' APPEND "Sent"'), ("lose the answer", rb"The text of Sent late \d+")]
)
def test_a_copy_that_could_not_be_filed_is_filed_once_by_whoever_looks(
    world: World, imap_line: Relay, sign_in: SignIn, trouble: Any, when: bytes
) -> None:
    ana, ben = sign_in(ANA), sign_in(BEN)
    form = written(ana, about := subject("Sent late"))
    imap_line.trouble(trouble, when)
    sent = ana.client.post(f"/mail/{SUPPORT}/send", data=form, follow_redirects=True)
    assert "Message sent. Its copy isn&#39;t in Sent yet" in sent.text
    assert UNCERTAIN not in sent.text
    arrived(world, KIM, about)
    assert send(ana, form).status_code == 303  # a second click changes nothing
    later(world)
    looks = [lambda who=who: who.get(folder_url(SUPPORT)).status_code for who in (ana, ben)]
    assert together(*looks) == [200, 200]
    assert copies(world, SUPPORT, about, "Sent") == 1
    later(world)
    assert together(*looks) == [200, 200]
    assert copies(world, SUPPORT, about, "Sent") == 1
    assert copies(world, KIM, about) == 1
    assert copies(world, SUPPORT, about, "Drafts") == 0


@pytest.mark.parametrize("step", [rb"UID EXPUNGE", rb"\+FLAGS.SILENT \(\\Answered\)"])
def test_what_is_left_to_do_after_sending_is_done_by_whoever_looks(
    world: World, imap_line: Relay, sign_in: SignIn, step: bytes
) -> None:
    ana, ben = sign_in(ANA), sign_in(BEN)
    deliver(world, question := subject("Left to do?"))
    about = f"Re: {question}"
    form = shown(ana.page(find(ana, SUPPORT, question) + "/reply"), about) | {"text": "Yes."}
    assert ana.post(f"/mail/{SUPPORT}/drafts", form, token=form["csrf_token"]).status_code == 303
    draft = find(ana, SUPPORT, about, "Drafts")
    form = shown(ana.page(draft), about)
    imap_line.trouble("cut before", step)
    sent = ana.client.post(f"/mail/{SUPPORT}/send", data=form, follow_redirects=True)
    assert "Message sent." in sent.text
    arrived(world, KIM, about)
    if copies(world, SUPPORT, about, "Drafts"):
        page = ben.page(draft)
        assert "This message has been sent" in page.text
        assert not [control for control in page.controls if control.endswith("/send")]
        assert send(ben, form | {"csrf_token": page.fields["csrf_token"]}).status_code == 303  # from a tab still open
    later(world)
    assert ben.get(folder_url(SUPPORT)).status_code == 200
    assert copies(world, SUPPORT, about, "Drafts") == 0
    assert "Answered by" in " ".join(ben.page(find(ben, SUPPORT, question)).text.split())
    assert copies(world, KIM, about) == copies(world, SUPPORT, about, "Sent") == 1


def test_a_draft_left_behind_can_be_discarded(world: World, imap_line: Relay, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = written(ana, about := subject("Left behind"))
    assert ana.post(f"/mail/{SUPPORT}/drafts", form, token=form["csrf_token"]).status_code == 303
    draft = find(ana, SUPPORT, about, "Drafts")
    imap_line.trouble("cut before", rb"UID EXPUNGE")
    assert send(ana, shown(ana.page(draft), about)).status_code == 303
    page = ana.page(draft)
    discard = next(control for control in page.controls if "/drafts/discard" in control)
    assert ana.post(discard, page.fields, token=page.fields["csrf_token"]).status_code == 303
    assert copies(world, SUPPORT, about, "Drafts") == 0
    assert copies(world, SUPPORT, about, "Sent") == 1


# Its author is removed meanwhile


def test_who_is_removed_before_the_final_dot_sends_nothing(world: World, app: Flask, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = written(ana, subject("Removed before"))
    with ExitStack() as meanwhile:
        with grumpy(app, {}, at_data=lambda: meanwhile.enter_context(removed(app, world, ANA))) as server:
            refused = send(ana, form)
        assert refused.status_code == 404
        assert form["text"] in refused.text
        assert server.taken == []


def test_the_copy_of_whoever_is_removed_after_the_final_dot_is_filed_at_once(
    world: World, app: Flask, sign_in: SignIn
) -> None:
    ana = sign_in(ANA)
    form = written(ana, about := subject("Removed after"))
    with ExitStack() as meanwhile:
        with grumpy(app, {}, at_dot=lambda: meanwhile.enter_context(removed(app, world, ANA))) as server:
            send(ana, form)
        assert len(server.taken) == 1
        assert copies(world, SUPPORT, about, "Sent") == 1
        later(world)
        ben = sign_in(BEN)
        assert f"Sent by {ana.address.partition('@')[0].title()}" in " ".join(
            ben.page(find(ben, SUPPORT, about, "Sent")).text.split()
        )
        assert copies(world, SUPPORT, about, "Sent") == 1


def test_two_members_send_the_same_draft_and_kim_gets_it_once(world: World, sign_in: SignIn) -> None:
    ana, ben = sign_in(ANA), sign_in(BEN)
    form = written(ana, about := subject("Finished by both"))
    assert ana.post(f"/mail/{SUPPORT}/drafts", form, token=form["csrf_token"]).status_code == 303
    url = find(ana, SUPPORT, about, "Drafts")
    forms = [shown(who.page(url), about) for who in (ana, ben)]
    clicks = [
        lambda who=who, form=form: send(who, form).status_code for who, form in zip((ana, ben), forms, strict=True)
    ]
    assert together(*clicks) == [303, 303]
    arrived(world, KIM, about)
    assert copies(world, KIM, about) == 1
    assert copies(world, SUPPORT, about, "Sent") == 1


# Drafts


def test_saves_that_cross_lose_nobodys_words(world: World, sign_in: SignIn) -> None:
    ana, ben = sign_in(ANA), sign_in(BEN)
    form = written(ana, about := subject("Saved by both"))
    assert ana.post(f"/mail/{SUPPORT}/drafts", form, token=form["csrf_token"]).status_code == 303
    url = find(ana, SUPPORT, about, "Drafts")
    forms = [(who, shown(who.page(url), about)) for who in (ana, ben)]
    for round_ in range(4):
        texts = [f"The words of {who.address}, round {round_}" for who, _form in forms]
        saves = [
            lambda who=who, form=form, text=text: who.post(
                f"/mail/{SUPPORT}/drafts", form | {"text": text}, token=form["csrf_token"]
            )
            for (who, form), text in zip(forms, texts, strict=True)
        ]
        saved = together(*saves)
        assert {answer.status_code for answer in saved} <= {303, 409}
        drafts = [raw for raw in world.folder(SUPPORT, "Drafts") if f"Subject: {about}".encode() in raw]
        assert [any(text.encode() in raw for raw in drafts) for text in texts] == [True, True]
        assert len(drafts) == 2
        forms = [
            (who, shown(who.page(answer.location) if answer.status_code == 303 else Page(answer.text), about))
            for (who, _form), answer in zip(forms, saved, strict=True)
        ]
