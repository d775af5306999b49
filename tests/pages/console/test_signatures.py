"""What stands below a new message: ana decides about her own, the owner about the team's."""

from collections.abc import Callable

from tests.cast import ANA, CLEO, SUPPORT
from tests.pages.console.conftest import Audit
from tests.pages.console.console import Desk
from tests.visitor import Visitor

SignIn = Callable[[str], Visitor]


def test_ana_signs_her_own_mail(sign_in: SignIn, audit: Audit) -> None:
    ana = sign_in(ANA)
    assert ana.post("/settings/signature/", {"signature": "Ana\r\nThird floor"}).status_code == 303
    assert ana.page("/settings/signature/").fields["signature"].strip() == "Ana\nThird floor"
    assert "-- \nAna\nThird floor" in ana.page(f"/mail/{ANA}/compose").fields["text"]
    assert [(entry.action, entry.mailbox) for entry in audit()] == [("mailbox.signature_changed", ANA)]
    assert ana.post("/settings/signature/", {"signature": "x" * 2001}).status_code == 422


def test_olive_signs_for_the_team(olive: Desk, sign_in: SignIn) -> None:
    page = olive.path(SUPPORT)
    assert olive.post(f"{page}/signature", signature="The support desk").status_code == 303
    assert "The support desk" in olive.page(page).fields["signature"]
    assert "-- \nThe support desk" in sign_in(ANA).page(f"/mail/{SUPPORT}/compose").fields["text"]


def test_a_persons_signature_is_not_the_owners_to_write(olive: Desk, sign_in: SignIn) -> None:
    page = olive.path(CLEO)
    assert olive.post(f"{page}/signature", signature="Yours, cleo").status_code == 422
    assert "signature" not in olive.page(page).fields
    assert sign_in(CLEO).page("/settings/signature/").fields["signature"].strip() == ""
