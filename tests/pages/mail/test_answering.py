"""ana, ben and tess answer from support@, and the customer sees support@ and nobody else."""

import re
import threading

import pytest

from tests.cast import ANA, BEN, CLEO, KIM, SALES, SUPPORT, TESS
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.letters import arrived, deliver, find, letter
from tests.servers.harness import World
from tests.visitor import Page, Visitor, folder_url

TRACES = {
    ANA: re.compile(r"\bana\b|almeida", re.IGNORECASE),
    BEN: re.compile(r"\bben\b|brandt|brand-b", re.IGNORECASE),
    TESS: re.compile(r"\btess\b|tanaka", re.IGNORECASE),
}


def answer(visitor: Visitor, message_url: str, text: str, **changes: str) -> str:
    """Reply as a person without scripts does; the address of the page that follows."""
    fields = visitor.page(f"{message_url}/reply").fields
    form = {name: fields[name] for name in fields if name != "csrf_token"} | {"text": text, "format": "text"} | changes
    mailbox = message_url.split("/")[2]
    sent = visitor.post(f"/mail/{mailbox}/send", form, token=fields["csrf_token"])
    assert sent.status_code == 303, sent.text
    return sent.location


@pytest.mark.parametrize("member", [ANA, BEN, TESS])
def test_a_member_answers_and_kim_sees_only_support(world: World, sign_in: SignIn, member: str) -> None:
    subject = f"Where is my parcel, asks kim of {member.partition('@')[0]}"
    deliver(world, subject)
    visitor = sign_in(member)
    url = find(visitor, SUPPORT, subject)
    answer(visitor, url, "It is on its way.", subject="Re: your parcel " + str(hash(member)))

    received = arrived(world, KIM, "Re: your parcel " + str(hash(member)))
    assert received["From"] == "Support <support@brand-a.test>"
    assert received["Return-Path"] == f"<{SUPPORT}>"
    headers = "\n".join(f"{name}: {value}" for name, value in received.items())
    assert not TRACES[member].search(headers), headers
    assert "127.0.0.1" not in headers, headers
    assert received["Sender"] is None
    assert received["User-Agent"] is None


def test_a_colleagues_letter_passed_on_says_nothing_of_who_wrote_it_where(world: World, sign_in: SignIn) -> None:
    note = re.sub(rb"@customer.test>(?=\r\n)", b"@bens-macbook.local>", letter("Kim wants her money back", sender=BEN))
    note = b"References: <0@bens-macbook.local>\r\n" + note
    assert note.count(b"macbook") == 2
    world.deposit(SUPPORT, note)
    ana = sign_in(ANA)
    url = find(ana, SUPPORT, "Kim wants her money back")
    for mode in ("reply", "reply_all", "forward"):
        fields = ana.page(f"{url}/{mode.replace('_', '-')}").fields
        form = dict(fields) | {"to": KIM, "cc": "", "text": "Of course.", "format": "text", "subject": f"By {mode}"}
        token = form.pop("csrf_token")
        assert ana.post(f"/mail/{SUPPORT}/send", form, token=token).status_code == 303
        assert "macbook" not in arrived(world, KIM, f"By {mode}").as_string()


