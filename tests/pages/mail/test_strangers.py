"""For dan, who has no share, and eve, who is another account's, support@ does not exist."""

import re

import pytest

from tests.cast import ANA, DAN, EVE, HELP, SUPPORT
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.letters import deliver, find
from tests.servers.harness import World
from tests.visitor import Visitor, folder_url

NOWHERE = "nowhere@brand-a.test"


def bare(html: str) -> str:
    """The page without what differs from one request to the next."""
    return re.sub(r'name="csrf_token" value="[^"]*"|content="[^"]{60,}"', "", html)


@pytest.mark.parametrize("stranger", [DAN, EVE])
@pytest.mark.parametrize(
    "path",
    ["/", "/f/INBOX/", "/f/INBOX/sidebar", "/f/INBOX/1.1", "/f/INBOX/1.1/body", "/compose", "/f/INBOX/1.1/reply"],
)
def test_a_strangers_404_is_that_of_nothing_at_all(sign_in: SignIn, stranger: str, path: str) -> None:
    visitor = sign_in(stranger)
    there, nowhere = visitor.get(f"/mail/{SUPPORT}{path}"), visitor.get(f"/mail/{NOWHERE}{path}")
    assert there.status_code == nowhere.status_code == 404
    assert bare(there.text).replace(SUPPORT, "@") == bare(nowhere.text).replace(NOWHERE, "@")
    assert dict(there.headers).keys() == dict(nowhere.headers).keys()


@pytest.mark.parametrize("stranger", [DAN, EVE])
@pytest.mark.parametrize("route", ["f/INBOX/archive", "f/INBOX/delete", "send", "drafts", "drafts/discard"])
def test_a_stranger_can_post_nothing_there(sign_in: SignIn, stranger: str, route: str) -> None:
    form = {"ref": "1.1", "key": "0" * 32}
    visitor = sign_in(stranger)
    there, nowhere = (visitor.post(f"/mail/{mailbox}/{route}", form) for mailbox in (SUPPORT, NOWHERE))
    assert there.status_code == nowhere.status_code == 404
    assert bare(there.text) == bare(nowhere.text)


def test_the_switcher_names_only_what_one_may_open(sign_in: SignIn) -> None:
    assert SUPPORT not in sign_in(DAN).page("/").text
    eve = sign_in(EVE).page("/").text
    assert SUPPORT not in eve
    assert HELP in eve


def test_nobody_reads_another_persons_mail(world: World, sign_in: SignIn) -> None:
    deliver(world, "For ana alone", ANA)
    url = find(sign_in(ANA), ANA, "For ana alone")
    for stranger in (DAN, EVE):
        visitor = sign_in(stranger)
        for path in (url, f"{url}/body", f"{url}/source", f"{url}/message.eml", folder_url(ANA)):
            assert visitor.get(path).status_code == 404


def test_without_signing_in_there_is_only_the_sign_in_page(app: object, world: World, sign_in: SignIn) -> None:
    visitor = Visitor(sign_in(ANA).client.application)
    for path in (folder_url(SUPPORT), folder_url(NOWHERE), "/nothing-of-ours", "/settings/security"):
        answer = visitor.get(path)
        assert answer.status_code == 303
        assert answer.location.startswith("/login")
