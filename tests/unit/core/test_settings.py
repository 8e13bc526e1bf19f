"""Settings: names, aliases, secrets, and every missing variable at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.discovery import adapter, load_row
from publisher.errors import ConfigError
from publisher.observe import Account, Door, missing_settings
from publisher.pacing import SystemClock
from publisher.settings import account_settings, redactor, variable_prefix


def kind(name: str):
    return adapter(load_row(name)).settings_type()


@pytest.mark.parametrize(
    ("account", "prefix"),
    [("adobe-stock", "ADOBE_STOCK_"), ("shop.eu", "SHOP_EU_"), ("123rf", "123RF_")],
)
def test_the_prefix_is_the_account_in_capitals(account: str, prefix: str) -> None:
    assert variable_prefix(account) == prefix


def test_the_environment_wins_over_dotenv(tmp_path: Path, monkeypatch) -> None:
    text = "ADOBE_STOCK_USERNAME=from-file\nADOBE_STOCK_PASSWORD=p\nADOBE_STOCK_PORT=2222\n"
    (tmp_path / ".env").write_text(text)
    monkeypatch.setenv("ADOBE_STOCK_USERNAME", "from-environment")
    found = account_settings(kind("adobe-stock"), "adobe-stock", tmp_path)
    assert (found.username, found.port) == ("from-environment", 2222)


def test_a_name_that_starts_with_a_digit_can_be_exported(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ACCOUNT_123RF_USERNAME", "me")
    monkeypatch.setenv("ACCOUNT_123RF_PASSWORD", "secret")
    assert account_settings(kind("123rf"), "123rf", tmp_path).username == "me"
    monkeypatch.delenv("ACCOUNT_123RF_USERNAME")
    monkeypatch.delenv("ACCOUNT_123RF_PASSWORD")
    monkeypatch.setenv("123RF_USERNAME", "you")
    monkeypatch.setenv("123RF_PASSWORD", "secret")
    assert account_settings(kind("123rf"), "123rf", tmp_path).username == "you"


def test_all_accounts_missing_variables_are_named_at_once(tmp_path: Path) -> None:
    accounts = [Account(n, adapter(load_row(n))) for n in ("alamy", "bundles", "handoff")]
    door = Door(tmp_path, tmp_path, "r", SystemClock(), lambda _n, _v: "")
    with pytest.raises(ConfigError) as caught:
        missing_settings(door, accounts)
    text = " ".join(caught.value.problems)
    for name in ("ALAMY_USERNAME", "ALAMY_PASSWORD", "BUNDLES_BUCKET", "BUNDLES_SECRET_ACCESS_KEY"):
        assert name in text


def test_a_wrong_value_is_named_and_not_repeated(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ALAMY_USERNAME", "me")
    monkeypatch.setenv("ALAMY_PASSWORD", "hunter2-hunter2")
    monkeypatch.setenv("ALAMY_PORT", "ninety")
    with pytest.raises(ConfigError) as caught:
        account_settings(kind("alamy"), "alamy", tmp_path)
    assert "ALAMY_PORT" in caught.value.sentence
    assert "hunter2" not in caught.value.sentence + caught.value.detail
    assert caught.value.__cause__ is None


def test_secrets_are_masked_wherever_they_stand(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / ".env").write_text("SHOP_TOKEN=tok-1234567890\n")
    monkeypatch.setenv("ALAMY_PASSWORD", "hunter2-hunter2")
    mask = redactor(tmp_path)
    assert mask("530 hunter2-hunter2 refused, tok-1234567890") == "530 *** refused, ***"


def test_no_settings_show_their_secret(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ALAMY_USERNAME", "me")
    monkeypatch.setenv("ALAMY_PASSWORD", "hunter2-hunter2")
    found = account_settings(kind("alamy"), "alamy", tmp_path)
    assert "hunter2" not in repr(found) + str(found) + found.model_dump_json()
