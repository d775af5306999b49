"""The list stands in the order in which mail arrived, whatever was moved about since."""

import re

from tests.cast import ANA, DAN
from tests.servers.harness import World
from tests.visitor import Visitor, folder_url
from tests.webmail.conftest import SignIn
from tests.webmail.letters import letter
from webmail.reading import PAGE_SIZE

DAY = 86_400


def fill(world: World, address: str, folder: str, count: int) -> None:
    with world.imap(address) as raw:
        raw.create(folder)
    for number in range(count):
        message = letter(f"Number {number:02}", to=address)
        world.deposit(address, message, folder=folder, at=1_700_000_000 + number * DAY)


def subjects(visitor: Visitor, url: str) -> list[str]:
    rows = visitor.page(url).html.split('class="row-subject">')[1:]
    return [row.partition("<")[0] for row in rows]


def test_what_undo_brings_back_stands_where_it_stood(world: World, sign_in: SignIn) -> None:
    fill(world, DAN, "Orders", PAGE_SIZE + 10)
    dan = sign_in(DAN)
    url = folder_url(DAN, "Orders")
    before = [subjects(dan, f"{url}?page={page}") for page in (1, 2)]
    assert before[0][0] == f"Number {PAGE_SIZE + 9}"
    oldest = next(link for link, text in dan.page(f"{url}?page=2").links.items() if "Number 00" in text)
    archived = dan.client.post(
        f"{url}archive",
        data={"csrf_token": dan.token(), "ref": oldest.partition("?")[0].rpartition("/")[2]},
        follow_redirects=True,
    )
    assert dan.post(f"/mail/{DAN}/f/Archive/move", _undo(archived.text)).status_code == 303
    assert [subjects(dan, f"{url}?page={page}") for page in (1, 2)] == before


def _undo(html: str) -> dict[str, str]:
    form = html.partition("data-undo")[2].partition("</form>")[0]
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))


def test_what_is_archived_late_stands_by_its_date_also_in_a_search(world: World, sign_in: SignIn) -> None:
    fill(world, ANA, "Late", 3)
    ana = sign_in(ANA)
    url = folder_url(ANA, "Late")
    oldest = next(link for link, text in ana.page(url).links.items() if "Number 00" in text)
    with world.imap(ANA) as raw:
        raw.select("Late")
        raw.uid("MOVE", oldest.rpartition(".")[2], "INBOX")
        raw.select("INBOX")
        uid = raw.uid("SEARCH", "SUBJECT", '"Number 00"')[1][0].split()[-1].decode()
        raw.uid("MOVE", uid, "Late")
    wanted = ["Number 02", "Number 01", "Number 00"]
    assert subjects(ana, url) == wanted
    assert subjects(ana, f"{url}?q=Number") == wanted
