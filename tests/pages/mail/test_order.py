"""The list stands in the order in which mail arrived, whatever was moved about since."""

import re

from tests.cast import ANA, DAN
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.letters import letter
from tests.servers.harness import World
from tests.visitor import Visitor, folder_url
from webmail.reading.folders import PAGE_SIZE, WINDOW

DAY = 86_400


def fill(world: World, address: str, folder: str, count: int) -> None:
    with world.imap(address) as raw:
        raw.create(folder)
    for number in range(count):
        message = letter(f"Number {number:04}", to=address)
        world.deposit(address, message, folder=folder, at=1_700_000_000 + number * DAY)


def subjects(visitor: Visitor, url: str) -> list[str]:
    rows = visitor.page(url).html.split('class="row-subject">')[1:]
    return [row.partition("<")[0] for row in rows]


def test_what_undo_brings_back_stands_where_it_stood(world: World, sign_in: SignIn) -> None:
    fill(world, DAN, "Orders", PAGE_SIZE + 10)
    dan = sign_in(DAN)
    url = folder_url(DAN, "Orders")
    before = [subjects(dan, f"{url}?page={page}") for page in (1, 2)]
    assert before[0][0] == f"Number {PAGE_SIZE + 9:04}"
    oldest = next(link for link, text in dan.page(f"{url}?page=2").links.items() if "Number 0000" in text)
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
    oldest = next(link for link, text in ana.page(url).links.items() if "Number 0000" in text)
    with world.imap(ANA) as raw:
        raw.select("Late")
        raw.uid("MOVE", oldest.rpartition(".")[2], "INBOX")
        raw.select("INBOX")
        uid = raw.uid("SEARCH", "SUBJECT", '"Number 0000"')[1][0].split()[-1].decode()
        raw.uid("MOVE", uid, "Late")
    wanted = ["Number 0002", "Number 0001", "Number 0000"]
    assert subjects(ana, url) == wanted
    assert subjects(ana, f"{url}?q=Number") == wanted


def test_every_message_of_a_large_folder_stands_on_one_page(world: World, sign_in: SignIn) -> None:
    count = 2 * WINDOW + PAGE_SIZE + 7
    fill(world, DAN, "Large", count)
    dan = sign_in(DAN)
    url = folder_url(DAN, "Large")
    a_window = WINDOW // PAGE_SIZE
    for page in (1, a_window, a_window + 1, 2 * a_window, 2 * a_window + 1, 2 * a_window + 2, 999):
        newest = count - (min(page, 2 * a_window + 2) - 1) * PAGE_SIZE
        wanted = [f"Number {number:04}" for number in range(newest - 1, max(0, newest - PAGE_SIZE) - 1, -1)]
        assert subjects(dan, f"{url}?page={page}") == wanted, page
        assert subjects(dan, f"{url}?page={page}&subject=Number") == wanted, page


def test_in_a_large_folder_what_comes_late_stands_below_a_thousand_others(world: World, sign_in: SignIn) -> None:
    fill(world, DAN, "Later", WINDOW + 10)
    with world.imap(DAN) as raw:
        raw.select("Later")
        uid = raw.uid("SEARCH", "SUBJECT", '"Number 0000"')[1][0].split()[-1].decode()
        raw.uid("MOVE", uid, "INBOX")
        raw.select("INBOX")
        uid = raw.uid("SEARCH", "SUBJECT", '"Number 0000"')[1][0].split()[-1].decode()
        raw.uid("MOVE", uid, "Later")
    dan = sign_in(DAN)
    shown = subjects(dan, f"{folder_url(DAN, 'Later')}?page={WINDOW // PAGE_SIZE}")
    assert shown[-2:] == ["Number 0011", "Number 0000"]
