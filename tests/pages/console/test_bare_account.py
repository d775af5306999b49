"""An account that has nothing yet: every page says what comes first."""

import pytest
from sqlalchemy import select

from mailboxes.audit import Doer
from mailboxes.directory import add_domain, add_owner, create_account
from mailboxes.models import Account, Domain
from tests.cast import PASSWORD
from tests.pages.console.console import Desk
from tests.servers.harness import World

BARE = "bea@bare.test"


@pytest.fixture
def bea(world: World, olive: Desk) -> Desk:
    """Runs an account without domains."""
    with world.db.write() as session:
        if session.scalar(select(Account).where(Account.name == "Bare")) is None:
            add_owner(session, Doer("the tests", "cli"), create_account(session, "Bare", "Pro"), BARE, "", PASSWORD)
    return Desk(world, olive.client.application, BARE)


@pytest.mark.parametrize("kind", ["personal", "shared"])
def test_without_a_domain_the_way_to_one_is_shown_and_nothing_typed_is_lost(bea: Desk, kind: str) -> None:
    page = bea.page(f"/mailboxes/add/{kind}")
    assert page.links["/console/domains"] == "Domains" or "Add a domain first" in page.text
    assert "Add a domain first" in page.text
    fields = {"local_part": "anna", "display_name": "Anna", "password_mode": "generated"}
    for domain in ({}, {"domain_id": ""}):
        answer = bea.post(f"/mailboxes/add/{kind}", **fields, **domain)
        assert answer.status_code == 422
        assert "Choose a domain." in answer.text
        assert 'value="anna"' in answer.text
        assert 'value="Anna"' in answer.text
    assert bea.get(f"/mailboxes/add/check?local_part=anna&domain_id=&kind={kind}").status_code == 200


def test_with_nobody_there_nobody_is_said_to_have_access(world: World, bea: Desk) -> None:
    with world.db.write() as session:
        account = session.scalars(select(Account).where(Account.name == "Bare")).one()
        if session.scalar(select(Domain).where(Domain.name == "bare.test")) is None:
            add_domain(session, Doer("the tests", "cli"), account, "bare.test")
    said = bea.page("/mailboxes/add/shared").text
    assert "Everybody in this account has access" not in said
    assert "There is nobody to choose yet" in said
    only = bea.make("only", "bare.test")
    assert "There is nobody to choose yet" in bea.page(f"{bea.path(only)}/convert-to-shared").text
    team = bea.make_shared("team", only, domain="bare.test")
    assert "Everybody in this account has access already." in bea.page(f"{bea.path(team)}/access").text
