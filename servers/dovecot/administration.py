"""The way to Dovecot's administration: its socket, and what opens it."""

import secrets

from core.config import Config
from mail.doveadm import Doveadm
from servers.files import hand_over, make_directory, write_private

# Dovecot 2.3 speaks HTTP on a Unix socket only when the socket bears this very name.
DOVEADM_SOCKET = "http"


def doveadm_of(config: Config) -> Doveadm:
    """This configuration's Dovecot; the key is made when there is none yet."""
    return Doveadm(config.run_dir / "dovecot" / DOVEADM_SOCKET, api_key(config))


def api_key(config: Config) -> str:
    """What opens Dovecot's administration socket, made once and kept in the secrets directory."""
    path = config.secrets_dir / "doveadm"
    if not path.exists():
        make_directory(config.secrets_dir)
        write_private(path, secrets.token_hex(32))
        hand_over(path, like=config.secrets_dir)
    return path.read_text().strip()
