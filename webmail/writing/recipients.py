"""To whom a message goes: everybody who was typed, or a word about who can't be written to."""

from collections.abc import Iterable

from core.db import Database
from core.errors import PostroomError
from mail.imap.pool import Pool
from mail.message.addresses import addresses_of
from mail.message.compose import ANSWERED
from mail.message.headers import parse
from mail.message.typed import parse_typed
from mail.smtp.submission import MOST_RECIPIENTS
from mailboxes.access import MailboxAccess
from mailboxes.owners import is_local
from webmail.connection import mail_of
from webmail.writing.attaching import Answered, originals
from webmail.writing.drafting import Writing

_BAD_SHOWN = 10


class BadRecipients(PostroomError):
    """What was typed in an address field can't be sent to; `fields` says it per field."""

    code = "validation_failed"
    status = 422
    public = "Look at the addresses: one of them can't be sent to."

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(f"bad recipients in {', '.join(fields)}")
        self.fields = fields


def recipients(db: Database, pool: Pool, access: MailboxAccess, writing: Writing) -> list[str]:
    """Every address of the three fields, once.

    A domain without a dot is hardly ever a whole one. It counts where mail for it stays in the house, and where it
    stands like that in the message that is answered. Raises BadRecipients, and what the mail server says.
    """
    fields = {"to": writing.to, "cc": writing.cc, "bcc": writing.bcc}
    parsed = {name: parse_typed(text) for name, text in fields.items()}
    bad = {name: _not_addresses(wrong) for name, (_good, wrong) in parsed.items() if wrong}
    typed = {name: [address.address for address in good] for name, (good, _wrong) in parsed.items()}
    short = {name: [one for one in found if _is_short(one)] for name, found in typed.items()}
    if any(short.values()):
        known = _known(db, pool, access, writing, [one for found in short.values() for one in found])
        for name, found in short.items():
            if unfinished := [one for one in found if one.lower() not in known]:
                bad.setdefault(name, _unfinished(unfinished))
    addresses = [address for found in typed.values() for address in found]
    if bad:
        raise BadRecipients(bad)
    if not addresses:
        raise BadRecipients({"to": "Write at least one address."})
    # Everybody gets one copy, however their address is spelt in two fields; the first spelling is kept.
    first: dict[str, str] = {}
    for address in addresses:
        first.setdefault(address.lower(), address)
    addresses = list(first.values())
    if len(addresses) > MOST_RECIPIENTS:
        raise BadRecipients({"to": f"These are {len(addresses)} addresses; a message can go to {MOST_RECIPIENTS}."})
    return addresses


def _is_short(address: str) -> bool:
    host = address.rpartition("@")[2]
    return "." not in host and not host.startswith("[")


def _known(
    db: Database, pool: Pool, access: MailboxAccess, writing: Writing, addresses: Iterable[str]
) -> frozenset[str]:
    """Of these addresses those that are whole all the same, in small letters."""
    with db.read() as session:
        known = {address.lower() for address in addresses if is_local(session, address)}
    if writing.answers:
        with mail_of(pool, access) as imap:
            for uid in originals(imap, access, Answered(writing.answers, writing.original_id))[:1]:
                headers = parse(imap.messages.header(uid))
                known |= {one.address.lower() for name in ANSWERED for one in addresses_of(headers, name)}
    return frozenset(known)


def _not_addresses(wrong: list[str]) -> str:
    return f"This isn't an email address: {_some(wrong)}"


def _unfinished(addresses: list[str]) -> str:
    return f"Something is missing behind the @, such as .com: {_some(addresses)}"


def _some(said: list[str]) -> str:
    more = f" and {len(said) - _BAD_SHOWN} more" if len(said) > _BAD_SHOWN else ""
    return ", ".join(said[:_BAD_SHOWN]) + more
