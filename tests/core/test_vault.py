"""One secret outside the database: what it seals only it opens, and it is made once."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import Config
from core.vault import Vault, VaultError

VAULT = Vault("0123456789abcdef" * 4)


@given(st.text(max_size=200))
def test_what_is_sealed_opens_again(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    assert VAULT.decrypt(VAULT.encrypt(text)) == text


def test_another_secret_opens_nothing() -> None:
    with pytest.raises(VaultError):
        Vault("f" * 64).decrypt(VAULT.encrypt("seed"))


def test_every_purpose_has_values_of_its_own() -> None:
    derived = {VAULT.derive(purpose, value) for purpose in ("a", "b") for value in ("", "x")}
    assert len(derived) == 4
    assert VAULT.derive("a", "x") == VAULT.derive("a", "x")


def test_processes_starting_together_agree_on_one_secret(tmp_path: Path) -> None:
    config = Config.from_env({"DATA_DIR": str(tmp_path)})
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(Vault.of(config).derive("a", ""))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert (config.secrets_dir / "key").stat().st_mode & 0o077 == 0
    assert [path.name for path in config.secrets_dir.iterdir()] == ["key"]
