"""What members do about their own shares: a label of their own, and leaving."""

import re
from collections.abc import Callable

from tests.cast import ANA, BEN, CLEO, DAN, EVE, SALES, SUPPORT
from tests.pages.console.conftest import Audit
from tests.pages.console.console import Desk
from tests.visitor import Visitor, folder_url

SignIn = Callable[[str], Visitor]


def test_cleo_calls_it_what_she_likes(olive: Desk, sign_in: SignIn, audit: Audit) -> None:
    cleo, share = sign_in(CLEO), olive.membership(CLEO, SUPPORT)
    assert "Read-only" in cleo.page("/settings/shared-mailboxes/").text
    answer = cleo.post(f"/settings/shared-mailboxes/{share}/label", {"label": "  The\tqueue "})
    assert answer.status_code == 303
    assert "The queue" in cleo.page("/").text
    assert "The queue" not in sign_in(BEN).page("/").text
    assert "Your colleagues don't see it" in cleo.page("/settings/shared-mailboxes/").text
    too_long = "x" * 121
    answer = cleo.post(f"/settings/shared-mailboxes/{share}/label", {"label": too_long})
    assert answer.status_code == 422
    assert f'value="{too_long}"' in answer.text, "what was typed is gone"
    assert re.search(rf'id="label-{share}-error"[^>]*>Use at most 120 characters', answer.text)
    assert [(entry.action, entry.actor, entry.detail) for entry in audit()] == [("member.labelled", CLEO, "The queue")]


def test_ben_leaves_and_is_out_at_once(olive: Desk, sign_in: SignIn, audit: Audit) -> None:
    ben, share = sign_in(BEN), olive.membership(BEN, SUPPORT)
    assert ben.get(folder_url(SUPPORT)).status_code == 200
    assert SUPPORT in ben.page(f"/settings/shared-mailboxes/{share}/leave").text
    assert ben.post(f"/settings/shared-mailboxes/{share}/leave", {}).status_code == 303
    assert ben.get(folder_url(SUPPORT)).status_code == 404
    assert BEN not in olive.members(SUPPORT)
    assert [(entry.action, entry.actor, entry.subject) for entry in audit()] == [("member.removed", BEN, BEN)]


def test_the_last_member_stays(olive: Desk, sign_in: SignIn) -> None:
    ana, share = sign_in(ANA), olive.membership(ANA, SALES)
    answer = ana.post(f"/settings/shared-mailboxes/{share}/leave", {})
    assert answer.status_code == 422
    assert "You are the last member" in answer.text
    assert olive.members(SALES) == {ANA: True}


def test_another_members_share_is_nothing(olive: Desk, sign_in: SignIn) -> None:
    share = olive.membership(ANA, SUPPORT)
    for stranger in (DAN, EVE, CLEO):
        visitor = sign_in(stranger)
        for verb in ("label", "leave"):
            assert visitor.post(f"/settings/shared-mailboxes/{share}/{verb}", {"label": "Mine"}).status_code == 404
        assert visitor.get(f"/settings/shared-mailboxes/{share}/leave").status_code == 404
    assert ANA in olive.members(SUPPORT)


def test_who_has_no_share_is_told_so(sign_in: SignIn) -> None:
    assert "The owner of the account decides who does" in sign_in(DAN).page("/settings/shared-mailboxes/").text
