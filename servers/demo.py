"""The demo world, made once: its people in the database and their mail in the folders."""

from core.config import Config
from core.db import Database, now
from core.vault import Vault
from servers.demo_mail import messages
from servers.demo_people import is_seeded, seed_people
from servers.files import make_directory
from servers.maildir import MaildirWriter
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
        seed_mail(config, user)
    return True


def seed_mail(config: Config, user: ServiceUser) -> None:
    """Fill the folders. Message dates are counted back from now."""
    make_directory(config.mail_root, user)
    writer = MaildirWriter(config.mail_root, user)
    for message in sorted(messages(now()), key=lambda message: message.at):
        writer.deposit(message.mailbox, message.folder, message.data, message.flags, message.at)
