"""The way to Dovecot's administration: its socket, and what opens it."""

from core.config import Config
from mail.doveadm import Doveadm
from servers.files import secret_in

# Dovecot 2.3 speaks HTTP on a Unix socket only when the socket bears this very name.
DOVEADM_SOCKET = "http"


def doveadm_of(config: Config) -> Doveadm:
    """This configuration's Dovecot; the key is made when there is none yet."""
    return Doveadm(config.run_dir / "dovecot" / DOVEADM_SOCKET, api_key(config))


def api_key(config: Config) -> str:
    """What opens Dovecot's administration socket, made once and kept in the secrets directory."""
    return secret_in(config.secrets_dir, "doveadm")
