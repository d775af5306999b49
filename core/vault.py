"""One secret, kept outside the database, from which everything sealed or derived comes."""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Self

from cryptography.fernet import Fernet, InvalidToken

from core.config import Config


class VaultError(Exception):
    """Something sealed can't be opened: it was made with another secret, or changed."""


class Vault:
    """Seals text (authenticated encryption) and derives values that only this Postroom can derive again."""

    def __init__(self, master: str) -> None:
        self._master = master.encode()
        sealing_key = base64.urlsafe_b64encode(bytes.fromhex(self.derive("seal", "")))
        self._fernet = Fernet(sealing_key)

    @classmethod
    def of(cls, config: Config) -> Self:
        """The vault of this configuration; its secret is made at the first start."""
        return cls(config.secret_key or _kept_secret(config.secrets_dir / "key"))

    def encrypt(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """Raises VaultError."""
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken as error:
            raise VaultError("sealed with another secret, or changed since") from error

    def derive(self, purpose: str, value: str) -> str:
        """64 hexadecimal digits (HMAC-SHA256, RFC 2104), another for every purpose and value."""
        message = f"{purpose}\0{value}".encode()
        return hmac.new(self._master, message, hashlib.sha256).hexdigest()

    @property
    def flask_secret(self) -> str:
        return self.derive("flask", "")


def _kept_secret(path: Path) -> str:
    """The secret in `path`, made by whichever process comes first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        # Written aside and linked into place: two processes starting together agree on one whole secret.
        fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
