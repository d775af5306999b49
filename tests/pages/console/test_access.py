"""Who works in a shared mailbox: added, made read-only, removed, all from one tab."""

import re
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import event

from tests.cast import ANA, BEN, CLEO, DAN, EVE, HELP, SALES, SUPPORT, TESS
from tests.pages.console.conftest import Audit
from tests.pages.console.console import Desk
from tests.servers.harness import World
from web.context import EXTENSION

LETTER = b"From: kim@customer.test\r\nSubject: Anybody there? %d\r\n\r\nHello\r\n"


@pytest.fixture
def team(olive: Desk) -> str:
    """A shared mailbox of this test's own, ana's and ben's."""
    team.number += 1  # type: ignore[attr-defined]
    return olive.make_shared(f"team{team.number}", ANA, BEN)  # type: ignore[attr-defined]


team.number = 0  # type: ignore[attr-defined]


def offered(olive: Desk, mailbox: str, search: str = "") -> str:
    text = olive.page(f"{olive.path(mailbox)}/access?q={search}").html
    return text.partition('id="people"')[2].partition("</ul>")[0]


def test_the_tab_names_everybody_and_what_they_may_do(olive: Desk) -> None:
    page = olive.page(f"{olive.path(SUPPORT)}/access")
    for words in ("People with access", "Add people", "Convert to a regular mailbox", "Cleo Castellanos", ANA):
        assert words in page.text
    pressed = re.findall(r'aria-pressed="true">([^<]+)<', page.html)
    assert sorted(pressed) == ["Can reply", "Can reply", "Can reply", "Read-only"]


def test_only_people_of_the_account_who_are_not_in_are_offered(olive: Desk) -> None:
    people = offered(olive, SUPPORT)
    assert DAN in people
    for nobody in (ANA, BEN, CLEO, TESS, EVE, SUPPORT, SALES, HELP):
        assert nobody not in people
    assert DAN in offered(olive, SUPPORT, "dvo")
    assert DAN not in offered(olive, SUPPORT, "zzz")


def test_a_search_keeps_whom_one_has_ticked(olive: Desk) -> None:
    ticked = olive.mailbox(DAN)
    for path in (f"{olive.path(SALES)}/access?q=ben", f"/people?for={olive.mailbox(SALES)}&q=ben"):
        text = olive.get(f"{path}&member_mailbox_ids={ticked}").text
        assert re.search(rf'value="{ticked}" checked', text)
        assert BEN in text
        assert CLEO not in text


def test_many_are_added_at_once_and_told_in_the_audit_log(olive: Desk, team: str, audit: Audit) -> None:
    ids = [olive.mailbox(who) for who in (CLEO, DAN, TESS)]
    assert olive.post(f"{olive.path(team)}/members", member_mailbox_ids=ids).status_code == 303
    assert olive.members(team) == dict.fromkeys((ANA, BEN, CLEO, DAN, TESS), True)
    told = [(entry.action, entry.actor, entry.door, entry.client_address, entry.mailbox) for entry in audit()]
    assert told == [("member.added", "owner@acme.test", "web", "127.0.0.1", team)] * 3
    assert {entry.subject for entry in audit()} == {CLEO, DAN, TESS}


@pytest.mark.parametrize(
    ("who", "status", "says"),
    [
        (BEN, 409, f"{BEN} has access to"),
        (SALES, 422, f"{SALES} can&#39;t be a member"),
        (EVE, 404, "There is no mailbox with the id"),
    ],
)
def test_one_wrong_id_adds_nobody_and_is_named(olive: Desk, team: str, who: str, status: int, says: str) -> None:
    ids = [olive.mailbox(DAN), olive.mailbox(who), olive.mailbox(CLEO)]
    answer = olive.post(f"{olive.path(team)}/members", member_mailbox_ids=ids)
    assert answer.status_code == status
    assert says in answer.text
    assert set(olive.members(team)) == {ANA, BEN}


def test_nobody_ticked_is_said(olive: Desk, team: str) -> None:
    answer = olive.post(f"{olive.path(team)}/members")
    assert answer.status_code == 422
    assert "Nobody is ticked" in answer.text.partition('id="add-people"')[2]
    assert 'aria-describedby="q-error"' in answer.text


