"""cleo reads everything in support@ and changes nothing, whichever way she tries."""

import smtplib

import pytest

from tests.cast import ANA, CLEO, KIM, SUPPORT
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.letters import deliver, find
from tests.servers.harness import World
from tests.visitor import folder_url

CHANGES = ("archive", "delete", "move", "spam", "not_spam", "delete_forever", "read", "unread", "star", "unstar")
WRITING = ("send", "drafts", "drafts/attach", "drafts/discard")


def test_cleo_reads_a_message_in_full(world: World, sign_in: SignIn) -> None:
    deliver(world, "Cleo may read this", text="Every word of it.")
    cleo = sign_in(CLEO)
    page = cleo.page(find(cleo, SUPPORT, "Cleo may read this"))
    assert "Every word of it." in page.text
    assert "Read-only" in page.text


def test_the_pages_offer_cleo_nothing_that_changes_or_sends(world: World, sign_in: SignIn) -> None:
    deliver(world, "Nothing to click here")
    cleo = sign_in(CLEO)
    url = find(cleo, SUPPORT, "Nothing to click here")
    for page in (cleo.page(folder_url(SUPPORT)), cleo.page(url)):
        offered = [control for control in page.controls if control.startswith(f"/mail/{SUPPORT}/")]
        verbs = {control.rstrip("/").rpartition("/")[2] for control in offered}
        assert verbs.isdisjoint({*CHANGES, "compose", "reply", "reply-all", "forward", *WRITING}), verbs
        assert 'type="checkbox"' not in page.html


def test_cleo_looking_does_not_mark_the_message_read(world: World, sign_in: SignIn) -> None:
    deliver(world, "Unread until ana opens it")
    cleo = sign_in(CLEO)
    url = find(cleo, SUPPORT, "Unread until ana opens it")
    for page in ("", "/print", "/source"):
        cleo.page(url + page)
    ana = sign_in(ANA)
    assert "Unread:" in row(ana.page(folder_url(SUPPORT)).html, "Unread until ana opens it")
    ana.page(url)
    assert "Unread:" not in row(cleo.page(folder_url(SUPPORT)).html, "Unread until ana opens it")


def row(html: str, subject: str) -> str:
    return next(part for part in html.split("<li ") if subject in part and "row-subject" in part)


@pytest.mark.parametrize("verb", CHANGES)
def test_every_change_is_refused_and_changes_nothing(world: World, sign_in: SignIn, verb: str) -> None:
    subject = f"Still here after {verb}"
    deliver(world, subject)
    cleo = sign_in(CLEO)
    url = find(cleo, SUPPORT, subject)
    before = row(cleo.page(folder_url(SUPPORT)).html, subject)
    refused = cleo.post(folder_url(SUPPORT) + verb, {"ref": url.rpartition("/")[2], "to": "Trash"})
    assert refused.status_code == 403
    assert "read-only" in refused.text
    assert row(cleo.page(folder_url(SUPPORT)).html, subject) == before


@pytest.mark.parametrize("route", WRITING)
def test_every_way_of_writing_is_refused(sign_in: SignIn, route: str) -> None:
    form = {"key": "0" * 32, "to": KIM, "subject": "From cleo", "text": "No."}
    assert sign_in(CLEO).post(f"/mail/{SUPPORT}/{route}", form).status_code == 403


@pytest.mark.parametrize("page", ["reply", "reply-all", "forward", "draft"])
def test_no_form_to_answer_opens_for_cleo(world: World, sign_in: SignIn, page: str) -> None:
    deliver(world, "Not for cleo to answer")
    cleo = sign_in(CLEO)
    url = find(cleo, SUPPORT, "Not for cleo to answer")
    assert cleo.get(f"{url}/{page}").status_code == 403
    assert cleo.get(f"/mail/{SUPPORT}/compose").status_code == 403
    assert cleo.get(f"/mail/{SUPPORT}/people").status_code == 403


def test_cleos_own_key_sends_nothing_as_support(world: World) -> None:
    with smtplib.SMTP("127.0.0.1", world.config.submission_port, local_hostname="test") as smtp:
        smtp.ehlo()
        smtp.user, smtp.password = CLEO, world.key(CLEO)
        smtp.auth("PLAIN", lambda _=None: f"{SUPPORT}\0{CLEO}\0{smtp.password}")
        assert smtp.mail(SUPPORT)[0] == 553
