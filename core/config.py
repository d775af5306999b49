"""The settings of one Postroom, read once from the environment and never changed."""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

ASSET_SOURCES = ("cdn", "local")
# At most, as long as nobody says how many; each takes the memory of a process of its own.
_USUAL_WORKERS = 4
LOCAL_DEFAULT_HOSTNAME = "mail.postroom.test"


class ConfigError(Exception):
    """A setting that can't be used; its text is one line that says what to change."""


@dataclass(frozen=True)
class Config:
    """Everything a process of Postroom needs to know. Ports are TCP ports on `host`; paths are absolute."""

    data_dir: Path
    database_url: str
    host: str = "127.0.0.1"
    port: int = 8000
    imap_port: int = 8143
    submission_port: int = 8587
    smtp_port: int = 8025
    demo: bool = True
    assets: str = "cdn"
    public_url: str = "http://127.0.0.1:8000"
    # The name we give in EHLO, Received and Message-ID. Never the machine's own: customers read those headers.
    mail_hostname: str = LOCAL_DEFAULT_HOSTNAME
    # Only from this network do the mail servers accept the key of a web session.
    webmail_net: str = "127.0.0.1/32"
    # "host:port" that carries mail for outside domains; empty: such mail is refused with a clear 550.
    relay: str = ""
    # Encrypts second-factor seeds and signs cookies; empty: a file in `secrets_dir`, made at the first start.
    secret_key: str = ""
    # What API tokens begin with, so that secret scanners recognise one that strayed.
    api_token_prefix: str = "pr_live_"  # noqa: S105  no secret
    api_requests_per_minute: int = 600  # for one token
    mcp_port: int = 8765
    web_workers: int = 1  # processes behind the web port
    # The TLS proxy in front: the one address whose word about who asks is believed. Empty: nobody's.
    trusted_proxy: str = ""
    # Whom to tell of a hole: a URI, mailto: or https: (RFC 9116 §2.5.3).
    security_contact: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings. Raises ConfigError with one clear line."""
        data_dir = Path(environ.get("DATA_DIR") or "data").absolute()
        host = environ.get("HOST") or "127.0.0.1"
        port = _port(environ, "PORT", 8000)
        hostname = environ.get("MAIL_HOSTNAME") or LOCAL_DEFAULT_HOSTNAME
        public_url = _public_url(environ.get("PUBLIC_URL") or url_of(host, port))
        config = cls(
            data_dir=data_dir,
            database_url=_database_url(environ.get("DATABASE_URL") or f"sqlite:///{data_dir}/postroom.db"),
            host=host,
            port=port,
            imap_port=_port(environ, "IMAP_PORT", 8143),
            submission_port=_port(environ, "SUBMISSION_PORT", 8587),
            smtp_port=_port(environ, "SMTP_PORT", 8025),
            demo=_switch(environ, "DEMO", default=True),
            assets=_choice(environ, "ASSETS", ASSET_SOURCES),
            public_url=public_url,
            mail_hostname=hostname,
            webmail_net=_network(environ, "WEBMAIL_NET", "127.0.0.1/32"),
            relay=_relay(environ.get("SMTP_RELAY") or ""),
            secret_key=_secret_key(environ.get("SECRET_KEY") or ""),
            api_token_prefix=_token_prefix(environ.get("API_TOKEN_PREFIX") or "pr_live_"),
            api_requests_per_minute=_count(environ, "API_REQUESTS_PER_MINUTE", 600),
            mcp_port=_port(environ, "MCP_PORT", 8765),
            web_workers=_count(environ, "WEB_WORKERS", min(len(os.sched_getaffinity(0)), _USUAL_WORKERS), most=64),
            trusted_proxy=_address(environ, "TRUSTED_PROXY"),
            security_contact=_contact(environ.get("SECURITY_CONTACT") or f"mailto:postmaster@{hostname}"),
        )
        if config.demo and not config.is_loopback:
            raise ConfigError(
                f"HOST={host} is not a loopback address and the demo's passwords are public: "
                "set DEMO=0 or HOST=127.0.0.1."
            )
        return config

    @property
    def is_loopback(self) -> bool:
        """True when nobody but this machine can reach `host`."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def host_of_servers(self) -> str:
        """Where our own mail servers listen: beside the web server, and never beyond this machine."""
        return "127.0.0.1"

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def run_dir(self) -> Path:
        return self.data_dir / "run"

    @property
    def mail_root(self) -> Path:
        return self.data_dir / "mail"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "log"

    @property
    def secrets_dir(self) -> Path:
        return self.data_dir / "secrets"

    @property
    def lmtp_socket(self) -> Path:
        return self.run_dir / "dovecot" / "lmtp"

    @property
    def notice_socket(self) -> Path:
        """Where Postroom's own letters go in, which a full mailbox takes, too."""
        return self.run_dir / "dovecot" / "lmtp-notices"


def url_of(host: str, port: int) -> str:
    """`http://127.0.0.1:8000`, `http://[::1]:8000` (RFC 3986 §3.2.2)."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise ConfigError(f"{name}={text} is not a port: give a number from 1 to 65535.")
    return int(text)


def _count(environ: Mapping[str, str], name: str, default: int, most: int = 1_000_000_000) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise ConfigError(f"{name}={text} is not a number from 1 to {most}.")
    return int(text)


def _token_prefix(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{2,32}", text, re.ASCII):
        raise ConfigError(f"API_TOKEN_PREFIX={text} must be 2 to 32 letters, digits, _ or -.")
    return text


def _switch(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "").strip()
    if text not in ("", "0", "1"):
        raise ConfigError(f"{name}={text} is neither 1 (on) nor 0 (off).")
    return default if text == "" else text == "1"


def _choice(environ: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    text = environ.get(name) or allowed[0]
    if text not in allowed:
        raise ConfigError(f"{name}={text} is not one of {', '.join(allowed)}.")
    return text


def _database_url(text: str) -> str:
    """SQLite or PostgreSQL; the usual short forms of PostgreSQL's URL name the driver we install."""
    for short in ("postgres://", "postgresql://"):
        if text.startswith(short):
            return "postgresql+psycopg://" + text.removeprefix(short)
    if not text.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigError("DATABASE_URL must start with sqlite:/// or postgresql://.")
    return text


def _public_url(text: str) -> str:
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.netloc or url.path.strip("/"):
        raise ConfigError(f"PUBLIC_URL={text} must look like https://mail.example.com.")
    return f"{url.scheme}://{url.netloc}"


def _network(environ: Mapping[str, str], name: str, default: str) -> str:
    text = environ.get(name) or default
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ConfigError(f"{name}={text} is not a network such as 10.0.0.5/32.") from error


def _address(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name) or ""
    try:
        return str(ipaddress.ip_address(text)) if text else ""
    except ValueError as error:
        raise ConfigError(f"{name}={text} is not an IP address such as 127.0.0.1.") from error


def _contact(text: str) -> str:
    if not re.fullmatch(r"(?:mailto:|https://|tel:)[!-~]+", text, re.ASCII):
        raise ConfigError(f"SECURITY_CONTACT={text} must look like mailto:security@example.com or https://….")
    return text


def _relay(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if text and not (host and colon and port.isdigit()):
        raise ConfigError(f"SMTP_RELAY={text} must look like smtp.example.com:587.")
    return text


def _secret_key(text: str) -> str:
    if text and len(text) < 32:
        raise ConfigError("SECRET_KEY is too short: give at least 32 random characters, or leave it out.")
    return text