def test_two_hundred_people_are_one_request_and_a_handful_of_statements(olive: Desk, team: str, app: Flask) -> None:
    made = [olive.make(f"crowd{number}") for number in range(200)]
    ids = [olive.mailbox(address) for address in made]
    statements: list[str] = []
    commits: list[object] = []
    committed = commits.append
    engine = app.extensions[EXTENSION].db.engine

    def count(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    token = olive.token()
    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", committed)
    try:
        answer = olive.client.post(
            f"/console{olive.path(team)}/members", data={"csrf_token": token, "member_mailbox_ids": [*ids, 2**31 - 1]}
        )
        assert answer.status_code == 404
        assert str(2**31 - 1) in answer.text
        assert len(olive.members(team)) == 2
        statements.clear()
        commits.clear()
        form = {"csrf_token": token, "member_mailbox_ids": ids}
        assert olive.client.post(f"/console{olive.path(team)}/members", data=form).status_code == 303
        cost = len(statements)
    finally:
        event.remove(engine, "before_cursor_execute", count)
        event.remove(engine, "commit", committed)
    assert set(olive.members(team)) == {ANA, BEN, *made}
    assert cost < 25, statements
    # One for the people and their audit entries, and one more at most: when the session was last used.
    assert 1 <= len(commits) <= 2


def test_read_only_and_back(olive: Desk, team: str, audit: Audit) -> None:
    path = f"{olive.path(team)}/members/{olive.membership(BEN, team)}/rights"
    for can_send in (False, False, True):
        assert olive.post(path, can_send=int(can_send)).status_code == 303
        assert olive.members(team)[BEN] is can_send
    assert [entry.action for entry in audit()] == ["member.read_only", "member.can_reply"]


def test_removing_can_be_undone_with_one_click(olive: Desk, team: str) -> None:
    membership = olive.membership(BEN, team)
    olive.post(f"{olive.path(team)}/members/{membership}/rights", can_send=0)
    token = olive.token()
    path = f"/console{olive.path(team)}/members/{membership}/remove"
    page = olive.client.post(path, data={"csrf_token": token}, follow_redirects=True).text
    notice = re.search(r'role="status">(.*?)</form>', page, re.DOTALL)
    assert notice
    assert "Ben Brandt has no access any more." in notice[1]
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', notice[1]))
    url = re.search(r'action="([^"]+)"', notice[1])
    assert url
    assert olive.client.post(url[1], data=fields).status_code == 303
    assert olive.members(team) == {ANA: True, BEN: False}


def test_the_last_member_stays(olive: Desk, team: str) -> None:
    olive.post(f"{olive.path(team)}/members/{olive.membership(BEN, team)}/remove")
    answer = olive.post(f"{olive.path(team)}/members/{olive.membership(ANA, team)}/remove")
    assert answer.status_code == 422
    assert "always needs at least one member" in answer.text
    assert set(olive.members(team)) == {ANA}


def test_a_fragment_comes_back_to_scripts_and_a_refusal_in_the_notice(olive: Desk, team: str) -> None:
    headers = {"HX-Request": "true", "X-CSRFToken": olive.token()}
    path = f"/console{olive.path(team)}/members"
    answer = olive.client.post(f"{path}/{olive.membership(BEN, team)}/remove", headers=headers)
    assert answer.status_code == 200
    assert answer.text.startswith('<div id="access"')
    assert "Undo" in answer.text
    # Whoever is ticked beside the list stays ticked: the list alone comes back.
    beside = headers | {"HX-Target": "members"}
    rights = f"{path}/{olive.membership(ANA, team)}/rights"
    answer = olive.client.post(rights, data={"can_send": "0"}, headers=beside)
    assert answer.text.startswith('<div id="members"')
    assert 'id="people"' not in answer.text
    answer = olive.client.post(f"{path}/{olive.membership(ANA, team)}/remove", headers=headers)
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "#notice"


def test_a_shared_mailbox_has_no_security(olive: Desk, world: World) -> None:
    path = olive.path(SUPPORT)
    for page in (path, f"{path}/access"):
        html = olive.page(page).html
        assert 'type="password"' not in html
        assert "Security" not in html
    with world.db.read() as session:
        before = session.connection().exec_driver_sql("SELECT count(*) FROM login").scalar()
    for route in ("password", "second-factor/off", "app-passwords/1/revoke", "sessions/end"):
        answer = olive.post(f"{path}/security/{route}", password_mode="set", password="seven quiet herons 42")
        assert answer.status_code == 422
        assert "never signs in" in answer.text
    assert olive.get(f"{path}/security").status_code == 422
    with world.db.read() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM login").scalar() == before


def test_a_persons_mailbox_has_no_access_tab(olive: Desk) -> None:
    path = olive.path(ANA)
    assert "Access" not in olive.page(path).text
    assert olive.get(f"{path}/access").status_code == 422
    assert olive.post(f"{path}/members", member_mailbox_ids=[olive.mailbox(DAN)]).status_code == 422


@pytest.mark.parametrize("verb", ["remove", "rights"])
def test_who_was_removed_meanwhile_is_said_to_be_gone(olive: Desk, team: str, verb: str) -> None:
    """Another owner was quicker: the list is shown as it is now."""
    gone = f"{olive.path(team)}/members/{olive.membership(BEN, team)}"
    assert olive.post(f"{gone}/remove").status_code == 303
    answer = olive.post(f"{gone}/{verb}", can_send="1")
    assert answer.status_code == 404
    assert "somebody may have removed them meanwhile" in unescape(answer.text)
    assert ANA in answer.text
    headers = {"HX-Request": "true", "HX-Target": "members", "X-CSRFToken": olive.token()}
    piece = olive.client.post(f"/console{gone}/{verb}", headers=headers)
    assert piece.status_code == 404
    assert piece.text.startswith('<div id="members"')
    assert "This is the list as it is now." in piece.text
    assert ANA in piece.text


def test_people_are_added_as_readers_when_so_chosen(olive: Desk, team: str) -> None:
    assert olive.page(f"{olive.path(team)}/access").fields["can_send"] == "1"
    assert olive.post(f"{olive.path(team)}/members", member_mailbox_ids=[olive.mailbox(DAN)], can_send="0")
    assert olive.members(team)[DAN] is False
    # The choice survives a search, as the ticks do.
    page = olive.page(f"{olive.path(team)}/access?can_send=0&q=zzz").html
    assert 'name="can_send" value="0" checked' in page


def test_matches_stand_before_who_is_ticked(olive: Desk, team: str) -> None:
    ticked = [olive.mailbox(who) for who in (DAN, TESS)]
    query = "&".join(f"member_mailbox_ids={number}" for number in ticked)
    text = olive.get(f"/people?for={olive.mailbox(team)}&q=cleo&{query}").text
    assert text.index(CLEO) < text.index("2 ticked so far") < text.index(DAN)


def test_a_long_list_is_bounded_and_searched(olive: Desk, team: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 'id="member"' not in olive.page(f"{olive.path(team)}/access").html
    monkeypatch.setattr("pages.console.access.SHOWN_MEMBERS", 1)
    page = olive.page(f"{olive.path(team)}/access").html
    assert "Remove ben" not in page
    assert "1 of 2 are shown" in page
    found = olive.page(f"{olive.path(team)}/access?member=BRANDT").html
    assert "Ben Brandt" in found.partition('id="members"')[2]
    assert "Ana Almeida" not in found.partition('id="members"')[2].partition('id="add-people"')[0]
    # A step taken in what was found stays there.
    action = re.search(r'action="/console([^"]+/rights[^"]*)"', found)
    assert action
    assert olive.post(action[1], can_send="0").location.endswith("/access?member=BRANDT")
    assert "No member has" in olive.page(f"{olive.path(team)}/access?member=zzz").text


def test_the_badge_on_the_tab_and_in_the_bin_counts_what_waits(world: World, olive: Desk) -> None:
    alone = olive.make("alone")
    shared = olive.make_shared("waits", alone)
    olive.post(f"{olive.path(alone)}/delete", address=alone)
    for number in range(3):
        world.deliver(shared, LETTER % number)
    for page in (olive.path(shared), f"{olive.path(shared)}/access"):
        assert re.search(r"No members\s+· 3 unread", olive.page(page).text), page
    olive.post(f"{olive.path(shared)}/delete", address=shared)
    assert re.search(r"No members\s+· 3 unread", olive.page("/mailboxes/bin").text)
