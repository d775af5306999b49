"""The process behind the SMTP ports, as its parent starts it."""

from core.config import Config
from servers.child import Child
from servers.dovecot.guesses import GuessDesk
from servers.files import make_directory
from servers.service_user import ServiceUser


def smtp_child(config: Config, user: ServiceUser, reader_url: str, guesses: GuessDesk | None = None) -> Child:
    """Not started yet. `reader_url` is the database as the mail servers see it; `guesses` counts wrong passwords."""
    make_directory(config.data_dir / "spool", user)
    make_directory(config.log_dir, user)
    settings = environment(config, reader_url) | {"POSTROOM_GUESSES": str(guesses or "")}
    return Child("servers.smtp.process", user, settings, config.log_dir / "smtp.log")


def environment(config: Config, reader_url: str) -> dict[str, str]:
    """Only what the SMTP listeners need: not the main database account, nor the vault's secret."""
    return {
        "HOST": config.host,
        "DATA_DIR": str(config.data_dir),
        "DATABASE_URL": reader_url,
        "SUBMISSION_PORT": str(config.submission_port),
        "SMTP_PORT": str(config.smtp_port),
        "MAIL_HOSTNAME": config.mail_hostname,
        "WEBMAIL_NET": config.webmail_net,
        "SMTP_RELAY": config.relay,
        "DEMO": "1" if config.demo else "0",
        "SECRET_KEY": "",
    }
