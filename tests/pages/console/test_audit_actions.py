"""Nothing is written into the audit log that has no words, and what people do about their own sign-in stands there."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import update

from auth.models import Person
from mailboxes.audit_log import ACTIONS
from tests.cast import ANA, BEN, CLEO, KIM, OWNER, PASSWORD, SUPPORT, TESS
from tests.pages.console.conftest import Audit
from tests.pages.console.console import Desk
from tests.servers.harness import World
from tests.test_house import sources
from tests.visitor import Visitor

SignIn = Callable[[str], Visitor]
NEW = "seven quiet herons 42"
RECORDERS = {"record": 3, "record_each": 3, "record_own": 2}
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def texts(node: ast.AST) -> set[str]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def recorded(tree: ast.Module) -> Iterator[str]:
    """Every action a module may record: written out, chosen in the module, or a prefix before `noted(what)`."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or name_of(call) not in RECORDERS:
            continue
        action = call.args[RECORDERS[name_of(call)]]
        if isinstance(action, ast.JoinedStr):
            yield from (f"{prefix}*" for prefix in texts(action))
        elif isinstance(action, ast.Name):
            yield from filter(ACTION.fullmatch, texts(tree))
        else:
            yield from texts(action)


def noted(tree: ast.Module) -> Iterator[str]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and name_of(call) in ("noted", "_noted"):
            yield from texts(call.args[0])


def test_every_action_that_is_recorded_anywhere_has_words() -> None:
    trees = {path: ast.parse(path.read_text()) for path in sources()}
    shared = {what for path, tree in trees.items() if path.match("pages/settings/security.py") for what in noted(tree)}
    found: set[str] = set()
    for path, tree in trees.items():
        if path == Path(__file__).parents[3] / "mailboxes" / "audit.py":
            continue  # hands on what it is given
        for action in recorded(tree):
            own = shared | set(noted(tree))
            found |= {action.replace("*", what) for what in own} if action.endswith("*") else {action}
    assert {"mailbox.signature_changed", "storage.full", "member.read_only", "person.session_ended"} <= found
    assert found == set(ACTIONS)


def test_a_change_of_signature_is_found_by_its_words(olive: Desk) -> None:
    olive.post(f"{olive.path(SUPPORT)}/signature", signature="The support desk")
    page = olive.page(f"/audit?action=mailbox.signature_changed&mailbox={SUPPORT}")
    assert "Signature changed" in page.html.partition('class="entries"')[2]
    assert "mailbox.signature_changed" not in page.html.partition('class="entries"')[2]


def told(audit: Audit) -> list[tuple[str, str, str, str, str]]:
    return [(one.action, one.actor, one.mailbox, one.door, one.client_address) for one in audit()]


def own(action: str, who: str) -> tuple[str, str, str, str, str]:
    return (f"person.{action}", who, who, "web", "127.0.0.1")


def test_ana_changes_her_password_and_it_is_noted(world: World, olive: Desk, audit: Audit) -> None:
    ana = Visitor(olive.client.application, ANA).sign_in()
    elsewhere = Visitor(olive.client.application, ANA).sign_in()
    form = {"password": PASSWORD, "new_password": NEW, "repeat": NEW}
    assert ana.post("/settings/password", form | {"password": "wrong"}).status_code == 403
    assert audit() == []
    assert ana.post("/settings/password", form | {"revoke_app_passwords": "y"}).status_code == 303
    assert elsewhere.get("/settings/security").status_code == 303
    assert told(audit) == [own("password_changed", ANA)]
    assert audit()[0].detail == "app passwords revoked"
    back = {"password": NEW, "new_password": PASSWORD, "repeat": PASSWORD}
    assert ana.post("/settings/password", back).status_code == 303
    assert audit()[1].detail == ""


def test_ben_makes_and_revokes_an_app_password_and_ends_sessions(sign_in: SignIn, audit: Audit) -> None:
    ben = sign_in(BEN)
    sign_in(BEN)
    assert ben.post("/settings/app-passwords", {"label": "Phone", "password": "wrong"}).status_code == 403
    made = ben.post("/settings/app-passwords", {"label": "Phone", "password": PASSWORD}).text
    revoke = re.search(r"/settings/app-passwords/(\d+)/revoke", made)
    assert revoke
    assert ben.post(revoke[0], {}).status_code == 303
    assert ben.post(revoke[0], {}).status_code == 404
    assert ben.post("/settings/sessions/end-others", {}).status_code == 303
    actions = ("app_password_made", "app_password_revoked", "session_ended")
    assert told(audit) == [own(action, BEN) for action in actions]
    assert [entry.detail for entry in audit()] == ["Phone", "Phone", ""]


