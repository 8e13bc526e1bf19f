"""One writer per account: across threads, ledgers and processes, also after a kill."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.errors import Busy, Retry, Scope
from publisher.ledger import Ledger

CODE = """
import datetime, sys
from publisher.ledger import Ledger
with Ledger.open(sys.argv[1]) as ledger, ledger.lock("stock", datetime.datetime.now(datetime.UTC)):
    print("held", flush=True)
    sys.stdin.read()
print("over", flush=True)
"""


@pytest.fixture
def holder(ledger: Ledger, place: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the account until its input is closed."""
    child = subprocess.Popen(
        [sys.executable, "-c", CODE, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.communicate()


def rows(place: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(place) as connection:
        return connection.execute("SELECT account, host, pid FROM locks").fetchall()


def test_the_second_one_is_told_who_has_it(ledger: Ledger, place: Path, noon: dt.datetime) -> None:
    with ledger.lock("stock", noon), ledger.lock("other/shop", noon):
        with pytest.raises(Busy) as caught, ledger.lock("stock", noon):
            pytest.fail("two at once")
        assert str(os.getpid()) in str(caught.value)
        assert "2026-11-20 12:00:00 UTC" in str(caught.value)
        with Ledger.open(place) as second, pytest.raises(Busy), second.lock("stock", noon):
            pytest.fail("two at once")
    assert rows(place) == []
    with ledger.lock("stock", noon):
        pass
    error = caught.value
    assert (error.retry, error.scope, error.exit_code) == (Retry.NO, Scope.ACCOUNT, 5)


def test_an_error_inside_frees_it_and_comes_through(ledger: Ledger, noon: dt.datetime) -> None:
    with pytest.raises(OSError, match="mine"), ledger.lock("stock", noon):
        raise OSError("mine")
    with ledger.lock("stock", noon):
        pass


def test_threads_have_it_one_after_the_other(ledger: Ledger, noon: dt.datetime) -> None:
    inside, refused, most = [0], [0], [0]
    barrier = threading.Barrier(6)

    def turn() -> None:
        barrier.wait()
        for _ in range(15):
            try:
                with ledger.lock("stock", noon):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    ledger.begin_run("push", "d", noon)
                    inside[0] -= 1
            except Busy:
                refused[0] += 1

    threads = [threading.Thread(target=turn) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert len(ledger.runs()) + refused[0] == 90


def test_another_process_has_it(
    ledger: Ledger, holder: subprocess.Popen[str], noon: dt.datetime
) -> None:
    with (
        pytest.raises(Busy, match=rf"process {holder.pid} on {socket.gethostname()}"),
        ledger.lock("stock", noon),
    ):
        pytest.fail("two at once")
    out, _ = holder.communicate("")
    assert out == "over\n"
    with ledger.lock("stock", noon):
        pass


def test_a_killed_process_has_lost_it(
    ledger: Ledger, holder: subprocess.Popen[str], place: Path, noon: dt.datetime
) -> None:
    holder.kill()
    # Not waited for: a dead process that nobody has reaped yet must not count as alive.
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
    assert rows(place) == [("stock", socket.gethostname(), holder.pid)]
    with ledger.lock("stock", noon):
        assert rows(place) == [("stock", socket.gethostname(), os.getpid())]


def test_a_living_holder_keeps_it_without_its_lock_file(
    ledger: Ledger, holder: subprocess.Popen[str], place: Path, noon: dt.datetime
) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("this system does not tell when a process started")
    shutil.rmtree(place.with_name(f"{place.name}-locks"))
    with pytest.raises(Busy), ledger.lock("stock", noon):
        pytest.fail("two at once")


@pytest.mark.parametrize(
    ("host", "pid", "started"),
    [("elsewhere", 1, "x"), (socket.gethostname(), 1, "an older boot:5"), ("", 0, "")],
)
def test_a_stale_row_is_taken_over(
    ledger: Ledger, place: Path, noon: dt.datetime, host: str, pid: int, started: str
) -> None:
    with sqlite3.connect(place) as connection:
        values = ("stock", host, pid, started, "n", 0)
        connection.execute("INSERT INTO locks VALUES (?, ?, ?, ?, ?, ?)", values)
    with ledger.lock("stock", noon):
        assert rows(place) == [("stock", socket.gethostname(), os.getpid())]
    assert rows(place) == []
