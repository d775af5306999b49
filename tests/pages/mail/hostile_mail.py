"""The hostile set, delivered: every message of it lies in a mailbox and has a URL."""

from dataclasses import dataclass

from tests.cast import EVE, HELP
from tests.hostile import bomb_names, messages
from tests.servers.harness import World
from tests.visitor import Visitor, folder_url


@dataclass(frozen=True)
class HostileMail:
    """Name → URL. `pages` are those of eve's own mailbox, `bombs` lie in help@, which she shares."""

    pages: dict[str, str]
    bombs: dict[str, str]

    def of(self, *kinds: str) -> dict[str, str]:
        """Those whose name begins with one of these words."""
        return {name: url for name, url in self.pages.items() if name.partition("-")[0] in kinds}


def delivered(world: World) -> HostileMail:
    everything = dict(messages())
    bombs = {name: everything.pop(name) for name in bomb_names()}
    return HostileMail(_deliver(world, EVE, everything), _deliver(world, HELP, bombs))


def _deliver(world: World, address: str, letters: dict[str, bytes]) -> dict[str, str]:
    """By LMTP, one after the other, so that their UIDs stand in the same order."""
    with world.imap(EVE, mailbox=address) as imap:
        imap.select()  # what lay there before gets its UIDs first
        validity, first = (imap.response(name)[1][0].decode() for name in ("UIDVALIDITY", "UIDNEXT"))
    for letter in letters.values():
        world.deliver(address, letter, sender="mallory@evil.test")
    base = folder_url(address)
    return {name: f"{base}{validity}.{int(first) + number}" for number, name in enumerate(letters)}


def with_html(visitor: Visitor, urls: dict[str, str]) -> dict[str, str]:
    """Of these messages the ones that show HTML, each with the URL of that document."""
    bodies = {name: f"{url}/body" for name, url in urls.items()}
    return {name: url for name, url in bodies.items() if visitor.get(url).status_code == 200}
