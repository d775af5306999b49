"""`python -m servers.smtp.process`: the process behind both SMTP ports.

Settings come from the environment. It ends on SIGTERM, and when its standard input ends: that is held open by the
supervisor, so no supervisor, however it died, leaves this behind.
"""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from auth.passwords import prepare
from core.config import Config
from core.db import Database
from core.logs import configure
from core.settings import settings
from servers.dovecot.guesses import GuessDesk
from servers.smtp.database_views import DatabaseViews
from servers.smtp.delivery import Delivery
from servers.smtp.listener import Limits
from servers.smtp.mx import MxListener
from servers.smtp.spool import Spool
from servers.smtp.submission import SubmissionListener

log = logging.getLogger(__name__)

READY = "ready"
_RETRY_SECONDS = 15.0


async def serve(config: Config, database: Database, guesses: GuessDesk | None) -> None:
    """Listen on both ports until told to stop."""
    views = DatabaseViews(database, config.webmail_net, config.mail_hostname)
    delivery = Delivery(config, Spool(config.data_dir / "spool"), views.may_send, views.is_ours)
    submission = SubmissionListener(config, views, delivery, Limits(connections=500, per_client=400), guesses)
    mx = MxListener(config, views, delivery, Limits(connections=200, per_client=100))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if not sys.stdin.closed and os.environ.get("POSTROOM_LIFELINE"):
        loop.add_reader(sys.stdin.fileno(), stop.set)
    servers = [
        # Passwords without TLS: on this machine only, whatever HOST says.
        await submission.listen("127.0.0.1", config.submission_port),
        await mx.listen(config.host, config.smtp_port),
    ]
    retrying = asyncio.create_task(_retry_for_ever(delivery))
    print(READY, flush=True)
    await stop.wait()
    retrying.cancel()
    for server in servers:
        server.close()


async def _retry_for_ever(delivery: Delivery) -> None:
    while True:
        try:
            await asyncio.to_thread(delivery.retry)
        except Exception:
            log.exception("the spool could not be worked")
        await asyncio.sleep(_RETRY_SECONDS)


def main() -> None:
    told = settings()
    config = Config.from_env(told)
    # aiosmtpd writes whole command lines at level info, and what it takes for a command may be anything.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    configure(Path(os.environ["POSTROOM_LOG"]) if os.environ.get("POSTROOM_LOG") else None)
    prepare()
    database = Database(config.database_url)
    asyncio.run(serve(config, database, GuessDesk.from_text(told.get("POSTROOM_GUESSES", ""))))


if __name__ == "__main__":
    main()
