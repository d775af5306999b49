"""The demo world, made once: its people in the database and their mail in the folders."""

import json
import secrets
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from auth.models import Login
from core.config import Config
from core.db import Database, now
from core.vault import Vault
from mail.message.addresses import addresses_of
from mail.message.headers import message_id, message_ids, parse
from mailboxes.models import SHARED, Mailbox, Membership, Submission
from mailboxes.outbox import DONE
from servers.demo.mail import SeedMessage, messages
from servers.demo.maildir_writer import MaildirWriter
from servers.demo.people import is_seeded, seed_people
from servers.files import make_directory
from servers.service_user import ServiceUser


def seed(config: Config, database: Database, vault: Vault, user: ServiceUser) -> bool:
    """Make the world once; False when it stands already. Works with the mail servers up or down.

    The mail comes before the accounts are committed: a start that was interrupted seeds again, and nobody ever signs
    in to an empty world.
    """
    if is_seeded(database):
        return False
    with database.write() as session:
        seed_people(session, vault)
        seed_outbox(session, seed_mail(config, user))
    return True


def seed_mail(config: Config, user: ServiceUser) -> list[SeedMessage]:
    """Fill the folders, with what is returned. Message dates are counted back from now."""
    make_directory(config.mail_root, user)
    writer = MaildirWriter(config.mail_root, user)
    made = sorted(messages(now()), key=lambda message: message.at)
    for message in made:
        writer.deposit(message.mailbox, message.folder, message.data, message.flags, message.at)
    return made


def seed_outbox(session: Session, made: Iterable[SeedMessage]) -> None:
    """The receipts of what shared mailboxes sent, as sending leaves them: by these the team sees who it was."""
    shared = {one.address: one for one in session.scalars(select(Mailbox).where(Mailbox.kind == SHARED))}
    for message in made:
        if message.folder == "Sent" and message.mailbox in shared:
            mailbox = shared[message.mailbox]
            session.add(_receipt(message, mailbox, _typist(session, mailbox, message.typist)))


def _typist(session: Session, mailbox: Mailbox, name: str) -> Login:
    """The member of this address; where the script names none, who joined first."""
    members = select(Login).join(Membership, Membership.login_id == Login.id)
    query = members.where(Membership.mailbox_id == mailbox.id, Membership.can_send).order_by(Membership.id)
    return session.scalars(query.where(Login.name == name) if name else query.limit(1)).one()


def _receipt(message: SeedMessage, mailbox: Mailbox, typist: Login) -> Submission:
    headers = parse(message.data)
    recipients = [one.address for field in ("To", "Cc") for one in addresses_of(headers, field)]
    return Submission(
        mailbox_id=mailbox.id,
        login_id=typist.id,
        key=secrets.token_hex(16),
        message_id=message_id(headers.raw("Message-ID")),
        sent_by=typist.display_name,
        state=DONE,
        recipients=json.dumps(recipients),
        subject=headers.get("Subject"),
        answers_message_id="".join(message_ids(headers.raw("In-Reply-To"))[:1]),
        created_at=message.at,
        updated_at=message.at,
    )