def test_cleo_switches_a_second_factor_on_and_off(world: World, sign_in: SignIn, audit: Audit) -> None:
    cleo = sign_in(CLEO)
    cleo.post("/settings/second-factor/begin", {"password": PASSWORD})
    seed = re.search(r'class="secret">([A-Z2-7 ]+)<', cleo.page("/settings/second-factor").html)
    assert seed
    totp = pyotp.TOTP(seed[1].replace(" ", ""))
    assert cleo.post("/settings/second-factor/confirm", {"code": "000000"}).status_code == 403
    page = cleo.post("/settings/second-factor/confirm", {"code": totp.now()}).text
    codes = re.findall(r"<li>([a-z2-9-]{19})</li>", page)
    made = cleo.post("/settings/recovery-codes", {"password": PASSWORD}).text
    fresh = re.findall(r"<li>([a-z2-9-]{19})</li>", made)
    assert len(codes) == len(fresh) == 10
    off = {"password": PASSWORD, "code": fresh[0]}
    assert cleo.post("/settings/second-factor/off", off).status_code == 303
    actions = ("second_factor_on", "recovery_codes_made", "second_factor_off")
    assert told(audit) == [own(action, CLEO) for action in actions]


def test_and_so_does_olive(world: World, olive: Desk, audit: Audit) -> None:
    other = Desk(world, olive.client.application)
    olive.post("/settings/second-factor/begin", password=PASSWORD)
    seed = re.search(r'class="secret">([A-Z2-7 ]+)<', olive.page("/settings/second-factor").html)
    assert seed
    shown = olive.post("/settings/second-factor/confirm", code=pyotp.TOTP(seed[1].replace(" ", "")).now())
    assert "Keep these codes" in shown.text
    assert other.get("/mailboxes").status_code == 303
    made = olive.post("/settings/recovery-codes", password=PASSWORD).text
    code = re.findall(r"<li>([a-z2-9-]{19})</li>", made)[0]
    assert olive.post("/settings/second-factor/off", password=PASSWORD, code=code).status_code == 303
    third = Desk(world, olive.client.application)
    number = re.search(r"/settings/sessions/(\d+)/end", olive.page("/settings/sessions").html)
    assert number
    assert olive.post(f"/settings/sessions/{number[1]}/end").status_code == 303
    assert third.get("/mailboxes").status_code == 303
    actions = ("second_factor_on", "recovery_codes_made", "second_factor_off", "session_ended")
    assert [(one.action, one.subject) for one in audit()] == [(f"owner.{action}", OWNER) for action in actions]


def test_an_owner_revokes_a_persons_app_password(world: World, olive: Desk, sign_in: SignIn, audit: Audit) -> None:
    sign_in(TESS).post("/settings/app-passwords", {"label": "Tablet", "password": PASSWORD})
    number = re.search(r"/app-passwords/(\d+)/revoke", olive.page(f"{olive.path(TESS)}/security").html)
    assert number
    assert olive.post(f"{olive.path(TESS)}/security/app-passwords/{number[1]}/revoke").status_code == 303
    (_, revoked) = audit()
    assert (revoked.action, revoked.actor, revoked.mailbox, revoked.detail) == (
        "app_password.revoked",
        OWNER,
        TESS,
        "Tablet",
    )


def test_what_is_sent_as_a_team_is_noted_with_a_message_id_that_is_no_address(
    olive: Desk, sign_in: SignIn, audit: Audit
) -> None:
    tess = sign_in(TESS)
    page = tess.page(f"/mail/{SUPPORT}/compose")
    form = page.fields | {"to": KIM, "subject": "Hello", "text": "Good morning."}
    action = next(url for url in page.controls if url.endswith("/send"))
    assert tess.post(action, form).status_code == 303
    (sent,) = [one for one in audit() if one.action == "message.sent"]
    assert (sent.actor, sent.mailbox, sent.door) == (TESS, SUPPORT, "web")
    assert re.fullmatch(rf"to {KIM}, Message-ID <[^<>@ ]+@brand-a\.test>", sent.detail)
    assert "Message-ID" in olive.page("/audit?action=message.sent").text


@pytest.fixture(autouse=True)
def _as_before(world: World) -> Iterator[None]:
    yield
    with world.db.write() as session:
        session.execute(update(Person).where(Person.name == CLEO).values(totp_secret=None, totp_confirmed_at=None))
