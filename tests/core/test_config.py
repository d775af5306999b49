"""A setting that can't be used is one clear line, and the defaults are the documented ones."""

from pathlib import Path

import pytest

from core.config import Config, ConfigError


def test_the_defaults_are_those_of_the_readme(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    config = Config.from_env({})
    ports = (config.port, config.imap_port, config.submission_port, config.smtp_port)
    assert (config.host, *ports) == ("127.0.0.1", 8000, 8143, 8587, 8025)
    assert config.data_dir == tmp_path / "data"
    assert config.database_url == f"sqlite:///{tmp_path}/data/postroom.db"
    assert config.demo
    assert not config.is_https


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "0"),
        ("IMAP_PORT", "65536"),
        ("SMTP_PORT", "-1"),
        ("DEMO", "yes"),
        ("WEB_WORKERS", "0"),
        ("WEB_WORKERS", "65"),
        ("ASSETS", "none"),
        ("DATABASE_URL", "mysql://somewhere"),
        ("PUBLIC_URL", "mail.example.com"),
        ("PUBLIC_URL", "https://mail.example.com/postroom"),
        ("WEBMAIL_NET", "everywhere"),
        ("SMTP_RELAY", "smtp.example.com"),
        ("SECRET_KEY", "short"),
    ],
)
def test_a_setting_that_cannot_be_used_says_so_in_one_line(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_env({name: value})
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "mail.example.com", "::"])  # noqa: S104  refused below
def test_the_demo_is_for_this_machine_alone(host: str) -> None:
    with pytest.raises(ConfigError, match="loopback"):
        Config.from_env({"HOST": host})
    assert Config.from_env({"HOST": host, "DEMO": "0"}).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_loopback_is_this_machine(host: str) -> None:
    assert Config.from_env({"HOST": host}).is_loopback


@pytest.mark.parametrize(("host", "url"), [("::1", "http://[::1]:8000"), ("localhost", "http://localhost:8000")])
def test_people_reach_it_where_it_listens_unless_said_otherwise(host: str, url: str) -> None:
    assert Config.from_env({"HOST": host}).public_url == url
    assert Config.from_env({"HOST": host, "PUBLIC_URL": "https://mail.example.com"}).public_url.endswith("example.com")


def test_the_usual_short_forms_of_a_postgresql_url_are_taken() -> None:
    for short in ("postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"):
        assert Config.from_env({"DATABASE_URL": short}).database_url == "postgresql+psycopg://u@h/d"
