"""olive signs in to the console; a person of the same address signs in to webmail; neither session opens the other."""

import email
import email.policy
import re
import threading

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, select, update
from werkzeug.test import TestResponse

from auth.models import Attempt, Owner, PasswordReset
from core.db import now
from mailboxes.models import Mailbox
from mailboxes.storage import recount
from tests.cast import ANA, EVE, OWNER, PASSWORD, SUPPORT, TESS_SECRET
from tests.pages.console.conftest import Audit
from tests.pages.console.console import Desk
from tests.servers.harness import World
from web.context import EXTENSION, Services

SENT = "If an account exists for this email, we&#39;ve sent password reset instructions."
NEW = "seven quiet herons 42"


@pytest.fixture(autouse=True)
def _as_before(world: World) -> None:
    """olive has her old password and no second factor, and nobody is being waited for."""
    with world.db.write() as session:
        session.execute(delete(Attempt))
        owner = session.scalars(select(Owner).where(Owner.name == OWNER)).one()
        owner.totp_secret = owner.totp_confirmed_at = None
        owner.totp_last_step = 0


def fill(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found
    return client.post(path, data={"csrf_token": found[1]} | fields)


def sign_in(client: FlaskClient, password: str = PASSWORD, address: str = OWNER) -> TestResponse:
    return fill(client, "/console/login", address=address, password=password)


def ask_for_link(world: World, app: Flask, address: str = OWNER) -> str:
    """The link in the letter that the request brings to olive's mailbox; "" when none comes."""
    before = set(world.folder(address))
    answer = fill(app.test_client(), "/console/forgot", address=address)
    assert SENT in answer.text
    services: Services = app.extensions[EXTENSION]
    services.background.wait()
    # File names within one second are in no order: what is new is what wasn't there.
    letters = [letter for letter in world.folder(address) if letter not in before]
    if not letters:
        return ""
    letter = email.message_from_bytes(letters[0], policy=email.policy.default)
    assert letter["From"] == "Postroom <no-reply@mail.postroom.test>"
    assert letter["Auto-Submitted"] == "auto-generated"
    found = re.search(rf"{world.config.public_url}(/console/reset/\S+)", letter.get_content())
    assert found, letter.get_content()
    return found[1]


def turn_on_second_factor(world: World) -> None:
    with world.db.write() as session:
        owner = session.scalars(select(Owner).where(Owner.name == OWNER)).one()
        owner.totp_secret, owner.totp_confirmed_at = world.vault.encrypt(TESS_SECRET), now()


def test_olive_signs_in_and_out(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/console/mailboxes").location == "/console/login?next=/console/mailboxes"
    answer = fill(client, "/console/login?next=/console/plan", address=OWNER, password=PASSWORD, next="/console/plan")
    assert answer.location == "/console/plan"
    assert "Mailboxes" in client.get("/console/mailboxes").text
    held = client.get_cookie("postroom-console")
    assert held is not None
    assert held.http_only
    assert held.same_site == "Lax"
    assert fill_logout(client).location == "/console/login"
    client.set_cookie("postroom-console", held.value)
    assert client.get("/console/mailboxes").status_code == 303


def fill_logout(client: FlaskClient) -> TestResponse:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/console/plan").text)
    assert found
    return client.post("/console/logout", data={"csrf_token": found[1]})


def test_with_a_second_factor_a_code_is_owed(world: World, app: Flask) -> None:
    turn_on_second_factor(world)
    client = app.test_client()
    assert sign_in(client).location == "/console/login/code"
    assert client.get("/console/mailboxes").status_code == 303
    assert fill(client, "/console/login/code", code="000000").status_code == 403
    assert fill(client, "/console/login/code", code=pyotp.TOTP(TESS_SECRET).now()).location == "/console/mailboxes"
    assert client.get("/console/mailboxes").status_code == 200


def test_wrong_passwords_and_unknown_owners_are_told_the_same(app: Flask) -> None:
    answers = [sign_in(app.test_client(), "wrong", address) for address in (OWNER, "nobody@acme.test", ANA)]
    assert {answer.status_code for answer in answers} == {403}
    said = [re.search(r'role="alert"><p>([^<]+)', answer.text) for answer in answers]
    assert len({found[1] for found in said if found}) == 1


def test_ten_wrong_passwords_make_the_right_one_wait(app: Flask) -> None:
    client = app.test_client()
    for _ in range(10):
        assert sign_in(client, "wrong").status_code in (403, 429)
    answer = sign_in(client)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_the_two_sign_ins_do_not_mix(world: World, app: Flask) -> None:
    owner, person = world.sign_in(OWNER, "owner"), world.sign_in(OWNER)
    for cookie in ("postroom", "postroom-console"):
        for token, opens_webmail, opens_console in ((owner, False, True), (person, True, False)):
            client = app.test_client()
            client.set_cookie(cookie, token)
            webmail = client.get("/settings/security").status_code == 200
            console = client.get("/console/mailboxes").status_code == 200
            assert webmail == (opens_webmail and cookie == "postroom")
            assert console == (opens_console and cookie == "postroom-console")


def test_side_by_side_in_one_browser_neither_sign_out_ends_the_other(world: World, app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("postroom", world.sign_in(OWNER))
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/settings/security").text)
    assert found
    assert sign_in(client).status_code == 303
    fill_logout(client)
    assert client.get("/settings/security").status_code == 200
    # A form that was open in webmail all the while still works: signing in and out elsewhere took no token of its.
    answer = client.post("/settings/sessions/end-others", data={"csrf_token": found[1]})
    assert answer.status_code == 303


def test_an_owners_password_opens_no_mailbox_and_a_persons_no_console(app: Flask, world: World) -> None:
    with world.db.write() as session:
        kept = session.scalars(select(Owner.password_hash).where(Owner.name == OWNER)).one()
        session.execute(update(Owner).where(Owner.name == OWNER).values(password_hash=None))
    assert sign_in(app.test_client()).status_code == 403
    assert fill(app.test_client(), "/login", address=OWNER, password=PASSWORD).status_code == 303
    assert fill(app.test_client(), "/console/login", address=ANA, password=PASSWORD).status_code == 403
    with world.db.write() as session:
        session.execute(update(Owner).where(Owner.name == OWNER).values(password_hash=kept))


def test_a_forgotten_password_is_set_by_mail_once(world: World, app: Flask, audit: Audit) -> None:
    open_before = Desk(world, app)
    link = ask_for_link(world, app)
    client = app.test_client()
    assert client.get(link).status_code == client.get(link).status_code == 200, "looking used the link up"
    assert fill(client, link, new_password="short", repeat="short").status_code == 422
    assert fill(client, link, new_password=NEW, repeat=NEW).location == "/console/login"
    assert client.get("/console/mailboxes").status_code == 303, "the link signed somebody in"
    assert open_before.get("/mailboxes").status_code == 303, "a session from before is still open"
    assert client.get(link).status_code == 410
    assert [entry.action for entry in audit()] == ["owner.password_reset"]
    assert sign_in(client).status_code == 403
    assert sign_in(client, NEW).location == "/console/mailboxes"
    assert fill(client, ask_for_link(world, app), new_password=PASSWORD, repeat=PASSWORD).status_code == 303


def test_a_full_pool_keeps_no_link_away(world: World, app: Flask) -> None:
    """Whoever makes room must be able to sign in first."""
    with world.db.write() as session:
        mailbox = session.scalars(select(Mailbox).where(Mailbox.address == OWNER)).one()
        session.execute(update(Mailbox).where(Mailbox.id == mailbox.id).values(used_bytes=2 * 10**12))
        recount(session, mailbox.account_id)
    try:
        assert app.test_client().get(ask_for_link(world, app)).status_code == 200
    finally:
        with world.db.write() as session:
            session.execute(update(Mailbox).where(Mailbox.id == mailbox.id).values(used_bytes=0))
            recount(session, mailbox.account_id)


def test_a_link_is_dead_after_half_an_hour(world: World, app: Flask) -> None:
    link = ask_for_link(world, app)
    with world.db.write() as session:
        session.execute(update(PasswordReset).values(expires_at=now() - 1))
    assert app.test_client().get(link).status_code == 410


def test_nothing_in_the_database_is_a_link(world: World, app: Flask) -> None:
    token = ask_for_link(world, app).rpartition("/")[2]
    with world.db.read() as session:
        assert token not in str(session.execute(select(PasswordReset.__table__)).all())


def test_a_reset_never_goes_round_the_second_factor(world: World, app: Flask) -> None:
    turn_on_second_factor(world)
    client = app.test_client()
    assert fill(client, ask_for_link(world, app), new_password=NEW, repeat=NEW).status_code == 303
    assert sign_in(client, NEW).location == "/console/login/code"
    assert client.get("/console/mailboxes").status_code == 303
    assert fill(client, ask_for_link(world, app), new_password=PASSWORD, repeat=PASSWORD).status_code == 303


def test_nobody_else_gets_a_letter(world: World, app: Flask) -> None:
    for address in (ANA, EVE):
        assert ask_for_link(world, app, address) == ""
    with world.db.read() as session:
        assert session.scalars(select(PasswordReset.id)).all() == []


def test_known_and_unknown_addresses_take_the_same_words_and_time(world: World, app: Flask) -> None:
    """The same work is done before the answer, statement by statement; what differs comes after it, elsewhere."""
    services: Services = app.extensions[EXTENSION]
    here, statements = threading.get_ident(), []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if threading.get_ident() == here:
            statements.append(statement)

    event.listen(services.db.engine, "before_cursor_execute", note)
    told = {}
    try:
        for address in (OWNER, "nobody@acme.test", ANA, SUPPORT):
            with world.db.write() as session:
                session.execute(delete(Attempt))
            statements.clear()
            page = fill(app.test_client(), "/console/forgot", address=address).text
            told[address] = (re.sub(r'name="csrf_token" value="[^"]*"', "", page), tuple(statements))
            services.background.wait()
    finally:
        event.remove(services.db.engine, "before_cursor_execute", note)
    assert SENT in told[OWNER][0]
    assert len(told[OWNER][1]) > 1
    assert len(set(told.values())) == 1


def test_letters_are_limited_without_saying_so(world: World, app: Flask) -> None:
    before = len(world.folder(OWNER))
    for _ in range(8):
        assert SENT in fill(app.test_client(), "/console/forgot", address=OWNER).text
    services: Services = app.extensions[EXTENSION]
    services.background.wait()
    assert len(world.folder(OWNER)) - before == 5


def test_a_link_dies_when_its_mailbox_becomes_shared(world: World, app: Flask) -> None:
    """Its members could read the letter."""
    link = ask_for_link(world, app)
    olive = Desk(world, app)
    answer = olive.post(f"{olive.path(OWNER)}/convert-to-shared", member_mailbox_ids=[olive.mailbox(ANA)])
    assert answer.status_code == 303
    assert app.test_client().get(link).status_code == 410
    assert ask_for_link(world, app) == ""