def test_what_is_pasted_out_of_the_webmail_does_not_say_where_it_runs(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    pasted = (
        '<p>See <img src="http://localhost/image/ab12/1/aHR0cDov" alt="the hat">'
        '<a href="HTTP://LocalHost/mail/ana@brand-a.test/f/INBOX/1.1">this</a>'
        f'<img src="{world.config.public_url}/image/ab12/1/aHR0cDov"> or <a href="https://shop.example/localhost">that</a>'
    )
    fields = dict(ana.page(f"/mail/{SUPPORT}/compose").fields)
    token = fields.pop("csrf_token")
    form = fields | {"to": KIM, "subject": "A pasted hat", "html": pasted, "format": "html", "text": ""}
    assert ana.post(f"/mail/{SUPPORT}/send", form, token=token).status_code == 303
    body = arrived(world, KIM, "A pasted hat").get_body(("html",))
    assert body is not None
    said = body.get_content()
    assert "/image/" not in said
    assert "ana@" not in said
    assert "127.0.0.1" not in said
    assert 'href="https://shop.example/localhost"' in said
    assert "the hat" in said


def test_the_copy_is_in_the_shared_sent_folder_and_says_who_to_members_only(world: World, sign_in: SignIn) -> None:
    deliver(world, "A question about refills")
    ana = sign_in(ANA)
    answer(ana, find(ana, SUPPORT, "A question about refills"), "Yes, they fit.", subject="Re: refills that fit")

    copy = arrived(world, SUPPORT, "Re: refills that fit", "Sent")
    assert "Ana" not in copy.as_string()
    ben = sign_in(BEN)
    page = ben.page(find(ben, SUPPORT, "Re: refills that fit", "Sent"))
    assert "Sent by Ana Almeida" in " ".join(page.text.split())


def test_a_customer_who_reuses_the_message_id_of_an_answer_is_nobody_of_the_team(world: World, sign_in: SignIn) -> None:
    deliver(world, "Please send me your bank details")
    ana = sign_in(ANA)
    answer(ana, find(ana, SUPPORT, "Please send me your bank details"), "No.", subject="Re: bank details")
    known = arrived(world, KIM, "Re: bank details")["Message-ID"]
    forged = re.sub(rb"(?m)^Message-ID: .*$", b"Message-ID: " + known.encode(), letter("Pay Kim at once"))
    world.deliver(SUPPORT, forged, sender=KIM)
    cleo = sign_in(CLEO)
    url = find(cleo, SUPPORT, "Pay Kim at once")
    for page in (cleo.page(folder_url(SUPPORT)), cleo.page(url)):
        assert "Sent by Ana" not in " ".join(page.text.split())


def test_the_answered_message_is_flagged_for_everybody(world: World, sign_in: SignIn) -> None:
    deliver(world, "Flag me when answered")
    ana = sign_in(ANA)
    answer(ana, find(ana, SUPPORT, "Flag me when answered"), "Done.", subject="Re: flagged")
    ben = sign_in(BEN)
    url = find(ben, SUPPORT, "Flag me when answered")
    with world.imap(BEN, mailbox=SUPPORT) as raw:
        raw.select(readonly=True)
        assert b"\\Answered" in raw.uid("FETCH", url.rpartition(".")[2], "(FLAGS)")[1][0]
    page = ben.page(url)
    assert "Answered by Ana Almeida" in " ".join(page.text.split())


def test_a_reply_from_each_of_two_tabs_goes_out_from_its_own_address(world: World, sign_in: SignIn) -> None:
    deliver(world, "For the support tab", SUPPORT)
    deliver(world, "For the sales tab", SALES)
    ana = sign_in(ANA)
    support, sales = find(ana, SUPPORT, "For the support tab"), find(ana, SALES, "For the sales tab")
    first, second = ana.page(f"{support}/reply").fields, ana.page(f"{sales}/reply").fields
    for fields, mailbox, subject in ((first, SUPPORT, "From tab one"), (second, SALES, "From tab two")):
        form = dict(fields) | {"text": "Hello", "subject": subject}
        assert ana.post(f"/mail/{mailbox}/send", form).status_code == 303

    assert arrived(world, KIM, "From tab one")["From"] == f"Support <{SUPPORT}>"
    assert arrived(world, KIM, "From tab two")["From"] == f"Sales <{SALES}>"


def test_a_forged_from_in_the_form_changes_nothing(world: World, sign_in: SignIn) -> None:
    deliver(world, "Who answers this?")
    ana = sign_in(ANA)
    url = find(ana, SUPPORT, "Who answers this?")
    forged = {"from": ANA, "from_": ANA, "From": ANA, "identity": ANA}
    answer(ana, url, "Us.", subject="Re: not forged", **forged)
    assert arrived(world, KIM, "Re: not forged")["From"] == f"Support <{SUPPORT}>"


def test_ten_clicks_on_send_are_one_message(world: World, sign_in: SignIn) -> None:
    deliver(world, "Click it ten times")
    ana = sign_in(ANA)
    fields = ana.page(find(ana, SUPPORT, "Click it ten times") + "/reply").fields
    form = dict(fields) | {"text": "Once.", "subject": "Re: clicked ten times"}
    token = ana.token()
    session = ana.client.get_cookie("postroom")
    form_cookie = ana.client.get_cookie("form")
    assert session
    assert form_cookie
    statuses: list[int] = []

    def click() -> None:
        tab = Visitor(ana.client.application).come_back(session.value)
        tab.client.set_cookie("form", form_cookie.value)
        statuses.append(tab.post(f"/mail/{SUPPORT}/send", form, token=token).status_code)

    clicks = [threading.Thread(target=click) for _ in range(10)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert statuses == [303] * 10
    arrived(world, KIM, "Re: clicked ten times")
    assert len([raw for raw in world.folder(KIM) if b"Re: clicked ten times" in raw]) == 1
    assert len([raw for raw in world.folder(SUPPORT, "Sent") if b"Re: clicked ten times" in raw]) == 1


def test_one_bad_recipient_of_three_stops_the_message_and_is_named(world: World, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    fields = ana.page(f"/mail/{SUPPORT}/compose").fields
    nobody = "nobody@customer.test"
    form = dict(fields) | {"to": f"{KIM}, {nobody}, {BEN}", "subject": "Three of you", "text": "Keep this text."}
    refused = ana.post(f"/mail/{SUPPORT}/send", form)
    assert refused.status_code == 422
    assert nobody in refused.text
    assert "Keep this text." in refused.text
    assert not [raw for address in (KIM, BEN) for raw in world.folder(address) if b"Three of you" in raw]
    # Corrected, the same form goes out.
    form = dict(form) | {"to": KIM}
    assert ana.post(f"/mail/{SUPPORT}/send", form).status_code == 303
    arrived(world, KIM, "Three of you")


@pytest.mark.parametrize("act", ["send", "drafts"])
def test_a_subject_beyond_every_line_is_refused_and_comes_back_whole(sign_in: SignIn, act: str) -> None:
    ana = sign_in(ANA)
    page = ana.page(f"/mail/{SUPPORT}/compose")
    assert 'maxlength="998"' in page.html
    refused = ana.post(f"/mail/{SUPPORT}/{act}", page.fields | {"to": KIM, "subject": "s" * 999, "text": "Long above."})
    assert refused.status_code == 422
    assert "A subject may have 998 characters" in refused.text
    assert "s" * 999 in refused.text
    assert "Long above." in refused.text


def test_more_recipients_than_a_message_can_have_are_said_before_anything_is_sent(
    world: World, sign_in: SignIn
) -> None:
    ana = sign_in(ANA)
    fields = dict(ana.page(f"/mail/{SUPPORT}/compose").fields)
    token = fields.pop("csrf_token")
    many = ", ".join(f"kim+{number}@customer.test" for number in range(100))
    form = fields | {"to": many, "cc": f"{KIM}, kim+1@customer.test", "subject": "To all of you", "text": "Hello"}
    refused = ana.post(f"/mail/{SUPPORT}/send", form, token=token)
    assert refused.status_code == 422
    assert "These are 101 addresses; a message can go to 100." in Page(refused.text).text
    assert Page(refused.text).fields["to"] == many
    assert ana.post(f"/mail/{SUPPORT}/send", form | {"cc": ""}, token=token).status_code == 303
    arrived(world, KIM, "To all of you")
