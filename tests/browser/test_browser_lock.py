"""One run at a time has an account's browser, and two accounts never share one unless they say so. No browser here."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from channels.browser.browser import Browser, Launch
from publisher.errors import Busy, ConfigError


def _locked(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def test_a_profile_that_another_run_has_is_left_alone(tmp_path: Path) -> None:
    handle = _locked(tmp_path / "one")
    launch = Launch(tmp_path / "one", headless=True, lock_wait=0.3)
    with pytest.raises(Busy, match="another run") as caught, Browser(launch):
        pytest.fail("it was opened twice")
    assert "wait until it ends" in caught.value.remedy
    assert not (tmp_path / "one" / "profile").exists()
    os.close(handle)


def test_a_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    if (child := os.fork()) == 0:
        _locked(tmp_path / "one")
        os._exit(0)
    os.waitpid(child, 0)
    browser = Browser(Launch(tmp_path / "one", headless=True, lock_wait=0.0))
    browser._take()
    browser.close()


def test_the_account_beside_it_is_not_concerned(tmp_path: Path) -> None:
    handle = _locked(tmp_path / "one")
    beside = Browser(Launch(tmp_path / "two", headless=True, lock_wait=0.0))
    (tmp_path / "two").mkdir()
    beside._take()
    beside.close()
    os.close(handle)


def test_a_start_that_fails_gives_the_profile_free_again(tmp_path: Path) -> None:
    launch = Launch(tmp_path / "one", headless=True, executable="/nowhere/chromium", lock_wait=0.0)
    for _ in range(2):
        with pytest.raises(ConfigError, match="no browser"), Browser(launch):
            pytest.fail("there is no such program")
    os.close(_locked(tmp_path / "one"))
