"""What has to be done again and again while nobody asks: shut what stayed open, count what is used, tell when it
runs out, empty the bin.

Dovecot writes a small file into a mailbox's home whenever what it holds changes (its quota_clone plugin). Looking for
new ones costs a stat for each mailbox and touches the database only for those that changed. Dovecot itself never writes
to the database, so neither waits for the other.
"""

import contextlib
import logging
import os
from functools import partial
from pathlib import Path

from sqlalchemy import select

from auth import kicks
from core.config import Config
from core.db import Database, now
from mail.doveadm import Doveadm
from mail.errors import MailError
from mail.maildir import home_of, remove_mail
from mail.smtp.delivery import Handover
from mail.smtp.notices import Notice, post, way_to
from mailboxes.bin import purge_due
from mailboxes.models import ACTIVE, Mailbox
from mailboxes.storage_counts import Alarm, look_at_all, note, write_down
from servers.dovecot.config import USAGE_FILE

log = logging.getLogger(__name__)


class Housekeeper:
    """`shut` may run beside the others, which are not for two threads; several processes at a time do no harm."""

    def __init__(self, config: Config, database: Database, doveadm: Doveadm) -> None:
        self._config, self._database, self._doveadm = config, database, doveadm
        self._seen: dict[Path, int] = {}

    def shut(self) -> None:
        """Close the connections that should have been closed already; while Dovecot is away, later."""
        for address in kicks.waiting(self._database):
            if not kicks.kick(self._database, address, self._doveadm.kick):
                return

    def count(self) -> None:
        """Write down what has changed since the last look."""
        changed = {path: at for path, at in self._usage_files() if self._seen.get(path) != at}
        counted = {_address(path): octets for path in changed if (octets := _stored_bytes(path)) is not None}
        if counted:
            self._tell(write_down(self._database, counted))
        # Only now: what could not be written down is found again next time.
        self._seen |= changed

    def tidy(self) -> list[str]:
        """Count those that Dovecot has not written about yet, look at every pool, remove what waited long enough.

        Returns the addresses whose mail is gone for good.
        """
        self.count()
        self._tell(write_down(self._database, self._first_counts()))
        self._tell(look_at_all(self._database))
        gone = purge_due(self._database, partial(remove_mail, self._config.mail_root))
        if gone:
            log.info("removed for good", extra={"mailboxes": gone})
        return gone

    def _usage_files(self) -> list[tuple[Path, int]]:
        found = []
        for domain in _directories(self._config.mail_root):
            for home in _directories(domain):
                path = home / USAGE_FILE
                with contextlib.suppress(FileNotFoundError):  # none yet, or its mailbox is being removed
                    found.append((path, path.stat().st_mtime_ns))
        return found

    def _first_counts(self) -> dict[str, int]:
        """Mailboxes that have mail on disk and no file: put there before Dovecot, or since it last looked."""
        with self._database.read() as session:
            addresses = session.scalars(select(Mailbox.address).where(Mailbox.status == ACTIVE)).all()
        homes = ((address, home_of(self._config.mail_root, address)) for address in addresses)
        unknown = [address for address, home in homes if home.exists() and not (home / USAGE_FILE).exists()]
        counts = {address: self._doveadm.used_bytes(address) for address in unknown}
        return {address: octets for address, octets in counts.items() if octets is not None}

    def _tell(self, alarms: list[Alarm]) -> None:
        """Told is who took a letter. When none did, the next look finds the alarm again."""
        for alarm in alarms:
            ways = [(address, way_to(self._config, local=local)) for address, local in alarm.owners]
            open_ways = [(address, way) for address, way in ways if way is not None]
            if len(open_ways) < len(ways):
                log.warning("no relay to tell an owner by", extra={"account": alarm.account})
            taken = [self._write_to(alarm, address, way) for address, way in open_ways]
            if any(taken) or not taken:
                note(self._database, alarm)

    def _write_to(self, alarm: Alarm, address: str, way: Handover) -> bool:
        subject = f"{alarm.account}: {alarm.storage.headline.rstrip('.').lower()}"
        try:
            post(Notice(address, subject, _letter(alarm, self._config)), way, self._config.mail_hostname, now())
        except MailError as error:
            log.warning("an owner could not be told", extra={"account": alarm.account, "reason": str(error)})
            return False
        return True


_LETTER = """\
{headline} {story}

Who uses how much, and the plans:

{url}/console/mailboxes?sort=storage&dir=desc
{url}/console/plan
"""


def _letter(alarm: Alarm, config: Config) -> str:
    return _LETTER.format(headline=alarm.storage.headline, story=alarm.storage.story(owner=True), url=config.public_url)


def _directories(parent: Path) -> list[Path]:
    try:
        with os.scandir(parent) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _address(usage_file: Path) -> str:
    return f"{usage_file.parent.name}@{usage_file.parent.parent.name}"


def _stored_bytes(usage_file: Path) -> int | None:
    """Dovecot's file dictionary: a line for the key, a line for its value. It is replaced whole, never half written."""
    try:
        lines = usage_file.read_text().splitlines()
        return int(lines[lines.index("priv/quota/storage") + 1])
    except (OSError, ValueError, IndexError):
        return None
